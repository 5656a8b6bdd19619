"""Takes claimed photos to `ready`: read, decode, embed, keep the embedding, add to Chroma, mark.

Every step may be repeated: what a crash left done is found done.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeVar
from uuid import UUID

import numpy as np

from db import collections, doubts, embeddings, jobs, photos
from db.breaker import Breaker
from db.errors import IndexAway, NotFound, Overloaded, Unavailable
from db.jobs import Job
from db.stores import Stores
from deployments.decode import Decoders
from models.photo import BadPhoto
from models.types import Embeddings, Pixels

log = logging.getLogger(__name__)

LOCKED_S = 0.2
"""A photo that a shop's request is changing right now is looked at again so soon."""
BACK_OFF_S_MAX = 60.0

T = TypeVar("T")


class Embed(Protocol):
    """`deployments.clients.Clip`, or a tower in this process."""

    async def embed_photos(self, photos: Pixels) -> Embeddings:
        """uint8[N, 3, S, S] → float32[N, D]. Raises Unavailable, Overloaded."""
        ...


class Recorder(Protocol):
    """`deployments.metrics.PhotoRecorder`."""

    def photos(
        self, outcome: Literal["ready", "removed", "retried", "failed"], count: int, *, code: str = ""
    ) -> None: ...

    def queue(self, jobs: int, oldest_s: float) -> None: ...


@dataclass(frozen=True)
class Limits:
    side: int
    """Pixels per side that the image tower takes."""
    batch_max: int = 32
    """Photos of one call to Clip."""
    jobs_max: int = 64
    lease_s: float = 60.0
    attempts_max: int = 3
    back_off_s: float = 1.0
    poll_s: float = 1.0
    away_s: float = 5.0
    """A photo whose shop's Chroma server is away is looked at again so soon."""
    loops: int = 2
    """While one batch is with the model, the next is read and decoded."""


@dataclass(frozen=True)
class Parts:
    """What the work is done with."""

    stores: Stores
    embed: Embed
    decoders: Decoders
    checkpoint: str
    limits: Limits
    recorder: Recorder
    breaker: Breaker
    reading: asyncio.Semaphore
    """How many photos are in memory undecoded: 64 of 20 MB would be too many."""
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    """A collection is not where it should be: a reconciliation is due."""


async def add(parts: Parts, batch: list[Job]) -> None:
    """Each job has its own fate. Raises only what concerns all of them (Postgres away)."""
    spent = [job for job in batch if job.attempts > parts.limits.attempts_max]
    for job in spent:
        await _fail(parts, job, "embedding_failed", "the photo could not be embedded; try to upload it again")
    batch = [job for job in batch if job not in spent]
    known = await embeddings.of_photos(parts.stores.db, parts.checkpoint, [job.photo_id for job in batch])
    fresh = [job for job in batch if job.photo_id not in known]
    sizes = range(0, len(fresh), parts.limits.batch_max)
    chunks = [fresh[first : first + parts.limits.batch_max] for first in sizes]
    for embedded in await together(*(_embed(parts, chunk) for chunk in chunks)):
        known |= embedded
    by_shop: dict[UUID, list[Job]] = {}
    for job in batch:
        if job.photo_id in known:
            by_shop.setdefault(job.shop_id, []).append(job)
    await together(*(_place(parts, shop_id, of_shop, known) for shop_id, of_shop in by_shop.items()))


