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
    """Counts the request in `name`'s window; not granted leaves the counter at the limit."""
    raise NotImplementedError


async def expire(db: Db) -> int:
    """Forgets windows that ended over an hour ago; how many."""
    raise NotImplementedError
