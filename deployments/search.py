"""Chroma first, Postgres has the last word, exact search where the index cannot answer."""

import asyncio
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

import numpy as np

from api.batcher import Grouped, Limits
from api.ports import Recommended
from db import collections, embeddings, products
from db.collections import Current
from db.errors import IndexAway, NotFound, Unavailable
from db.filters import Filter
from db.product import Product
from db.stores import Stores
from deployments import metrics
from models.rank import Scored, best
from models.types import Embeddings

OVER_FETCH = 4
NEAR_MIN = 48
"""Chroma is asked for more than is wanted: several photos show one product, and some will not fit the filter."""
NEAR_MAX = 1000
"""Of a filter that would need more, exact search is the faster (docs/decisions/0007-exact-when-filters-are-rare.md)."""
WIDER = 4
"""When too few of the nearest fit, Chroma is asked for at least so many times as many."""
MARGIN = 1.5
"""Over what is needed if the next nearest fit as often as the first did."""
SPARE = 10
"""Exact search finds so many products more than are wanted: one may be the excluded one, others deleted meanwhile."""
EXACT_AT_ONCE = 4
"""Each holds a connection and at most 2,000 embeddings; other prompts must get at the other connections."""
EXACT_WAIT_S = 3.0

TOGETHER = Limits(size_max=64, waiting_max=4096, parallel=4)
"""Concurrent prompts of a shop share one query to Chroma and one statement: so many at most, and so many at a time.

Each Chroma server has a queue of its own, so that no prompt waits for another shop's server.
"""

Near: TypeAlias = list[tuple[UUID, float]]
"""Photo ids and cosines, best first."""
_Fitting: TypeAlias = tuple[UUID, Filter | None]
"""A shop, and what its products must fit."""
Found: TypeAlias = list[Scored[UUID, UUID]]
"""Photo and product ids, best first, each product once."""


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
        self._exact = asyncio.Semaphore(EXACT_AT_ONCE)
        self._placed: Grouped[UUID, None, Current] = Grouped(self._place, TOGETHER)
        self._asked: defaultdict[str, Grouped[tuple[str, int], Embeddings, Near | None]] = defaultdict(
            lambda: Grouped(self._ask_chroma, TOGETHER)
        )
        self._fitted: Grouped[_Fitting, list[UUID], dict[UUID, UUID]] = Grouped(self._fit, TOGETHER)
        self._reading: Grouped[_Fitting, list[UUID], dict[UUID, Product]] = Grouped(self._read_products, TOGETHER)

    async def run(self, wanted: Wanted) -> tuple[list[Recommended], bool]:
        """Best first, and whether it was exact: Chroma is away for this shop, or too few of its nearest fit the filter.

        Raises Unavailable.
        """
        found = await self._by_index(wanted)
        if found is None:
            return await self._read(wanted, await self._exactly(wanted)), True
        return await self._read(wanted, found), False

    async def _by_index(self, wanted: Wanted) -> Found | None:
        """None: only exact search can tell."""
        near_max = max(OVER_FETCH * wanted.num_results, NEAR_MIN)
        while near_max <= NEAR_MAX:
            near = await self._near(wanted, near_max)
            if near is None:
                return None
            found = await self._fitting(wanted, near)
            below = bool(near) and wanted.min_score is not None and near[-1][1] < wanted.min_score
            if len(found) >= wanted.num_results or len(near) < near_max or below:
                return found
            if not found:
                return None  # the filter keeps few, or none that are near
            share = len(found) / near_max
            near_max = max(WIDER * near_max, math.ceil(MARGIN * wanted.num_results / share))
        return None

    async def _near(self, wanted: Wanted, near_max: int) -> Near | None:
        """None: Chroma cannot answer for this shop now."""
        current = await self._placed.call(wanted.shop_id, None)
        if current.server in self._stores.index.away:
            return None
        return await self._asked[current.server].call((current.address, near_max), wanted.embedding)

    async def _place(self, shop_id: UUID, wanted: list[None]) -> Sequence[Current]:
        homes = self._stores.index.homes
        current = await collections.current(self._stores.db, shop_id, self._checkpoint, homes)
        return [current] * len(wanted)

    async def _ask_chroma(self, key: tuple[str, int], wanted: list[Embeddings]) -> Sequence[Near | None]:
        address, near_max = key
        try:
            async with metrics.chroma("search"):
                return await self._stores.index.search(address, np.stack(wanted), near_max)
        except (NotFound, IndexAway):  # nothing embedded yet, or its collection has just been dropped
            return [None] * len(wanted)

    async def _fitting(self, wanted: Wanted, near: Near) -> Found:
        fitting = await self._fitted.call((wanted.shop_id, wanted.filter), [photo_id for photo_id, _ in near])
        return _best(wanted, [Scored(photo, fitting[photo], cosine) for photo, cosine in near if photo in fitting])

    async def _fit(self, key: _Fitting, wanted: list[list[UUID]]) -> Sequence[dict[UUID, UUID]]:
        async with metrics.postgres("fitting"):
            found = await products.fitting(self._stores.db, key[0], _all(wanted), key[1])
        return [found] * len(wanted)

    async def _exactly(self, wanted: Wanted) -> Found:
        try:
            async with asyncio.timeout(EXACT_WAIT_S):
                await self._exact.acquire()
        except TimeoutError as error:
            raise Unavailable("too many prompts need an exact search") from error
        try:
            async with metrics.postgres("nearest"):
                near = await embeddings.nearest(
                    self._stores.db,
                    wanted.shop_id,
                    self._checkpoint,
                    wanted.embedding,
                    wanted.filter,
                    wanted.num_results + SPARE,
                )
        finally:
            self._exact.release()
        return _best(wanted, [Scored(one.photo_id, one.product_id, one.cosine) for one in near])

    async def _read(self, wanted: Wanted, found: Found) -> list[Recommended]:
        """A product that was deleted or changed meanwhile, so that it fits no more, is left out."""
        read = await self._reading.call((wanted.shop_id, wanted.filter), [one.photo for one in found])
        return [Recommended(read[one.photo], one.photo, one.similarity) for one in found if one.photo in read]

    async def _read_products(self, key: _Fitting, wanted: list[list[UUID]]) -> Sequence[dict[UUID, Product]]:
        async with metrics.postgres("products"):
            found = await products.of_photos(self._stores.db, key[0], _all(wanted), key[1])
        return [found] * len(wanted)


def _all(wanted: list[list[UUID]]) -> list[UUID]:
    return list({photo_id for photo_ids in wanted for photo_id in photo_ids})


def _best(wanted: Wanted, scored: Found) -> Found:
    others = (one for one in scored if one.product != wanted.but)
    return best(others, wanted.num_results, min_score=wanted.min_score)
