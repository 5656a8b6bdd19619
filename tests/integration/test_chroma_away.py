"""One of two real Chroma servers hangs, is slow, dead or taken out; the shops of the other notice nothing."""

import asyncio
import dataclasses
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from db import chroma, collections, shops
from db import index as index_module
from db.errors import IndexAway, Unavailable
from db.index import Index
from db.stores import Stores
from deployments.decode import Decoders
from deployments.local import chroma_servers
from deployments.local.chroma import EmbeddedChroma
from deployments.rebuild import move_shop
from deployments.reconcile import Repairs, reconcile
from deployments.search import TOGETHER, Search
from deployments.worker import Worker
from models.types import Embeddings
from tests.integration import rows
from tests.integration.ingesting import LIMITS, Tower, drain, jpeg, parts, statuses, until, upload
from tests.integration.rows import CHECKPOINT
from tests.integration.two_servers import ask, decoders, home, second, stores, two_shops, waiting, worker

__all__ = ["decoders", "second", "stores", "worker"]


async def test_a_dead_server_costs_the_shops_of_the_other_nothing(
    stores: Stores, worker: Worker, second: EmbeddedChroma
) -> None:
    here, there = await two_shops(stores, worker)
    search = Search(stores, CHECKPOINT)
    second.stop()

    assert (await ask(search, stores, there))[1] is True
    assert len((await ask(search, stores, there))[0]) == 3
    assert (await ask(search, stores, here))[1] is False

    for shop in (there, here):  # the dead server's shop first in turn
        await upload(stores, shop, *(jpeg(colour) for colour in (30, 60)))
    await drain(worker)
    assert await waiting(stores) == {there: 2}
    assert await stores.db.fetchval("SELECT max(attempts) FROM jobs") == 0
    assert (await stores.index.health())["default"] == "ok"
    assert not stores.index.is_away

    second.start()
    await until(lambda: not stores.index.away)
    await drain(worker)
    assert await statuses(stores.db) == {"ready": 10}
    found, exact = await ask(search, stores, there)
    assert (len(found), exact) == (3, False)


async def test_jobs_of_a_dead_servers_shops_take_no_turns(
    stores: Stores, worker: Worker, second: EmbeddedChroma
) -> None:
    here, there = await two_shops(stores, worker)
    second.stop()
    with pytest.raises(IndexAway):
        await stores.index.ids(f"b/{collections.name(there, CHECKPOINT, 1)}")
    await upload(stores, there, *(jpeg(colour) for colour in range(5)))
    await upload(stores, here, jpeg(30))

    assert await worker.turn()

    assert await waiting(stores) == {there: 5}
    assert await stores.db.fetchval("SELECT count(*) FROM jobs WHERE due IS NOT NULL") == 0


async def test_the_reconciler_repairs_the_one_server_while_the_other_is_away(
    stores: Stores, worker: Worker, second: EmbeddedChroma
) -> None:
    here, there = await two_shops(stores, worker)
    await shops.delete(stores.db, there)
    await stores.index.drop(collections.name(here, CHECKPOINT, 1))
    second.stop()

    assert await reconcile(stores, CHECKPOINT) == Repairs(rebuilt=1)

    assert len(await stores.index.ids(collections.name(here, CHECKPOINT, 2))) == 3
    assert await stores.db.fetchval("SELECT count(*) FROM shops") == 2  # its collection is still there

    second.start()
    await until(lambda: not stores.index.away)
    assert await reconcile(stores, CHECKPOINT) == Repairs(collections=1, shops=1)


async def test_a_server_that_was_taken_out_is_left_without_it(
    stores: Stores, worker: Worker, index: Index, database_dsn: str, chroma_url: str
) -> None:
    here, there = await two_shops(stores, worker)
    without = dataclasses.replace(stores, index=index)
    search = Search(without, CHECKPOINT)

    [sentence] = await chroma_servers.complaints(database_dsn, chroma_url)
    assert "names no server b, on which 1 collection(s) are" in sentence
    found, exact = await ask(search, without, there)
    assert (len(found), exact) == (3, True)
    assert (await index.health())["b"] == "FITMATCH_CHROMA_URL names no server b"
    assert await reconcile(without, CHECKPOINT) == Repairs()

    assert (await move_shop(without, there, "default")).photos == 3

    assert await ask(search, without, there) == (found, False)
    assert await chroma_servers.complaints(database_dsn, chroma_url) == []
    assert (await ask(search, without, here))[1] is False


async def test_a_start_goes_on_with_one_server_of_two(
    stores: Stores, database_dsn: str, chroma_url: str, second: EmbeddedChroma
) -> None:
    both = f"{chroma_url},b={second.url}"
    assert await chroma_servers.complaints(database_dsn, both) == []
    second.stop()

    assert await chroma_servers.complaints(database_dsn, both) == [
        "The Chroma server b is away (the index did not answer in time)."
    ]
    with pytest.raises(Unavailable):
        await chroma_servers.complaints(database_dsn, f"b={second.url}")


async def test_prompts_do_not_wait_for_another_shops_slow_server(
    stores: Stores, worker: Worker, chroma_url: str, second: EmbeddedChroma
) -> None:
    here, there = await two_shops(stores, worker)
    held, let_go = [0], asyncio.Event()

    class Slow(Index):
        """On b."""

        async def search(self, collection: str, embeddings: Embeddings, k: int) -> list[list[tuple[UUID, float]]]:
            if collection.startswith("b/"):
                held[0] += 1
                await let_go.wait()
            return await super().search(collection, embeddings, k)

    slow = Slow(f"{chroma_url},b={second.url}")
    search = Search(dataclasses.replace(stores, index=slow), CHECKPOINT)
    theirs: list[asyncio.Task[tuple[list[UUID], bool]]] = []
    for count in range(1, TOGETHER.parallel + 1):
        theirs.append(asyncio.create_task(ask(search, stores, there)))
        await until(lambda wanted=count: held[0] == wanted)
    theirs += [asyncio.create_task(ask(search, stores, there)) for _ in range(4)]

    async with asyncio.timeout(5):
        assert (await ask(search, stores, here))[1] is False

    let_go.set()
    assert {exact for _, exact in await asyncio.gather(*theirs)} == {False}
    await slow.close()


