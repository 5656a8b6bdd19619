"""Storefronts that were read a moment ago: every page view of a shop asks for the same."""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from db import shops, storefront
from db.postgres import Pool
from db.storefront import Offer

KEPT_S = 30.0
SHOPS_KEPT_MAX = 1_000


@dataclass(frozen=True)
class Storefront:
    """All that a shop's start page shows."""

    shop_name: str
    offer: Offer
    popular_prompts: tuple[str, ...]


class Storefronts:
    """Whoever asks while a shop's storefront is being read waits for that reading and shares its end."""

    def __init__(self, db: Pool, *, kept_s: float = KEPT_S, shops_max: int = SHOPS_KEPT_MAX) -> None:
        self._db = db
        self._kept_s = kept_s
        self._shops_max = shops_max
        self._kept: OrderedDict[UUID, tuple[asyncio.Task[Storefront], float]] = OrderedDict()

    async def of(self, shop_id: UUID) -> Storefront:
        """At most `kept_s` old. Raises NotFound, Unavailable."""
        reading, until = self._kept.get(shop_id, (None, 0.0))
        if reading is None or until <= time.monotonic() or _failed(reading):
            reading = asyncio.create_task(self._read(shop_id))
            self._keep(shop_id, reading)
        return await asyncio.shield(reading)  # the first to ask may leave; the others still wait

    def _keep(self, shop_id: UUID, reading: "asyncio.Task[Storefront]") -> None:
        reading.add_done_callback(_failed)
        self._kept[shop_id] = reading, time.monotonic() + self._kept_s
        self._kept.move_to_end(shop_id)
        while len(self._kept) > self._shops_max:
            self._kept.popitem(last=False)

    async def _read(self, shop_id: UUID) -> Storefront:
        shop = await shops.get(self._db, shop_id)
        offered = await storefront.offer(self._db, shop_id)
        return Storefront(shop.name, offered, await storefront.popular_prompts(self._db, shop_id))


def _failed(reading: "asyncio.Task[Storefront]") -> bool:
    """Also notices the failure of a reading that nobody waits for any more."""
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
