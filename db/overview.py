"""The deployment as a whole, for whoever operates it: what there is, what waits, and since when."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from db.postgres import Db
from db.product import STATUSES as PRODUCT_STATUSES
from db.product import Status

PhotoStatus = Literal["queued", "embedding", "ready", "failed"]
STATUSES: tuple[PhotoStatus, ...] = ("queued", "embedding", "ready", "failed")


@dataclass(frozen=True)
class ShopCounts:
    active: int
    suspended: int


@dataclass(frozen=True)
class Queue:
    """Photos whose place in Chroma is in doubt."""

    jobs: int
    oldest_age_s: float | None
    """Of the job that waits longest; None: nothing waits."""


@dataclass(frozen=True)
class ShopQueue:
    shop_id: UUID
    name: str
    jobs: int
    oldest_age_s: float


@dataclass(frozen=True)
class QueueClass:
    """Jobs of one kind: `tried` ones were claimed before, so each waits for another attempt or is worked on now."""

    remove: bool
    """The photo is to leave Chroma; else to get there."""
    tried: bool
    jobs: int
    oldest_age_s: float


@dataclass(frozen=True)
class Asked:
    """Prompts of the last hour, by whether anything was recommended."""

    answered: int
    empty: int


@dataclass(frozen=True)
class Indexed:
    """What is kept under one checkpoint."""

    checkpoint: str
    collections: int
    embeddings: int


async def shops(db: Db) -> ShopCounts:
    row = (
        await db.fetch(
            """
            SELECT count(*) FILTER (WHERE suspended_at IS NULL) AS active,
                count(*) FILTER (WHERE suspended_at IS NOT NULL) AS suspended
            FROM shops WHERE deleted_at IS NULL
            """
        )
    )[0]
    return ShopCounts(**row)


async def products(db: Db) -> int:
    """Of live shops."""
    rows = await db.fetch(
        """
        SELECT count(*) AS products FROM products p JOIN shops s ON s.id = p.shop_id
        WHERE p.deleted_at IS NULL AND s.deleted_at IS NULL
        """
    )
    return rows[0]["products"]


async def photos(db: Db) -> dict[PhotoStatus, int]:
    """Of live shops, by status."""
    rows = await db.fetch(
        """
        SELECT f.status, count(*) AS photos FROM photos f JOIN shops s ON s.id = f.shop_id
        WHERE f.deleted_at IS NULL AND s.deleted_at IS NULL GROUP BY f.status
        """
    )
    return dict.fromkeys(STATUSES, 0) | {row["status"]: row["photos"] for row in rows}


async def queue(db: Db) -> Queue:
    rows = await db.fetch(
        "SELECT count(*) AS jobs, extract(epoch FROM now() - min(created_at))::float AS oldest_age_s FROM jobs"
    )
    return Queue(**rows[0])


async def queue_by_shop(db: Db, limit: int) -> list[ShopQueue]:
    """Most jobs first."""
    rows = await db.fetch(
        """
        SELECT j.shop_id, s.name, j.jobs, j.oldest_age_s
        FROM (
            SELECT shop_id, count(*) AS jobs, extract(epoch FROM now() - min(created_at))::float AS oldest_age_s
            FROM jobs GROUP BY shop_id
        ) j JOIN shops s ON s.id = j.shop_id
        ORDER BY j.jobs DESC, j.shop_id LIMIT $1
        """,
        limit,
    )
    return [ShopQueue(**row) for row in rows]


async def indexed(db: Db) -> list[Indexed]:
    """By checkpoint; former ones keep theirs, so that one can go back to them."""
    rows = await db.fetch(
        """
        SELECT checkpoint, coalesce(c.collections, 0) AS collections, coalesce(e.embeddings, 0) AS embeddings
        FROM (SELECT checkpoint, count(*) AS collections FROM collections GROUP BY checkpoint) c
        FULL JOIN (SELECT checkpoint, count(*) AS embeddings FROM embeddings GROUP BY checkpoint) e USING (checkpoint)
        ORDER BY checkpoint
        """
    )
    return [Indexed(**row) for row in rows]


async def queue_by_class(db: Db) -> list[QueueClass]:
    """Only classes that have jobs."""
    rows = await db.fetch(
        """
        SELECT p.deleted_at IS NOT NULL AS remove, j.attempts > 0 AS tried, count(*) AS jobs,
            extract(epoch FROM now() - min(j.created_at))::float AS oldest_age_s
        FROM jobs j JOIN photos p ON p.id = j.photo_id GROUP BY 1, 2
        """
    )
    return [QueueClass(**row) for row in rows]


async def products_by_status(db: Db) -> dict[Status, int]:
    """Of live shops; the statuses of `Product.status`.

    Only photos that are not ready are grouped, which are few: grouping all of 100,000 took twice as long.
    """
    rows = await db.fetch(
        """
        WITH unready AS (
            SELECT product_id, bool_or(status = 'queued') AS queued, bool_or(status = 'embedding') AS embedding
            FROM photos WHERE deleted_at IS NULL AND status <> 'ready' GROUP BY product_id
        ), live AS (
            SELECT p.id FROM products p JOIN shops s ON s.id = p.shop_id
            WHERE p.deleted_at IS NULL AND s.deleted_at IS NULL
        ), told AS (
            SELECT CASE WHEN u.queued THEN 'queued' WHEN u.embedding THEN 'embedding'
                WHEN EXISTS (
                    SELECT FROM photos f WHERE f.product_id = live.id AND f.deleted_at IS NULL AND f.status = 'ready'
                ) THEN 'partial' ELSE 'failed' END AS status
            FROM unready u JOIN live ON live.id = u.product_id
        )
        SELECT status, count(*) AS products FROM told GROUP BY status
        UNION ALL SELECT 'ready', (SELECT count(*) FROM live) - (SELECT count(*) FROM told)
        """
    )
    return dict.fromkeys(PRODUCT_STATUSES, 0) | {row["status"]: row["products"] for row in rows}


async def failures(db: Db) -> dict[str, int]:
    """Failed photos of live shops, by code."""
    rows = await db.fetch(
        """
        SELECT coalesce(f.error_code, '') AS code, count(*) AS photos
        FROM photos f JOIN shops s ON s.id = f.shop_id
        WHERE f.status = 'failed' AND f.deleted_at IS NULL AND s.deleted_at IS NULL GROUP BY 1
        """
    )
    return {row["code"]: row["photos"] for row in rows}


async def asked(db: Db, since: UUID) -> Asked:
    """`since`: the least id of that time, so that the primary key finds them."""
    rows = await db.fetch(
        """
        SELECT count(*) FILTER (WHERE returned > 0) AS answered, count(*) FILTER (WHERE returned = 0) AS empty
        FROM prompts WHERE id >= $1
        """,
        since,
    )
    return Asked(**rows[0])
