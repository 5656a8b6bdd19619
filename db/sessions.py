"""Sign-ins to the console: a random cookie, stored as SHA-256, that acts as the key or the operator that signed in."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import keys
from db.errors import NotFound
from db.keys import Key
from db.postgres import Db

COOKIE_BYTES = 32


@dataclass(frozen=True)
class Session:
    key: Key | None
    """None: the operator's."""
    operator_hash: bytes | None
    """SHA-256 of the token that the operator signed in with."""
    expires_at: datetime


async def add(db: Db, *, key_id: UUID | None, operator_hash: bytes | None, life_s: int) -> str:
    """The cookie, for the one time that it is sent. Exactly one of the first two is given."""
    text = secrets.token_urlsafe(COOKIE_BYTES)
    await db.execute(
        """
        INSERT INTO sessions (hash, key_id, operator_hash, expires_at)
        VALUES ($1, $2, $3, now() + make_interval(secs => $4))
        """,
        _hash(text),
        key_id,
        operator_hash,
        float(life_s),
    )
    return text


async def find(db: Db, text: str) -> Session:
    """A session that has not ended. Raises NotFound; Suspended, and NotFound too for a key that no longer works."""
    row = await db.fetchrow(
        "SELECT key_id, operator_hash, expires_at FROM sessions WHERE hash = $1 AND expires_at > now()", _hash(text)
    )
    if row is None:
        raise NotFound("no such session")
    key = await keys.find_by_id(db, row["key_id"]) if row["key_id"] else None
    return Session(key, row["operator_hash"], row["expires_at"])


async def delete(db: Db, text: str) -> None:
    """Ends it; one that has ended already stays so."""
    await db.execute("DELETE FROM sessions WHERE hash = $1", _hash(text))


async def expire(db: Db) -> int:
    """Forgets sessions that have ended; how many."""
    rows = await db.fetch("DELETE FROM sessions WHERE expires_at <= now() RETURNING true AS gone")
    return len(rows)


def _hash(text: str) -> bytes:
    """Without salt or stretching: the cookie has 256 random bits of its own."""
    return hashlib.sha256(text.encode()).digest()
