"""What the exporter reads from Postgres, as Prometheus wants it. What to do about each: docs/operations.md.

Never a shop's id or name in a label: shops are counted, or have a rank.
"""

from collections.abc import Generator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from prometheus_client.core import GaugeMetricFamily, Metric

from db import collections as index
from db import overview
from db.ids import least_id
from db.overview import QueueClass, ShopQueue
from db.postgres import Db

Label = TypeVar("Label", bound=str)

RANKS = 5
CLASSES = [(remove, tried) for remove in (False, True) for tried in (False, True)]


def build(version: str) -> Generator[Metric]:
    yield _labelled("fitmatch_build_info", "What runs; always 1", "version", {version: 1})


async def queue(db: Db) -> list[Metric]:
    return [*_queued(await overview.queue_by_class(db)), *_busiest(await overview.queue_by_shop(db, RANKS))]


async def stock(db: Db) -> list[Metric]:
    hour = least_id(datetime.now(UTC) - timedelta(hours=1))
    indexed = await overview.indexed(db)
    embeddings = {one.checkpoint: one.embeddings for one in indexed}
    collections = {one.checkpoint: one.collections for one in indexed}
    shops, asked = await overview.shops(db), await overview.asked(db, hour)
    return [
        _labelled("fitmatch_shops", "Shops", "status", vars(shops)),
        _labelled("fitmatch_kept_products", "Products of live shops", "status", await overview.products_by_status(db)),
        _labelled("fitmatch_kept_photos", "Photos of live shops", "status", await overview.photos(db)),
        _labelled("fitmatch_failed_photos", "Photos that are failed now", "code", await overview.failures(db)),
        _labelled("fitmatch_embedded_photos", "Embeddings in Postgres", "checkpoint", embeddings),
        _labelled("fitmatch_index_collections", "Collections that answer", "checkpoint", collections),
        _labelled("fitmatch_server_collections", "On each Chroma server", "server", await index.by_server(db)),
        _labelled("fitmatch_last_hour_prompts", "Prompts of the last hour", "answer", vars(asked)),
    ]


def _queued(classes: Sequence[QueueClass]) -> Generator[Metric]:
    """All classes, with 0 where nothing waits: what is absent cannot be compared."""
    labels = ["to", "tried"]
    jobs = GaugeMetricFamily("fitmatch_queued_jobs", "Photos whose place in Chroma is in doubt", labels=labels)
    ages = GaugeMetricFamily("fitmatch_queued_oldest_age_seconds", "Age of the oldest; 0: none", labels=labels)
    known = {(one.remove, one.tried): one for one in classes}
    for remove, tried in CLASSES:
        one = known.get((remove, tried))
        named = ["remove" if remove else "add", "yes" if tried else "no"]
        jobs.add_metric(named, one.jobs if one else 0)
        ages.add_metric(named, one.oldest_age_s if one else 0)
    yield jobs
    yield ages


def _busiest(shops: Sequence[ShopQueue]) -> Generator[Metric]:
    """Whether one shop's import is all that waits, and how long others do."""
    jobs = GaugeMetricFamily("fitmatch_queued_busiest_jobs", "Jobs of the shops with most of them", labels=["rank"])
    ages = GaugeMetricFamily("fitmatch_queued_busiest_oldest_age_seconds", "Age of their oldest", labels=["rank"])
    for place in range(RANKS):
        one = shops[place] if place < len(shops) else None
        jobs.add_metric([str(place + 1)], one.jobs if one else 0)
        ages.add_metric([str(place + 1)], one.oldest_age_s if one else 0)
    yield jobs
    yield ages


def _labelled(name: str, says: str, label: str, values: Mapping[Label, int]) -> Metric:
    family = GaugeMetricFamily(name, says, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