async def together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """Like gather, but the first error is raised only when nothing runs any more."""
    ends = await asyncio.gather(*work, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    return [end for end in ends if not isinstance(end, BaseException)]


async def _embed(parts: Parts, chunk: list[Job]) -> dict[UUID, Embeddings]:
    """float32[D] of each photo that could be embedded, kept in Postgres; the others' jobs are settled."""
    prepared = await together(*(_prepare(parts, job) for job in chunk))
    whole = [(job, pixels) for job, pixels in zip(chunk, prepared, strict=True) if pixels is not None]
    if not whole:
        return {}
    whole_jobs = [job for job, _ in whole]
    try:
        vectors = await parts.embed.embed_photos(np.stack([pixels for _, pixels in whole]))
    except Exception as error:  # noqa: BLE001 - one of the two edges: the jobs carry on with their own fate
        await settle(parts, whole_jobs, error)
        return {}
    photo_ids = [job.photo_id for job in whole_jobs]
    shop_ids = [job.shop_id for job in whole_jobs]
    await embeddings.add(parts.stores.db, parts.checkpoint, shop_ids, photo_ids, vectors)
    return dict(zip(photo_ids, vectors, strict=True))


async def _prepare(parts: Parts, job: Job) -> Pixels | None:
    try:
        async with parts.reading:
            data = await parts.stores.files.read(job.shop_id, job.content_hash)
            return await parts.decoders.prepare(data, parts.limits.side)
    except Exception as error:  # noqa: BLE001 - one of the two edges: a photo fails alone
        await settle(parts, [job], error)
        return None


async def _place(parts: Parts, shop_id: UUID, batch: list[Job], known: dict[UUID, Embeddings]) -> None:
    """Into the shop's current collection, and ready."""
    photo_ids = [job.photo_id for job in batch]
    try:
        name = await _into_chroma(parts, shop_id, photo_ids, np.stack([known[photo_id] for photo_id in photo_ids]))
    except NotFound:
        await jobs.done(parts.stores.db, batch)  # the shop was deleted; the reconciler takes the rest away
        return
    except Exception as error:  # noqa: BLE001 - one of the two edges: another shop's photos go on
        await settle(parts, batch, error)
        return
    parts.breaker.close()
    done = await _finish(parts, shop_id, name, batch)
    parts.recorder.photos("ready", len(done))
    left = [job for job in batch if job.photo_id not in done]
    if left:
        await _take_back(parts, name, left)


async def _into_chroma(parts: Parts, shop_id: UUID, photo_ids: list[UUID], vectors: Embeddings) -> str:
    """The collection they were added to. Raises NotFound for a deleted shop: its collection must not come back."""
    db, index = parts.stores.db, parts.stores.index
    name = (await collections.current(db, shop_id, parts.checkpoint, index.homes)).address
    try:
        await index.add(name, photo_ids, vectors)
    except NotFound:  # the shop's first photos, or a rebuild has just dropped it, or its server has lost it
        name = (await collections.current(db, shop_id, parts.checkpoint, index.homes)).address
        # One that holds these photos alone would be taken for the whole shop.
        if not await doubts.settled(db, shop_id, checkpoint=parts.checkpoint, after=None, limit=1):
            await index.create(name)
        await _add_again(parts, name, photo_ids, vectors)
    return name


async def _add_again(parts: Parts, name: str, photo_ids: list[UUID], vectors: Embeddings) -> None:
    """NotFound would say that the shop is gone, and its photos would be left without jobs."""
    try:
        await parts.stores.index.add(name, photo_ids, vectors)
    except NotFound as error:
        parts.lost.set()
        raise IndexAway(f"the collection {name} is lost until the reconciler has filled it") from error


async def _finish(parts: Parts, shop_id: UUID, name: str, batch: list[Job]) -> set[UUID]:
    """Marks ready what is still ours, live, and was added to the collection that answers now."""
    async with parts.stores.db.acquire() as connection, connection.transaction():
        held = await collections.hold(connection, parts.checkpoint, [shop_id])
        if held.get(shop_id) != name:
            return set()  # a rebuild has swung the pointer meanwhile
        live = await photos.hold(connection, [job.photo_id for job in batch])
        done = await jobs.done(connection, [job for job in batch if job.photo_id in live])
        await photos.ready(connection, list(done))
        return done


async def _take_back(parts: Parts, name: str, batch: list[Job]) -> None:
    """What was deleted while it was embedded leaves Chroma again; what is still ours is tried again soon."""
    live = await photos.live(parts.stores.db, [job.photo_id for job in batch])
    await jobs.rest(parts.stores.db, batch, seconds=LOCKED_S, count=False)
    await parts.stores.index.remove(name, [job.photo_id for job in batch if job.photo_id not in live])


async def settle(parts: Parts, batch: list[Job], error: Exception) -> None:
    """The photo's fault fails at once, an outage costs no attempt, the unknown is tried again until attempts_max."""
    if isinstance(error, (Unavailable, Overloaded)):
        # The index keeps its own watch over its servers: those of other shops may be well.
        seconds = parts.limits.away_s if isinstance(error, IndexAway) else parts.breaker.trip()
        await jobs.rest(parts.stores.db, batch, seconds=seconds, count=False)
        log.warning("photos wait for a part that is away", extra={"jobs": len(batch), "error": str(error)})
        return
    if isinstance(error, BadPhoto):
        for job in batch:
            await _fail(parts, job, error.code, str(error))
        return
    log.error("photos could not be processed", extra={"jobs": len(batch)}, exc_info=error)
    for job in batch:
        if job.attempts >= parts.limits.attempts_max and not job.remove:
            await _fail(parts, job, "embedding_failed", "the photo could not be embedded; try to upload it again")
        else:
            seconds = min(BACK_OFF_S_MAX, parts.limits.back_off_s * 2.0 ** (job.attempts - 1))
            await jobs.rest(parts.stores.db, [job], seconds=seconds)
            parts.recorder.photos("retried", 1)


async def _fail(parts: Parts, job: Job, code: str, detail: str) -> None:
    async with parts.stores.db.acquire() as connection, connection.transaction():
        if not await photos.hold(connection, [job.photo_id]) or not await jobs.done(connection, [job]):
            return
        await photos.failed(connection, job.photo_id, code=code, detail=detail)
    parts.recorder.photos("failed", 1, code=code)
