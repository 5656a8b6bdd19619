import os
from pathlib import Path
from uuid import UUID

import pytest

from db import collections, embeddings, jobs, locks, shops
from db.postgres import Pool
from db.stores import Stores
from deployments.rebuild import LOCK
from deployments.reconcile import Repairs, reconcile
from tests.integration import rows
from tests.integration.rows import CHECKPOINT


async def filled(stores: Stores, count: int, *, in_chroma: int | None = None) -> tuple[UUID, list[UUID]]:
    """A shop with ready photos, the first so many of which Chroma holds."""
    shop = await rows.shop(stores.db)
    photos = await rows.ready(stores.db, shop, count)
    vectors = rows.embeddings(count)
    await embeddings.add(stores.db, CHECKPOINT, [shop] * count, photos, vectors)
    name = await rows.collection(stores.db, stores.index, shop)
    await stores.index.add(name, photos[:in_chroma], vectors[:in_chroma])
    return shop, photos


async def queued(pool: Pool) -> set[UUID]:
    return {row["photo_id"] for row in await pool.fetch("SELECT photo_id FROM jobs")}


async def test_nothing_is_repaired_where_nothing_is_amiss(stores: Stores) -> None:
    await filled(stores, 3)
    await filled(stores, 2)

    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_a_ghost_is_removed_from_its_shop_only(stores: Stores) -> None:
    shop, photos = await filled(stores, 3)
    other, theirs = await filled(stores, 2)
    await stores.db.execute("DELETE FROM photos WHERE id = $1", photos[0])

    assert await reconcile(stores, CHECKPOINT) == Repairs(ghosts=1)

    assert await stores.index.ids(collections.name(shop, CHECKPOINT, 1)) == set(photos[1:])
    assert await stores.index.ids(collections.name(other, CHECKPOINT, 1)) == set(theirs)


async def test_another_shops_photo_in_a_collection_is_a_ghost(stores: Stores) -> None:
    shop, photos = await filled(stores, 1)
    _, [theirs] = await filled(stores, 1)
    await stores.index.add(collections.name(shop, CHECKPOINT, 1), [theirs], rows.embeddings(1))

    assert await reconcile(stores, CHECKPOINT) == Repairs(ghosts=1)

    assert await stores.index.ids(collections.name(shop, CHECKPOINT, 1)) == set(photos)


async def test_a_photo_under_way_is_no_ghost(stores: Stores) -> None:
    shop, _ = await filled(stores, 1)
    [coming] = await rows.queued(stores.db, shop)
    await stores.index.add(collections.name(shop, CHECKPOINT, 1), [coming], rows.embeddings(1))

    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_missing_photos_get_a_job(stores: Stores) -> None:
    _, photos = await filled(stores, 3, in_chroma=1)
    await filled(stores, 2)

    assert await reconcile(stores, CHECKPOINT) == Repairs(jobs=2)

    assert await queued(stores.db) == set(photos[1:])


async def test_a_lost_collection_is_filled_whole_under_its_next_name(stores: Stores) -> None:
    shop, photos = await filled(stores, 3)
    await stores.index.drop(collections.name(shop, CHECKPOINT, 1))

    assert await reconcile(stores, CHECKPOINT) == Repairs(rebuilt=1)

    assert await stores.index.ids(collections.name(shop, CHECKPOINT, 2)) == set(photos)
    assert await queued(stores.db) == set()


async def test_a_shop_without_a_ready_photo_gets_no_collection(stores: Stores) -> None:
    shop = await rows.shop(stores.db)
    await stores.index.drop(await rows.collection(stores.db, stores.index, shop))
    await rows.queued(stores.db, shop)

    assert await reconcile(stores, CHECKPOINT) == Repairs()

    assert await stores.index.names() == []


