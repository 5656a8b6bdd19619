"""Api keys: shown once, stored as SHA-256, found by that hash."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from db.postgres import Db

Kind = Literal["secret", "publishable"]


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
    raise NotImplementedError


def well_formed(text: str) -> bool:
    """Prefix, length, alphabet and checksum hold: junk is refused without asking Postgres."""
    raise NotImplementedError


async def add(db: Db, shop_id: UUID, new: NewKey) -> tuple[Key, str]:
    """The stored record and the key itself, for the one time that it is shown."""
    raise NotImplementedError


async def find(db: Db, text: str) -> Key:
    """The key of a live shop, neither revoked nor expired. Raises NotFound."""
    raise NotImplementedError


async def touch(db: Db, shop_id: UUID, key_id: UUID) -> None:
    """Notes the use, at most once a minute."""
    raise NotImplementedError


async def get(db: Db, shop_id: UUID, key_id: UUID) -> Key:
    """Raises NotFound."""
    raise NotImplementedError


async def page(db: Db, shop_id: UUID, *, after: UUID | None, limit: int) -> list[Key]:
    """Ordered by id; revoked and expired ones too."""
    raise NotImplementedError


async def change(db: Db, shop_id: UUID, key_id: UUID, new: NewKey) -> Key:
    """Name, origins, limit and expiry as in `new`; the kind never changes. Raises NotFound."""
    raise NotImplementedError


async def revoke(db: Db, shop_id: UUID, key_id: UUID, *, grace_s: int = 0) -> Key:
    """Ends the key now or in `grace_s` (then as expires_at, never later than it was). Raises NotFound."""
    raise NotImplementedError


async def delete(db: Db, shop_id: UUID, key_id: UUID) -> None:
    """Forgets the key, never any data. Raises NotFound."""
    raise NotImplementedError


async def origin_known(db: Db, origin: str) -> bool:
    """Some live publishable key allows this origin: what a CORS preflight, which carries no key, may be told."""
    raise NotImplementedError
