"""Api keys: shown once, stored as SHA-256, found by that hash."""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from db.errors import NotFound, Suspended
from db.ids import new_id
from db.postgres import Db

Kind = Literal["secret", "publishable"]

PREFIXES: dict[Kind, str] = {"secret": "fm_sk_", "publishable": "fm_pk_"}
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM_CHARACTERS = 32
CHECK_CHARACTERS = 6
WORKING = """
    SELECT k.id, k.shop_id, k.name, k.kind, k.last4, k.allowed_origins, k.rate_limit, k.expires_at, k.revoked_at,
        k.last_used_at, k.created_at, s.suspended_at IS NOT NULL AS suspended
    FROM keys k JOIN shops s ON s.id = k.shop_id
    WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND s.deleted_at IS NULL
"""


@dataclass(frozen=True)
class Key:
    id: UUID
    shop_id: UUID
    name: str
    kind: Kind
    last4: str
    allowed_origins: tuple[str, ...]
    rate_limit: int | None
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class NewKey:
    """What the shop says of a key it wants."""

    name: str
    kind: Kind
    allowed_origins: tuple[str, ...] = ()
    rate_limit: int | None = None
    expires_at: datetime | None = None


def mint(kind: Kind) -> str:
    """`fm_sk_` or `fm_pk_`, 32 base62 characters from a CSPRNG and 6 base62 characters of their CRC32."""
    random = "".join(secrets.choice(BASE62) for _ in range(RANDOM_CHARACTERS))
    return PREFIXES[kind] + random + _check(random)


def well_formed(text: str) -> bool:
    """Prefix, length, alphabet and checksum hold: junk is refused without asking Postgres."""
    match = re.fullmatch("fm_[sp]k_([0-9A-Za-z]{32})([0-9A-Za-z]{6})", text)
    return match is not None and _check(match[1]) == match[2]


async def add(db: Db, shop_id: UUID, new: NewKey) -> tuple[Key, str]:
    """The stored record and the key itself, for the one time that it is shown."""
    text, key_id = mint(new.kind), new_id()
    row = await db.fetchrow(
        """
        INSERT INTO keys (id, shop_id, name, kind, hash, last4, allowed_origins, rate_limit, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        RETURNING id, shop_id, name, kind, last4, allowed_origins, rate_limit, expires_at, revoked_at, last_used_at,
            created_at
        """,
        key_id,
        shop_id,
        new.name,
        new.kind,
        _hash(text),
        text[-4:],
        list(new.allowed_origins),
        new.rate_limit,
        new.expires_at,
    )
    return _found(row, key_id), text


async def find(db: Db, text: str) -> Key:
    """The key of a live shop, neither revoked nor expired. Raises NotFound, Suspended."""
    if not well_formed(text):
        raise NotFound("no such key")
    return _working(await db.fetchrow(WORKING + "AND k.hash = $1", _hash(text)))


async def find_by_id(db: Db, key_id: UUID) -> Key:
    """The same for whoever proved before that the key was theirs. Raises NotFound, Suspended."""
    return _working(await db.fetchrow(WORKING + "AND k.id = $1", key_id))


async def touch(db: Db, shop_id: UUID, key_id: UUID) -> None:
    """Notes the use, at most once a minute."""
    await db.execute(
        """
        UPDATE keys SET last_used_at = now()
        WHERE shop_id = $1 AND id = $2 AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
        """,
        shop_id,
        key_id,
    )


async def get(db: Db, shop_id: UUID, key_id: UUID) -> Key:
    """Raises NotFound."""
    row = await db.fetchrow(
        """
        SELECT id, shop_id, name, kind, last4, allowed_origins, rate_limit, expires_at, revoked_at, last_used_at,
            created_at
        FROM keys WHERE shop_id = $1 AND id = $2
        """,
        shop_id,
        key_id,
    )
    return _found(row, key_id)


