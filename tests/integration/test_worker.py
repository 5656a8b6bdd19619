import asyncio
import dataclasses
import os
import signal
from collections.abc import Iterator
from uuid import UUID

import numpy as np
import pytest

from db import collections, embeddings, jobs, photos, servers
from db.collections import Current
from db.index import Index
from db.stores import Stores
from deployments.adding import Parts
from deployments.decode import Decoders
from deployments.worker import Worker
from models.types import Embeddings, Pixels
from tests.integration import ingesting, rows
from tests.integration.ingesting import LIMITS, Counted, Tower, drain, jobs_left, jpeg, parts, running, statuses, upload
from tests.integration.rows import CHECKPOINT

AWAY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    opened = Decoders(2)
    yield opened
    opened.close()


@pytest.fixture
def tower() -> Tower:
    return Tower()


@pytest.fixture
def work(stores: Stores, tower: Tower, decoders: Decoders) -> Parts:
    return parts(stores, tower, decoders)


@pytest.fixture
def worker(work: Parts) -> Worker:
    return Worker(work)


async def turn_without_chroma(work: Parts) -> None:
    """Of a worker that does not know yet that its Chroma is away."""
    away = Index(AWAY, timeout_s=0.5)
    await Worker(dataclasses.replace(work, stores=dataclasses.replace(work.stores, index=away))).turn()
    await away.close()


async def in_chroma(stores: Stores, shop: UUID) -> set[UUID]:
    return await stores.index.ids(
        (await collections.current(stores.db, shop, CHECKPOINT, stores.index.servers)).address
    )


async def test_uploaded_photos_become_ready_each_in_its_own_shops_collection(
    stores: Stores, worker: Worker, tower: Tower
) -> None:
    shop, other = await rows.shop(stores.db), await rows.shop(stores.db)
    mine = await upload(stores, shop, *(jpeg(i) for i in range(10)))
    theirs = await upload(stores, other, *(jpeg(i) for i in range(3)))

    await drain(worker)

    assert await statuses(stores.db) == {"ready": 13}
    assert await in_chroma(stores, shop) == set(mine)
    assert await in_chroma(stores, other) == set(theirs)
    assert await jobs_left(stores.db) == 0
    assert set(await embeddings.of_photos(stores.db, CHECKPOINT, mine)) == set(mine)
    assert max(tower.batches) <= LIMITS.batch_max


async def test_a_running_worker_hears_the_bell(stores: Stores, work: Parts) -> None:
    worker = Worker(dataclasses.replace(work, limits=dataclasses.replace(LIMITS, poll_s=60)))
    shop = await rows.shop(stores.db)

    async with running(worker):
        await ingesting.until(lambda: worker._loops and worker.check() is None)
        await upload(stores, shop, jpeg(1))
        worker.wake()
        await ingesting.until(lambda: _has(stores, "ready", 1))


async def _has(stores: Stores, status: str, count: int) -> bool:
    return (await statuses(stores.db)).get(status) == count


async def test_a_bad_photo_fails_with_its_code_and_the_others_go_on(
    stores: Stores, worker: Worker, work: Parts
) -> None:
    shop, other = await rows.shop(stores.db), await rows.shop(stores.db)
    [bad, cut] = await upload(stores, shop, b"no photo at all", jpeg(1)[:400])
    good = await upload(stores, shop, jpeg(2)) + await upload(stores, other, jpeg(3))

    await drain(worker)

    failed = await photos.get(stores.db, shop, bad)
    assert (failed.status, failed.error_code) == ("failed", "unsupported_media_type")
    assert (await photos.get(stores.db, shop, cut)).error_code == "photo_truncated"
    assert [await rows.status(stores.db, photo) for photo in good] == ["ready", "ready"]
    assert await jobs_left(stores.db) == 0
    assert isinstance(work.recorder, Counted)
    assert work.recorder.outcomes == {"unsupported_media_type": 1, "photo_truncated": 1, "ready": 2}


async def test_a_killed_decoder_costs_one_photo_one_attempt(stores: Stores, worker: Worker, decoders: Decoders) -> None:
    shop = await rows.shop(stores.db)
    await upload(stores, shop, jpeg(0))
    await drain(worker)
    await upload(stores, shop, *(jpeg(i) for i in range(1, 9)))
    os.kill(decoders.pids[0], signal.SIGKILL)

    await worker.turn()

    assert await statuses(stores.db) == {"ready": 8, "embedding": 1}
    await rows.expire_leases(stores.db)
    await drain(worker)
    assert await statuses(stores.db) == {"ready": 9}