async def test_prompts_of_both_servers_are_answered_while_one_hangs(
    stores: Stores, worker: Worker, chroma_url: str, second: EmbeddedChroma
) -> None:
    here, there = await two_shops(stores, worker)
    index = Index(f"{chroma_url},b={second.url}", timeout_s=1.0)
    search = Search(dataclasses.replace(stores, index=index), CHECKPOINT)
    await asyncio.gather(ask(search, stores, here), ask(search, stores, there))

    with hanging(second):
        theirs = [asyncio.create_task(ask(search, stores, there)) for _ in range(8)]
        ours = [asyncio.create_task(ask(search, stores, here)) for _ in range(8)]
        answers = await asyncio.gather(*ours)
        assert not any(task.done() for task in theirs)
        exact = await asyncio.gather(*theirs)

    assert [(len(found), is_exact) for found, is_exact in answers] == [(3, False)] * 8
    assert [(len(found), is_exact) for found, is_exact in exact] == [(3, True)] * 8
    await index.close()


@contextmanager
def hanging(server: EmbeddedChroma) -> Iterator[None]:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


async def test_photos_and_removals_do_not_wait_for_another_shops_server_that_hangs(
    stores: Stores, worker: Worker, second: EmbeddedChroma, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "LISTEN_S", 0.1)
    monkeypatch.setattr(chroma, "HEARTBEAT_S_MAX", 1.0)
    here, there = await two_shops(stores, worker)
    for shop in (there, here):
        await rows.delete(stores.db, (await upload(stores, shop, jpeg(3)))[0])
        await upload(stores, shop, jpeg(4))

    with hanging(second):
        async with asyncio.timeout(10):
            await worker.turn()
        assert await waiting(stores) == {there: 2}
        assert await stores.db.fetchval("SELECT max(attempts) FROM jobs") == 0

    await until(lambda: not stores.index.away)
    await drain(worker)
    assert await statuses(stores.db) == {"ready": 8}


async def test_a_server_that_is_found_dead_within_a_turn_is_left_out_of_the_rest_of_it(
    stores: Stores, worker: Worker, second: EmbeddedChroma
) -> None:
    here, there = await two_shops(stores, worker)
    [tried, fresh] = await upload(stores, there, jpeg(3), jpeg(4))
    await upload(stores, here, jpeg(3))
    await stores.db.execute("UPDATE jobs SET attempts = 1 WHERE photo_id = $1", tried)
    second.stop()

    await worker.turn()

    assert await waiting(stores) == {there: 2}
    assert await stores.db.fetchval("SELECT due FROM jobs WHERE photo_id = $1", fresh) is None


async def test_the_backlog_of_a_server_that_is_back_does_not_come_before_everybody(
    stores: Stores, decoders: Decoders, second: EmbeddedChroma
) -> None:
    worker = Worker(parts(stores, Tower(), decoders, dataclasses.replace(LIMITS, jobs_max=3)))
    here, there = await two_shops(stores, worker)
    second.stop()
    await ask(Search(stores, CHECKPOINT), stores, there)
    await upload(stores, there, *(jpeg(colour) for colour in range(8)))
    await worker.turn()
    await stores.db.execute("SELECT setval('turn_clock', 10000)")  # others were served meanwhile
    second.start()
    await until(lambda: not stores.index.away)
    await upload(stores, here, jpeg(30))

    await worker.turn()

    assert await waiting(stores) == {there: 6}


async def test_a_removal_does_not_wait_for_the_collection_of_a_former_checkpoint(
    stores: Stores, worker: Worker, second: EmbeddedChroma
) -> None:
    here, _ = await two_shops(stores, worker)
    former = (await collections.current(stores.db, here, "former@1", ["b"])).address
    [gone] = await upload(stores, here, jpeg(3))
    await drain(worker)
    await stores.index.create(former)
    await stores.index.add(former, [gone], rows.embeddings(1))
    second.stop()
    await rows.delete(stores.db, gone)

    await worker.turn()

    assert await waiting(stores) == {}
    second.start()
    await until(lambda: not stores.index.away)
    assert await reconcile(stores, CHECKPOINT) == Repairs(ghosts=1)


async def test_new_shops_do_not_go_to_a_dead_server(stores: Stores, worker: Worker, second: EmbeddedChroma) -> None:
    _, there = await two_shops(stores, worker)
    await upload(stores, await rows.shop(stores.db), jpeg(3))
    await drain(worker)  # b has the fewest now
    second.stop()
    await ask(Search(stores, CHECKPOINT), stores, there)
    new = await rows.shop(stores.db)
    await upload(stores, new, jpeg(3))

    await drain(worker)

    assert await home(stores, new) == "default"
    assert await waiting(stores) == {}


async def test_a_server_that_nobody_needs_any_more_is_not_told_of(
    stores: Stores, worker: Worker, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, there = await two_shops(stores, worker)
    await ask(Search(dataclasses.replace(stores, index=index), CHECKPOINT), stores, there)
    assert index.away == ["b"]

    monkeypatch.setattr(index_module, "UNLISTED_S", 0.0)

    assert (index.away, await index.health()) == ([], {"default": "ok"})
