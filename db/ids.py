"""New ids: UUIDv7, so that rows sort by the time they were made."""

from datetime import datetime
from uuid import UUID

from uuid6 import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562) as a plain `uuid.UUID`, which asyncpg expects."""
    return UUID(int=uuid7().int)


def least_id(at: datetime) -> UUID:
    """No UUIDv7 made at this time or later is smaller."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
