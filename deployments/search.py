"""Chroma first, Postgres has the last word, exact search where the index cannot answer."""

import logging
import time
from dataclasses import dataclass
from uuid import UUID

from api.ports import Recommended
from db import collections, embeddings, products
from db.errors import NotFound, Unavailable
from db.filters import Filter
from db.stores import Stores
from deployments import metrics
from models.rank import Scored, best
from models.types import Embeddings

log = logging.getLogger(__name__)

OVER_FETCH = 4
OVER_FETCH_MIN = 48
"""Chroma is asked for more than is wanted: several photos show one product, and some will not fit the filter."""
SPARE = 10
"""Exact search finds so many products more than are wanted: some may be deleted before they are read."""
CHROMA_REST_S = 5.0
"""After Chroma failed it is left alone this long, so that not every prompt waits for its timeout."""


@dataclass(frozen=True)
class Wanted:
    """`embedding` float32[D]; `but` is a product that must not be among the results."""

    shop_id: UUID
    embedding: Embeddings
    num_results: int
    filter: Filter | None
    min_score: float | None
    but: UUID | None


class Search:
    """Finds a shop's products near an embedding."""

    def __init__(self, stores: Stores, checkpoint: str) -> None:
        self._stores = stores
        self._checkpoint = checkpoint
        self._chroma_rests_until = 0.0

    async def run(self, wanted: Wanted) -> tuple[list[Recommended], bool]:
        """Best first, and whether it was exact: when Chroma is away, or when too few of its nearest fit the filter."""
        near_max = max(OVER_FETCH * wanted.num_results, OVER_FETCH_MIN)
        near = await self._near(wanted, near_max)
        if near is not None:
            found = await self._read(wanted, near)
            below = bool(near) and wanted.min_score is not None and near[-1][1] < wanted.min_score
            if len(found) >= wanted.num_results or len(near) < near_max or below:
                return found, False
        async with metrics.postgres("nearest"):
            nearest = await embeddings.nearest(
                self._stores.db,
                wanted.shop_id,
                self._checkpoint,
                wanted.embedding,
                wanted.filter,
                wanted.num_results + SPARE,
            )
        return await self._read(wanted, nearest), True

    async def _near(self, wanted: Wanted, near_max: int) -> list[tuple[UUID, float]] | None:
        """None: Chroma cannot answer for this shop now."""
        if time.monotonic() < self._chroma_rests_until:
            return None
        name = await collections.current(self._stores.db, wanted.shop_id, self._checkpoint)
        try:
            async with metrics.chroma("search"):
                return (await self._stores.index.search(name, wanted.embedding[None, :], near_max))[0]
        except NotFound:
            return None  # nothing embedded yet, or being rebuilt
        except Unavailable:
            self._chroma_rests_until = time.monotonic() + CHROMA_REST_S
            log.warning("chroma does not answer; searching exactly", extra={"rest_s": CHROMA_REST_S})
            return None

    async def _read(self, wanted: Wanted, near: list[tuple[UUID, float]]) -> list[Recommended]:
        async with metrics.postgres("products"):
            found = await products.of_photos(
                self._stores.db, wanted.shop_id, [photo_id for photo_id, _ in near], wanted.filter
            )
        scored = (
            Scored(photo_id, found[photo_id].id, similarity)
            for photo_id, similarity in near
            if photo_id in found and found[photo_id].id != wanted.but
        )
        chosen = best(scored, wanted.num_results, min_score=wanted.min_score)
        return [Recommended(found[one.photo], one.photo, one.similarity) for one in chosen]
