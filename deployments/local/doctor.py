"""`fitmatch doctor`: one line for each thing that a start needs, with what to do where it is missing."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path

import httpx

from deployments.local import configuration, ports, postgres_place
from deployments.local.configuration import Configuration
from deployments.local.errors import BadSetting, StartFailed
from deployments.local.folder import DataFolder, Running
from deployments.local.processes import identify

PYTHON_MIN = (3, 11)
MEMORY_BYTES = 3 * 1024**3
"""Ray, five replicas, Chroma and Postgres with the default checkpoint take about 2 GiB."""
DISK_BYTES = 1024**3
DESCRIPTORS = 4096


@dataclass(frozen=True)
class Finding:
    well: bool
    about: str
    says: str


def examine(environment: Mapping[str, str]) -> list[Finding]:
    """In the order in which a start would stumble over them."""
    found = [_python(), _packages()]
    try:
        given = configuration.read(environment)
    except BadSetting as error:
        return [*found, Finding(well=False, about="settings", says=str(error))]
    found += [Finding(well=False, about="settings", says=sentence) for sentence in configuration.unknown(environment)]
    folder = DataFolder(given.data_dir)
    running = folder.running()
    checks: list[Callable[[], str]] = [
        lambda: _checkpoint(given),
        lambda: _data_folder(given, folder),
        lambda: _postgres(given),
        _memory,
        lambda: _disk(given.data_dir),
        _descriptors,
    ]
    names = ("checkpoint", "data folder", "postgres", "memory", "disk", "open files")
    found += [_try(name, check) for name, check in zip(names, checks, strict=True)]
    if running is None:
        return [*found, _try("ports", lambda: _ports(given)), Finding(well=True, about="running", says="no")]
    return [*found, *_parts(running)]


def doctor(environment: Mapping[str, str]) -> int:
    """Prints what it finds; 1 when anything is not well."""
    found = examine(environment)
    for finding in found:
        print(f"{'ok  ' if finding.well else 'FIX '} {finding.about:<12} {finding.says}")
    return 0 if all(finding.well for finding in found) else 1


def _try(about: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(well=True, about=about, says=check())
    except (BadSetting, StartFailed) as error:
        return Finding(well=False, about=about, says=str(error))


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    well = sys.version_info[:2] >= PYTHON_MIN
    return Finding(well, "python", version if well else f"{version} is too old: use Python 3.11 or later.")


def _packages() -> Finding:
    missing = [name for name in ("ray", "chromadb_rust_bindings", "openvino", "torch") if not util.find_spec(name)]
    says = f"{', '.join(missing)} missing: run `make install`." if missing else "installed"
    return Finding(not missing, "packages", says)


def _checkpoint(given: Configuration) -> str:
    return configuration.find_checkpoint(given.checkpoint).id if Path(given.checkpoint).is_dir() else given.checkpoint


def _data_folder(given: Configuration, folder: DataFolder) -> str:
    above = given.data_dir
    while not above.exists():
        above = above.parent
    if not os.access(above, os.W_OK | os.X_OK):
        raise BadSetting(f"{given.data_dir} cannot be written: set FITMATCH_DATA_DIR to a folder of yours.")
    owner = folder.owner()
    return f"{given.data_dir}" + (f", in use by process {owner.pid}" if owner else "")


def _postgres(given: Configuration) -> str:
    if given.postgres_dsn:
        return "your own, by FITMATCH_POSTGRES_DSN"
    binaries = postgres_place.find_binaries()
    shown = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=False)
    if shown.returncode:
        raise StartFailed(f"{binaries} does not run here ({shown.stderr.strip()}): set FITMATCH_POSTGRES_BIN or _DSN.")
    return f"{shown.stdout.strip()} in {binaries}"


def _memory() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if total < MEMORY_BYTES:
        raise StartFailed(f"{total / 1024**3:.1f} GiB is little: FitMatch wants {MEMORY_BYTES / 1024**3:.0f} GiB.")
    return f"{total / 1024**3:.1f} GiB"


def _disk(folder: Path) -> str:
    above = folder
    while not above.exists():
        above = above.parent
    free = shutil.disk_usage(above).free
    if free < DISK_BYTES:
        raise StartFailed(f"{free / 1024**3:.1f} GiB free in {above}: make room, or set FITMATCH_DATA_DIR elsewhere.")
    return f"{free / 1024**3:.1f} GiB free"


def _descriptors() -> str:
    import resource

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < DESCRIPTORS:
        raise StartFailed(f"{hard} at most: raise `ulimit -Hn`; Chroma wants five for each shop.")
    return "unlimited" if hard == resource.RLIM_INFINITY else str(hard)


def _ports(given: Configuration) -> str:
    configuration.check_ports(given)
    return f"{given.http_port} is free" if ports.is_free(given.http_port) else "busy"


def _parts(running: Running) -> list[Finding]:
    numbers = {"postgres": running.postgres_pid, "chroma": running.chroma_pid, "ray": running.ray_pid}
    alive = {name: pid == 0 or identify(pid) is not None for name, pid in numbers.items()}
    found = [
        Finding(well, name, f"process {numbers[name]}" if well else "has ended; the supervisor starts it again")
        for name, well in alive.items()
    ]
    try:
        answer = httpx.get(f"{running.url}/readyz", timeout=10, trust_env=False)
    except httpx.HTTPError as error:
        return [*found, Finding(well=False, about="readyz", says=f"{running.url} does not answer ({error!r}).")]
    return [*found, Finding(answer.is_success, "readyz", f"{running.url}: {answer.text[:300]}")]
