"""Two real Chroma servers: shops spread over them and moved between them."""

import asyncio
import dataclasses
from uuid import UUID

import pytest

from db import collections
from db.errors import IndexAway, NotFound
from db.index import Index
from db.stores import Stores
from deployments.local.chroma import EmbeddedChroma
from deployments.rebuild import move_all, move_shop, rebuild_all, rebuild_shop
from deployments.reconcile import Repairs, reconcile
from deployments.search import Search
from deployments.worker import Worker
from models.types import Embeddings
from tests.integration import rows
from tests.integration.ingesting import drain, jpeg, upload
from tests.integration.rows import CHECKPOINT
from tests.integration.two_servers import ask, decoders, home, second, stores, two_shops, waiting, worker

__all__ = ["decoders", "second", "stores", "worker"]


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

    assert (await moving).photos == 3
    assert answers == [before] * len(answers)
    assert await ask(search, stores, here) == (before, False)
    assert await home(stores, here) == "b"
    assert await index.names() == []
    assert (await ask(search, stores, there))[1] is False
    assert (await move_shop(stores, here, "b")).photos == 0


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

    assert (await move_shop(stores, here, "b")).photos == 3

    assert await ask(search, stores, here) == before
    assert await reconcile(stores, CHECKPOINT) == Repairs()


@pytest.mark.parametrize("cut", ["create", "drop"])
async def test_a_move_that_is_killed_around_its_swing_leaves_one_whole_collection(
    stores: Stores, worker: Worker, chroma_url: str, second: EmbeddedChroma, cut: str
) -> None:
    here, _ = await two_shops(stores, worker)
    search = Search(stores, CHECKPOINT)
    before = await ask(search, stores, here)

    class Killed(Index):
        """After the new collection was made, or before the former one goes."""

        async def create(self, collection: str) -> None:
            await super().create(collection)
            if cut == "create":
                raise KeyboardInterrupt

        async def drop(self, collection: str) -> None:
            if collection == collections.name(here, CHECKPOINT, 1):
                raise KeyboardInterrupt
            await super().drop(collection)

    killed = Killed(f"{chroma_url},b={second.url}")
    with pytest.raises(KeyboardInterrupt):
        await move_shop(dataclasses.replace(stores, index=killed), here, "b")
    await killed.close()

    assert await ask(search, stores, here) == before
    assert await home(stores, here) == ("default" if cut == "create" else "b")
    assert await reconcile(stores, CHECKPOINT) == Repairs(collections=1)
    assert await ask(search, stores, here) == before
    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_a_move_whose_target_dies_leaves_the_shop_where_it_was(
    stores: Stores, worker: Worker, chroma_url: str, second: EmbeddedChroma
) -> None:
    here, _ = await two_shops(stores, worker)
    search = Search(stores, CHECKPOINT)
    before = await ask(search, stores, here)

    class Dying(Index):
        async def add(self, collection: str, photo_ids: list[UUID], embeddings: Embeddings) -> None:
            second.stop()
            await super().add(collection, photo_ids, embeddings)

    dying = Dying(f"{chroma_url},b={second.url}")
    with pytest.raises(IndexAway):
        await move_shop(dataclasses.replace(stores, index=dying), here, "b")
    await dying.close()
    assert (await ask(search, stores, here), await home(stores, here)) == (before, "default")

    second.start()
    assert (await move_shop(stores, here, "b")).photos == 3
    assert await ask(search, stores, here) == before
    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_a_move_whose_target_loses_the_collection_has_not_succeeded(
    stores: Stores, worker: Worker, chroma_url: str, second: EmbeddedChroma
) -> None:
    here, _ = await two_shops(stores, worker)

    class Losing(Index):
        async def add(self, collection: str, photo_ids: list[UUID], embeddings: Embeddings) -> None:
            await self.drop(collection)
            await super().add(collection, photo_ids, embeddings)

    losing = Losing(f"{chroma_url},b={second.url}")
    with pytest.raises(IndexAway, match="was dropped while it was filled"):
        await move_shop(dataclasses.replace(stores, index=losing), here, "b")

    await losing.close()
    assert await home(stores, here) == "default"


