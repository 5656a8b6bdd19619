"""A GPU's path, dry: padding, lanes, graphs, halves. Streams, pinned memory and recording are the device's own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import numpy as np
import pytest
import torch
from torch import Tensor

from models.checkpoint import Checkpoint
from models.clip import DeviceFull
from models.clip_lanes import Host, Lane
from models.clip_torch import LENGTHS, Padded, TorchImageTower, load_image_tower, load_text_tower
from models.photo import prepare
from models.types import Embeddings, Pixels
from tests.unit.checkpoints import PROMPTS, cosines, sample_photos

CPU = torch.device("cpu")


def prepared(tower: TorchImageTower) -> Pixels:
    return np.stack([prepare(data, tower.side) for data in sample_photos()])


class Model:
    """Doubles rows, remembers the shapes it met, and may have little memory."""

    def __init__(self, rows_max: int = 1000) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.rows_max = rows_max

    def __call__(self, rows: Tensor) -> Tensor:
        self.shapes.append(tuple(rows.shape))
        if len(rows) > self.rows_max:
            raise torch.OutOfMemoryError
        return rows.float() * 2


def rows(count: int) -> np.ndarray:
    return np.arange(count * 3, dtype=np.int64).reshape(count, 3)


@pytest.mark.parametrize("graphs", [False, True])
@pytest.mark.parametrize("count", [1, 3, 4, 5, 24])
def test_photos_padded_to_a_size_embed_as_transformers_embeds_them(
    small: Checkpoint, own: tuple[Embeddings, Embeddings], count: int, *, graphs: bool
) -> None:
    tower = load_image_tower(small, device="cpu")
    tower.use_batches([1, 4, 16], graphs=graphs)

    found = tower.embed_photos(prepared(tower)[:count])

    assert found.shape == (count, 48)
    assert cosines(found, own[0][:count]).min() >= 0.9999


@pytest.mark.parametrize("graphs", [False, True])
def test_prompts_padded_in_number_and_length_embed_as_transformers_embeds_them(
    small: Checkpoint, own: tuple[Embeddings, Embeddings], *, graphs: bool
) -> None:
    tower = load_text_tower(small, device="cpu")
    tower.use_batches([1, 8], graphs=graphs)

    found, chunks = tower.embed_prompts([*PROMPTS, "red dress " * 37])

    assert cosines(found[: len(PROMPTS)], own[1]).min() >= 0.9999
    assert chunks[-1] == 1


def test_only_sizes_that_were_warmed_up_reach_the_device() -> None:
    model = Model()
    padded = Padded(model, CPU)
    padded.prepare([4, 1, 16], [[rows(1)]], graphs=False)
    warmed = {shape[0] for shape in model.shapes}

    found = [padded.run(rows(count)) for count in (1, 2, 4, 9, 16, 37)]

    assert warmed == {1, 4, 16} == {shape[0] for shape in model.shapes}
    assert all(np.array_equal(each, rows(len(each)) * 2.0) for each in found)
    assert [len(each) for each in found] == [1, 2, 4, 9, 16, 37]


def test_lengths_are_padded_to_few_as_well(small: Checkpoint) -> None:
    tower = load_text_tower(small, device="cpu")
    model = Model()
    tower._padded = Padded(lambda *tokens: model(tokens[0]), CPU)
    tower.use_batches([2], graphs=False)
    model.shapes.clear()

    for words in (1, 5, 6, 20, 74):
        tower._embed(tower.tokenizer.pad(tower.tokenizer.chunks("red " * words)))

    assert [shape[1] for shape in model.shapes] == [8, 8, 8, 32, 77]
    assert LENGTHS[-1] == 77


def test_a_graph_is_replayed_instead_of_run() -> None:
    lane, model = Lane(Host()), Model()
    lane.capture(model, [rows(4)])
    captured = len(model.shapes)

    def forbidden(*_: Tensor) -> Tensor:
        raise AssertionError("the graph was not used")

    assert np.array_equal(lane.run(forbidden, [rows(4) + 1]), (rows(4) + 1) * 2.0)
    assert len(model.shapes) == captured + 1
    with pytest.raises(AssertionError):
        lane.run(forbidden, [rows(3)])


def test_a_batch_too_large_for_the_memory_runs_in_halves_once() -> None:
    padded = Padded(Model(rows_max=5), CPU)

    assert np.array_equal(padded.run(rows(9)), rows(9) * 2.0)
    with pytest.raises(DeviceFull):
        padded.run(rows(20))
    with pytest.raises(DeviceFull):
        Padded(Model(rows_max=0), CPU).run(rows(1))


def test_an_answer_stays_as_it_was_when_the_next_batch_comes() -> None:
    lane, model = Lane(Host()), Model()

    first = lane.run(model, [rows(4)])
    before = first.copy()
    lane.run(model, [rows(4) + 7])

    assert np.array_equal(first, before)


def test_two_batches_are_in_flight_where_there_are_two_lanes() -> None:
    both = Barrier(2, timeout=20)

    def meeting(array: Tensor) -> Tensor:
        both.wait()  # returns only when the other one is here as well
        return array.float() * 2

    padded = Padded(meeting, CPU)
    second = Lane(Host())
    padded._lanes.all.append(second)
    padded._lanes._free.put(second)

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(padded.run, [rows(2), rows(3)]))

    assert padded.in_flight == 2
    assert [len(each) for each in found] == [2, 3]
    assert np.array_equal(found[1], rows(3) * 2.0)


def test_sizes_change_only_while_no_batch_is_in_a_lane() -> None:
    entered, leave = Event(), Event()

    def slow(array: Tensor) -> Tensor:
        entered.set()
        assert leave.wait(20)
        return array.float() * 2

    padded = Padded(slow, CPU)
    with ThreadPoolExecutor(2) as threads:
        running = threads.submit(padded.run, rows(3))
        assert entered.wait(20)
        changing = threads.submit(padded.prepare, [8], [[rows(1)]], graphs=False)
        waited = not changing.done() and padded._sizes == ()
        leave.set()

    assert waited
    assert np.array_equal(running.result(), rows(3) * 2.0)
    assert (changing.result(), padded._sizes) == (None, (8,))
