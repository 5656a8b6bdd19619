"""Stored answers, so that a repeated POST creates nothing twice.

`begin` commits on its own (give it the pool); `finish` belongs into the transaction that creates. So a crash leaves
either both the creation and its answer or neither, and of two requests that believe to be the first only one commits.
"""

from dataclasses import dataclass
from uuid import UUID

from db.errors import Unavailable
from db.postgres import Db


@dataclass(frozen=True)
class Stored:
    """An answer given before; `status` is None while the first request still runs."""

    fingerprint: bytes
    status: int | None
    headers: dict[str, str]
    body: bytes


async def begin(db: Db, shop_id: UUID, route: str, key: str, fingerprint: bytes) -> Stored | None:
    """None: this request is the first and must `finish` or `abandon`.

    So it is too when the first one died more than 60 s ago or 24 h have passed.
    """
    if await _claimed(db, shop_id, route, key, fingerprint):
        return None
    row = await db.fetchrow(
        "SELECT fingerprint, status, headers, body FROM idempotency WHERE shop_id = $1 AND route = $2 AND key = $3",
        shop_id,
        route,
        key,
    )
    if row is None:  # Abandoned or expired just now: as if it were still running, the next repeat will find it free.
        return Stored(fingerprint, None, {}, b"")
    return Stored(row["fingerprint"], row["status"], row["headers"] or {}, row["body"] or b"")


async def finish(  # noqa: PLR0913 - three of them are one name
    db: Db, shop_id: UUID, route: str, key: str, *, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Raises Unavailable when another request has answered for this key meanwhile: roll back.

    A repeat then gets that answer.
    """
    row = await db.fetchrow(
        """
        UPDATE idempotency SET status = $4, headers = $5, body = $6
        WHERE shop_id = $1 AND route = $2 AND key = $3 AND status IS NULL
        RETURNING key
        """,
        shop_id,
        route,
        key,
        status,
        headers,
        body,
    )
    if row is None:
        raise Unavailable("another request with this idempotency key was answered meanwhile; repeat it for its answer")


async def abandon(db: Db, shop_id: UUID, route: str, key: str) -> None:
    """The request failed in a way that a repeat may mend (5xx): forget it. An answer that was given stays."""
    await db.execute(
        "DELETE FROM idempotency WHERE shop_id = $1 AND route = $2 AND key = $3 AND status IS NULL", shop_id, route, key
    )


async def expire(db: Db) -> int:
    """Forgets answers older than 24 h; how many."""
    rows = await db.fetch(
        "DELETE FROM idempotency WHERE created_at < now() - interval '24 hours' RETURNING true AS gone"
    )
    return len(rows)


async def _claimed(db: Db, shop_id: UUID, route: str, key: str, fingerprint: bytes) -> bool:
    row = await db.fetchrow(
        """
        INSERT INTO idempotency AS i (shop_id, route, key, fingerprint) VALUES ($1, $2, $3, $4)
        ON CONFLICT (shop_id, route, key) DO UPDATE
            SET fingerprint = excluded.fingerprint, status = NULL, headers = NULL, body = NULL, created_at = now()
            WHERE i.created_at < now() - interval '24 hours'
                OR (i.status IS NULL AND i.created_at < now() - interval '60 seconds')
        RETURNING key
        """,
        shop_id,
        route,
        key,
        fingerprint,
    )
    return row is not None
