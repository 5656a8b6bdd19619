"""How much a shop has used, in simple counts."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from db.postgres import Db


@dataclass(frozen=True)
class Usage:
    prompts: int
    """Asked since the given time."""
    photos_uploaded: int
    """Since the given time, deleted ones that are not yet gone too."""
    photo_bytes: int
    """Of all live photos, as they were uploaded."""


@dataclass(frozen=True)
class Day:
    """Of the calendar in UTC."""

    date: date
    prompts: int
    photos_uploaded: int


async def by_day(db: Db, shop_id: UUID, days: int) -> list[Day]:
    """The last `days` days, oldest first, today included; days without anything too."""
    rows = await db.fetch(
        """
        WITH span AS (
            SELECT day::date AS date FROM generate_series(
                (now() AT TIME ZONE 'UTC')::date - ($2::integer - 1), (now() AT TIME ZONE 'UTC')::date, interval '1 day'
            ) day
        ),
        asked AS (
            SELECT (created_at AT TIME ZONE 'UTC')::date AS date, count(*) AS n FROM prompts
            WHERE shop_id = $1 AND created_at >= date_trunc('day', now(), 'UTC') - make_interval(days => $2 - 1)
            GROUP BY 1
        ),
        uploaded AS (
            SELECT (created_at AT TIME ZONE 'UTC')::date AS date, count(*) AS n FROM photos
            WHERE shop_id = $1 AND created_at >= date_trunc('day', now(), 'UTC') - make_interval(days => $2 - 1)
            GROUP BY 1
        )
        SELECT date, coalesce(asked.n, 0) AS prompts, coalesce(uploaded.n, 0) AS photos_uploaded
        FROM span LEFT JOIN asked USING (date) LEFT JOIN uploaded USING (date) ORDER BY date
        """,
        shop_id,
        days,
    )
    return [Day(**row) for row in rows]


@dataclass(frozen=True)
class Today:
    """Since midnight UTC, and what waits now."""

    prompts: int
    photos_embedded: int
    oldest_job_age_s: float | None
    """Of the photo that has waited longest for its place in Chroma; None: none waits."""


async def today(db: Db, shop_id: UUID) -> Today:
    rows = await db.fetch(
        """
        SELECT
            (SELECT count(*) FROM prompts
             WHERE shop_id = $1 AND created_at >= date_trunc('day', now(), 'UTC')) AS prompts,
            (SELECT count(*) FROM photos WHERE shop_id = $1 AND deleted_at IS NULL
             AND ready_at >= date_trunc('day', now(), 'UTC')) AS photos_embedded,
            (SELECT extract(epoch FROM now() - min(created_at))::float FROM jobs
             WHERE shop_id = $1) AS oldest_job_age_s
        """,
        shop_id,
    )
    return Today(**rows[0])


async def of_shop(db: Db, shop_id: UUID, *, since: datetime) -> Usage:
    rows = await db.fetch(
        """
        SELECT
            (SELECT count(*) FROM prompts WHERE shop_id = $1 AND created_at >= $2) AS prompts,
            (SELECT count(*) FROM photos WHERE shop_id = $1 AND created_at >= $2) AS photos_uploaded,
            (SELECT coalesce(sum(bytes), 0)::bigint FROM photos
             WHERE shop_id = $1 AND deleted_at IS NULL) AS photo_bytes
        """,
        shop_id,
        since,
    )
    row = rows[0]
    return Usage(row["prompts"], row["photos_uploaded"], row["photo_bytes"])
