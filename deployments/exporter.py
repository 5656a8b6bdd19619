"""`fitmatch exporter`: what Postgres knows, for Prometheus. What to do about each metric: docs/operations.md.

A process of its own, because no replica's memory holds these. Never a shop's id in a label.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import asyncpg
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from db import overview, postgres
from db.ids import least_id
from db.overview import Asked, Indexed, PhotoStatus, QueueClass, ShopCounts
from db.product import Status

Label = TypeVar("Label", bound=str)

log = logging.getLogger(__name__)

READ_S_MAX = 8.0
"""All of it, connecting included: below the 10 s that Prometheus gives a scrape."""
STATEMENT_MS_MAX = 5000
KEEP_S = 5.0
"""Whoever asks within this time gets what was read before."""
RANKS = 5
AWAY = (*postgres.UNAVAILABLE, OSError, asyncpg.PostgresError)
"""The last one too: a schema that is not there yet must not end the exporter."""
CLASSES = [(remove, tried) for remove in (False, True) for tried in (False, True)]


@dataclass(frozen=True)
class Reading:
    """Postgres at one moment."""

    queue: list[QueueClass]
    ranks: list[int]
    shops: ShopCounts
    products: dict[Status, int]
    photos: dict[PhotoStatus, int]
    failures: dict[str, int]
    indexed: list[Indexed]
    asked: Asked


class PostgresCollector(Collector):
    """One read at a time however many ask; without Postgres it says so and nothing else."""

    def __init__(self, dsn: str, version: str) -> None:
        self._dsn = dsn
        self._version = version
        self._lock = threading.Lock()
        self._read: Reading | None = None
        self._took_s = 0.0
        self._keep_until = 0.0
        self._up = True

    def collect(self) -> Generator[Metric]:
        with self._lock:
            if time.monotonic() >= self._keep_until:
                self._refresh()
            reading, took_s = self._read, self._took_s
        yield InfoMetricFamily("fitmatch_build", "What runs", {"version": self._version})
        yield _gauge("fitmatch_exporter_postgres_up", "Whether Postgres was read", float(reading is not None))
        yield _gauge("fitmatch_exporter_read_seconds", "How long reading Postgres took, or failing to", took_s)
        if reading is not None:
            yield from _families(reading)

    def describe(self) -> list[Metric]:
        """Nothing: a registry would else read Postgres to learn the names."""
        return []

    def _refresh(self) -> None:
        began = time.monotonic()
        try:
            self._read = asyncio.run(read(self._dsn))
        except AWAY as error:
            if self._up:
                log.warning("postgres does not answer: %r", error)
            self._read = None
        if self._read is not None and not self._up:
            log.warning("postgres answers again")
        self._up = self._read is not None
        self._took_s = time.monotonic() - began
        self._keep_until = time.monotonic() + KEEP_S


async def read(dsn: str) -> Reading:
    """On a connection of its own, so that one which broke is never met again. Raises what UNAVAILABLE names."""
    async with asyncio.timeout(READ_S_MAX):
        pool = await postgres.connect(dsn, connections_max=1, command_timeout_s=READ_S_MAX)
        try:
            async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
                await db.execute(f"SET LOCAL statement_timeout = {STATEMENT_MS_MAX}")
                return await _all(db)
        finally:
            pool.terminate()


async def _all(db: postgres.Db) -> Reading:
    return Reading(
        queue=await overview.queue_by_class(db),
        ranks=await overview.queue_by_rank(db, RANKS),
        shops=await overview.shops(db),
        products=await overview.products_by_status(db),
        photos=await overview.photos(db),
        failures=await overview.failures(db),
        indexed=await overview.indexed(db),
        asked=await overview.asked(db, least_id(datetime.now(UTC) - timedelta(hours=1))),
    )


def _families(reading: Reading) -> Generator[Metric]:
    yield from _queue(reading)
    yield _labelled("fitmatch_shops", "Shops", "status", vars(reading.shops))
    yield _labelled("fitmatch_kept_products", "Products of live shops", "status", reading.products)
    yield _labelled("fitmatch_kept_photos", "Photos of live shops", "status", reading.photos)
    yield _labelled("fitmatch_failed_photos", "Photos that are failed now", "code", reading.failures)
    embeddings = {one.checkpoint: one.embeddings for one in reading.indexed}
    yield _labelled("fitmatch_embedded_photos", "Embeddings in Postgres", "checkpoint", embeddings)
    collections = {one.checkpoint: one.collections for one in reading.indexed}
    yield _labelled("fitmatch_index_collections", "Collections that answer", "checkpoint", collections)
    asked = "Prompts of the last hour, by whether anything was recommended"
    yield _labelled("fitmatch_last_hour_prompts", asked, "answer", vars(reading.asked))


def _queue(reading: Reading) -> Generator[Metric]:
    jobs = GaugeMetricFamily("fitmatch_queued_jobs", "Photos whose place in Chroma is in doubt", labels=["to", "tried"])
    ages = GaugeMetricFamily(
        "fitmatch_queued_oldest_age_seconds", "Age of the oldest job, 0 without any", labels=["to", "tried"]
    )
    known = {(one.remove, one.tried): one for one in reading.queue}
    for remove, tried in CLASSES:
        labels = ["remove" if remove else "add", "yes" if tried else "no"]
        one = known.get((remove, tried))
        jobs.add_metric(labels, one.jobs if one else 0)
        ages.add_metric(labels, one.oldest_age_s if one else 0)
    yield jobs
    yield ages
    ranks = reading.ranks + [0] * (RANKS - len(reading.ranks))
    ranked = {str(place): jobs for place, jobs in enumerate(ranks, 1)}
    yield _labelled("fitmatch_queued_busiest_jobs", "Jobs of the shops with most of them", "rank", ranked)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _labelled(name: str, says: str, label: str, values: Mapping[Label, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
