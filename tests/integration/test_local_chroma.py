"""The embedded Chroma: torn collections go before it starts, the others stay."""

import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from db.index import Index
from deployments.local.chroma import EmbeddedChroma
from deployments.local.processes import identify

PERSISTED_AT = 1000
"""Chroma's sync threshold: an index reaches the disk each time it has taken this many."""


@pytest.fixture
def chroma(tmp_path: Path) -> Iterator[EmbeddedChroma]:
    server = EmbeddedChroma(tmp_path / "chroma")
    yield server
    server.stop()


@pytest.fixture
async def opened(chroma: EmbeddedChroma) -> AsyncIterator[Index]:
    index = Index(chroma.start())
    yield index
    await index.close()


async def fill(index: Index, collection: str, count: int) -> list[UUID]:
    ids = [uuid4() for _ in range(count)]
    await index.create(collection)
    for start in range(0, count, 100):
        await index.add(collection, ids[start : start + 100], unit(ids[start : start + 100]))
    return ids


def unit(ids: list[UUID]) -> NDArray[np.float32]:
    rows = np.random.default_rng(len(ids)).normal(size=(len(ids), 16)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def id_map(folder: Path) -> Path:
    return next(folder.glob("data/*/index_metadata.pickle"))


async def test_what_was_added_is_there_after_kill_and_start(chroma: EmbeddedChroma, opened: Index) -> None:
    ids = await fill(opened, "s-kept", 300)

    os.kill(chroma.pid, signal.SIGKILL)
    chroma.start()

    assert await opened.ids("s-kept") == set(ids)


async def test_a_torn_collection_goes_before_the_start_and_the_others_stay(
    chroma: EmbeddedChroma, opened: Index, tmp_path: Path
) -> None:
    healthy = await fill(opened, "s-healthy", 100)
    await fill(opened, "s-torn", PERSISTED_AT)
    old = tmp_path / "old.pickle"
    shutil.copy2(id_map(tmp_path / "chroma"), old)
    await opened.add("s-torn", more := [uuid4() for _ in range(100)], unit(more))
    for _ in range(PERSISTED_AT // 100):
        await opened.add("s-torn", more := [uuid4() for _ in range(100)], unit(more))
    chroma.stop()
    shutil.copy2(old, id_map(tmp_path / "chroma"))  # as if the kill had come before the second id map

    chroma.start()

    assert chroma.torn == ["s-torn"]
    assert await opened.names() == ["s-healthy"]
    assert await opened.ids("s-healthy") == set(healthy)


async def test_what_was_torn_is_known_until_rebuilt(chroma: EmbeddedChroma, opened: Index, tmp_path: Path) -> None:
    await fill(opened, "s-torn", PERSISTED_AT)
    chroma.stop()
    id_map(tmp_path / "chroma").unlink()
    chroma.start()
    chroma.stop()

    chroma.start()

    assert chroma.torn == ["s-torn"]
    chroma.forget_torn()
    assert chroma.torn == []


async def test_removed_vectors_do_not_make_a_collection_look_torn(chroma: EmbeddedChroma, opened: Index) -> None:
    ids = await fill(opened, "s-shrunk", PERSISTED_AT)
    await opened.remove("s-shrunk", ids[:500])
    for _ in range(PERSISTED_AT // 100):
        await opened.add("s-shrunk", more := [uuid4() for _ in range(100)], unit(more))
    chroma.stop()

    chroma.start()

    assert chroma.torn == []


async def test_folders_of_dropped_collections_go_at_the_next_start(
    chroma: EmbeddedChroma, opened: Index, tmp_path: Path
) -> None:
    await fill(opened, "s-dropped", 100)
    await opened.drop("s-dropped")
    chroma.stop()

    chroma.start()

    assert [path for path in (tmp_path / "chroma" / "data").iterdir() if path.is_dir()] == []


async def test_a_server_that_was_left_behind_is_ended_first(chroma: EmbeddedChroma, tmp_path: Path) -> None:
    chroma.start()
    left = identify(chroma.pid)

    second = EmbeddedChroma(tmp_path / "chroma")
    second.start()

    assert left is not None
    assert identify(left.pid) is None
    assert second.is_running()
    second.stop()
