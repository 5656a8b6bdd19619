"""Files in a folder that every replica sees. Written by hand: obstore's local store does not fsync."""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from db.errors import Unavailable

THREADS = 8
"""fsync waits for the disk, not for a processor."""
PAGE = 1000
PART = ".part"

T = TypeVar("T")


class Folder:
    def __init__(self, path: str) -> None:
        self._root = Path(path)
        self._threads = ThreadPoolExecutor(THREADS, "files")

    async def touch(self, path: str) -> bool:
        """Makes a present file young again; False when there is none."""
        return await self._run(lambda: _touch(self._root / path))

    async def write(self, path: str, data: bytes) -> None:
        await self._run(lambda: _write(self._root / path, data))

    async def read(self, path: str) -> bytes | None:
        return await self._run(lambda: _read(self._root / path))

    async def delete(self, path: str, *, kept_s: float) -> None:
        await self._run(lambda: _delete(self._root / path, kept_s))

    async def delete_all(self, folder: str) -> None:
        await self._run(lambda: _delete_tree(self._root / folder))

    async def old(self, folder: str, *, kept_s: float) -> AsyncIterator[list[str]]:
        names = await self._run(lambda: _old(self._root / folder, kept_s))
        for first in range(0, len(names), PAGE):
            yield names[first : first + PAGE]

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the photo files cannot be used: {error.strerror}") from error


def _touch(path: Path) -> bool:
    with _translated():
        try:
            os.utime(path)
        except FileNotFoundError:
            return False
        return True


def _write(path: Path, data: bytes) -> None:
    """Under another name first: a crash leaves a whole file or none."""
    part = path.with_name(f".{uuid4().hex}{PART}")
    with _translated():
        _make(path.parent)
        try:
            with part.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            _sync(path.parent)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def _make(folder: Path) -> None:
    if not folder.is_dir():
        _make(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> bytes | None:
    with _translated():
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None


def _delete(path: Path, kept_s: float) -> None:
    """Set aside and judged by its age again: an upload that comes in between finds no file and writes it anew.

    A young file is not even moved, so that a crash between the two names cannot cost what an upload counts on.
    """
    aside = path.with_name(f".{uuid4().hex}{PART}")
    with _translated():
        if kept_s and _age_s(path) < kept_s:
            return
        try:
            path.rename(aside)
        except FileNotFoundError:
            return
        if _age_s(aside) < kept_s:
            aside.rename(path)
        else:
            aside.unlink()


def _delete_tree(folder: Path) -> None:
    with _translated():
        try:
            shutil.rmtree(folder)
        except FileNotFoundError:
            return


def _old(folder: Path, kept_s: float) -> list[str]:
    """Leftovers of writes that a crash cut short go on the way."""
    with _translated():
        if not folder.is_dir():
            return []
        found = [path for path in folder.iterdir() if path.is_file() and _age_s(path) >= kept_s]
        for path in found:
            if path.suffix == PART:
                path.unlink(missing_ok=True)
        return [path.name for path in found if path.suffix != PART]


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
