"""The Chroma servers of a deployment, of which each collection is on one.

A server that does not answer is left alone until its heartbeat is back, and then tried by one call at a time until one
is answered, so that nobody waits for it: calls that concern it fail at once, those of its neighbours go on.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from db import servers
from db.breaker import Breaker
from db.chroma import Chroma
from db.errors import IndexAway, NotFound, Unavailable

log = logging.getLogger(__name__)

UNLISTED_S = 60.0
"""A server that nobody named is told of for so long after it was last needed: its shops may have been moved since."""


class Index:
    """Finds a collection by its address: `name`, or `server/name` where its server is not the default one.

    Each call but `health` raises IndexAway instead of Chroma's errors.
    """

    def __init__(self, urls: str, *, timeout_s: float = 5.0) -> None:
        """`urls` as FITMATCH_CHROMA_URL names them. Raises ValueError."""
        self._servers = {name: _Server(name, Chroma(url, timeout_s)) for name, url in servers.read(urls).items()}
        self._unlisted: dict[str, float] = {}
        """Servers that collections were said to be on and that `urls` does not name; when that was."""

    @property
    def servers(self) -> list[str]:
        """Their names, in the order of the setting."""
        return list(self._servers)

    @property
    def homes(self) -> list[str]:
        """Servers for new collections: those that are not away, or all while all are."""
        return [name for name, server in self._servers.items() if not server.is_away] or self.servers

    @property
    def away(self) -> list[str]:
        """Servers that did not answer when they were last asked, or that nobody has named."""
        return [server.name for server in self._servers.values() if server.is_away] + self._needed_lately()

    @property
    def returns(self) -> int:
        """How often a server that was away has answered again."""
        return sum(server.returns for server in self._servers.values())

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
        states = await asyncio.gather(*(server.health() for server in self._servers.values()))
        return dict(zip(self._servers, states, strict=True)) | {name: _unlisted(name) for name in self._needed_lately()}

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
                log.warning("no such chroma server is known", extra={"server": server_name})
            self._unlisted[server_name] = time.monotonic()
            raise IndexAway(_unlisted(server_name))
        async with server.called():
            yield server.chroma, name

    def _needed_lately(self) -> list[str]:
        now = time.monotonic()
        return sorted(name for name, last in self._unlisted.items() if now - last < UNLISTED_S)


class _Server:
    """Owns the task that looks for its return."""

    def __init__(self, name: str, chroma: Chroma) -> None:
        self.name = name
        self.chroma = chroma
        self.returns = 0
        self._breaker = Breaker()
        self._looking: asyncio.Task[None] | None = None
        self._on_trial = False

    @property
    def is_away(self) -> bool:
        """Also while a call finds out whether more than its heartbeat is back."""
        return self._is_left_alone or (self._on_trial and self._breaker.doubtful)

    @property
    def _is_left_alone(self) -> bool:
        return self._looking is not None and not self._looking.done()

    @asynccontextmanager
    async def called(self) -> AsyncGenerator[None]:
        """Raises IndexAway instead of Unavailable, and at once while it is away."""
        if self.is_away:
            raise IndexAway(f"the Chroma server {self.name} is away")
        trial = self._on_trial = self._breaker.doubtful
        try:
            yield
        except Unavailable as error:
            self._leave_alone(error)
            raise IndexAway(f"the Chroma server {self.name} is away: {error}") from error
        except NotFound:  # an answer too
            self._breaker.close()
            raise
        else:
            self._breaker.close()
        finally:
            if trial:
                self._on_trial = False

    async def health(self) -> str:
        try:
            await self.chroma.alive()
        except Unavailable as error:
            self._leave_alone(error)
            return str(error)
        return "ok"

    def _leave_alone(self, error: Unavailable) -> None:
        if not self._is_left_alone:
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
            await asyncio.sleep(self._breaker.trip())
            try:
                await self.chroma.alive()
            except Unavailable:
                continue
            log.info("a chroma server answers again", extra={"server": self.name})
            self.returns += 1
            return


def _unlisted(name: str) -> str:
    return f"FITMATCH_CHROMA_URL names no server {name}"
