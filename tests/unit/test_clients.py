"""Calls to replicas: one retry for a dead one, Ray's errors become ours."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from ray.exceptions import ActorDiedError, RayTaskError
from ray.serve.exceptions import BackPressureError

from db.errors import NotFound, Overloaded, Unavailable
from deployments.clients import _call


class Calls:
    """Ends as told, one after another; a value is an answer, an exception is raised."""

    def __init__(self, *ends: object) -> None:
        self._ends = list(ends)
        self.made = 0

    def __call__(self) -> Awaitable[object]:
        return self._end()

    async def _end(self) -> object:
        end = self._ends[self.made]
        self.made += 1
        if isinstance(end, BaseException):
            raise end
        return end


async def test_a_call_on_a_replica_that_died_is_made_once_more() -> None:
    calls = Calls(ActorDiedError(), "answer")

    assert await _call(calls, 1) == "answer"
    assert calls.made == 2


async def test_a_request_that_kills_replicas_is_not_tried_a_third_time() -> None:
    calls = Calls(ActorDiedError(), ActorDiedError(), "answer")

    with pytest.raises(Unavailable):
        await _call(calls, 1)

    assert calls.made == 2


async def test_a_full_queue_is_not_asked_again() -> None:
    calls = Calls(BackPressureError(9, 8), "answer")

    with pytest.raises(Overloaded):
        await _call(calls, 1)

    assert calls.made == 1


async def test_an_error_of_the_other_replica_arrives_as_itself() -> None:
    remote = RayTaskError("recommend", "a traceback with inner paths", NotFound("no product prd_1"))

    with pytest.raises(NotFound, match=r"^no product prd_1$"):
        await _call(Calls(remote), 1)


async def test_a_silent_replica_is_waited_for_no_longer_than_said() -> None:
    def never() -> Awaitable[object]:
        return asyncio.get_running_loop().create_future()

    with pytest.raises(Unavailable, match="no answer"):
        await asyncio.wait_for(_call(never, 0.05), 5)


async def test_a_caller_that_leaves_is_not_told_of_a_dead_replica() -> None:
    started: Callable[[], Awaitable[object]] = lambda: asyncio.get_running_loop().create_future()  # noqa: E731
    call = asyncio.create_task(_call(started, 5))
    await asyncio.sleep(0)

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
