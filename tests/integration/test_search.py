"""Search over a real Postgres and a real Chroma: best first, own shop only, nothing deleted, exact when it must be."""

import asyncio
import time
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from db import collections, embeddings, photos, products, shops, terms
from db.files import Files
from db.filters import In
from db.index import Index
from db.postgres import Pool
from db.stores import Stores
from deployments.search import Search, Wanted

CHECKPOINT = "test@1"
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Filled:
    """A shop whose product `i` is `i` degrees away from the prompt."""

    stores: Stores
    shop_id: UUID
    products: list[UUID]
    photos: list[UUID]


def at(degrees: float) -> NDArray[np.float32]:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0, 0], np.float32)


async def fill(stores: Stores, count: int, *, in_chroma: bool = True, rare: frozenset[int] = frozenset()) -> Filled:
    shop = await shops.add(stores.db, "a shop")
    hat = await terms.find(stores.db, shop.id, "category", "hat")
    product_ids: list[UUID] = []
    photo_ids: list[UUID] = []
    for i in range(count):
        fields = products.Fields(name=f"product {i}", category_id=hat.id if i in rare else None)
        async with stores.db.acquire() as connection, connection.transaction():
            product_ids.append(await products.add(connection, shop.id, fields))
            photo_ids += await photos.add(
                connection, shop.id, product_ids[-1], [photos.NewPhoto(f"{i:064x}", 1, 64, 64)]
            )
    vectors = np.stack([at(i) for i in range(count)])
    await embeddings.add(stores.db, CHECKPOINT, [shop.id] * count, photo_ids, vectors)
    await photos.ready(stores.db, photo_ids)
    if in_chroma:
        name = (await collections.current(stores.db, shop.id, CHECKPOINT, stores.index.servers)).address
        await stores.index.create(name)
        for first in range(0, count, 128):
            await stores.index.add(name, photo_ids[first : first + 128], vectors[first : first + 128])
    return Filled(stores, shop.id, product_ids, photo_ids)


@pytest.fixture
def stores(pool: Pool, index: Index, files: Files) -> Stores:
    return Stores(pool, index, files)


async def ask(filled: Filled, num_results: int, **more: object) -> tuple[list[UUID], bool]:
    wanted = Wanted(filled.shop_id, at(0), num_results, *(more.get(key) for key in ("filter", "min_score", "but")))  # type: ignore[arg-type]
    found, exact = await Search(filled.stores, CHECKPOINT).run(wanted)
    return [one.product.id for one in found], exact


async def test_as_many_as_asked_best_first(stores: Stores) -> None:
    filled = await fill(stores, 8)

    assert await ask(filled, 5) == (filled.products[:5], False)


async def test_fewer_products_than_asked_are_all_there(stores: Stores) -> None:
    filled = await fill(stores, 3)

    assert await ask(filled, 10) == (filled.products, False)


async def test_an_empty_shop_answers_with_nothing(stores: Stores) -> None:
    filled = Filled(stores, (await shops.add(stores.db, "empty")).id, [], [])

    assert (await ask(filled, 10))[0] == []


async def test_a_shop_never_sees_another_shops_products(stores: Stores) -> None:
    filled = await fill(stores, 4)
    other = await fill(stores, 4)

    assert (await ask(filled, 10))[0] == filled.products
    assert (await ask(other, 10))[0] == other.products


async def test_a_deleted_product_is_gone_while_chroma_still_has_it(stores: Stores) -> None:
    filled = await fill(stores, 4)
    async with stores.db.acquire() as connection, connection.transaction():
        await products.delete(connection, filled.shop_id, filled.products[0])

    found, _ = await ask(filled, 10)

    assert found == filled.products[1:]
    name = (await collections.current(stores.db, filled.shop_id, CHECKPOINT, stores.index.servers)).address
    assert filled.photos[0] in await stores.index.ids(name)


async def test_exact_search_answers_alike_while_chroma_is_away(stores: Stores) -> None:
    filled = await fill(stores, 30)
    without = Filled(
        Stores(stores.db, Index(NOWHERE, timeout_s=0.5), stores.files), filled.shop_id, filled.products, filled.photos
    )

    there, _ = await ask(filled, 10)
    away, exact = await ask(without, 10)

    assert exact
    assert away == there == filled.products[:10]


async def test_chroma_is_left_alone_for_a_while_after_it_failed(stores: Stores) -> None:
    filled = await fill(stores, 3)
    silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    search = Search(Stores(stores.db, Index(url, timeout_s=0.5), stores.files), CHECKPOINT)
    wanted = Wanted(filled.shop_id, at(0), 3, None, None, None)

    start = time.monotonic()
    for _ in range(20):
        await search.run(wanted)

    assert time.monotonic() - start < 20 * 0.5 / 2  # one timeout, not twenty
    silent.close()


async def test_a_shop_without_its_collection_is_searched_exactly(stores: Stores) -> None:
    filled = await fill(stores, 4, in_chroma=False)

    assert await ask(filled, 2) == (filled.products[:2], True)


async def test_a_rare_filter_finds_products_far_from_the_prompt(stores: Stores) -> None:
    filled = await fill(stores, 80, rare=frozenset({70, 75}))

    found, exact = await ask(filled, 5, filter=In("category", ("Hat",)))

    assert found == [filled.products[70], filled.products[75]]
    assert exact


async def test_a_product_with_several_photos_appears_once(stores: Stores) -> None:
    filled = await fill(stores, 3)
    async with stores.db.acquire() as connection, connection.transaction():
        more = await photos.add(
            connection, filled.shop_id, filled.products[2], [photos.NewPhoto(f"{i:064x}", 1, 64, 64) for i in (98, 99)]
        )
    vectors = np.stack([at(0.1), at(0.2)])
    await embeddings.add(stores.db, CHECKPOINT, [filled.shop_id] * 2, more, vectors)
    await photos.ready(stores.db, more)
    current = await collections.current(stores.db, filled.shop_id, CHECKPOINT, stores.index.servers)
    await stores.index.add(current.address, more, vectors)

    found, _ = await ask(filled, 10)

    assert found == [filled.products[0], filled.products[2], filled.products[1]]


async def test_a_product_with_very_many_photos_keeps_no_other_out(stores: Stores) -> None:
    filled = await fill(stores, 4, in_chroma=False)
    async with stores.db.acquire() as connection, connection.transaction():
        new = [photos.NewPhoto(f"{i:064x}", 1, 64, 64) for i in range(100, 150)]
        more = await photos.add(connection, filled.shop_id, filled.products[0], new)
    vectors = np.stack([at(0.001 * i) for i in range(len(more))])
    await embeddings.add(stores.db, CHECKPOINT, [filled.shop_id] * len(more), more, vectors)
    await photos.ready(stores.db, more)

    found, _ = await ask(filled, 3)

    assert found == filled.products[:3]


async def test_min_score_and_the_excluded_product_are_honoured(stores: Stores) -> None:
    filled = await fill(stores, 60)

    found, _ = await ask(filled, 10, min_score=float(np.cos(np.radians(4.5))), but=filled.products[1])

    assert found == [filled.products[i] for i in (0, 2, 3, 4)]
