"""Rate limits: one counter for each name and minute, in one statement."""

from dataclasses import dataclass

from db.postgres import Db


@dataclass(frozen=True)
class Taken:
    granted: bool
    remaining: int
    reset_s: int
    """Seconds until the window ends."""


async def take(db: Db, name: str, *, limit: int, window_s: int = 60, cost: int = 1) -> Taken:
    """Counts the request in `name`'s window; what is not granted is not counted.

    Windows begin at multiples of `window_s` since the epoch. A statement that waited for the row and belongs to an
    earlier window counts in the later one, which it finds.
    """
    rows = await db.fetch(
        """
        WITH w AS (SELECT to_timestamp((floor(extract(epoch FROM now()) / $4::integer) + 1) * $4) AS ends_at),
        taken AS (
            INSERT INTO buckets AS b (name, ends_at, used) SELECT $1, w.ends_at, $3::integer FROM w
            WHERE $3 <= $2::integer
            ON CONFLICT (name) DO UPDATE SET
                ends_at = greatest(b.ends_at, excluded.ends_at),
                used = CASE WHEN b.ends_at < excluded.ends_at THEN excluded.used ELSE b.used + excluded.used END
            WHERE b.ends_at < excluded.ends_at OR b.used + excluded.used <= $2
            RETURNING used
        ),
        before AS (SELECT b.used FROM buckets b, w WHERE b.name = $1 AND b.ends_at >= w.ends_at)
        SELECT
            EXISTS (SELECT FROM taken) AS granted,
            $2 - coalesce((SELECT used FROM taken), (SELECT used FROM before), 0) AS remaining,
            ceil(extract(epoch FROM w.ends_at - now()))::integer AS reset_s
        FROM w
        """,
        name,
        limit,
        cost,
        window_s,
    )
    row = rows[0]
    return Taken(row["granted"], max(0, row["remaining"]), max(1, row["reset_s"]))


async def expire(db: Db) -> int:
    """Forgets windows that ended over an hour ago; how many."""
    rows = await db.fetch("DELETE FROM buckets WHERE ends_at < now() - interval '1 hour' RETURNING true AS gone")
    return len(rows)
