"""The Chroma servers of a deployment, of which each collection is on one.

A server that does not answer is left alone until its heartbeat is back, so that nobody waits for it: calls that concern
it fail at once, those of its neighbours go on.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from db import servers
from db.breaker import Breaker
from db.chroma import Chroma
from db.errors import IndexAway, Unavailable

log = logging.getLogger(__name__)


class Index:
    """Finds a collection by its address: `name`, or `server/name` where its server is not the default one.

    Each call but `health` raises IndexAway instead of Chroma's errors.
    """

    def __init__(self, urls: str, *, timeout_s: float = 5.0) -> None:
        """`urls` as FITMATCH_CHROMA_URL names them. Raises ValueError."""
        self._servers = {name: _Server(name, Chroma(url, timeout_s)) for name, url in servers.read(urls).items()}
        self._unlisted: set[str] = set()
        """Servers that collections are said to be on and that `urls` does not name."""

    @property
    def servers(self) -> list[str]:
        """Their names, in the order of the setting."""
        return list(self._servers)

    @property
    def away(self) -> list[str]:
        """Servers that did not answer when they were last asked, or that nobody has named."""
        return [server.name for server in self._servers.values() if server.is_away] + sorted(self._unlisted)

    @property
    def is_away(self) -> bool:
        """No server answers."""
        return all(server.is_away for server in self._servers.values())

    async def add(self, collection: str, photo_ids: list[UUID], embeddings: NDArray[np.float32]) -> None:
        """At most 128 a call. Adding a present id again changes nothing. Raises NotFound without the collection."""
        async with self._at(collection) as (chroma, name):
            await chroma.add(name, photo_ids, embeddings)

    async def remove(self, collection: str, photo_ids: list[UUID]) -> None:
        """Absent ids and absent collections are no error."""
        async with self._at(collection) as (chroma, name):
            await chroma.remove(name, photo_ids)

    async def search(self, collection: str, embeddings: NDArray[np.float32], k: int) -> list[list[tuple[UUID, float]]]:
        """float32[N, D] → for each the nearest (photo id, cosine), best first. Raises NotFound: no collection."""
        async with self._at(collection) as (chroma, name):
            return await chroma.search(name, embeddings, k)

    async def ids(self, collection: str) -> set[UUID]:
        """Every id of a collection. Raises NotFound."""
        async with self._at(collection) as (chroma, name):
            return await chroma.ids(name)

    async def create(self, collection: str) -> None:
        """No error when it exists."""
        async with self._at(collection) as (chroma, name):
            await chroma.create(name)

    async def drop(self, collection: str) -> None:
        """Absent is no error; works on a poisoned collection."""
        async with self._at(collection) as (chroma, name):
            await chroma.drop(name)

    async def names(self) -> list[str]:
        """Addresses of all collections, of the servers that answer."""
        found: list[str] = []
        for server in self._servers:
            try:
                async with self._at(servers.address(server, "")) as (chroma, _):
                    found += [servers.address(server, name) for name in await chroma.names()]
            except IndexAway:
                continue
        return found

    async def health(self) -> dict[str, str]:
        """By server: `ok`, or what is wrong with it. Asks each, also one that was away."""
        known = list(self._servers.values())
        ends = await asyncio.gather(*(server.chroma.alive() for server in known), return_exceptions=True)
        asked = {
            server.name: str(end) if isinstance(end, BaseException) else "ok"
            for server, end in zip(known, ends, strict=True)
        }
        return asked | {name: _unlisted(name) for name in sorted(self._unlisted)}

    async def close(self) -> None:
        for server in self._servers.values():
            await server.close()

    @asynccontextmanager
    async def _at(self, collection: str) -> AsyncGenerator[tuple[Chroma, str]]:
        """A collection's server and its name there."""
        server_name, name = servers.split(collection)
        server = self._servers.get(server_name)
        if server is None:
            if server_name not in self._unlisted:
                self._unlisted.add(server_name)
                log.warning("no such chroma server is known", extra={"server": server_name})
            raise IndexAway(_unlisted(server_name))
        if server.is_away:
            raise IndexAway(f"the Chroma server {server_name} is away")
        try:
            yield server.chroma, name
        except Unavailable as error:
            server.leave_alone(error)
            raise IndexAway(f"the Chroma server {server_name} is away: {error}") from error
        else:
            server.breaker.close()


class _Server:
    """Owns the task that looks for its return."""

    def __init__(self, name: str, chroma: Chroma) -> None:
        self.name = name
        self.chroma = chroma
        self.breaker = Breaker()
        self._looking: asyncio.Task[None] | None = None

    @property
    def is_away(self) -> bool:
        return self._looking is not None and not self._looking.done()

    def leave_alone(self, error: Unavailable) -> None:
        if not self.is_away:
            log.warning("a chroma server does not answer", extra={"server": self.name, "error": str(error)})
            self._looking = asyncio.create_task(self._look())

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self.chroma.close()

    async def _look(self) -> None:
        """Returns when it answers again. Each time that it answers its heartbeat and then no call, it rests longer."""
        while True:
            await asyncio.sleep(self.breaker.trip())
            try:
                await self.chroma.alive()
            except Unavailable:
                continue
            log.info("a chroma server answers again", extra={"server": self.name})
            return


def _unlisted(name: str) -> str:
    return f"FITMATCH_CHROMA_URL names no server {name}"
