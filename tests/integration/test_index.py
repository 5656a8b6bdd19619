import asyncio
import socket
from collections.abc import AsyncIterator

import numpy as np
import pytest

from db.chroma import VECTORS_MAX
from db.collections import name
from db.errors import IndexAway, NotFound
from db.ids import new_id
from db.index import Index
from models.types import Embeddings
from tests.integration.ingesting import until
from tests.integration.rows import CHECKPOINT, embeddings


@pytest.fixture
async def collection(index: Index) -> str:
    made = name(new_id(), CHECKPOINT, 1)
    await index.create(made)
    return made


async def test_the_nearest_come_first_with_their_cosine(index: Index, collection: str) -> None:
    photos, vectors = [new_id() for _ in range(50)], embeddings(50)
    await index.add(collection, photos, vectors)

    [first, second] = await index.search(collection, vectors[:2], 5)

    assert [photo for photo, _ in first] == [photos[i] for i in np.argsort(-(vectors @ vectors[0]))[:5]]
    assert first[0][1] == pytest.approx(1.0, abs=1e-5)
    assert second[0][0] == photos[1]


async def test_prompts_which_lie_apart_from_photos_find_their_nearest(index: Index, collection: str) -> None:
    dice = np.random.default_rng(1)
    photos, photo_ids = _cone(dice, 3000, towards=0), [new_id() for _ in range(3000)]
    prompts = _cone(dice, 20, towards=1)
    for first in range(0, 3000, VECTORS_MAX):
        await index.add(collection, photo_ids[first : first + VECTORS_MAX], photos[first : first + VECTORS_MAX])

    found = await index.search(collection, prompts, 48)

    nearest = np.argsort(-(prompts @ photos.T), axis=1)[:, :10]
    assert [[photo for photo, _ in near[:10]] for near in found] == [[photo_ids[i] for i in row] for row in nearest]


def _cone(dice: np.random.Generator, count: int, *, towards: int) -> Embeddings:
    """float32[N, 64] of unit length around one axis."""
    vectors = dice.normal(0, 0.1, (count, 64)) + np.eye(64)[towards]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


async def test_adding_a_present_id_again_changes_nothing(index: Index, collection: str) -> None:
    photo, other = new_id(), new_id()
    vectors = embeddings(2)
    await index.add(collection, [photo], vectors[:1])

    await index.add(collection, [photo, other], vectors[::-1])

    [found] = await index.search(collection, vectors[:1], 10)
    assert found[0] == (photo, pytest.approx(1.0, abs=1e-5))
    assert await index.ids(collection) == {photo, other}


async def test_collections_do_not_see_each_other(index: Index, collection: str) -> None:
    other = name(new_id(), CHECKPOINT, 1)
    await index.create(other)
    await index.add(collection, [new_id()], embeddings(1))

    assert await index.search(other, embeddings(1), 10) == [[]]
    assert await index.ids(other) == set()


async def test_removing_what_is_absent_is_no_error(index: Index, collection: str) -> None:
    kept, gone = new_id(), new_id()
    await index.add(collection, [kept, gone], embeddings(2))

    await index.remove(collection, [gone, new_id()])
    await index.remove("s-nowhere", [gone])

    assert await index.ids(collection) == {kept}


async def test_a_missing_collection_is_not_made_by_use(index: Index) -> None:
    missing = name(new_id(), CHECKPOINT, 1)

    with pytest.raises(NotFound):
        await index.add(missing, [new_id()], embeddings(1))
    with pytest.raises(NotFound):
        await index.search(missing, embeddings(1), 1)
    with pytest.raises(NotFound):
        await index.ids(missing)
    await index.drop(missing)
    assert missing not in await index.names()


async def test_a_collection_made_again_by_another_process_is_found(
    index: Index, collection: str, chroma_url: str
) -> None:
    await index.add(collection, [new_id()], embeddings(1))
    neighbour = Index(chroma_url)
    await neighbour.drop(collection)
    await neighbour.create(collection)
    await neighbour.close()

    photo = new_id()
    await index.add(collection, [photo], embeddings(1))

    assert await index.ids(collection) == {photo}


