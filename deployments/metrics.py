"""What Prometheus scrapes from Ray's agents, as `ray_<name>`. What to do about each: docs/operations.md.

Outside of Ray they can be made and written to as well; the numbers then go nowhere. Never a shop's id in a tag.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from typing import Literal, cast

from ray.serve.metrics import Counter, Gauge, Histogram

Outcome = Literal["ready", "removed", "retried", "failed"]

FAST_S = [0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 3, 10]
"""Tight, because Ray's `_sum` is made of bucket midpoints: read quantiles, never sum/count."""
BATCH_S = [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30]
BATCH_SIZES: list[float] = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512]


class PhotoRecorder:
    """Of an Ingest replica: what became of photos, the queue they wait in, and the Chroma servers they go to."""

    def __init__(self) -> None:
        tags = cast("tuple[str]", ("outcome", "code"))  # Ray's annotation allows one only, its code any number
        self._photos = Counter("fitmatch_photos_total", "Photos by what became of them, failed ones by code", tags)
        self._depth = Gauge("fitmatch_queue_depth_jobs", "Photos whose place in the index is in doubt")
        self._age = Gauge("fitmatch_queue_oldest_age_seconds", "Age of the oldest job")
        self._up = Gauge("fitmatch_chroma_up", "Whether this Chroma server answers (1)", tag_keys=("server",))

    def photos(self, outcome: Outcome, count: int, *, code: str = "") -> None:
        if count:
            self._photos.inc(count, {"outcome": outcome, "code": code})

    def queue(self, jobs: int, oldest_s: float) -> None:
        """The same in every replica: take the maximum, not the sum."""
        self._depth.set(jobs)
        self._age.set(oldest_s)

    def chroma(self, up: dict[str, bool]) -> None:
        for server, answers in up.items():
            self._up.set(float(answers), {"server": server})


class BatchRecorder:
    """Of a Clip replica: how full its batches are and how long they run."""

    def __init__(self, tower: str) -> None:
        self._tags = {"tower": tower}
        self._sizes = Histogram(
            "fitmatch_batch_photos", "Photos or prompts of a batch", boundaries=BATCH_SIZES, tag_keys=("tower",)
        )
        self._seconds = Histogram(
            "fitmatch_batch_seconds", "Time in the model", boundaries=BATCH_S, tag_keys=("tower",)
        )

    def record(self, size: int, seconds: float) -> None:
        self._sizes.observe(size, self._tags)
        self._seconds.observe(seconds, self._tags)


class PromptRecorder:
    """Of a Query replica: what is asked, and how often its embedding was known already."""

    def __init__(self) -> None:
        self._prompts = Counter("fitmatch_prompts_total", "Prompts asked")
        self._hits = Counter("fitmatch_prompt_cache_hits_total", "Prompts whose embedding was remembered")
        self._answers = Counter("fitmatch_answers_total", "Answers by how they were found", ("how",))

    def asked(self, prompts: int, *, cached: int) -> None:
        if prompts:
            self._prompts.inc(prompts)
        if cached > 0:
            self._hits.inc(cached)

    def answered(self, *, exact: bool) -> None:
        self._answers.inc(1, {"how": "exact" if exact else "index"})


@asynccontextmanager
async def chroma(what: str) -> AsyncGenerator[None]:
    """Times a call, whether it succeeds or not."""
    start = time.perf_counter()
    try:
        yield
    finally:
        _chroma_seconds().observe(time.perf_counter() - start, {"what": what})


@asynccontextmanager
async def postgres(what: str) -> AsyncGenerator[None]:
    start = time.perf_counter()
    try:
        yield
    finally:
        _postgres_seconds().observe(time.perf_counter() - start, {"what": what})


# Made at first use: inside a replica they carry its tags, which are unknown when this module is imported.
@cache
def _chroma_seconds() -> Histogram:
    return Histogram("fitmatch_chroma_seconds", "Calls to Chroma", boundaries=FAST_S, tag_keys=("what",))


@cache
def _postgres_seconds() -> Histogram:
    return Histogram("fitmatch_postgres_seconds", "Calls to Postgres", boundaries=FAST_S, tag_keys=("what",))
