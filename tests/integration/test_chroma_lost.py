"""A Chroma server that comes back without what it had, and the rounds of the reconciler that find it."""

import asyncio
import dataclasses
import shutil
from pathlib import Path
from uuid import UUID

import pytest

from db import collections
from db.errors import IndexAway
from db.index import Index
from db.stores import Stores
from deployments import reconcile as reconciler
from deployments import rounds
from deployments.local.chroma import EmbeddedChroma
from deployments.rebuild import rebuild_shop
from deployments.reconcile import Repairs, reconcile
from deployments.search import Search
from deployments.worker import Worker
from tests.integration.ingesting import drain, jpeg, until, upload
from tests.integration.rows import CHECKPOINT
from tests.integration.two_servers import ask, decoders, second, stores, two_shops, waiting, worker

__all__ = ["decoders", "second", "stores", "worker"]


def lose_its_disk(second: EmbeddedChroma, tmp_path: Path) -> None:
    second.stop()
    shutil.rmtree(tmp_path / "second")


async def test_a_server_that_lost_its_disk_is_filled_again_by_a_rebuild(
    stores: Stores, worker: Worker, second: EmbeddedChroma, tmp_path: Path
) -> None:
    _, there = await two_shops(stores, worker)
    lose_its_disk(second, tmp_path)
    second.start()

    assert await rebuild_shop(stores, there, CHECKPOINT) == 3

    assert (await ask(Search(stores, CHECKPOINT), stores, there))[1] is False


async def test_a_server_that_lost_its_disk_is_filled_again_by_the_reconciler_and_never_answers_in_part(
    stores: Stores, worker: Worker, second: EmbeddedChroma, tmp_path: Path
) -> None:
    _, there = await two_shops(stores, worker)
    search = Search(stores, CHECKPOINT)
    before, _ = await ask(search, stores, there)
    lose_its_disk(second, tmp_path)
    second.start()
    await upload(stores, there, jpeg(3))

    await worker.turn()

    assert await waiting(stores) == {there: 1}
    assert await stores.db.fetchval("SELECT attempts FROM jobs") == 0
    assert worker._parts.lost.is_set()
    assert await ask(search, stores, there) == (before, True)

    assert await reconcile(stores, CHECKPOINT) == Repairs(rebuilt=1)
    assert await ask(search, stores, there) == (before, False)

    await drain(worker)

    assert len(await stores.index.ids(f"b/{collections.name(there, CHECKPOINT, 2)}")) == 4
    assert await reconcile(stores, CHECKPOINT) == Repairs()


@pytest.mark.parametrize("sign", ["returned", "lost"])
async def test_the_reconciler_goes_another_round_soon_when_something_may_be_lost(
    stores: Stores,
    worker: Worker,
    second: EmbeddedChroma,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sign: str,
) -> None:
    monkeypatch.setattr(rounds, "AGAIN_S", 0.05)
    _, there = await two_shops(stores, worker)
    lost, gone = asyncio.Event(), asyncio.Event()
    going = asyncio.create_task(rounds.go(stores, CHECKPOINT, lost, gone.set))
    await gone.wait()
    lose_its_disk(second, tmp_path)
    if sign == "returned":
        await ask(Search(stores, CHECKPOINT), stores, there)

    second.start()
    if sign == "lost":
        lost.set()

    await until(lambda: is_version(stores, there, 2))
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)


async def test_a_round_that_has_rebuilt_for_long_leaves_the_rest_to_the_next_which_follows_soon(
    stores: Stores, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconciler, "FILL_S_MAX", 0.0)
    monkeypatch.setattr(rounds, "AGAIN_S", 0.05)
    lost = [*await two_shops(stores, worker), *await two_shops(stores, worker)]
    for address in await stores.index.names():
        await stores.index.drop(address)

    assert await reconcile(stores, CHECKPOINT) == Repairs(rebuilt=1)

    going = asyncio.create_task(rounds.go(stores, CHECKPOINT, asyncio.Event(), lambda: None))
    for shop in lost:
        await until(lambda shop=shop: is_version(stores, shop, 2))
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)


async def is_version(stores: Stores, shop: UUID, version: int) -> bool:
    return [one.version for one in await collections.of_shop(stores.db, shop)] == [version]


async def test_a_round_during_which_the_only_server_dies_is_cut_short(
    stores: Stores, worker: Worker, second: EmbeddedChroma
) -> None:
    class Dying(Index):
        """After its collections were listed."""

        async def ids(self, collection: str) -> set[UUID]:
            second.stop()
            return await super().ids(collection)

    await two_shops(stores, worker)
    dying = Dying(f"b={second.url}")

    with pytest.raises(IndexAway):
        await reconcile(dataclasses.replace(stores, index=dying), CHECKPOINT)

    await dying.close()
