"""A Clip replica over a GPU's path, dry, and what `user_config` may say of batches."""

import asyncio
import time
from threading import Barrier

import numpy as np
import pytest
import torch
from pydantic import SecretStr, ValidationError
from torch import Tensor

from db.errors import Overloaded
from deployments import clip as deployment
from deployments.clip import BATCH_S_MAX, Clip, Ladder
from deployments.settings import Settings
from models.checkpoint import Checkpoint
from models.clip_lanes import Host, Lane
from models.clip_torch import Padded, TorchImageTower, load_image_tower
from tests.unit.checkpoints import cosines


@pytest.fixture
def tower(small: Checkpoint) -> TorchImageTower:
    """With two lanes, as on a GPU."""
    tower = load_image_tower(small, device="cpu")
    tower._padded = Padded(tower.forward, torch.device("cpu"))
    second = Lane(Host())
    tower._padded._lanes.all.append(second)
    tower._padded._lanes._free.put(second)
    return tower


@pytest.fixture
def replica(small: Checkpoint, tower: TorchImageTower, monkeypatch: pytest.MonkeyPatch) -> Clip:
    monkeypatch.setattr(deployment.clip, "image_tower", lambda *_, **__: tower)
    return Clip(
        Settings(
            postgres_dsn=SecretStr("postgresql://nobody"),
            chroma_url="http://localhost:1",
            photos_url="photos",
            checkpoint=str(small.folder),
            image_batch_max=8,
            image_threads=1,
        ),
        "image",
    )


def photos(tower: TorchImageTower, count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 3, tower.side, tower.side), np.uint8)


async def test_a_batch_is_embedded_while_another_is_copied(replica: Clip, tower: TorchImageTower) -> None:
    alone = [tower.embed_photos(photos(tower, count)) for count in (3, 2)]
    both = Barrier(2)

    def meet(pixels: Tensor) -> Tensor:
        both.wait(timeout=10)
        return tower.forward(pixels)

    tower._padded._forward = meet

    first = asyncio.create_task(replica.embed_photos(photos(tower, 2)))
    while not replica._running:
        await asyncio.sleep(0)
    found = [await replica.embed_photos(photos(tower, 3)), await first]

    assert all(cosines(each, expected).min() > 0.9999 for each, expected in zip(found, alone, strict=True))


async def test_the_sizes_of_the_config_are_warm_when_it_has_taken_effect(replica: Clip, tower: TorchImageTower) -> None:
    met: list[int] = []

    def noting(pixels: Tensor) -> Tensor:
        met.append(len(pixels))
        return tower.forward(pixels)

    tower._padded._forward = noting
    await replica.reconfigure({"batches": [1, 4, 64]})
    warm = set(met)

    found = await replica.embed_photos(photos(tower, 3))

    assert warm == {1, 4, 8} >= set(met)
    assert found.shape == (3, 48)


async def test_callers_are_told_to_come_back_while_the_device_is_full(replica: Clip, tower: TorchImageTower) -> None:
    def full(_: Tensor) -> Tensor:
        raise torch.OutOfMemoryError

    tower._padded._forward = full

    with pytest.raises(Overloaded, match="no memory for 2 at once"):
        await replica.embed_photos(photos(tower, 2))
    await replica.check_health()


async def test_a_replica_with_a_stuck_batch_is_unhealthy(replica: Clip) -> None:
    replica._running.add(time.monotonic() - BATCH_S_MAX - 1)

    with pytest.raises(RuntimeError, match="a batch runs for more than 120 s"):
        await replica.check_health()


@pytest.mark.parametrize(
    ("said", "largest", "sizes"),
    [
        ({"batches": [1, 4, 16, 64]}, 64, (1, 4, 16, 64)),
        ({"batches": [1, 4, 16, 64]}, 32, (1, 4, 16, 32)),
        ({"batches": [8, 2]}, 32, (2, 8, 32)),
        ({"batches": [128]}, 32, (32,)),
        ({"batches": []}, 32, (32,)),
    ],
)
def test_a_ladder_rises_to_the_largest_batch(said: dict[str, object], largest: int, sizes: tuple[int, ...]) -> None:
    assert Ladder.model_validate(said).sizes(largest) == sizes


@pytest.mark.parametrize("said", [{}, {"batches": [0]}, {"batches": "many"}, {"batch": [1]}])
def test_another_ladder_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Ladder.model_validate(said)
