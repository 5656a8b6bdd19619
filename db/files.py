"""Photo files, in a folder or an S3-compatible store (obstore reads both)."""

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import UUID

from obstore.store import S3Store

from db.errors import NotFound
from db.file_bucket import Bucket
from db.file_folder import Folder

if TYPE_CHECKING:  # they are in its stubs alone
    from obstore.store import ClientConfig, RetryConfig

SIZES = ("thumb", "medium", "original")
"""Every rendition there may be; they are deleted by name, as S3 has no folders."""
HASHING_THREADS = 2
"""20 MB take tens of milliseconds, too long for the loop; hashlib lets go of the interpreter meanwhile."""
S3_CLIENT: "ClientConfig" = {"connect_timeout": "2s", "timeout": "10s"}
S3_RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=15)}
"""obstore's own wait is three minutes; an upload is to hear earlier that its photo could not be kept."""
KEPT_S = 900.0
"""A file this young stays when its last photo goes: an upload of the same bytes may just have passed it over."""


class Files:
    """`{shop hex}/{content hash}` as uploaded, `{shop hex}/renditions/{photo hex}-{size}` as served."""

    def __init__(self, url: str) -> None:
        """A folder's path, `file:///…` or `s3://bucket/prefix` (obstore reads the credentials from the environment)."""
        self._hashing = ThreadPoolExecutor(HASHING_THREADS, "hashing")
        remote = url.startswith("s3://")
        self._store = Bucket(_s3(url)) if remote else Folder(url.removeprefix("file://"))

    async def add(self, shop_id: UUID, data: bytes) -> str:
        """The content hash (SHA-256, hex); the same bytes again write nothing.

        Durable (fsync of file and folder) when it returns. Raises Unavailable (disk full).
        """
        content_hash = await asyncio.get_running_loop().run_in_executor(self._hashing, _hash, data)
        path = f"{shop_id.hex}/{content_hash}"
        if not await self._store.touch(path):
            await self._store.write(path, data)
        return content_hash

    async def read(self, shop_id: UUID, content_hash: str) -> bytes:
        """Raises NotFound, Unavailable."""
        data = await self._store.read(f"{shop_id.hex}/{content_hash}")
        if data is None:
            raise NotFound(f"no file {content_hash}")
        return data

    async def delete(self, shop_id: UUID, content_hash: str, *, kept_s: float = KEPT_S) -> None:
        """Absent is no error. A file that was added less than `kept_s` ago stays; `unused` finds it later."""
        await self._store.delete(f"{shop_id.hex}/{content_hash}", kept_s=kept_s)

    async def add_rendition(self, shop_id: UUID, photo_id: UUID, size: str, data: bytes) -> None:
        await self._store.write(_rendition(shop_id, photo_id, size), data)

    async def read_rendition(self, shop_id: UUID, photo_id: UUID, size: str) -> bytes | None:
        return await self._store.read(_rendition(shop_id, photo_id, size))

    async def delete_renditions(self, shop_id: UUID, photo_id: UUID) -> None:
        for size in SIZES:
            await self._store.delete(_rendition(shop_id, photo_id, size), kept_s=0)

    async def delete_shop(self, shop_id: UUID) -> None:
        """Everything of a shop."""
        await self._store.delete_all(shop_id.hex)

    def old(self, shop_id: UUID, *, kept_s: float = KEPT_S) -> AsyncIterator[list[str]]:
        """Content hashes of a shop's files that were added more than `kept_s` ago, in pages."""
        return self._store.old(shop_id.hex, kept_s=kept_s)


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _rendition(shop_id: UUID, photo_id: UUID, size: str) -> str:
    if size not in SIZES:
        raise ValueError(f"no size {size}")
    return f"{shop_id.hex}/renditions/{photo_id.hex}-{size}"


def _s3(url: str) -> S3Store:
    # Any client option of ours makes obstore forget this one, which it reads from the environment.
    plain: ClientConfig = {"allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true")}
    return S3Store.from_url(url, client_options={**plain, **S3_CLIENT}, retry_config=S3_RETRIES)
