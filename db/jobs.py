"""The queue: a row exactly while a photo's place in Chroma is in doubt. Protocol in docs/architecture.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from db.postgres import Db


@dataclass(frozen=True)
class Job:
    photo_id: UUID
    shop_id: UUID
    content_hash: str
    attempts: int
    """Including this one; with `turn` the fence."""
    remove: bool
    """The photo is deleted: take it out of Chroma. Else: add it."""
    turn: int = 0
    """Changes when the job starts again, so that a worker of its former life changes nothing."""


@dataclass(frozen=True)
class Depth:
    waiting: int
    oldest_s: float


async def add(db: Db, shop_id: UUID, photo_ids: list[UUID]) -> None:
    """A fresh job for each (an existing one starts again), with the shop's next fair turns. Run it in a transaction.

    Start-time fair queueing: a shop that was idle joins at the turn now served, a busy one queues behind itself.
    """
    await db.execute(
        """
        WITH wanted AS (
            SELECT p.id, row_number() OVER (ORDER BY w.n) AS n
            FROM unnest($2::uuid[]) WITH ORDINALITY AS w (id, n) JOIN photos p ON p.id = w.id AND p.shop_id = $1
        ), total AS (
            SELECT count(*) AS n FROM wanted
        ), given AS (
            UPDATE shops
            SET turn = greatest(turn, (SELECT last_value FROM turn_clock)) + total.n FROM total WHERE id = $1
            RETURNING turn - total.n AS before
        )
        INSERT INTO jobs (photo_id, shop_id, turn)
        SELECT wanted.id, $1, given.before + wanted.n FROM wanted, given ORDER BY wanted.id
        ON CONFLICT (photo_id) DO UPDATE SET turn = EXCLUDED.turn, attempts = 0, due = NULL, created_at = now()
        """,
        shop_id,
        list(dict.fromkeys(photo_ids)),
    )


async def claim(db: Db, *, jobs_max: int, lease_s: float, without: Sequence[UUID] = ()) -> list[Job]:
    """The lowest turns that nobody holds, leased and with attempts counted; marks photos to add as `embedding`.

    Only jobs on their first try; the others come from `claim_tried`. `without`: shops whose jobs stay.
    """
    return await _claim(db, FRESH, jobs_max, lease_s, without)


async def claim_tried(db: Db, *, lease_s: float, without: Sequence[UUID] = ()) -> list[Job]:
    """One job at most that is on its second try or later: alone, it cannot spend the attempts of others."""
    return await _claim(db, TRIED, 1, lease_s, without)


async def _claim(db: Db, statement: str, jobs_max: int, lease_s: float, without: Sequence[UUID]) -> list[Job]:
    rows = await db.fetch(statement, jobs_max, lease_s, without)
    if rows:
        # Two workers at once may set it back by a batch, which costs nobody his turn.
        await db.execute(
            "SELECT setval('turn_clock', greatest(last_value, $1)) FROM turn_clock WHERE last_value < $1",
            max(row["turn"] for row in rows),
        )
    return [Job(**row) for row in rows]


# The photos are marked without waiting for their rows: who holds one is about to delete it and waits for this job.
_CLAIM = """
    WITH next AS (
        SELECT photo_id FROM jobs WHERE {tried} AND (due IS NULL OR due <= now()) AND shop_id <> ALL($3::uuid[])
        ORDER BY turn LIMIT $1 FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE jobs j SET attempts = j.attempts + 1, due = now() + make_interval(secs => $2::float8)
        FROM next WHERE j.photo_id = next.photo_id
        RETURNING j.photo_id, j.shop_id, j.attempts, j.turn
    ), waiting AS (
        SELECT p.id FROM photos p JOIN claimed c ON p.id = c.photo_id
        WHERE p.status = 'queued' AND p.deleted_at IS NULL FOR NO KEY UPDATE OF p SKIP LOCKED
    ), marked AS (
        UPDATE photos p SET status = 'embedding' FROM waiting WHERE p.id = waiting.id
    )
    SELECT c.photo_id, c.shop_id, c.attempts, c.turn, p.content_hash, p.deleted_at IS NOT NULL AS remove
    FROM claimed c JOIN photos p ON p.id = c.photo_id ORDER BY c.turn
