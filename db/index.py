"""Chroma: an index that can always be rebuilt from Postgres. One collection for each shop and checkpoint."""

from uuid import UUID

import numpy as np
from numpy.typing import NDArray


class Index:
    """A Chroma server over HTTP. Every call has a timeout and raises Unavailable instead of Chroma's errors."""

    def __init__(self, url: str, *, timeout_s: float = 5.0) -> None:
        raise NotImplementedError

    async def add(self, collection: str, photo_ids: list[UUID], embeddings: NDArray[np.float32]) -> None:
        """At most 128 a call. Adding a present id again changes nothing. Raises NotFound without the collection."""
        raise NotImplementedError

    async def remove(self, collection: str, photo_ids: list[UUID]) -> None:
        """Absent ids and absent collections are no error."""
        raise NotImplementedError

    async def search(self, collection: str, embeddings: NDArray[np.float32], k: int) -> list[list[tuple[UUID, float]]]:
        """float32[N, D] → for each the nearest (photo id, cosine), best first. Raises NotFound without the collection."""
        raise NotImplementedError

    async def ids(self, collection: str) -> set[UUID]:
        """Every id of a collection, read in pages. Raises NotFound."""
        raise NotImplementedError

    async def create(self, collection: str) -> None:
        """cosine, ef_construction 100, max_neighbors 16, ef_search 200; no error when it exists."""
        raise NotImplementedError

    async def drop(self, collection: str) -> None:
        """Absent is no error; works on a poisoned collection."""
        raise NotImplementedError

    async def names(self) -> list[str]:
        """All collections of the server."""
        raise NotImplementedError

    async def alive(self) -> None:
        """Heartbeat. Raises Unavailable."""
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError
