"""One tower of a CLIP checkpoint: bound once for photos and once for prompts, each replica loads one half."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
import ray
from pydantic import BaseModel, ConfigDict, Field

from api import logs
from api.batcher import Batcher, Limits
from db.errors import Overloaded
from deployments import metrics
from deployments.settings import Settings
from models import clip
from models.checkpoint import find
from models.types import Embeddings, Pixels

BATCHES_WAITING_MAX = 8
"""How many full batches may wait in a replica; beyond it callers are told to come back."""
BATCH_S_MAX = 120.0
"""A batch that runs longer is stuck: the replica reports itself unhealthy and is replaced."""
CANARY = "a photo of a dress"


Result = TypeVar("Result")


class Clip:
    """Embeds photos or prompts, batching whatever waits. The image tower refuses prompts and the reverse."""

    def __init__(self, settings: Settings, tower: Literal["image", "text"]) -> None:
        logs.write()
        self._settings = settings
        self._running: set[float] = set()
        """When each batch that is in the model was begun."""
        self._seconds = metrics.BatchRecorder(tower)
        self._size_max = settings.image_batch_max if tower == "image" else settings.text_batch_max
        checkpoint = find(settings.checkpoint)
        limits = Limits(size_max=self._size_max, waiting_max=self._size_max * BATCHES_WAITING_MAX)
        if tower == "image":
            cpu = clip.Cpu(settings.image_threads or _cores(), settings.cpu_precision)
            self._tower = self._images = clip.image_tower(checkpoint, device=settings.device, cpu=cpu)
            self._photos = Batcher(self._run_photos, replace(limits, parallel=self._tower.in_flight))
            self._images.embed_photos(np.zeros((1, 3, self._images.side, self._images.side), np.uint8))
        else:
            cpu = clip.Cpu(settings.text_threads or _cores(), settings.cpu_precision)
            self._tower = self._texts = clip.text_tower(checkpoint, device=settings.device, cpu=cpu)
            self._prompts = Batcher(self._run_prompts, replace(limits, parallel=self._tower.in_flight))
            self._texts.embed_prompts([CANARY])
        self._executor = ThreadPoolExecutor(self._tower.in_flight, thread_name_prefix="clip")

    async def reconfigure(self, config: dict[str, Any]) -> None:
        """`user_config` of the Serve config, at the start and whenever it changes. Raises ValueError.

        Returns when all sizes are warm: until then a new replica gets no requests.
        """
        sizes = Ladder.model_validate(config).sizes(self._size_max)
        warm = partial(self._tower.use_batches, sizes, graphs=self._settings.gpu_graphs)
        await asyncio.get_running_loop().run_in_executor(self._executor, warm)

    async def embed_photos(self, photos: Pixels) -> Embeddings:
        """uint8[N, 3, S, S] → float32[N, D], unit length. Raises Overloaded."""
        return await self._photos.submit(photos, len(photos))

    async def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        """N prompts → float32[N, D], unit length, and the number of chunks of each. Raises Overloaded."""
        return await self._prompts.submit(prompts, len(prompts))

    async def check_health(self) -> None:
        """Raises RuntimeError when a batch is stuck. Looks at nothing outside: an outage must not restart replicas."""
        if self._running and time.monotonic() - min(self._running) > BATCH_S_MAX:
            raise RuntimeError(f"a batch runs for more than {BATCH_S_MAX:.0f} s")

    async def _run_photos(self, batch: list[Pixels]) -> Sequence[Embeddings]:
        photos = batch[0] if len(batch) == 1 else np.concatenate(batch)
        embeddings = await self._timed(len(photos), lambda: self._images.embed_photos(photos))
        return np.split(embeddings, np.cumsum([len(each) for each in batch])[:-1])

    async def _run_prompts(self, batch: list[list[str]]) -> Sequence[tuple[Embeddings, list[int]]]:
        prompts = [prompt for each in batch for prompt in each]
        embeddings, chunks = await self._timed(len(prompts), lambda: self._texts.embed_prompts(prompts))
        ends = np.cumsum([len(each) for each in batch])
        return [
            (embeddings[end - len(each) : end], chunks[end - len(each) : end])
            for each, end in zip(batch, ends, strict=True)
        ]

    async def _timed(self, size: int, work: Callable[[], Result]) -> Result:
        started = time.monotonic()
        self._running.add(started)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        except clip.DeviceFull as error:
            raise Overloaded(str(error)) from error
        finally:
            self._running.discard(started)
            self._seconds.record(size, time.monotonic() - started)


class Ladder(BaseModel):
    """What `user_config` of ClipImage and ClipText says: the sizes that a GPU pads batches to."""

    model_config = ConfigDict(extra="forbid")

    batches: tuple[Annotated[int, Field(ge=1)], ...]

    def sizes(self, largest: int) -> tuple[int, ...]:
        """Rising, without those above the largest batch, and with that one."""
        return (*sorted({size for size in self.batches if size < largest}), largest)


def _cores() -> int | None:
    """What `num_cpus` in the Serve config gives this replica. A fraction is for scheduling alone: None, all cores."""
    assigned = ray.get_runtime_context().get_assigned_resources()
    return int(assigned.get("CPU", 0)) or None