async def test_what_shops_do_during_a_move_is_there_afterwards(
    stores: Stores, worker: Worker, chroma_url: str, second: EmbeddedChroma
) -> None:
    here, _ = await two_shops(stores, worker)
    was = sorted(await stores.index.ids(collections.name(here, CHECKPOINT, 1)))
    kept: list[UUID] = []

    class Busy(Index):
        """At each write of the move a photo is uploaded, one deleted, and both seen through."""

        async def add(self, collection: str, photo_ids: list[UUID], embeddings: Embeddings) -> None:
            await super().add(collection, photo_ids, embeddings)
            if len(kept) < 2:
                kept.extend(await upload(stores, here, jpeg(30 + len(kept))))
                await rows.delete(stores.db, was[len(kept) - 1])
                await drain(worker)

    busy = Busy(f"{chroma_url},b={second.url}")
    await move_shop(dataclasses.replace(stores, index=busy), here, "b")
    await busy.close()
    await drain(worker)

    assert await home(stores, here) == "b"
    assert await stores.index.ids(f"b/{collections.name(here, CHECKPOINT, 2)}") == {was[2], *kept}
    assert await waiting(stores) == {}
    assert await reconcile(stores, CHECKPOINT) == Repairs()


async def test_the_reconciler_drops_what_a_killed_move_has_left_also_of_a_version_that_lives_elsewhere(
    stores: Stores, worker: Worker
) -> None:
    here, there = await two_shops(stores, worker)
    half = f"b/{collections.name(here, CHECKPOINT, 2)}"
    await stores.index.create(half)
    await rebuild_shop(stores, here, CHECKPOINT)
    whole = collections.name(here, CHECKPOINT, 2)

    assert await reconcile(stores, CHECKPOINT) == Repairs(collections=1)

    assert await stores.index.names() == [whole, f"b/{collections.name(there, CHECKPOINT, 1)}"]


async def test_a_rebuild_of_all_goes_on_without_the_server_that_is_away(
    stores: Stores, worker: Worker, second: EmbeddedChroma
) -> None:
    here, there = await two_shops(stores, worker)
    await move_shop(stores, here, "b")
    await move_shop(stores, there, "default")
    last = await rows.shop(stores.db)
    await collections.current(stores.db, last, CHECKPOINT, ["b"])
    second.stop()

    done = await rebuild_all(stores, CHECKPOINT)

    assert (done.shops, done.photos, done.left_out) == ({there}, 3, {"b": 2})


async def test_the_reconciler_drops_what_a_killed_move_has_left(stores: Stores, worker: Worker) -> None:
    here, there = await two_shops(stores, worker)
    half = f"b/{collections.name(here, CHECKPOINT, 2)}"
    await stores.index.create(half)

    assert await reconcile(stores, CHECKPOINT) == Repairs(collections=1)

    assert half not in await stores.index.names()
    assert await home(stores, there) == "b"


async def test_all_shops_of_a_server_move_together(stores: Stores, worker: Worker, index: Index) -> None:
    here, there = await two_shops(stores, worker)

    assert (await move_all(stores, "b", "default")).photos == 3

    assert [await home(stores, shop) for shop in (here, there)] == ["default"] * 2
    assert set(await stores.index.names()) == set(await index.names())


async def test_nothing_moves_to_a_server_that_nobody_named(stores: Stores, worker: Worker) -> None:
    here, _ = await two_shops(stores, worker)

    with pytest.raises(NotFound, match="default, b, but no c"):
        await move_shop(stores, here, "c")
    with pytest.raises(NotFound):
        await move_shop(stores, await rows.shop(stores.db), "b")


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
