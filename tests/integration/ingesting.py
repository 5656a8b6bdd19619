"""A worker over real stores and real decoders, with a small deterministic tower."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO
from uuid import UUID

import numpy as np
from PIL import Image

from db.breaker import Breaker
from db.errors import Unavailable
from db.postgres import Pool
from db.stores import Stores
from deployments.adding import Limits, Parts
from deployments.decode import Decoders
from deployments.worker import Worker
from models.types import Embeddings, Pixels
from tests.integration import rows
from tests.integration.rows import CHECKPOINT

SIDE = 32
LIMITS = Limits(side=SIDE, batch_max=8, jobs_max=64, back_off_s=0.01, poll_s=0.02, away_s=0.0)


class Tower:
    """Photos of one colour come close to each other. `before` runs before each batch: an outage, a deletion."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.before: Callable[[Pixels], object] = lambda _: None

    @property
    def embedded(self) -> int:
        return sum(self.batches)

    async def embed_photos(self, photos: Pixels) -> Embeddings:
        done = self.before(photos)
        if asyncio.iscoroutine(done):
            await done
        self.batches.append(len(photos))
        small = photos.astype(np.float32)[:, :, ::8, ::8].reshape(len(photos), -1) + 1
        return small / np.linalg.norm(small, axis=1, keepdims=True)


class Counted:
    """Satisfies `deployments.adding.Recorder`."""

    def __init__(self) -> None:
        self.outcomes: dict[str, int] = {}

    def photos(self, outcome: str, count: int, *, code: str = "") -> None:
        self.outcomes[code or outcome] = self.outcomes.get(code or outcome, 0) + count

    def queue(self, jobs: int, oldest_s: float) -> None: ...


class Impatient(Breaker):
    """Opens for no time, so that a test need not wait for it."""

    def trip(self) -> float:
        super().trip()
        self._until = 0.0
        return -1.0


def parts(stores: Stores, tower: Tower, decoders: Decoders, limits: Limits = LIMITS) -> Parts:
    return Parts(stores, tower, decoders, CHECKPOINT, limits, Counted(), Impatient(), asyncio.Semaphore(4))


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    worker.start()
    try:
        yield
    finally:
        await worker.stop()


async def drain(worker: Worker) -> None:
    """Until nothing is left that could be claimed now."""
    while await worker.turn():
        pass


def jpeg(colour: int) -> bytes:
    """A photo of one colour, of so many that each is another file."""
    written = BytesIO()
    Image.new("RGB", (48, 48), (colour % 256, colour * 7 % 256, colour * 31 % 256)).save(written, "JPEG", quality=95)
    return written.getvalue()


async def upload(stores: Stores, shop_id: UUID, *photos: bytes) -> list[UUID]:
    """As the API does it: the file first, then the rows and the job in one transaction."""
    return [
        photo
        for data in photos
        for photo in await rows.queued(stores.db, shop_id, content_hash=await stores.files.add(shop_id, data))
    ]


async def statuses(pool: Pool) -> dict[str, int]:
    found = await pool.fetch("SELECT status, count(*) AS count FROM photos WHERE deleted_at IS NULL GROUP BY status")
    return {row["status"]: row["count"] for row in found}


async def jobs_left(pool: Pool) -> int:
    return await pool.fetchval("SELECT count(*) FROM jobs")


def away() -> None:
    raise Unavailable("the tower is away")


async def until(condition: Callable[[], object], *, seconds_max: float = 10.0) -> None:
    async with asyncio.timeout(seconds_max):
        while not (found := condition()) or (asyncio.iscoroutine(found) and not await found):
            await asyncio.sleep(0.01)
