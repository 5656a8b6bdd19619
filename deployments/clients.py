"""The only place that calls other replicas: here Ray's errors become ours and types return."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast
from uuid import UUID

import numpy as np
from ray.exceptions import RayError, RayTaskError
from ray.serve.exceptions import BackPressureError, RayServeException, RequestCancelledError
from ray.serve.handle import DeploymentHandle

from api.batcher import Batcher, Limits
from api.ports import Answer, Ask
from db.errors import Overloaded, Unavailable
from deployments.decode import DecoderFault, Decoders
from models.photo import BadPhoto
from models.types import Embeddings, Pixels

log = logging.getLogger(__name__)

IMAGE_CALL_S_MAX = 120.0
TEXT_CALL_S_MAX = 10.0
RECOMMEND_S_MAX = 10.0
CANARY_S_MAX = 3.0

# A host that loses power answers nothing, not even that it is gone. Who is silent for so long is given up and another
# replica asked: later than Ray takes to find a dead host (deployments/local/ray_command.py, 4.5 s), so that it is no
# longer among those who are chosen from, and later than the call inside this one takes to do the same.
TEXT_SILENCE_S_MAX = 5.0
RECOMMEND_SILENCE_S_MAX = 7.0
IMAGE_SILENCE_S_MAX = 30.0
"""Batches of photos wait behind others for seconds on a CPU. A shopper's photo has a shorter limit of its own."""

SLOW_MS = 200.0
"""A shop whose last search took longer is slow: its Chroma server is, or it is large and that server away."""
SLOW_SHOPS_MAX = 10_000

Result = TypeVar("Result")


class Clip:
    """A tower in other replicas; photos cross as prepared batches, prompts as gathered lists."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle = handle

    async def embed_photos(self, photos: Pixels, *, seconds_max: float = IMAGE_CALL_S_MAX) -> Embeddings:
        """uint8[N, 3, S, S] → float32[N, D]. Raises Overloaded, Unavailable."""
        return await _call(lambda: self._handle.embed_photos.remote(photos), seconds_max, IMAGE_SILENCE_S_MAX)

    async def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        """N prompts → float32[N, D] and their numbers of chunks. Raises Overloaded, Unavailable."""
        return await _call(lambda: self._handle.embed_prompts.remote(prompts), TEXT_CALL_S_MAX, TEXT_SILENCE_S_MAX)


class Ingest:
    """Satisfies `api.ports.Ingest`. Rings are merged: while one is on its way, any number make one more."""

    def __init__(self, handle: DeploymentHandle[Any]) -> None:
        self._handle = handle
        self._again = False
        self._ringing: asyncio.Task[None] | None = None

    async def wake(self) -> None:
        self._again = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring())

    async def _ring(self) -> None:
        while self._again:
            self._again = False
            try:
                await _call(self._handle.wake.remote, CANARY_S_MAX)
            except (Overloaded, Unavailable):
                log.info("ingest was not woken; it polls")  # the row is the promise, the bell only saves a second


class Query:
    """Satisfies `api.ports.Query`. Concurrent asks of this replica share one call; those with photos another one, so
    that no prompt waits for the image tower."""

    def __init__(self, handle: DeploymentHandle[Any], decoders: Decoders, side: int) -> None:
        self._handle = handle
        self._decoders = decoders
        self._side = side
        limits = Limits(size_max=64, waiting_max=512, parallel=4)
        self._asks: Batcher[Ask, Answer] = Batcher(self._recommend, limits)
        self._slow_asks: Batcher[Ask, Answer] = Batcher(self._recommend, limits)
        self._slow_shops: set[UUID] = set()
        """Their asks travel apart: a call ends with its slowest ask."""
        self._shown: Batcher[tuple[Ask, Pixels], Answer] = Batcher(
            self._recommend_for_photos, Limits(size_max=8, waiting_max=32, parallel=2)
        )

    async def recommend(self, ask: Ask) -> Answer:
        if ask.photo is None:
            answer = await (self._slow_asks if ask.shop_id in self._slow_shops else self._asks).submit(ask)
            self._note(ask.shop_id, answer.search_ms)
            return answer
        pixels = await self._prepare(ask.photo)
        return await self._shown.submit((replace(ask, photo=None), pixels))

    async def canary(self) -> dict[str, str]:
        try:
            return await _call(self._handle.canary.remote, CANARY_S_MAX)
        except (Overloaded, Unavailable) as error:
            return {"query": str(error)}

    def _note(self, shop_id: UUID, search_ms: float) -> None:
        if search_ms <= SLOW_MS:
            self._slow_shops.discard(shop_id)
        elif len(self._slow_shops) < SLOW_SHOPS_MAX:
            self._slow_shops.add(shop_id)

    async def _recommend(self, asks: list[Ask]) -> Sequence[Answer | Exception]:
        return await _call(lambda: self._handle.recommend.remote(asks), RECOMMEND_S_MAX, RECOMMEND_SILENCE_S_MAX)

    async def _prepare(self, photo: bytes) -> Pixels:
        """Here, so that a photo's bytes never cross a handle: prepared they are 150 kB. Raises a BadPhoto."""
        try:
            async with asyncio.timeout(RECOMMEND_S_MAX):
                return await self._decoders.prepare(photo, self._side)
        except TimeoutError as error:
            raise Overloaded("many photos are being decoded; try again in a moment") from error
        except DecoderFault as error:
            log.warning("a shopper's photo could not be decoded", extra={"error": str(error)})
            raise BadPhoto("The photo takes too long or breaks its decoder. Save it again and send that.") from error

    async def _recommend_for_photos(self, shown: list[tuple[Ask, Pixels]]) -> Sequence[Answer | Exception]:
        asks, photos = [ask for ask, _ in shown], np.stack([pixels for _, pixels in shown])
        return await _call(
            lambda: self._handle.recommend_for_photos.remote(asks, photos), RECOMMEND_S_MAX, RECOMMEND_SILENCE_S_MAX
        )


