"""Stored answers, so that a repeated POST creates nothing twice."""

from dataclasses import dataclass
from uuid import UUID

from db.postgres import Db


@dataclass(frozen=True)
class Stored:
    """An answer given before; `status` is None while the first request still runs."""

    fingerprint: bytes
    status: int | None
    headers: dict[str, str]
    body: bytes


async def begin(db: Db, shop_id: UUID, route: str, key: str, fingerprint: bytes) -> Stored | None:
    """None: this request is the first (or the first one died more than 60 s ago, or 24 h have passed) and must `finish` or `abandon`."""
    raise NotImplementedError


async def finish(db: Db, shop_id: UUID, route: str, key: str, *, status: int, headers: dict[str, str], body: bytes) -> None:
    raise NotImplementedError


async def abandon(db: Db, shop_id: UUID, route: str, key: str) -> None:
    """The request failed in a way that a repeat may mend (5xx): forget it."""
    raise NotImplementedError


async def expire(db: Db) -> int:
    """Forgets answers older than 24 h; how many."""
    raise NotImplementedError
