"""What all shops have together, counted a moment ago: an open page of the console asks every few seconds."""

from dataclasses import dataclass

from api.kept import Kept
from db import overview
from db.overview import Indexed, PhotoStatus, ShopCounts
from db.postgres import Pool

KEPT_S = 30.0
"""Counting reads every photo and embedding of the deployment."""


@dataclass(frozen=True)
class Total:
    """Of live shops, but for `indexed`, which has what former checkpoints keep too."""

    shops: ShopCounts
    products: int
    photos: dict[PhotoStatus, int]
    indexed: tuple[Indexed, ...]


class Totals:
    """Of the whole deployment."""

    def __init__(self, db: Pool, *, kept_s: float = KEPT_S) -> None:
        self._db = db
        self._kept = Kept(self._read, kept_s=kept_s)

    async def now(self) -> Total:
        """At most `kept_s` old. Raises Unavailable."""
        return await self._kept.of(None)

    async def _read(self, _key: None) -> Total:
        db = self._db
        return Total(
            shops=await overview.shops(db),
            products=await overview.products(db),
            photos=await overview.photos(db),
            indexed=tuple(await overview.indexed(db)),
        )
