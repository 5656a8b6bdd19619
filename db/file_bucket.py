"""Files in an S3-compatible store, or whatever else obstore speaks."""

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from db.errors import Unavailable


class Bucket:
    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def touch(self, path: str) -> bool:
        """Always False: only writing makes an object young again, and one upload more is cheap."""
        del path
        return False

    async def write(self, path: str, data: bytes) -> None:
        with _translated():
            await obstore.put_async(self._store, path, data)

    async def read(self, path: str) -> bytes | None:
        with _translated():
            try:
                answer = await obstore.get_async(self._store, path)
                return bytes(await answer.bytes_async())
            except FileNotFoundError:
                return None

    async def delete(self, path: str, *, kept_s: float) -> None:
        with _translated():
            try:
                if kept_s and not _is_old((await obstore.head_async(self._store, path))["last_modified"], kept_s):
                    return
                await obstore.delete_async(self._store, path)
            except FileNotFoundError:
                return

    async def delete_all(self, folder: str) -> None:
        with _translated():
            async for page in obstore.list(self._store, folder):
                await obstore.delete_async(self._store, [found["path"] for found in page])

    async def old(self, folder: str, *, kept_s: float) -> AsyncIterator[list[str]]:
        with _translated():
            async for page in obstore.list(self._store, folder):
                yield [
                    name
                    for found in page
                    if "/" not in (name := found["path"].removeprefix(f"{folder}/"))
                    and _is_old(found["last_modified"], kept_s)
                ]


def _is_old(modified: datetime, kept_s: float) -> bool:
    return datetime.now(UTC) - modified >= timedelta(seconds=kept_s)


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except (BaseError, OSError) as error:
        raise Unavailable("the photo store did not answer") from error
