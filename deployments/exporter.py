"""What Postgres knows, for Prometheus: truth that no replica's memory holds.

Its statements run when somebody scrapes, bounded, one scrape at a time; without Postgres it says so and little else.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass

import asyncpg
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from db import postgres
from deployments import exporter_metrics

log = logging.getLogger(__name__)

READ_S_MAX = 8.0
"""Of a part, connecting included: below the 10 s that Prometheus gives a scrape."""
STATEMENT_MS_MAX = 7000
AGAIN_S = 5.0
"""After a read that failed."""
AWAY = (*postgres.UNAVAILABLE, OSError, asyncpg.PostgresError)
"""The last one too: a schema that is not there yet must not end the exporter."""


@dataclass(frozen=True)
class Part:
    """Statements that are read together, on a connection of their own: a slow part keeps nothing from the other."""

    name: str
    keep_s: float
    """Whoever scrapes within this time gets what was read before."""
    read: Callable[[postgres.Db], Awaitable[list[Metric]]]


@dataclass(frozen=True)
class Reading:
    """`metrics` is None when Postgres did not answer."""

    metrics: list[Metric] | None
    took_s: float
    keep_until: float


# The second counts every photo, so it is kept for longer.
PARTS = (Part("queue", 5.0, exporter_metrics.queue), Part("stock", 60.0, exporter_metrics.stock))


class PostgresCollector(Collector):
    def __init__(self, dsn: str, version: str, parts: Sequence[Part] = PARTS) -> None:
        self._dsn = dsn
        self._version = version
        self._parts = parts
        self._lock = threading.Lock()
        self._readings: dict[str, Reading] = {}

    def collect(self) -> Generator[Metric]:
        with self._lock:
            now = time.monotonic()
            kept = {name: reading for name, reading in self._readings.items() if now < reading.keep_until}
            due = [part for part in self._parts if part.name not in kept]
            fresh = asyncio.run(_read(self._dsn, due))
            for name, reading in fresh.items():
                self._tell(name, reading)
            self._readings = readings = kept | fresh
        yield from exporter_metrics.build(self._version)
        yield from _reads(readings)
        for reading in readings.values():
            yield from reading.metrics or ()

    def describe(self) -> list[Metric]:
        """Nothing: a registry would else read Postgres to learn the names."""
        return []

    def _tell(self, name: str, reading: Reading) -> None:
        """Changes only: a line for each scrape of an outage tells nobody anything."""
        before = self._readings.get(name)
        was_away = before is not None and before.metrics is None
        if was_away and reading.metrics is not None:
            log.warning("postgres answers again: %r", name)
        if not was_away and reading.metrics is None:
            log.warning("postgres does not answer: %r", name)


async def _read(dsn: str, parts: Sequence[Part]) -> dict[str, Reading]:
    readings = await asyncio.gather(*(_read_part(dsn, part) for part in parts))
    return {part.name: reading for part, reading in zip(parts, readings, strict=True)}


async def _read_part(dsn: str, part: Part) -> Reading:
    began = time.monotonic()
    try:
        metrics, keep_s = await _ask(dsn, part), part.keep_s
    except AWAY as error:
        log.info("%s was not read: %r", part.name, error)
        metrics, keep_s = None, AGAIN_S
    ended = time.monotonic()
    return Reading(metrics, ended - began, ended + keep_s)


async def _ask(dsn: str, part: Part) -> list[Metric]:
    """A connection is made for it and ended: one that broke, or hangs, is never met again."""
    async with asyncio.timeout(READ_S_MAX):
        pool = await postgres.connect(dsn, connections_max=1, command_timeout_s=READ_S_MAX)
        try:
            async with pool.acquire() as db, db.transaction(isolation="repeatable_read", readonly=True):
                await db.execute(f"SET LOCAL statement_timeout = {STATEMENT_MS_MAX}")
                return await part.read(db)
        finally:
            pool.terminate()


def _reads(readings: dict[str, Reading]) -> Generator[Metric]:
    up = GaugeMetricFamily("fitmatch_exporter_postgres_up", "Whether Postgres was read (1)", labels=["part"])
    took = GaugeMetricFamily("fitmatch_exporter_read_seconds", "How long that took", labels=["part"])
    for name, reading in readings.items():
        up.add_metric([name], float(reading.metrics is not None))
        took.add_metric([name], reading.took_s)
    yield up
    yield took