async def test_a_photo_that_is_never_decoded_fails_after_its_attempts_alone(
    stores: Stores, work: Parts, tower: Tower
) -> None:
    shop = await rows.shop(stores.db)
    poison, *others = await upload(stores, shop, jpeg(200), *(jpeg(i) for i in range(5)))
    marked = (await work.decoders.prepare(jpeg(200), ingesting.SIDE)).sum()

    def crash(batch: Pixels) -> None:
        if any(abs(int(each.sum()) - int(marked)) < 10 for each in batch):
            raise RuntimeError("the model failed at this photo")

    tower.before = crash
    worker = Worker(work)
    for _ in range(20):
        await worker.turn()
        await rows.expire_leases(stores.db)

    assert (await photos.get(stores.db, shop, poison)).error_code == "embedding_failed"
    assert [await rows.status(stores.db, photo) for photo in others] == ["ready"] * 5
    assert await jobs_left(stores.db) == 0


async def test_a_photo_that_took_the_worker_down_too_often_fails_untouched(
    stores: Stores, worker: Worker, tower: Tower
) -> None:
    [photo] = await upload(stores, await rows.shop(stores.db), jpeg(1))
    await stores.db.execute("UPDATE jobs SET attempts = 3")

    await drain(worker)

    assert await rows.status(stores.db, photo) == "failed"
    assert tower.embedded == 0


async def test_a_crash_before_chroma_embeds_nothing_twice(
    stores: Stores, worker: Worker, work: Parts, tower: Tower
) -> None:
    shop, other = await rows.shop(stores.db), await rows.shop(stores.db)
    await upload(stores, shop, *(jpeg(i) for i in range(4)))
    await upload(stores, other, jpeg(5))
    await turn_without_chroma(work)
    assert tower.embedded == 5

    await drain(worker)
    await rows.expire_leases(stores.db)
    await drain(worker)

    assert await statuses(stores.db) == {"ready": 5}
    assert tower.embedded == 5


async def test_a_crash_between_chroma_and_the_mark_is_repeated_without_harm(
    stores: Stores, worker: Worker, tower: Tower
) -> None:
    shop = await rows.shop(stores.db)
    uploaded = await upload(stores, shop, jpeg(1), jpeg(2))
    await drain(worker)
    await stores.db.execute("UPDATE photos SET status = 'embedding'")
    await jobs.add(stores.db, shop, uploaded)

    await drain(worker)

    assert await statuses(stores.db) == {"ready": 2}
    assert tower.embedded == 2
    assert await in_chroma(stores, shop) == set(uploaded)


async def test_chroma_away_burns_no_attempts_and_work_resumes(stores: Stores, worker: Worker, work: Parts) -> None:
    shop = await rows.shop(stores.db)
    await upload(stores, shop, *(jpeg(i) for i in range(5)))
    for _ in range(LIMITS.attempts_max + 2):
        await turn_without_chroma(work)
    assert await stores.db.fetchval("SELECT max(attempts) FROM jobs") == 0

    await drain(worker)

    assert await statuses(stores.db) == {"ready": 5}


async def test_the_tower_away_burns_no_attempts_and_claims_one_by_one(
    stores: Stores, work: Parts, tower: Tower
) -> None:
    shop = await rows.shop(stores.db)
    await upload(stores, shop, *(jpeg(i) for i in range(5)))
    seen: list[int] = []

    def refuse(batch: Pixels) -> None:
        seen.append(len(batch))
        ingesting.away()

    tower.before = refuse
    worker = Worker(work)
    for _ in range(3):
        await worker.turn()

    assert await stores.db.fetchval("SELECT max(attempts) FROM jobs") == 0
    assert seen == [5, 1, 1]
    tower.before = lambda _: None
    await drain(worker)
    assert await statuses(stores.db) == {"ready": 5}


