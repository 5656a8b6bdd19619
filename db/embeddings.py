"""NDArray[np.float32] of photos, kept as float16 so that Chroma can be rebuilt without a model."""

from collections.abc import AsyncIterator
from uuid import UUID

from db.filters import Filter
from db.postgres import Db
import numpy as np
from numpy.typing import NDArray


async def add(db: Db, checkpoint: str, shop_ids: list[UUID], photo_ids: list[UUID], embeddings: NDArray[np.float32]) -> None:
    """float32[N, D] in the order of the ids. A photo's embedding that is already kept stays; a photo row that is gone is passed over."""
    raise NotImplementedError


async def of_photos(db: Db, checkpoint: str, photo_ids: list[UUID]) -> dict[UUID, NDArray[np.float32]]:
    """Those that are kept, float32[D] each."""
    raise NotImplementedError


def of_shop(db: Db, shop_id: UUID, checkpoint: str, *, photos_max: int = 1000) -> AsyncIterator[tuple[list[UUID], NDArray[np.float32]]]:
    """All of a shop's live, ready photos in chunks: ids and float32[N, D]."""
    raise NotImplementedError


async def nearest(db: Db, shop_id: UUID, checkpoint: str, embedding: NDArray[np.float32], condition: Filter | None, k: int) -> list[tuple[UUID, float]]:
    """Exact search among the shop's ready photos that fit: (photo id, cosine), best first."""
    raise NotImplementedError
