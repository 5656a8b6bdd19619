"""Opaque cursors: the place after which a list goes on, and the list that it belongs to."""

import base64
import binascii
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import orjson

from api.errors import InvalidCursor

Row = TypeVar("Row")

SAID = "The cursor is not one that this list gave out; start again without it."


def encode(listing: str, after: UUID) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([listing, after.hex])).decode().rstrip("=")


def decode(listing: str, cursor: str | None) -> UUID | None:
    """Raises InvalidCursor, also for the cursor of another list."""
    if cursor is None:
        return None
    try:
        named, after = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        place = UUID(hex=after)
    except (binascii.Error, ValueError, TypeError, AttributeError) as error:
        raise InvalidCursor(SAID) from error
    if named != listing:
        raise InvalidCursor(SAID)
    return place


def cut(listing: str, rows: list[Row], limit: int, id_of: Callable[[Row], UUID]) -> tuple[list[Row], str | None]:
    """The page and the next cursor of `limit + 1` rows that were asked for."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], encode(listing, id_of(rows[limit - 1]))
