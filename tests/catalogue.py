"""A shop with many products: rows by COPY, embeddings as they are given, and what the exact answer is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from db import collections, shops
from db.chroma import VECTORS_MAX
from db.filters import Between
from db.ids import new_id
from db.postgres import Pool
from db.stores import Stores
from models.types import Embeddings

PRICE_MAX = 1000
ROWS = 10_000


@dataclass(frozen=True)
class Catalogue:
    """Photo `i` shows product `products[i]`; each product has a price below `PRICE_MAX`, spread evenly."""

    shop_id: UUID
    products: list[UUID]
    photos: list[UUID]
    prices: NDArray[np.float64]
    """float64[N], of the photos' products."""
    embeddings: Embeddings
    """float32[N, D], rounded to float16 as Postgres keeps them; Chroma has the same."""

    def nearest(self, wanted: Embeddings, num_results: int, fitting: NDArray[np.bool_] | None = None) -> list[UUID]:
        """By comparing with every photo: the products in order, at most `num_results`. `fitting` bool[N], of photos."""
        cosines = self.embeddings @ wanted
        if fitting is not None:
            cosines[~fitting] = -np.inf
        found: dict[UUID, None] = {}
        for i in np.argsort(-cosines):
            if len(found) == num_results or cosines[i] == -np.inf:
                break
            found.setdefault(self.products[i])
        return list(found)


def cheapest(share: float) -> Between:
    """A filter that keeps so much of a catalogue."""
    return Between("price", lt=_price(share))


def keeps(catalogue: Catalogue, condition: Between) -> NDArray[np.bool_]:
    """bool[N], of photos."""
    assert condition.lt is not None
    return catalogue.prices < float(condition.lt)


async def fill(stores: Stores, checkpoint: str, embeddings: Embeddings, *, photos_each: int = 1) -> Catalogue:
    """A new shop in Postgres and Chroma. `embeddings` float32[N, D], unit length; neighbours in it share a product."""
    shop = await shops.add(stores.db, "a shop")
    count = -(-len(embeddings) // photos_each)
    product_ids = [new_id() for _ in range(count)]
    photo_ids = [new_id() for _ in embeddings]
    owners = np.arange(len(embeddings)) // photos_each
    halves = embeddings.astype("<f2")
    kept = halves.astype(np.float32)
    kept /= np.linalg.norm(kept, axis=1, keepdims=True)
    prices = [_price(place / count) for place in np.random.default_rng(0).permutation(count)]
    await _copy(
        stores.db,
        "products",
        ("id", "shop_id", "name", "price", "currency"),
        [(product, shop.id, "a product", price, "EUR") for product, price in zip(product_ids, prices, strict=True)],
    )
    await _copy(
        stores.db,
        "photos",
        ("id", "shop_id", "product_id", "content_hash", "bytes", "width", "height", "status"),
        [
            (photo, shop.id, product_ids[owner], f"{photo.int:064x}", 1, 64, 64, "ready")
            for photo, owner in zip(photo_ids, owners, strict=True)
        ],
    )
    await _copy(
        stores.db,
        "embeddings",
        ("photo_id", "checkpoint", "shop_id", "embedding"),
        [(photo, checkpoint, shop.id, half.tobytes()) for photo, half in zip(photo_ids, halves, strict=True)],
    )
    name = (await collections.current(stores.db, shop.id, checkpoint, stores.index.servers)).address
    await stores.index.create(name)
    for first in range(0, len(photo_ids), VECTORS_MAX):
        some = slice(first, first + VECTORS_MAX)
        await stores.index.add(name, photo_ids[some], kept[some])
    of_photos = np.array([float(price) for price in prices])[owners]
    return Catalogue(shop.id, [product_ids[owner] for owner in owners], photo_ids, of_photos, kept)


async def _copy(db: Pool, table: str, columns: Iterable[str], records: Sequence[tuple[object, ...]]) -> None:
    async with db.acquire() as connection:
        for first in range(0, len(records), ROWS):
            await connection.copy_records_to_table(
                table, columns=list(columns), records=records[first : first + ROWS], timeout=60
            )


def _price(share: float) -> Decimal:
    return round(Decimal(share * PRICE_MAX), 2)