async def test_a_collection_dropped_by_another_process_is_not_found(
    index: Index, collection: str, chroma_url: str
) -> None:
    await index.add(collection, [new_id()], embeddings(1))
    neighbour = Index(chroma_url)
    await neighbour.drop(collection)
    await neighbour.close()

    with pytest.raises(NotFound):
        await index.search(collection, embeddings(1), 1)


async def test_more_vectors_than_a_call_may_carry_are_refused(index: Index, collection: str) -> None:
    too_many = VECTORS_MAX + 1

    with pytest.raises(ValueError, match="at most 128"):
        await index.add(collection, [new_id() for _ in range(too_many)], embeddings(too_many))


async def test_an_index_that_is_away_or_silent_is_unavailable() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        away = Index(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_s=0.2)
        assert await away.health() == {"default": "the index did not answer in time"}
        assert away.is_away  # so that whoever looks at its return need not call it
        silent.listen()
        assert await away.health() == {"default": "the index did not answer in time"}
        with pytest.raises(IndexAway):
            await away.search("s-any", embeddings(1), 1)
        await away.close()


class Played:
    """Answers each path as it is told; what it is not told of hangs."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.asked: list[str] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        self.asked.append(path)
        said = next((said for part, said in self.answers.items() if part in path), None)
        if said is None:
            await reader.read()
        else:
            status, _, body = said.partition(" ")
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
            )
        writer.close()

    def heard(self, part: str) -> int:
        return sum(part in path for path in self.asked)


@pytest.fixture
async def played() -> AsyncIterator[tuple[Played, Index]]:
    one = Played()
    async with await asyncio.start_server(one.handle, "127.0.0.1") as server:
        host, port = server.sockets[0].getsockname()
        index = Index(f"http://{host}:{port}", timeout_s=0.5)
        yield one, index
        await index.close()


async def test_a_server_whose_heartbeat_alone_is_back_is_tried_by_one_call_at_a_time(
    played: tuple[Played, Index],
) -> None:
    server, index = played
    server.answers["heartbeat"] = "200 {}"
    with pytest.raises(IndexAway):
        await index.search("s-any", embeddings(1), 1)
    await until(lambda: not index.is_away)
    calls = server.heard("collections")
    trial = asyncio.create_task(index.search("s-any", embeddings(1), 1))
    await until(lambda: server.heard("collections") > calls)

    assert index.away == ["default"]
    with pytest.raises(IndexAway):
        await index.search("s-any", embeddings(1), 1)
    assert not trial.done()

    with pytest.raises(IndexAway):
        await trial
    assert index.is_away


@pytest.mark.parametrize("wrong", ["404 {}", "403 {}", "200 <html>"])
async def test_a_server_is_back_only_when_a_chroma_answers(played: tuple[Played, Index], wrong: str) -> None:
    server, index = played
    server.answers["heartbeat"] = wrong
    with pytest.raises(IndexAway):
        await index.search("s-any", embeddings(1), 1)
    assert await index.health() == {"default": "what answers there is no Chroma"}
    await until(lambda: server.heard("heartbeat") > 2)
    assert (index.is_away, index.returns) == (True, 0)

    server.answers["heartbeat"] = "200 {}"

    await until(lambda: not index.is_away)
    assert index.returns == 1


async def test_that_there_is_no_collection_is_an_answer(played: tuple[Played, Index]) -> None:
    server, index = played
    server.answers["heartbeat"] = "200 {}"
    with pytest.raises(IndexAway):
        await index.search("s-any", embeddings(1), 1)
    await until(lambda: not index.is_away)
    server.answers["collections"] = "404 {}"
    with pytest.raises(NotFound):
        await index.search("s-any", embeddings(1), 1)
    del server.answers["collections"]

    both = [asyncio.create_task(index.search("s-any", embeddings(1), 1)) for _ in range(2)]
    calls = server.heard("collections")
    await until(lambda: server.heard("collections") == calls + 2)  # it is in no doubt

    await asyncio.gather(*both, return_exceptions=True)


def test_a_replica_names_the_setting_that_is_wrong() -> None:
    with pytest.raises(ValueError, match="FITMATCH_CHROMA_URL: entry 1"):
        Index("chroma:8000")
