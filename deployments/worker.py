"""The loops that claim jobs and see them through. Knows nothing of Ray."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from db import collections, jobs
from db.errors import Overloaded, Unavailable
from db.jobs import Job
from deployments.adding import Parts, add, settle, together
from deployments.removing import remove

log = logging.getLogger(__name__)

EXTENSIONS = 3
"""A lease is renewed so many times before it would end."""
GIVE_BACK_PAUSE_S = 0.5


class Worker:
    """Owns its loops; `check` says when one has died."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._bell = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False
        self._left: set[str] | None = None
        """Chroma servers whose shops' jobs were left at the last claim; None: nobody knows yet."""

    def start(self) -> None:
        self._loops = [asyncio.create_task(self._loop()) for _ in range(self._parts.limits.loops)]

    def wake(self) -> None:
        """There is a new job; without a bell it would be seen at the next poll."""
        self._bell.set()

    def check(self) -> None:
        """Raises RuntimeError when a loop has ended."""
        if any(loop.done() for loop in self._loops):
            raise RuntimeError("a worker loop has ended")

    async def stop(self, *, grace_s: float = 10.0) -> None:
        """Claims no more; what is still under way after `grace_s` is left to whoever finds its lease ended."""
        self._stopping = True
        self._bell.set()
        if self._loops:
            await asyncio.wait(self._loops, timeout=grace_s)
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)

    async def turn(self) -> bool:
        """Claims once and sees it through; False when there was nothing to do or a part is away."""
        limits, breaker, index = self._parts.limits, self._parts.breaker, self._parts.stores.index
        if breaker.wait_s or index.is_away:
            return False
        # What was tried before goes alone, so that a photo that takes the worker down spends no neighbour's attempts.
        without = await self._out_of_reach()
        tried = await jobs.claim_tried(self._parts.stores.db, lease_s=limits.lease_s, without=without)
        await self._see_through(tried)
        fresh = [] if breaker.wait_s or index.is_away else await self._claim()
        await self._see_through(fresh)
        return bool(tried or fresh)

    async def _claim(self) -> list[Job]:
        limits, breaker = self._parts.limits, self._parts.breaker
        jobs_max = 1 if breaker.doubtful else limits.jobs_max
        without = await self._out_of_reach()
        return await jobs.claim(self._parts.stores.db, jobs_max=jobs_max, lease_s=limits.lease_s, without=without)

    async def _out_of_reach(self) -> list[UUID]:
        """Shops on a Chroma server that is away: their jobs wait, so that they take no turns from the others."""
        db, checkpoint, away = self._parts.stores.db, self._parts.checkpoint, set(self._parts.stores.index.away)
        if self._left is None or self._left - away:
            back = None if self._left is None else await collections.shops_on(db, checkpoint, [*self._left - away])
            async with db.acquire() as connection, connection.transaction():
                await jobs.rejoin(connection, back)
        self._left = away
        return await collections.shops_on(db, checkpoint, [*away]) if away else []

    async def _loop(self) -> None:
        while not self._stopping:
            try:
                busy = await self.turn()
            except Unavailable:
                log.warning("the database is away")
                busy = False
            except Exception:
                log.exception("a round of the worker failed")
                busy = False
            if not busy:
                await self._wait()

    async def _wait(self) -> None:
        pause = self._parts.breaker.wait_s
        if pause:
            await asyncio.sleep(pause)
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(self._bell.wait(), self._parts.limits.poll_s)
        self._bell.clear()

    async def _see_through(self, batch: list[Job]) -> None:
        if not batch:
            return
        async with self._leased(batch):
            try:
                await together(
                    add(self._parts, [job for job in batch if not job.remove]),
                    remove(self._parts, [job for job in batch if job.remove]),
                )
            except Exception as error:  # noqa: BLE001 - one of the two edges: `settle` logs it
                await self._give_back(batch, error)

    async def _give_back(self, batch: list[Job], error: Exception) -> None:
        """Until Postgres takes it or the leases have ended; what is done already is not ours any more."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._parts.limits.lease_s):
                while True:
                    try:
                        return await settle(self._parts, batch, error)
                    except (Unavailable, Overloaded):
                        await asyncio.sleep(GIVE_BACK_PAUSE_S)

    @asynccontextmanager
    async def _leased(self, batch: list[Job]) -> AsyncGenerator[None]:
        keeper = asyncio.create_task(self._extend(batch))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    async def _extend(self, batch: list[Job]) -> None:
        lease_s = self._parts.limits.lease_s
        while True:
            await asyncio.sleep(lease_s / EXTENSIONS)
            try:
                await jobs.extend(self._parts.stores.db, batch, lease_s=lease_s)
            except Unavailable:
                log.warning("leases could not be extended", extra={"jobs": len(batch)})
