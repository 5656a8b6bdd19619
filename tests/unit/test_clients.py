"""Calls to replicas: one retry for a dead one, Ray's errors become ours."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast
from uuid import UUID, uuid4

import numpy as np
import pytest
from ray.exceptions import ActorDiedError, RayTaskError
from ray.serve.exceptions import BackPressureError
from ray.serve.handle import DeploymentHandle

from api.ports import Answer, Ask
from db.errors import NotFound, Overloaded, Unavailable
from deployments.clients import Query, _call
from deployments.decode import Decoders
from models.photo import BadPhoto, PhotoTruncated
from models.types import Pixels
from tests.unit import odd_photos


class Calls:
    """Ends as told, one after another; a value is an answer, an exception is raised, a future is waited for."""

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
        return await end if isinstance(end, asyncio.Future) else end


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


async def test_a_silent_replica_is_given_up_for_another_one() -> None:
    calls = Calls(asyncio.get_running_loop().create_future(), "answer")

    assert await asyncio.wait_for(_call(calls, 5, 0.05), 4) == "answer"
    assert calls.made == 2


async def test_silence_is_not_tried_a_third_time_and_both_tries_share_the_time() -> None:
    silent = asyncio.get_running_loop().create_future
    calls = Calls(silent(), silent(), "answer")

    with pytest.raises(Unavailable, match="no answer within 0 s"):
        await asyncio.wait_for(_call(calls, 0.2, 0.05), 4)

    assert calls.made == 2


async def test_a_caller_that_leaves_is_not_told_of_a_dead_replica() -> None:
    started: Callable[[], Awaitable[object]] = lambda: asyncio.get_running_loop().create_future()  # noqa: E731
    call = asyncio.create_task(_call(started, 5))
    await asyncio.sleep(0)

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call


class PlayedHandle:
    """Stands for the Query deployment's handle; keeps what crossed it."""

    def __init__(self) -> None:
        self.crossed: list[tuple[list[Ask], Pixels]] = []
        self.recommend_for_photos = self

    async def remote(self, asks: list[Ask], photos: Pixels) -> list[Answer]:
        self.crossed.append((asks, photos))
        return [Answer((), 0, "mini@1", exact=False, embed_ms=0, search_ms=0) for _ in asks]


@pytest.fixture
def decoders() -> Iterator[Decoders]:
    made = Decoders(1, photo_s_max=20)
    yield made
    made.close()


async def test_a_photo_crosses_as_pixels_and_never_as_bytes(decoders: Decoders) -> None:
    handle = PlayedHandle()
    query = Query(cast("DeploymentHandle[Any]", handle), decoders, 32)
    photo = odd_photos.saved(odd_photos.scene(), "JPEG")

    await query.recommend(Ask(uuid4(), 5, "in green", photo))

    ((asks, pixels),) = handle.crossed
    assert [(ask.prompt, ask.photo) for ask in asks] == [("in green", None)]
    assert (pixels.shape, pixels.dtype) == ((1, 3, 32, 32), np.uint8)


async def test_a_photo_that_cannot_be_decoded_asks_nobody(decoders: Decoders) -> None:
    handle = PlayedHandle()
    query = Query(cast("DeploymentHandle[Any]", handle), decoders, 32)

    with pytest.raises(PhotoTruncated):
        await query.recommend(
            Ask(uuid4(), 5, photo=odd_photos.cut_in_half(odd_photos.saved(odd_photos.noise(), "JPEG")))
        )

    assert handle.crossed == []


async def test_a_photo_whose_decoder_is_killed_is_the_photos_fault(decoders: Decoders) -> None:
    query = Query(cast("DeploymentHandle[Any]", PlayedHandle()), decoders, 32)
    photo = odd_photos.saved(odd_photos.scene(), "JPEG")
    await query.recommend(Ask(uuid4(), 5, photo=photo))
    os.kill(decoders.pids[0], signal.SIGKILL)

    with pytest.raises(BadPhoto):
        await query.recommend(Ask(uuid4(), 5, photo=photo))

    await query.recommend(Ask(uuid4(), 5, photo=photo))


class SlowHandle:
    """Of one shop, which is searched slowly; a call is held while it holds an ask of it."""

    def __init__(self, slow: UUID) -> None:
        self.recommend = self
        self.let_go = asyncio.Event()
        self._slow = slow

    async def remote(self, asks: list[Ask]) -> list[Answer]:
        slow = [ask.shop_id == self._slow for ask in asks]
        if any(slow):
            await self.let_go.wait()
        return [Answer((), 1, "mini@1", exact=False, embed_ms=0, search_ms=900.0 * one) for one in slow]


async def test_asks_of_other_shops_do_not_travel_with_those_of_a_slow_one(decoders: Decoders) -> None:
    slow, other = uuid4(), uuid4()
    handle = SlowHandle(slow)
    query = Query(cast("DeploymentHandle[Any]", handle), decoders, 32)
    handle.let_go.set()
    await query.recommend(Ask(slow, 5, "red"))
    handle.let_go.clear()

    held = asyncio.create_task(query.recommend(Ask(slow, 5, "red")))
    await asyncio.wait_for(query.recommend(Ask(other, 5, "red")), 5)

    assert not held.done()
    handle.let_go.set()
    await held