async def test_postgres_away_in_the_middle_burns_no_attempts(
    stores: Stores, worker: Worker, tower: Tower, database_dsn: str
) -> None:
    shop = await rows.shop(stores.db)
    await upload(stores, shop, *(jpeg(i) for i in range(5)))
    loop = asyncio.get_running_loop()

    async def lose_postgres(_: Pixels) -> None:
        tower.before = lambda _: None
        stores.db.set_connect_args("postgresql://postgres@127.0.0.1:9/postgres")
        await stores.db.expire_connections()
        loop.call_later(0.2, stores.db.set_connect_args, database_dsn)

    tower.before = lose_postgres
    await worker.turn()

    assert await stores.db.fetch("SELECT attempts FROM jobs WHERE attempts > 0") == []
    assert await jobs_left(stores.db) == 5
    await stores.db.execute("UPDATE jobs SET due = NULL")
    await drain(worker)
    assert await statuses(stores.db) == {"ready": 5}


async def test_a_photo_deleted_while_it_is_embedded_leaves_nothing(
    stores: Stores, worker: Worker, work: Parts, tower: Tower, decoders: Decoders
) -> None:
    shop = await rows.shop(stores.db)
    gone, kept = await upload(stores, shop, jpeg(1), jpeg(2))

    async def delete_and_remove(_: Pixels) -> None:
        tower.before = lambda _: None
        await rows.delete(stores.db, gone)
        await drain(Worker(parts(stores, Tower(), decoders)))

    tower.before = delete_and_remove
    await drain(worker)

    assert await in_chroma(stores, shop) == {kept}
    assert await rows.status(stores.db, gone) is None
    assert await jobs_left(stores.db) == 0


async def test_a_photo_deleted_between_chroma_and_the_mark_is_removed_by_its_own_job(
    stores: Stores, worker: Worker, tower: Tower
) -> None:
    shop = await rows.shop(stores.db)
    gone, kept = await upload(stores, shop, jpeg(1), jpeg(2))
    tower.before = lambda _: rows.delete(stores.db, gone) if tower.batches == [] else None

    await drain(worker)

    assert await statuses(stores.db) == {"ready": 1}
    assert await in_chroma(stores, shop) == {kept}
    assert await jobs_left(stores.db) == 0


async def test_a_deleted_photo_leaves_chroma_its_file_and_its_row(stores: Stores, worker: Worker) -> None:
    shop, other = await rows.shop(stores.db), await rows.shop(stores.db)
    gone, kept = await upload(stores, shop, jpeg(1), jpeg(2))
    theirs = await upload(stores, other, jpeg(1))
    await drain(worker)
    await stores.files.add_rendition(shop, gone, "thumb", b"small")
    await rows.delete(stores.db, gone)

    await drain(worker)

    assert await in_chroma(stores, shop) == {kept}
    assert await in_chroma(stores, other) == set(theirs)
    assert await stores.files.read_rendition(shop, gone, "thumb") is None
    assert await stores.db.fetchval("SELECT count(*) FROM photos") == 2
    assert await stores.db.fetchval("SELECT count(*) FROM embeddings") == 2


async def test_a_removal_waits_for_chroma_as_long_as_it_takes(stores: Stores, worker: Worker, work: Parts) -> None:
    shop = await rows.shop(stores.db)
    [gone] = await upload(stores, shop, jpeg(1))
    await drain(worker)
    await rows.delete(stores.db, gone)
    for _ in range(LIMITS.attempts_max + 2):
        await turn_without_chroma(work)

    await drain(worker)

    assert await in_chroma(stores, shop) == set()
    assert await jobs_left(stores.db) == 0


async def test_a_deleted_shops_collection_does_not_come_back(stores: Stores, worker: Worker) -> None:
    shop, other = await rows.shop(stores.db), await rows.shop(stores.db)
    await upload(stores, shop, jpeg(1))
    theirs = await upload(stores, other, jpeg(1))
    await stores.db.execute("UPDATE shops SET deleted_at = now() WHERE id = $1", shop)

    await drain(worker)

    assert [collections.shop_of(name) for name in await stores.index.names()] == [other]
    assert await in_chroma(stores, other) == set(theirs)
    assert await jobs_left(stores.db) == 0


