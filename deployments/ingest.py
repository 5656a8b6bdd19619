"""Takes uploaded photos to ready, behind the answers: workers, the reconciler and the gauges of a replica."""

import asyncio
import logging
from typing import Any

from ray.serve.handle import DeploymentHandle

from api import logs
from db import jobs
from db.breaker import Breaker
from db.errors import Unavailable
from db.files import Files
from db.index import Index
from db.postgres import connect
from db.stores import Stores
from deployments import clients, metrics, rounds
from deployments.adding import Limits, Parts
from deployments.decode import Decoders
from deployments.settings import Settings
from deployments.worker import Worker
from models.checkpoint import find

log = logging.getLogger(__name__)

GAUGES_S = 5.0


class Ingest:
    """Pulls its work from the jobs table: the bell only saves the wait for the next poll."""

    async def __init__(self, settings: Settings, clip: DeploymentHandle[Any]) -> None:
        logs.write()
        checkpoint = find(settings.checkpoint)
        self._stores = Stores(
            db=await connect(settings.postgres_dsn.get_secret_value()),
            index=Index(settings.chroma_url),
            files=Files(settings.photos_url),
        )
        self._decoders = Decoders(settings.decoders)
        self._recorder = metrics.PhotoRecorder()
        parts = Parts(
            stores=self._stores,
            embed=clients.Clip(clip),
            decoders=self._decoders,
            checkpoint=checkpoint.id,
            limits=_limits(settings, checkpoint.side),
            recorder=self._recorder,
            breaker=Breaker(),
            reading=asyncio.Semaphore(2 * settings.decoders),
        )
        self._worker = Worker(parts)
        self._worker.start()
        reconciling = rounds.go(self._stores, checkpoint.id, parts.lost, self._worker.wake)
        self._sides = [asyncio.create_task(reconciling), asyncio.create_task(self._measure())]

    async def wake(self) -> None:
        self._worker.wake()

    async def check_health(self) -> None:
        """Raises RuntimeError when a loop has ended. Looks at nothing outside: an outage must not restart replicas."""
        self._worker.check()
        if any(side.done() for side in self._sides):
            raise RuntimeError("the reconciler or the gauges have ended")

    async def __del__(self) -> None:
        """Serve awaits this before it ends the replica."""
        for side in self._sides:
            side.cancel()
        await self._worker.stop()
        self._decoders.close()
        await self._stores.index.close()
        await self._stores.db.close()

    async def _measure(self) -> None:
        while True:
            try:
                health = await self._stores.index.health()
                self._recorder.chroma({name: health[name] == "ok" for name in self._stores.index.servers})
                depth = await jobs.depth(self._stores.db)
                self._recorder.queue(depth.waiting, depth.oldest_s)
            except Unavailable:
                log.info("the queue cannot be measured")
            except Exception:
                log.exception("measuring the queue failed")
            await asyncio.sleep(GAUGES_S)


def _limits(settings: Settings, side: int) -> Limits:
    return Limits(
        side=side,
        batch_max=settings.image_batch_max,
        jobs_max=settings.jobs_max,
        lease_s=settings.lease_s,
        attempts_max=settings.attempts_max,
    )