"""
FRESH = _CLAIM.format(tried="attempts = 0")
TRIED = _CLAIM.format(tried="attempts > 0")


async def rejoin(db: Db, shop_ids: Sequence[UUID] | None = None) -> None:
    """Takes from these shops (None: all) the turns that passed while their jobs were left; their own order stays.

    They would else come before everybody else's, all of them. Run it in a transaction.
    """
    # The shops first, as in `add`, so that neither waits for the other.
    await db.execute(
        """
        SELECT FROM shops s WHERE ($1::uuid[] IS NULL OR s.id = ANY($1))
            AND EXISTS (SELECT FROM jobs j WHERE j.shop_id = s.id) ORDER BY s.id FOR NO KEY UPDATE
        """,
        shop_ids,
    )
    await db.execute(
        """
        WITH waiting AS (
            SELECT photo_id, shop_id, turn FROM jobs
            WHERE attempts = 0 AND (due IS NULL OR due <= now()) AND ($1::uuid[] IS NULL OR shop_id = ANY($1))
            FOR UPDATE SKIP LOCKED
        ), given AS (
            SELECT photo_id, shop_id,
                greatest(turn, last_value + row_number() OVER (PARTITION BY shop_id ORDER BY turn) - 1) AS turn
            FROM waiting, turn_clock
        ), last AS (
            SELECT shop_id, max(turn) AS turn FROM given GROUP BY shop_id
        ), told AS (
            UPDATE shops s SET turn = last.turn FROM last WHERE s.id = last.shop_id AND s.turn < last.turn
        )
        UPDATE jobs j SET turn = given.turn FROM given WHERE j.photo_id = given.photo_id AND j.turn < given.turn
        """,
        shop_ids,
    )


async def extend(db: Db, jobs: list[Job], *, lease_s: float) -> None:
    """A longer lease for work still under way; jobs whose fence has moved are left alone."""
    await db.execute(
        """
        UPDATE jobs j SET due = now() + make_interval(secs => $4::float8)
        FROM unnest($1::uuid[], $2::bigint[], $3::integer[]) AS mine (photo_id, turn, attempts)
        WHERE j.photo_id = mine.photo_id AND j.turn = mine.turn AND j.attempts = mine.attempts
        """,
        *_fences(jobs),
        lease_s,
    )


async def done(db: Db, jobs: list[Job]) -> set[UUID]:
    """Deletes the jobs whose attempts are still ours; the photo ids of those."""
    rows = await db.fetch(
        """
        DELETE FROM jobs j USING unnest($1::uuid[], $2::bigint[], $3::integer[]) AS mine (photo_id, turn, attempts)
        WHERE j.photo_id = mine.photo_id AND j.turn = mine.turn AND j.attempts = mine.attempts
        RETURNING j.photo_id
        """,
        *_fences(jobs),
    )
    return {row["photo_id"] for row in rows}


async def rest(db: Db, jobs: list[Job], *, seconds: float, count: bool = True) -> None:
    """Puts jobs back for later (fenced). `count=False` gives the attempt back: the fault was not the photo's."""
    await db.execute(
        """
        UPDATE jobs j SET due = now() + make_interval(secs => $4::float8),
            attempts = j.attempts - CASE WHEN $5 THEN 0 ELSE 1 END
        FROM unnest($1::uuid[], $2::bigint[], $3::integer[]) AS mine (photo_id, turn, attempts)
        WHERE j.photo_id = mine.photo_id AND j.turn = mine.turn AND j.attempts = mine.attempts
        """,
        *_fences(jobs),
        seconds,
        count,
    )


def _fences(jobs: list[Job]) -> tuple[list[UUID], list[int], list[int]]:
    return [job.photo_id for job in jobs], [job.turn for job in jobs], [job.attempts for job in jobs]


async def depth(db: Db) -> Depth:
    row = await db.fetchrow(
        "SELECT count(*) AS waiting, coalesce(extract(epoch FROM now() - min(created_at)), 0) AS oldest_s FROM jobs"
    )
    return Depth(row["waiting"], float(row["oldest_s"])) if row else Depth(0, 0.0)