async def test_a_swing_during_the_work_does_not_lose_the_photo(
    stores: Stores, worker: Worker, work: Parts, chroma_url: str
) -> None:
    shop = await rows.shop(stores.db)
    [first] = await upload(stores, shop, jpeg(1))
    await drain(worker)
    [second] = await upload(stores, shop, jpeg(2))

    class Swinging(Index):
        """As if a rebuild ended between this worker's write and its mark."""

        async def add(self, collection: str, photo_ids: list[UUID], embeddings: Embeddings) -> None:
            await super().add(collection, photo_ids, embeddings)
            await self.create(collections.name(shop, CHECKPOINT, 2))
            await collections.swing(stores.db, Current(shop, CHECKPOINT, 2, servers.DEFAULT))

    swinging = Swinging(chroma_url)
    await Worker(dataclasses.replace(work, stores=dataclasses.replace(stores, index=swinging))).turn()
    await swinging.close()
    assert await rows.status(stores.db, second) == "embedding"
    await stores.db.execute("UPDATE jobs SET due = NULL")
    await drain(worker)

    assert await in_chroma(stores, shop) == {second}
    assert await statuses(stores.db) == {"ready": 2}
    assert first != second


async def test_a_collection_dropped_as_soon_as_it_was_made_does_not_lose_the_photo(
    stores: Stores, worker: Worker, work: Parts, chroma_url: str
) -> None:
    shop = await rows.shop(stores.db)
    [photo] = await upload(stores, shop, jpeg(1))

    class Dropping(Index):
        """As if a rebuild or the reconciler came between."""

        async def create(self, collection: str) -> None:
            await super().create(collection)
            await self.drop(collection)

    dropping = Dropping(chroma_url)
    await Worker(dataclasses.replace(work, stores=dataclasses.replace(stores, index=dropping))).turn()
    await dropping.close()
    assert await jobs_left(stores.db) == 1
    await rows.expire_leases(stores.db)
    work.breaker.close()
    await drain(worker)

    assert await in_chroma(stores, shop) == {photo}


async def test_a_lease_is_held_while_the_work_lasts(stores: Stores, work: Parts, tower: Tower) -> None:
    await upload(stores, await rows.shop(stores.db), jpeg(1))
    dues: list[object] = []

    async def last(_: Pixels) -> None:
        for _ in range(2):
            start = await stores.db.fetchval("SELECT due FROM jobs")
            async with asyncio.timeout(5):
                while await stores.db.fetchval("SELECT due FROM jobs") == start:
                    await asyncio.sleep(0.01)
            dues.append(start)

    tower.before = last
    limits = dataclasses.replace(LIMITS, lease_s=0.6)

    await Worker(dataclasses.replace(work, limits=limits)).turn()

    assert len(dues) == 2
    assert await statuses(stores.db) == {"ready": 1}


async def test_four_workers_take_every_photo_to_ready_once(stores: Stores, work: Parts, tower: Tower) -> None:
    shops = [await rows.shop(stores.db), await rows.shop(stores.db)]
    for shop in shops:
        await upload(stores, shop, *(jpeg(i) for i in range(30)))
    limits = dataclasses.replace(LIMITS, jobs_max=4, loops=4)
    worker = Worker(dataclasses.replace(work, limits=limits))

    async with running(worker):
        await ingesting.until(lambda: _has(stores, "ready", 60))

    assert tower.embedded == 60
    for shop in shops:
        assert len(await in_chroma(stores, shop)) == 30


async def test_the_worker_says_when_a_loop_has_ended(worker: Worker) -> None:
    worker.start()
    worker.check()
    worker._loops[0].cancel()
    await asyncio.gather(worker._loops[0], return_exceptions=True)

    with pytest.raises(RuntimeError):
        worker.check()
    await worker.stop()


async def test_an_embedding_is_of_its_own_photo(
    stores: Stores, worker: Worker, tower: Tower, decoders: Decoders
) -> None:
    shop = await rows.shop(stores.db)
    uploaded = await upload(stores, shop, *(jpeg(i * 11) for i in range(20)))
    await drain(worker)

    name = (await collections.current(stores.db, shop, CHECKPOINT, stores.index.servers)).address
    for i in (0, 7, 19):
        pixels = await decoders.prepare(jpeg(i * 11), ingesting.SIDE)
        [[(nearest, cosine), *_]] = await stores.index.search(name, await tower.embed_photos(np.stack([pixels])), 1)
        assert nearest == uploaded[i]
        assert cosine == pytest.approx(1.0, abs=1e-4)
