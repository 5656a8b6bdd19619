"""Connections to Postgres. What is raised while it is away becomes Unavailable here, in one place."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeAlias

import asyncpg
from asyncpg.pool import PoolAcquireContext, PoolConnectionProxy

from db.errors import Unavailable

CONNECT_S = 2
ACQUIRE_S = 3.0
"""Waiting for a free connection and opening it; a request must not learn later than this that Postgres is away."""
RELEASE_S = 0.3
"""A connection that does not come to rest in this time is closed."""

AWAY: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shutting down, starting up, statement cancelled
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.TransactionRollbackError,  # deadlock: the other side went first, and a repeat will do
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InterfaceError,  # closed or closing
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)

UNAVAILABLE: tuple[type[Exception], ...] = (
    Unavailable,
    *(error for error in AWAY if error is not asyncpg.InterfaceError),
)
"""For the edges: what says that an answer may be had later. A pool of ours raises the first of them only."""


class _Acquired(PoolAcquireContext):
    """Everything a pool runs passes through here, `pool.fetch` and its like too."""

    __slots__ = ()

    async def __aenter__(self) -> PoolConnectionProxy:
        with translated(OSError):
            return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        with translated():
            await super().__aexit__(kind, error, trace)
            if error is not None and isinstance(error, AWAY):
                raise error


class _Pool(asyncpg.Pool):
    __slots__ = ()

    def acquire(self, *, timeout: float | None = None) -> PoolAcquireContext:
        return _Acquired(self, ACQUIRE_S if timeout is None else timeout)

    async def release(self, connection: PoolConnectionProxy, *, timeout: float | None = None) -> None:
        await super().release(connection, timeout=RELEASE_S if timeout is None else timeout)


Pool: TypeAlias = asyncpg.Pool
Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
Db: TypeAlias = Pool | Connection


async def connect(dsn: str, *, connections_max: int = 10, command_timeout_s: float = 10.0) -> Pool:
    """A pool whose connections speak jsonb as Python objects. Opens lazily: Postgres may be away at the start.

    Give a process that answers shoppers a short `command_timeout_s`: it is the wait for a Postgres that hangs.
    Connections are not reset between uses, so keep no session state (use SET LOCAL and pg_advisory_xact_lock).
    """
    return await _Pool(
        dsn,
        min_size=0,
        max_size=connections_max,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        init=_speak_jsonb,
        reset=_keep,
        timeout=CONNECT_S,
        command_timeout=command_timeout_s,
        server_settings={"application_name": "fitmatch", "jit": "off"},
    )


async def _speak_jsonb(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


async def _keep(_connection: Any) -> None:
    """Saves the round trip of asyncpg's RESET ALL; it has already rolled back what was open."""


@contextmanager
def translated(*also: type[Exception]) -> Generator[None]:
    """Raises Unavailable in place of AWAY and `also`."""
    try:
        yield
    except (*AWAY, *also) as error:
        # asyncpg's errors about wrong arguments are InterfaceErrors too; those are mistakes, not outages.
        if isinstance(error, ValueError):
            raise
        raise Unavailable("the database did not answer in time") from error
