"""`fitmatch run`: everything on one machine, until Ctrl-C."""

import asyncio
import contextlib
import os
import shlex
import signal
import time
from collections.abc import AsyncGenerator
from typing import cast

from rich.console import Console

from deployments.local import configuration, demo, keeper
from deployments.local.configuration import Configuration
from deployments.local.folder import DataFolder
from deployments.local.supervisor import Supervisor

console = Console(highlight=False, soft_wrap=True)


def run() -> int:
    """0, after Ctrl-C or SIGTERM. Raises BadSetting, StartFailed."""
    given = configuration.read(os.environ)
    for sentence in configuration.unknown(os.environ):
        console.print(f"Warning: {sentence}")
    folder = DataFolder(given.data_dir)
    folder.acquire()
    try:
        return asyncio.run(_run(given, folder))
    finally:
        folder.release()


async def _run(given: Configuration, folder: DataFolder) -> int:
    started = time.monotonic()
    keeper.end_leftovers(folder.path)
    configuration.check_ports(given)  # after the line above: what is left behind may listen there
    configuration.find_checkpoint(given.checkpoint)
    supervisor = Supervisor(given, folder, _tell)
    async with until_signal(), _stopping(supervisor):
        await supervisor.start()
        _tell(f"Ready in {time.monotonic() - started:.1f} s")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(supervisor.watch())
            if given.demo:
                shop = demo.Demo(supervisor.url, supervisor.operator_token, folder)
                await shop.fill(console)
            _print_addresses(supervisor, folder, given)
    return 0


@contextlib.asynccontextmanager
async def until_signal() -> AsyncGenerator[None]:
    """Ends the block quietly at SIGINT, SIGTERM or SIGHUP."""
    loop = asyncio.get_running_loop()
    current = asyncio.current_task()
    asked = False

    def ask() -> None:
        nonlocal asked
        if not asked and current:
            asked = True
            current.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ask)
    try:
        yield
    except asyncio.CancelledError:
        if not asked:
            raise
    except BaseExceptionGroup as group:
        failed = group.split(asyncio.CancelledError)[1]
        if failed is not None:
            raise _first(failed) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(cast("BaseExceptionGroup[BaseException]", inner)) if isinstance(inner, BaseExceptionGroup) else inner


@contextlib.asynccontextmanager
async def _stopping(supervisor: Supervisor) -> AsyncGenerator[None]:
    try:
        yield
    finally:
        _tell("Stopping")
        await asyncio.shield(supervisor.stop())
        _tell("Stopped")


def _tell(line: str) -> None:
    console.print(f"· {line}")


def _print_addresses(supervisor: Supervisor, folder: DataFolder, given: Configuration) -> None:
    url = supervisor.url
    key = folder.read("demo_secret_key") if given.demo else ""
    lines = [
        f"Storefront     {url}/",
        f"Console        {url}/console",
        f"API docs       {url}/docs",
        f"Ray dashboard  {supervisor.ray.dashboard_url}  (asks for the token in {supervisor.ray.token_file})",
        f"Metrics        {supervisor.metrics_url}",
        f"Operator token in {folder.path / 'operator_token'}" if not given.operator_token else "",
        f"Secret key     {key}" if key else "",
    ]
    console.print("\n".join(["", *(line for line in lines if line), ""]))
    if key:
        body = '{"prompt": "red dress", "num_results": 5}'
        command = ["curl", "-s", f"{url}/v1/recommendations", "-H", f"Authorization: Bearer {key}"]
        console.print(shlex.join([*command, "-H", "Content-Type: application/json", "-d", body]))
    console.print("\nCtrl-C stops everything.")
