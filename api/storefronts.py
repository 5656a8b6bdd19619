"""Storefronts that were read a moment ago: every page view of a shop asks for the same."""

from dataclasses import dataclass
from uuid import UUID

from api.kept import Kept
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
    """Of the shops that were asked for last."""

    def __init__(self, db: Pool, *, kept_s: float = KEPT_S, shops_max: int = SHOPS_KEPT_MAX) -> None:
        self._db = db
        self._kept = Kept(self._read, kept_s=kept_s, entries_max=shops_max)

    async def of(self, shop_id: UUID) -> Storefront:
        """At most `kept_s` old. Raises NotFound, Unavailable."""
        return await self._kept.of(shop_id)

    async def _read(self, shop_id: UUID) -> Storefront:
        shop = await shops.get(self._db, shop_id)
        offered = await storefront.offer(self._db, shop_id)
        return Storefront(shop.name, offered, await storefront.popular_prompts(self._db, shop_id))
