import asyncio
import dataclasses
from uuid import UUID

import pytest

from db import collections, embeddings
from db.errors import NotFound
from db.ids import new_id
from db.index import Index
from db.stores import Stores
from deployments.rebuild import rebuild_all, rebuild_collections, rebuild_shop
from tests.integration import rows
from tests.integration.rows import CHECKPOINT

PROMPTS = rows.embeddings(5, seed=9)


async def filled(stores: Stores, count: int, *, seed: int = 0) -> tuple[UUID, list[UUID]]:
    shop = await rows.shop(stores.db)
    photos = await rows.ready(stores.db, shop, count)
    vectors = rows.embeddings(count, seed=seed)
    await embeddings.add(stores.db, CHECKPOINT, [shop] * count, photos, vectors)
    name = await rows.collection(stores.db, stores.index, shop)
    for first in range(0, count, 128):
        await stores.index.add(name, photos[first : first + 128], vectors[first : first + 128])
    return shop, photos


async def top10(stores: Stores, shop: UUID) -> list[list[UUID]]:
    name = (await collections.current(stores.db, shop, CHECKPOINT, stores.index.servers)).address
    return [[photo for photo, _ in found] for found in await stores.index.search(name, PROMPTS, 10)]


async def test_a_rebuilt_collection_gives_the_same_answers_under_its_next_name(stores: Stores) -> None:
    shop, photos = await filled(stores, 300)
    other, _ = await filled(stores, 20, seed=1)
    before = await top10(stores, shop)

    assert await rebuild_shop(stores, shop, CHECKPOINT) == 300

    after = await top10(stores, shop)
    same = sum(len(set(was) & set(now)) for was, now in zip(before, after, strict=True))
    assert same >= 0.99 * 50
    assert await stores.index.ids(collections.name(shop, CHECKPOINT, 2)) == set(photos)
    assert set(await stores.index.names()) == {
        collections.name(shop, CHECKPOINT, 2),
        collections.name(other, CHECKPOINT, 1),
    }


async def test_what_changes_while_the_pointer_swings_is_caught_up(stores: Stores, chroma_url: str) -> None:
    shop, [gone, *kept] = await filled(stores, 5)
    late: list[UUID] = []

    class Meanwhile(Index):
        """A worker adds a photo to the old collection and a shop deletes one, after the last look before the swing."""

        async def remove(self, collection: str, photo_ids: list[UUID]) -> None:
            await super().remove(collection, photo_ids)
            looks.append(collection)
            if len(looks) == 1:  # the first fill finds nothing to remove from
                late.extend(await rows.ready(stores.db, shop))
                await embeddings.add(stores.db, CHECKPOINT, [shop], late, rows.embeddings(1, seed=3))
                await stores.db.execute("DELETE FROM photos WHERE id = $1", gone)

    looks: list[str] = []
    index = Meanwhile(chroma_url)
    await rebuild_shop(dataclasses.replace(stores, index=index), shop, CHECKPOINT)
    await index.close()

    assert await stores.index.ids(collections.name(shop, CHECKPOINT, 2)) == {*kept, *late}


async def test_a_rebuild_leaves_out_what_is_not_ready(stores: Stores) -> None:
    shop, [gone, failed, kept] = await filled(stores, 3)
    await rows.delete(stores.db, gone)
    await stores.db.execute("UPDATE photos SET status = 'failed' WHERE id = $1", failed)

    assert await rebuild_shop(stores, shop, CHECKPOINT) == 1

    assert await stores.index.ids(collections.name(shop, CHECKPOINT, 2)) == {kept}


async def test_a_rebuild_starts_afresh_after_one_that_was_cut_short(stores: Stores) -> None:
    shop, photos = await filled(stores, 3)
    half = collections.name(shop, CHECKPOINT, 2)
    await stores.index.create(half)
    await stores.index.add(half, [new_id()], rows.embeddings(1))

    await rebuild_shop(stores, shop, CHECKPOINT)

    assert await stores.index.ids(half) == set(photos)


async def test_rebuilds_of_one_shop_at_once_take_turns(stores: Stores) -> None:
    shop, photos = await filled(stores, 10)

    await asyncio.gather(rebuild_shop(stores, shop, CHECKPOINT), rebuild_shop(stores, shop, CHECKPOINT))

    assert await stores.index.names() == [collections.name(shop, CHECKPOINT, 3)]
    assert await stores.index.ids(collections.name(shop, CHECKPOINT, 3)) == set(photos)


async def test_every_shop_is_rebuilt_after_chroma_was_wiped(stores: Stores) -> None:
    filled_shops = [await filled(stores, 5, seed=seed) for seed in range(3)]
    for name in await stores.index.names():
        await stores.index.drop(name)

    assert (await rebuild_all(stores, CHECKPOINT)).photos == 15

    for shop, photos in filled_shops:
        assert await stores.index.ids(collections.name(shop, CHECKPOINT, 2)) == set(photos)


async def test_a_torn_collection_is_rebuilt_and_a_strangers_only_dropped(stores: Stores) -> None:
    shop, photos = await filled(stores, 5)
    other, theirs = await filled(stores, 2, seed=1)
    orphan = collections.name(new_id(), CHECKPOINT, 1)
    await stores.index.create(orphan)

    written = await rebuild_collections(stores, [collections.name(shop, CHECKPOINT, 1), orphan])

    assert written == 5
    assert await stores.index.ids(collections.name(shop, CHECKPOINT, 2)) == set(photos)
    assert await stores.index.ids(collections.name(other, CHECKPOINT, 1)) == set(theirs)
    assert orphan not in await stores.index.names()


async def test_an_unknown_shop_cannot_be_rebuilt(stores: Stores) -> None:
    with pytest.raises(NotFound):
        await rebuild_shop(stores, new_id(), CHECKPOINT)
