"""Batch when free."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from api.batcher import Batcher, Grouped, Limits
from db.errors import Overloaded


class Worker:
    """Runs when it is let to, and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.free = asyncio.Event()

    async def run(self, items: list[int]) -> Sequence[int | Exception]:
        self.batches.append(items)
        await self.free.wait()
        return [ValueError("odd one") if item < 0 else item * 10 for item in items]


async def until(condition: Callable[[], object]) -> None:
    while not condition():
        await asyncio.sleep(0)


async def test_what_waits_while_the_worker_is_busy_becomes_one_batch() -> None:
    worker = Worker()
    batcher = Batcher(worker.run, Limits(size_max=8, waiting_max=100))

    asks = [asyncio.create_task(batcher.submit(i)) for i in range(6)]
    await until(lambda: worker.batches)
    worker.free.set()

    assert await asyncio.gather(*asks) == [0, 10, 20, 30, 40, 50]
    assert [len(batch) for batch in worker.batches] in ([6], [1, 5])


async def test_a_batch_never_exceeds_its_size() -> None:
    worker = Worker()
    worker.free.set()
    batcher = Batcher(worker.run, Limits(size_max=4, waiting_max=100))

    await asyncio.gather(*(batcher.submit(i, size=3) for i in range(5)))

    assert worker.batches == [[0], [1], [2], [3], [4]]


async def test_each_caller_gets_its_own_error() -> None:
    worker = Worker()
    worker.free.set()
    batcher = Batcher(worker.run, Limits(size_max=8, waiting_max=100))

    good, bad = await asyncio.gather(batcher.submit(1), batcher.submit(-1), return_exceptions=True)

    assert good == 10
    assert isinstance(bad, ValueError)


async def test_a_failed_batch_tells_every_caller() -> None:
    async def fail(_: list[int]) -> Sequence[int]:
        raise RuntimeError("the model is gone")

    batcher: Batcher[int, int] = Batcher(fail, Limits(size_max=8, waiting_max=100))

    ends = await asyncio.gather(batcher.submit(1), batcher.submit(2), return_exceptions=True)

    assert [type(end) for end in ends] == [RuntimeError, RuntimeError]


async def test_a_full_queue_refuses_before_any_work() -> None:
    worker = Worker()
    batcher = Batcher(worker.run, Limits(size_max=1, waiting_max=2))
    first = asyncio.create_task(batcher.submit(0))
    await until(lambda: worker.batches)
    waiting = [asyncio.create_task(batcher.submit(i)) for i in (1, 2)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded):
        await batcher.submit(3)

    worker.free.set()
    await asyncio.gather(first, *waiting)
    assert worker.batches == [[0], [1], [2]]


async def test_a_caller_that_left_costs_no_work() -> None:
    worker = Worker()
    batcher = Batcher(worker.run, Limits(size_max=1, waiting_max=10))
    first = asyncio.create_task(batcher.submit(1))
    await until(lambda: worker.batches)
    gone = asyncio.create_task(batcher.submit(2))
    last = asyncio.create_task(batcher.submit(3))
    await asyncio.sleep(0)

    gone.cancel()
    worker.free.set()
    await asyncio.gather(first, last)

    assert worker.batches == [[1], [3]]


async def test_who_was_just_answered_may_ask_again_at_once() -> None:
    worker = Worker()
    worker.free.set()
    batcher = Batcher(worker.run, Limits(size_max=8, waiting_max=100))

    async def three_times() -> list[int]:
        return [await batcher.submit(i) for i in range(3)]

    assert await asyncio.wait_for(three_times(), 5) == [0, 10, 20]


async def test_concurrent_calls_with_one_key_share_a_run_and_each_key_has_its_own_fate() -> None:
    runs: list[tuple[str, list[int]]] = []

    async def run(key: str, items: list[int]) -> list[int]:
        runs.append((key, items))
        if key == "bad":
            raise ValueError(key)
        return [item * 10 for item in items]

    grouped = Grouped(run, Limits(size_max=8, waiting_max=100))

    answers = await asyncio.gather(
        *(grouped.call(key, item) for key, item in (("a", 1), ("bad", 2), ("b", 3), ("a", 4), ("bad", 5))),
        return_exceptions=True,
    )

    assert [answers[place] for place in (0, 2, 3)] == [10, 30, 40]
    assert all(isinstance(answers[place], ValueError) for place in (1, 4))
    assert sorted(runs) == [("a", [1, 4]), ("b", [3]), ("bad", [2, 5])]
