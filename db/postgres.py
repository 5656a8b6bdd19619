"""Connections to Postgres."""

from typing import TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Db: TypeAlias = "Pool | Connection"


async def connect(dsn: str, *, connections_max: int = 10, command_timeout_s: float = 10.0) -> Pool:
    """A pool whose connections speak jsonb as Python objects. Opens lazily: Postgres may be away at the start."""
    raise NotImplementedError