async def _call(start: Callable[[], Awaitable[Any]], seconds_max: float, silence_s_max: float | None = None) -> Any:
    """One retry, only for a replica that died or is silent: three would let one poisonous request kill every replica.

    Both tries together take no longer than `seconds_max`. Without `silence_s_max` silence is not tried again.
    """
    first_s_max = min(seconds_max, silence_s_max or seconds_max)
    deadline = asyncio.get_running_loop().time() + seconds_max
    try:
        return await _once(start, first_s_max)
    except (_ReplicaDied, TimeoutError) as error:
        left_s = deadline - asyncio.get_running_loop().time()
        if left_s <= 0 or (isinstance(error, TimeoutError) and first_s_max == seconds_max):
            raise _too_late(seconds_max) from error
    try:
        return await _once(start, left_s)
    except _ReplicaDied as error:
        raise Unavailable("a replica died under this request twice; try again later") from error
    except TimeoutError as error:
        raise _too_late(seconds_max) from error


def _too_late(seconds_max: float) -> Unavailable:
    return Unavailable(f"no answer within {seconds_max:.0f} s")


class _ReplicaDied(Exception):
    pass


async def _once(start: Callable[[], Awaitable[Any]], seconds_max: float) -> Any:
    """Raises TimeoutError, _ReplicaDied, and what the other replica raised."""
    try:
        return await asyncio.wait_for(start(), seconds_max)
    except TimeoutError:
        log.warning("a call to a replica failed", extra={"error": "TimeoutError"})
        raise
    except BackPressureError as error:
        raise Overloaded("too many requests are waiting; try again in a moment") from error
    except RayTaskError as error:
        raise _cause(error) from None
    except RequestCancelledError:
        raise asyncio.CancelledError from None
    except (RayError, RayServeException) as error:
        log.warning("a call to a replica failed", extra={"error": type(error).__name__})
        raise _ReplicaDied(type(error).__name__) from error


def _cause(error: RayTaskError) -> Exception:
    cause = cast("Exception | None", error.cause)
    return cause if isinstance(cause, Exception) else Unavailable("a replica failed")
