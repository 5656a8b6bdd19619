"""Two real Chroma servers: shops spread over them, moved between them, and one of them lost."""

import asyncio
import dataclasses
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from db import collections, shops
from db.errors import IndexAway, NotFound, Unavailable
from db.files import Files
from db.index import Index
from db.postgres import Pool
from db.stores import Stores
from deployments.decode import Decoders
from deployments.local import chroma_servers
from deployments.local.chroma import EmbeddedChroma
from deployments.rebuild import move_all, move_shop, rebuild_shop
from deployments.reconcile import Repairs, reconcile
from deployments.search import Search, Wanted
from deployments.worker import Worker
from models.types import Embeddings
from tests.integration import rows
from tests.integration.ingesting import Tower, drain, jpeg, parts, statuses, until, upload
from tests.integration.rows import CHECKPOINT


@pytest.fixture
def second(tmp_path: Path) -> Iterator[EmbeddedChroma]:
    server = EmbeddedChroma(tmp_path / "second")
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def stores(
    chroma_url: str, index: Index, second: EmbeddedChroma, pool: Pool, files: Files
) -> AsyncIterator[Stores]:
    """`index`, of the default server alone, empties it afterwards."""
    both = Index(f"{chroma_url},b={second.url}")
    yield Stores(pool, both, files)
    await both.close()


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    opened = Decoders(1)
    yield opened
    opened.close()


@pytest.fixture
def worker(stores: Stores, decoders: Decoders) -> Worker:
    return Worker(parts(stores, Tower(), decoders))


async def two_shops(stores: Stores, worker: Worker) -> tuple[UUID, UUID]:
    """With three photos each; the first is on the default server, the second on b."""
    here, there = await rows.shop(stores.db), await rows.shop(stores.db)
    for shop in (here, there):
        await upload(stores, shop, *(jpeg(colour) for colour in (1, 90, 180)))
        await drain(worker)
    assert [await home(stores, shop) for shop in (here, there)] == ["default", "b"]
    return here, there


async def home(stores: Stores, shop: UUID) -> str:
    return (await collections.of_shop(stores.db, shop))[0].server


async def ask(search: Search, stores: Stores, shop: UUID) -> tuple[list[UUID], bool]:
    """The shop's products near its first photo, best first, and whether that was exact."""
    raw = await stores.db.fetchval(
        "SELECT embedding FROM embeddings WHERE shop_id = $1 AND checkpoint = $2 ORDER BY photo_id", shop, CHECKPOINT
    )
    embedding = np.frombuffer(raw, "<f2").astype(np.float32)
    found, exact = await search.run(Wanted(shop, embedding, 3, None, None, None))
    return [one.product.id for one in found], exact


async def test_each_shop_is_filled_and_searched_where_it_lives(stores: Stores, worker: Worker, index: Index) -> None:
    here, there = await two_shops(stores, worker)
    search = Search(stores, CHECKPOINT)

    for shop in (here, there):
        found, exact = await ask(search, stores, shop)
        assert (len(found), exact) == (3, False)
    assert await index.names() == [collections.name(here, CHECKPOINT, 1)]
    assert await stores.index.names() == [
        collections.name(here, CHECKPOINT, 1),
        f"b/{collections.name(there, CHECKPOINT, 1)}",
    ]
    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_prompts_are_answered_alike_while_a_shop_moves(stores: Stores, worker: Worker, index: Index) -> None:
    here, there = await two_shops(stores, worker)
    search = Search(stores, CHECKPOINT)
    before, _ = await ask(search, stores, here)
    moving = asyncio.create_task(move_shop(stores, here, "b"))

    answers = [(await ask(search, stores, here))[0]]
    while not moving.done():
        answers.append((await ask(search, stores, here))[0])

    assert await moving == 3
    assert answers == [before] * len(answers)
    assert await ask(search, stores, here) == (before, False)
    assert await home(stores, here) == "b"
    assert await index.names() == []
    assert (await ask(search, stores, there))[1] is False
    assert await move_shop(stores, here, "b") == 0


