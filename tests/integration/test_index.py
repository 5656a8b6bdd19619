import socket

import numpy as np
import pytest

from db.chroma import VECTORS_MAX
from db.collections import name
from db.errors import IndexAway, NotFound
from db.ids import new_id
from db.index import Index
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
        silent.listen()
        assert await away.health() == {"default": "the index did not answer in time"}
        with pytest.raises(IndexAway):
            await away.search("s-any", embeddings(1), 1)
        await away.close()
