"""Hosts of a cluster on this machine: a network namespace each, with an address of its own and a cable to pull."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deployments.local import processes
from tests.deployment import edge
from tests.production import layout

_NETWORK = "198.18.7"
"""Of the addresses that RFC 2544 sets apart for tests of networks; nothing of it leaves this machine."""
HEAD = f"{_NETWORK}.1"


@dataclass
class Host:
    """A `fitmatch node` and the namespace that it runs in."""

    name: str
    address: str
    process: subprocess.Popen[bytes]

    def lose_power(self) -> None:
        """The cable first: nobody hears a reset from a host that is gone, only silence."""
        _ip("link", "set", _cable(self.name), "down")
        while left := _inside(self.name):
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()


def missing() -> str | None:
    """Why this machine cannot have hosts."""
    if os.geteuid() or not shutil.which("ip") or not shutil.which("nsenter"):
        return "hosts need root, `ip` (iproute2) and `nsenter` (util-linux) of Linux"
    return None


@contextmanager
def network() -> Iterator[None]:
    """The bridge between the hosts; this machine itself is the head's host, at HEAD."""
    _ip("link", "add", _bridge(), "type", "bridge")
    try:
        _ip("address", "add", f"{HEAD}/24", "dev", _bridge())
        _ip("link", "set", _bridge(), "up")
        yield
    finally:
        _ip("link", "delete", _bridge())


@contextmanager
def host(number: int, folder: Path, environment: Mapping[str, str], head: str) -> Iterator[Host]:
    """Joins the head at host:port. Ends with all that runs on it."""
    name, address = f"fm{os.getpid()}h{number}", f"{_NETWORK}.{number + 1}"
    folder.mkdir(mode=0o711)
    own = {**environment, **layout.settings(folder)} | {
        "FITMATCH_NODE_ADDRESS": address,
        "FITMATCH_RAY_TOKEN": environment["FITMATCH_RAY_TOKEN"],
        "FITMATCH_PHOTOS_URL": environment["FITMATCH_PHOTOS_URL"],
        "FITMATCH_OPERATOR_TOKEN": environment["FITMATCH_OPERATOR_TOKEN"],
    }
    with ExitStack() as stack:
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "delete", name)
        stack.callback(shutil.rmtree, own["FITMATCH_RAY_TEMP_DIR"], ignore_errors=True)
        _ip("link", "add", _cable(name), "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", _cable(name), "master", _bridge(), "up")
        _ip("-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        for link in ("eth0", "lo"):
            _ip("-n", name, "link", "set", link, "up")
        inside = ("nsenter", f"--net=/run/netns/{name}")
        process = layout.launch(folder, own, "node", head, inside=inside)
        made = Host(name, address, process)
        stack.callback(made.lose_power)
        yield made


@contextmanager
def forwarded(url: str, port: int, folder: Path) -> Iterator[str]:
    """A server of this machine's loopback address, as other hosts reach it: http://HEAD:port."""
    config = folder / "forward.cfg"
    config.write_text(
        "defaults\n mode tcp\n timeout connect 2s\n timeout client 1h\n timeout server 1h\n"
        f"listen chroma\n bind {HEAD}:{port}\n server chroma {url.removeprefix('http://')}\n"
    )
    process = processes.spawn(
        [edge.programs()[0], "-db", "-f", config],
        death_signal=signal.SIGTERM,
        log=folder / "forward.log",
        env=os.environ,
        cwd=folder,
    )
    try:
        yield f"http://{HEAD}:{port}"
    finally:
        processes.stop(process, signal.SIGTERM, edge.STOP_S_MAX)


def _bridge() -> str:
    return f"fm{os.getpid()}"


def _cable(name: str) -> str:
    return f"{name}c"


def _inside(name: str) -> list[int]:
    shown = subprocess.run(["ip", "netns", "pids", name], check=True, capture_output=True, text=True)
    return [int(pid) for pid in shown.stdout.split()]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
