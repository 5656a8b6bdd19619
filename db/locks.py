"""Work that only one process may do at a time."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from db.postgres import Pool

PAUSE_S = 0.25


@asynccontextmanager
async def attempt(db: Pool, name: str, *, wait_s: float = 0.0) -> AsyncGenerator[bool]:
    """True for who holds the lock of that name until the block ends; it falls with its connection.

    It takes one connection of the pool for all that time.
    """
    end = time.monotonic() + wait_s
    async with db.acquire() as connection, connection.transaction():
        # Asked again and again: a statement that waits would meet the connection's command timeout.
        statement = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))"
        while not (ours := await connection.fetchval(statement, name)) and time.monotonic() < end:  # noqa: ASYNC110 - the holder is another process
            await asyncio.sleep(PAUSE_S)
        yield ours
