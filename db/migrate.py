"""Applies `migrations/NNNN_what.sql` in order, each once, under an advisory lock; forward only."""

from pathlib import Path

import asyncpg

from db.postgres import CONNECT_S, Connection, translated

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK = 0x666D6D69
"""Any number that all processes of a deployment share."""


async def migrate(dsn: str) -> list[str]:
    """The names of the files that were applied now; empty when the schema was current. Safe from many processes.

    Raises Unavailable.
    """
    with translated(OSError):
        connection = await asyncpg.connect(dsn, timeout=CONNECT_S)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        return await _apply(connection)
    finally:
        await connection.close()  # which gives the lock back


async def _apply(connection: Connection) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    applied = {row["name"] for row in await connection.fetch("SELECT name FROM migrations")}
    fresh = [file for file in sorted(MIGRATIONS.glob("[0-9]*.sql")) if file.name not in applied]
    for file in fresh:
        async with connection.transaction():
            await connection.execute(file.read_text(encoding="utf-8"))
            await connection.execute("INSERT INTO migrations (name) VALUES ($1)", file.name)
    return [file.name for file in fresh]