async def page(db: Db, shop_id: UUID, *, after: UUID | None, limit: int) -> list[Key]:
    """Ordered by id; revoked and expired ones too."""
    rows = await db.fetch(
        """
        SELECT id, shop_id, name, kind, last4, allowed_origins, rate_limit, expires_at, revoked_at, last_used_at,
            created_at
        FROM keys WHERE shop_id = $1 AND id > $2 ORDER BY id LIMIT $3
        """,
        shop_id,
        after or UUID(int=0),
        limit,
    )
    return [_key(row) for row in rows]


async def change(db: Db, shop_id: UUID, key_id: UUID, new: NewKey) -> Key:
    """Name, origins, limit and expiry as in `new`; the kind never changes. Raises NotFound."""
    row = await db.fetchrow(
        """
        UPDATE keys SET name = $3, allowed_origins = $4, rate_limit = $5, expires_at = $6
        WHERE shop_id = $1 AND id = $2
        RETURNING id, shop_id, name, kind, last4, allowed_origins, rate_limit, expires_at, revoked_at, last_used_at,
            created_at
        """,
        shop_id,
        key_id,
        new.name,
        list(new.allowed_origins),
        new.rate_limit,
        new.expires_at,
    )
    return _found(row, key_id)


async def revoke(db: Db, shop_id: UUID, key_id: UUID, *, grace_s: int = 0) -> Key:
    """Ends the key now or in `grace_s` (then as expires_at, never later than it was). Raises NotFound."""
    row = await db.fetchrow(
        """
        UPDATE keys SET
            revoked_at = CASE WHEN $3 > 0 THEN revoked_at ELSE coalesce(revoked_at, now()) END,
            expires_at = CASE WHEN $3 > 0 THEN least(expires_at, now() + make_interval(secs => $3)) ELSE expires_at END
        WHERE shop_id = $1 AND id = $2
        RETURNING id, shop_id, name, kind, last4, allowed_origins, rate_limit, expires_at, revoked_at, last_used_at,
            created_at
        """,
        shop_id,
        key_id,
        float(grace_s),
    )
    return _found(row, key_id)


async def delete(db: Db, shop_id: UUID, key_id: UUID) -> None:
    """Forgets the key, never any data. Raises NotFound."""
    if await db.execute("DELETE FROM keys WHERE shop_id = $1 AND id = $2", shop_id, key_id) == "DELETE 0":
        raise NotFound(f"no key {key_id}")


async def origin_known(db: Db, origin: str) -> bool:
    """Some live publishable key allows this origin: what a CORS preflight, which carries no key, may be told."""
    row = await db.fetchrow(
        """
        SELECT k.id FROM keys k JOIN shops s ON s.id = k.shop_id
        WHERE k.allowed_origins @> ARRAY[$1::text] AND k.kind = 'publishable' AND k.revoked_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > now()) AND s.deleted_at IS NULL
        LIMIT 1
        """,
        origin,
    )
    return row is not None


def _check(random: str) -> str:
    rest = zlib.crc32(random.encode("ascii"))
    characters = ""
    for _ in range(CHECK_CHARACTERS):
        rest, digit = divmod(rest, len(BASE62))
        characters = BASE62[digit] + characters
    return characters


def _hash(text: str) -> bytes:
    """Without salt or stretching: the key has 190 random bits of its own."""
    return hashlib.sha256(text.encode("ascii")).digest()


def _key(row: asyncpg.Record) -> Key:
    values = {field.name: row[field.name] for field in fields(Key)}
    values["allowed_origins"] = tuple(row["allowed_origins"])
    return Key(**values)


def _working(row: asyncpg.Record | None) -> Key:
    if row is None:
        raise NotFound("no such key")
    if row["suspended"]:
        raise Suspended("The operator has suspended this shop; nothing of it is lost. Ask who runs this service.")
    return _key(row)


def _found(row: asyncpg.Record | None, key_id: UUID) -> Key:
    if row is None:
        raise NotFound(f"no key {key_id}")
    return _key(row)
