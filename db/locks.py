"""Work that only one process may do at a time."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from db.postgres import Pool


@asynccontextmanager
async def attempt(db: Pool, name: str) -> AsyncGenerator[bool]:
    """True for who holds the lock of that name until the block ends; it falls with its connection. Never waits."""
    async with db.acquire() as connection, connection.transaction():
        yield await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))", name)
