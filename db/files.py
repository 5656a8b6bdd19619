"""Photo files, in a folder or an S3-compatible store (obstore reads both)."""

from uuid import UUID


class Files:
    """`{shop hex}/{content hash}` for what was uploaded, `{shop hex}/renditions/{photo hex}-{size}` for what is served."""

    def __init__(self, url: str) -> None:
        """A folder's path, `file:///…` or `s3://bucket/prefix` (credentials as obstore reads them from the environment)."""
        raise NotImplementedError

    async def add(self, shop_id: UUID, data: bytes) -> str:
        """The content hash (SHA-256, hex). Durable (fsync of file and folder) when it returns; the same bytes again write nothing. Raises Unavailable (disk full)."""
        raise NotImplementedError

    async def read(self, shop_id: UUID, content_hash: str) -> bytes:
        """Raises NotFound, Unavailable."""
        raise NotImplementedError

    async def delete(self, shop_id: UUID, content_hash: str) -> None:
        """Absent is no error."""
        raise NotImplementedError

    async def add_rendition(self, shop_id: UUID, photo_id: UUID, size: str, data: bytes) -> None:
        raise NotImplementedError

    async def read_rendition(self, shop_id: UUID, photo_id: UUID, size: str) -> bytes | None:
        raise NotImplementedError

    async def delete_renditions(self, shop_id: UUID, photo_id: UUID) -> None:
        raise NotImplementedError

    async def delete_shop(self, shop_id: UUID) -> None:
        """Everything of a shop."""
        raise NotImplementedError