@pytest.mark.parametrize("state", ["queued", "embedding"])
async def test_a_photo_on_its_way_without_a_job_gets_one(stores: Stores, state: str) -> None:
    shop, [photo] = await filled(stores, 1)
    await stores.db.execute("UPDATE photos SET status = $1", state)

    await reconcile(stores, CHECKPOINT)

    assert await queued(stores.db) == {photo}
    assert [job.shop_id for job in await rows.claim_all(stores.db)] == [shop]


async def test_a_deleted_photo_without_a_job_gets_one(stores: Stores) -> None:
    _, [photo] = await filled(stores, 1)
    await stores.db.execute("UPDATE photos SET deleted_at = now()")

    await reconcile(stores, CHECKPOINT)

    [job] = await rows.claim_all(stores.db)
    assert (job.photo_id, job.remove) == (photo, True)


async def test_failed_photos_are_left_alone(stores: Stores) -> None:
    await filled(stores, 1, in_chroma=0)
    await stores.db.execute("UPDATE photos SET status = 'failed'")

    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_a_new_checkpoint_queues_every_ready_photo_and_keeps_the_old_collection(stores: Stores) -> None:
    shop, photos = await filled(stores, 3)

    assert await reconcile(stores, "another@1") == Repairs(jobs=3)

    assert await queued(stores.db) == set(photos)
    assert await stores.index.names() == [collections.name(shop, CHECKPOINT, 1)]


async def test_collections_that_answer_for_nobody_are_dropped_and_strangers_left(stores: Stores) -> None:
    shop, _ = await filled(stores, 1)
    kept = collections.name(shop, CHECKPOINT, 1)
    strays = [collections.name(shop, CHECKPOINT, 7), collections.name(UUID(int=1), CHECKPOINT, 1)]
    for name in (*strays, "somebody-elses"):
        await stores.index.create(name)

    assert await reconcile(stores, CHECKPOINT) == Repairs(collections=2)

    assert set(await stores.index.names()) == {kept, "somebody-elses"}


async def test_a_deleted_shop_leaves_no_trace(stores: Stores) -> None:
    shop, _ = await filled(stores, 2)
    other, theirs = await filled(stores, 1)
    name = await stores.files.add(shop, b"photo")
    kept = await stores.files.add(other, b"photo")
    await stores.db.execute("UPDATE photos SET content_hash = $1", kept)
    await shops.delete(stores.db, shop)

    repairs = await reconcile(stores, CHECKPOINT)

    assert repairs is not None
    assert repairs.shops == 1
    assert await stores.index.names() == [collections.name(other, CHECKPOINT, 1)]
    assert [row["id"] for row in await stores.db.fetch("SELECT id FROM photos")] == theirs
    assert [row["id"] for row in await stores.db.fetch("SELECT id FROM shops")] == [other]
    assert await stores.files.read(other, kept) == b"photo"
    assert [page async for page in stores.files.old(shop, kept_s=0)] == []
    assert name == kept


async def test_old_files_that_nothing_shows_go(stores: Stores, tmp_path: Path) -> None:
    shop = await rows.shop(stores.db)
    shown = await stores.files.add(shop, b"shown")
    await stores.files.add(shop, b"forgotten")
    for path in (tmp_path / "photos" / shop.hex).iterdir():
        os.utime(path, (0, 0))
    young = await stores.files.add(shop, b"being uploaded")
    await rows.queued(stores.db, shop, content_hash=shown)

    assert await reconcile(stores, CHECKPOINT) == Repairs(files=1)

    assert await stores.files.read(shop, shown) == b"shown"
    assert await stores.files.read(shop, young) == b"being uploaded"


async def test_only_one_replica_reconciles(stores: Stores) -> None:
    async with locks.attempt(stores.db, LOCK) as ours:
        assert ours
        assert await reconcile(stores, CHECKPOINT) is None

    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_a_job_that_waits_is_not_started_again(stores: Stores) -> None:
    shop, photos = await filled(stores, 1, in_chroma=0)
    await jobs.add(stores.db, shop, photos)
    claimed = await rows.claim_all(stores.db)

    await reconcile(stores, CHECKPOINT)

    assert await jobs.done(stores.db, claimed) == set(photos)
