"""One tower of a CLIP checkpoint: bound once for photos and once for prompts, each replica loads one half."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Literal, TypeVar

import numpy as np
import ray

from api import logs
from api.batcher import Batcher, Limits
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
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="clip")
        self._started: float | None = None
        self._seconds = metrics.BatchRecorder(tower)
        checkpoint = find(settings.checkpoint)
        size_max = settings.image_batch_max if tower == "image" else settings.text_batch_max
        limits = Limits(size_max=size_max, waiting_max=size_max * BATCHES_WAITING_MAX)
        if tower == "image":
            cpu = clip.Cpu(settings.image_threads or _cores(), settings.cpu_precision)
            self._images = clip.image_tower(checkpoint, device=settings.device, cpu=cpu)
            self._photos = Batcher(self._run_photos, limits)
            self._images.embed_photos(np.zeros((1, 3, self._images.side, self._images.side), np.uint8))
        else:
            cpu = clip.Cpu(settings.text_threads or _cores(), settings.cpu_precision)
            self._texts = clip.text_tower(checkpoint, device=settings.device, cpu=cpu)
            self._prompts = Batcher(self._run_prompts, limits)
            self._texts.embed_prompts([CANARY])

    async def embed_photos(self, photos: Pixels) -> Embeddings:
        """uint8[N, 3, S, S] → float32[N, D], unit length. Raises Overloaded."""
        return await self._photos.submit(photos, len(photos))

    async def embed_prompts(self, prompts: list[str]) -> tuple[Embeddings, list[int]]:
        """N prompts → float32[N, D], unit length, and the number of chunks of each. Raises Overloaded."""
        return await self._prompts.submit(prompts, len(prompts))

    async def check_health(self) -> None:
        """Raises RuntimeError when a batch is stuck. Looks at nothing outside: an outage must not restart replicas."""
        if self._started is not None and time.monotonic() - self._started > BATCH_S_MAX:
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
        self._started = time.monotonic()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._seconds.record(size, time.monotonic() - self._started)
            self._started = None


def _cores() -> int | None:
    """What `num_cpus` in the Serve config gives this replica. A fraction is for scheduling alone: None, all cores."""
    assigned = ray.get_runtime_context().get_assigned_resources()
    return int(assigned.get("CPU", 0)) or None
