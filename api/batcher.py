"""Batch when free: everything that waits goes in one batch as soon as the worker is idle."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from db.errors import Overloaded

Key = TypeVar("Key", bound=Hashable)
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Limits:
    """`size_max` bounds one batch, `waiting_max` the queue; both in the units of an item's size."""

    size_max: int
    waiting_max: int
    parallel: int = 1


@dataclass
class _Waiting(Generic[Item, Result]):
    item: Item
    size: int
    future: "asyncio.Future[Result]"


class Batcher(Generic[Item, Result]):
    """Gathers concurrent `submit`s into calls of `run`, which answers in the order of its items.

    `serve.batch` cuts a batch eagerly while another one runs: at 300 requests/s and 10 ms a batch it gave 125/s where
    this gives 297/s (docs/decisions/0001-batch-when-free.md).
    """

    def __init__(self, run: Callable[[list[Item]], Awaitable[Sequence[Result | Exception]]], limits: Limits) -> None:
        self._run = run
        self._limits = limits
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._waiting_size = 0
        self._workers: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item, size: int = 1) -> Result:
        """The item's own result or error. Raises Overloaded, before any work, when the queue is full."""
        if self._waiting_size + size > self._limits.waiting_max and self._waiting:
            raise Overloaded(f"{self._waiting_size} are waiting already; try again in a moment")
        entry: _Waiting[Item, Result] = _Waiting(item, size, asyncio.get_running_loop().create_future())
        self._waiting.append(entry)
        self._waiting_size += size
        if len(self._workers) < self._limits.parallel:
            self._workers.add(asyncio.create_task(self._work()))
        return await entry.future

    async def _work(self) -> None:
        try:
            await self._run_all()
        finally:
            # Before anyone else gets the loop, which a done callback is not: whom the last batch woke may submit again
            # at once, and would wait for a worker that has ended.
            self._workers.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _run_all(self) -> None:
        while batch := self._take():
            try:
                results = await self._run([entry.item for entry in batch])
            except Exception as error:  # noqa: BLE001 - every caller of the batch is told, none is left waiting
                results = [error] * len(batch)
            except BaseException:
                for entry in batch:
                    entry.future.cancel()
                raise
            for entry, result in zip(batch, results, strict=True):
                _settle(entry.future, result)

    def _take(self) -> list[_Waiting[Item, Result]]:
        batch: list[_Waiting[Item, Result]] = []
        size = 0
        while self._waiting and (not batch or size + self._waiting[0].size <= self._limits.size_max):
            entry = self._waiting.popleft()
            self._waiting_size -= entry.size
            if not entry.future.done():  # the caller may have gone
                batch.append(entry)
                size += entry.size
        return batch


def _settle(future: "asyncio.Future[Result]", result: Result | Exception) -> None:
    if future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


class Grouped(Generic[Key, Item, Result]):
    """Gathers concurrent calls that have a key in common, such as a shop: `run` gets a key and its items at once."""

    def __init__(self, run: Callable[[Key, list[Item]], Awaitable[Sequence[Result]]], limits: Limits) -> None:
        self._one = run
        self._batcher: Batcher[tuple[Key, Item], Result] = Batcher(self._run, limits)

    async def call(self, key: Key, item: Item) -> Result:
        """The item's own result; an error of `run` is raised for each item of its key. Raises Overloaded."""
        return await self._batcher.submit((key, item))

    async def _run(self, batch: list[tuple[Key, Item]]) -> list[Result | Exception]:
        places: dict[Key, list[int]] = {}
        for place, (key, _) in enumerate(batch):
            places.setdefault(key, []).append(place)
        runs = (self._one(key, [batch[place][1] for place in mine]) for key, mine in places.items())
        results: list[Result | Exception | None] = [None] * len(batch)
        for mine, end in zip(places.values(), await asyncio.gather(*runs, return_exceptions=True), strict=True):
            if isinstance(end, BaseException) and not isinstance(end, Exception):
                raise end
            for place, result in zip(mine, [end] * len(mine) if isinstance(end, Exception) else end, strict=True):
                results[place] = result
        return cast("list[Result | Exception]", results)