async def test_a_move_that_is_cut_short_changes_nothing_and_is_done_again(
    stores: Stores, worker: Worker, chroma_url: str, second: EmbeddedChroma
) -> None:
    here, _ = await two_shops(stores, worker)
    search = Search(stores, CHECKPOINT)
    before = await ask(search, stores, here)

    class Killed(Index):
        """After something was written there."""

        async def add(self, collection: str, photo_ids: list[UUID], embeddings: Embeddings) -> None:
            await super().add(collection, photo_ids[:1], embeddings[:1])
            raise KeyboardInterrupt

    killed = Killed(f"{chroma_url},b={second.url}")
    with pytest.raises(KeyboardInterrupt):
        await move_shop(dataclasses.replace(stores, index=killed), here, "b")
    await killed.close()
    assert await ask(search, stores, here) == before
    assert await home(stores, here) == "default"

    assert await move_shop(stores, here, "b") == 3

    assert await ask(search, stores, here) == before
    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_the_reconciler_drops_what_a_killed_move_has_left(stores: Stores, worker: Worker) -> None:
    here, there = await two_shops(stores, worker)
    half = f"b/{collections.name(here, CHECKPOINT, 2)}"
    await stores.index.create(half)

    assert await reconcile(stores, CHECKPOINT) == Repairs(collections=1)

    assert half not in await stores.index.names()
    assert await home(stores, there) == "b"


async def test_all_shops_of_a_server_move_together(stores: Stores, worker: Worker, index: Index) -> None:
    here, there = await two_shops(stores, worker)

    assert await move_all(stores, "b", "default") == 3

    assert [await home(stores, shop) for shop in (here, there)] == ["default"] * 2
    assert set(await stores.index.names()) == set(await index.names())


async def test_nothing_moves_to_a_server_that_nobody_named(stores: Stores, worker: Worker) -> None:
    here, _ = await two_shops(stores, worker)

    with pytest.raises(NotFound, match="default, b, but no c"):
        await move_shop(stores, here, "c")
    with pytest.raises(NotFound):
        await move_shop(stores, await rows.shop(stores.db), "b")


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


async def waiting(stores: Stores) -> dict[UUID, int]:
    found = await stores.db.fetch("SELECT shop_id, count(*) AS jobs FROM jobs GROUP BY shop_id")
    return {row["shop_id"]: row["jobs"] for row in found}


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

    assert await reconcile(stores, CHECKPOINT) == Repairs(jobs=3)

    assert await waiting(stores) == {here: 3}
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

    assert await move_shop(without, there, "default") == 3

    assert await ask(search, without, there) == (found, False)
    assert await chroma_servers.complaints(database_dsn, chroma_url) == []
    assert (await ask(search, without, here))[1] is False


async def test_a_server_that_was_given_another_name_keeps_its_collections(
    stores: Stores, worker: Worker, chroma_url: str, second: EmbeddedChroma
) -> None:
    await two_shops(stores, worker)
    renamed = Index(f"a={chroma_url},b={second.url}")

    assert await reconcile(dataclasses.replace(stores, index=renamed), CHECKPOINT) == Repairs()

    assert len(await renamed.names()) == 2
    await renamed.close()


async def test_a_rebuild_stays_on_its_server(stores: Stores, worker: Worker) -> None:
    _, there = await two_shops(stores, worker)

    await rebuild_shop(stores, there, CHECKPOINT)

    assert await home(stores, there) == "b"
    assert f"b/{collections.name(there, CHECKPOINT, 2)}" in await stores.index.names()


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


async def test_a_server_that_lost_its_disk_is_filled_again_by_a_rebuild(
    stores: Stores, worker: Worker, second: EmbeddedChroma, tmp_path: Path
) -> None:
    _, there = await two_shops(stores, worker)
    second.stop()
    shutil.rmtree(tmp_path / "second")
    second.start()

    assert await rebuild_shop(stores, there, CHECKPOINT) == 3

    assert (await ask(Search(stores, CHECKPOINT), stores, there))[1] is False
