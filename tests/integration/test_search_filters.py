"""What a shopper gets behind a filter is what comparing with every photo of the shop gives."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np
import pytest

from db import products
from db.filters import Filter, In
from db.index import Index
from db.stores import Stores
from deployments.search import EXACT_AT_ONCE, Search, Wanted
from models.types import Embeddings
from tests import catalogue
from tests.catalogue import Catalogue, cheapest, keeps
from tests.integration import rows
from tests.integration.rows import CHECKPOINT

PHOTOS = 4000
KINDS = 8


@pytest.fixture
async def shop(stores: Stores) -> Catalogue:
    """2,000 products of two photos each, of eight kinds whose photos are like each other."""
    return await catalogue.fill(stores, CHECKPOINT, like_clip(PHOTOS), photos_each=2)


def like_clip(count: int) -> Embeddings:
    """float32[N, 32], unit length: each kind around its own middle."""
    middles = rows.embeddings(KINDS, seed=1)[np.arange(count) // 2 % KINDS]
    drawn = 2 * middles + rows.embeddings(count, seed=2)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


async def ask(stores: Stores, shop: Catalogue, embedding: Embeddings, *, condition: Filter | None = None) -> list[UUID]:
    found, _ = await Search(stores, CHECKPOINT).run(Wanted(shop.shop_id, embedding, 10, condition, None, None))
    return [one.product.id for one in found]


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.001])
async def test_the_best_of_what_a_filter_keeps(stores: Stores, shop: Catalogue, share: float) -> None:
    condition = cheapest(share)

    for embedding in like_clip(KINDS * 2)[::2]:
        expected = shop.nearest(embedding, 10, keeps(shop, condition))
        assert len(expected) == min(10, 2000 * share)
        assert await ask(stores, shop, embedding, condition=condition) == expected


async def test_the_best_of_a_shop(stores: Stores, shop: Catalogue) -> None:
    for embedding in like_clip(KINDS * 2)[::2]:
        assert await ask(stores, shop, embedding) == shop.nearest(embedding, 10)


async def test_products_that_are_all_far_from_what_was_asked(stores: Stores, shop: Catalogue) -> None:
    """Chroma's nearest are of another kind, and there are hundreds of those that fit."""
    embeddings = like_clip(PHOTOS)
    of_kind = np.arange(PHOTOS) // 2 % KINDS == 3
    wanted = {shop.products[i] for i in np.flatnonzero(of_kind)}
    await stores.db.execute("UPDATE products SET brand = 'Acme' WHERE id = ANY($1)", list(wanted))

    found = await ask(stores, shop, embeddings[0], condition=In("brand", ("acme",)))

    assert found == shop.nearest(embeddings[0], 10, of_kind)
    assert not set(found) & set(shop.nearest(embeddings[0], 200))


async def test_a_least_score_cuts_what_a_filter_keeps(stores: Stores, shop: Catalogue) -> None:
    embedding = shop.embeddings[0]
    for share in (1, 0.1, 0.01):
        condition = cheapest(share)
        fitting = keeps(shop, condition) & (shop.embeddings @ embedding >= 0.6)
        wanted = Wanted(shop.shop_id, embedding, 100, condition, 0.6, None)

        found, _ = await Search(stores, CHECKPOINT).run(wanted)

        assert [one.product.id for one in found] == shop.nearest(embedding, 100, fitting)


async def test_every_photo_counts_while_chroma_is_away(stores: Stores, shop: Catalogue) -> None:
    away = Stores(stores.db, Index("http://127.0.0.1:9", timeout_s=0.5), stores.files)

    for embedding in shop.embeddings[:: PHOTOS // 8]:
        assert await ask(away, shop, embedding) == shop.nearest(embedding, 10)


async def test_a_product_that_is_changed_during_the_search_and_fits_no_more_is_left_out(
    stores: Stores, shop: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedding, condition = shop.embeddings[0], cheapest(0.5)
    best = shop.nearest(embedding, 10, keeps(shop, condition))
    fitting = products.fitting

    async def then_dearer(*of: Any) -> dict[UUID, UUID]:
        found = await fitting(*of)
        await stores.db.execute("UPDATE products SET price = 999 WHERE id = $1", best[0])
        return found

    monkeypatch.setattr(products, "fitting", then_dearer)

    assert await ask(stores, shop, embedding, condition=condition) == best[1:]


async def test_prompts_that_need_no_exact_search_do_not_wait_for_those_that_do(
    database_dsn: str, stores: Stores, shop: Catalogue
) -> None:
    """More of them than there are connections, and embeddings that cannot be read just now."""
    search = Search(stores, CHECKPOINT)
    embedding = shop.embeddings[0]
    rare = Wanted(shop.shop_id, embedding, 10, cheapest(0.001), None, None)
    other = await asyncpg.connect(database_dsn)
    async with other.transaction():
        await other.execute("LOCK TABLE embeddings IN ACCESS EXCLUSIVE MODE")
        waiting = [asyncio.create_task(search.run(rare)) for _ in range(20)]
        await until(lambda: stores.db.get_size() - stores.db.get_idle_size() >= EXACT_AT_ONCE)

        found, exact = await search.run(Wanted(shop.shop_id, embedding, 10, None, None, None))

        assert ([one.product.id for one in found], exact) == (shop.nearest(embedding, 10), False)
        assert not any(task.done() for task in waiting)
    ends = [[one.product.id for one in found] for found, _ in await asyncio.gather(*waiting)]
    assert ends == [shop.nearest(embedding, 10, keeps(shop, cheapest(0.001)))] * 20
    await other.close()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)
