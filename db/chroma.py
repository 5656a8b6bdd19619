"""One Chroma server: an index that can always be rebuilt from Postgres. One collection for each shop and checkpoint.

Spoken to over its HTTP API by aiohttp: chromadb's own client has no timeouts, reads back a collection's stored
configuration (which can name code to run) and costs a millisecond more a search; httpx took two thirds of a Query
replica's time.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Literal
from uuid import UUID

import aiohttp
import numpy as np
import orjson
from numpy.typing import NDArray

from db.errors import NotFound, Unavailable

VECTORS_MAX = 128
"""A call. All writes of all shops pass one actor inside Chroma: large ones stall every neighbour."""
IDS_MAX = 10_000
NAMES_MAX = 1000
WRITE_TIMEOUT_S = 30.0
"""A write waits while Chroma persists another collection; a search does not."""
LISTEN_S = 2.0
"""A call that takes longer has the heartbeat asked beside it: a server that hangs is not waited for."""
HEARTBEAT_S_MAX = 3.0
CONNECTIONS_MAX = 32
KNOWN_MAX = 10_000
NOT_FOUND = 404
TOO_MANY_REQUESTS = 429
REFUSED = 400
SERVER_ERROR = 500

_SPACE = {"hnsw": {"space": "cosine", "ef_construction": 200, "max_neighbors": 24, "ef_search": 4000}}
"""Prompts lie apart from photos: with an ef_search of 200 one in thirty missed most of its ten nearest among 100,000,
and in sparser graphs some find no way to theirs however far they look
(docs/decisions/0007-exact-when-filters-are-rare.md)."""
_DATABASE = "/api/v2/tenants/default_tenant/databases/default_database"


class _Absent(Exception):
    """Chroma answers 404."""


class Chroma:
    """A Chroma server over HTTP. Every call has a timeout and raises Unavailable instead of Chroma's errors."""

    def __init__(self, url: str, timeout_s: float) -> None:
        self._url = url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None
        self._timeout_s = timeout_s
        self._known: dict[str, str] = {}
        """Collection name → Chroma's id of it, which changes when it is dropped and made again."""

    async def add(self, collection: str, photo_ids: list[UUID], embeddings: NDArray[np.float32]) -> None:
        """At most 128 a call. Adding a present id again changes nothing. Raises NotFound without the collection."""
        if len(photo_ids) > VECTORS_MAX:
            raise ValueError(f"{len(photo_ids)} vectors in one call, at most {VECTORS_MAX}")
        if photo_ids:
            body = {"ids": [str(photo_id) for photo_id in photo_ids], "embeddings": np.ascontiguousarray(embeddings)}
            await self._of_collection(collection, "add", body, WRITE_TIMEOUT_S)

    async def remove(self, collection: str, photo_ids: list[UUID]) -> None:
        """Absent ids and absent collections are no error."""
        for first in range(0, len(photo_ids), VECTORS_MAX):
            body = {"ids": [str(photo_id) for photo_id in photo_ids[first : first + VECTORS_MAX]]}
            try:
                await self._of_collection(collection, "delete", body, WRITE_TIMEOUT_S)
            except NotFound:
                return

    async def search(self, collection: str, embeddings: NDArray[np.float32], k: int) -> list[list[tuple[UUID, float]]]:
        """float32[N, D] → for each the nearest (photo id, cosine), best first. Raises NotFound: no collection."""
        body = {"query_embeddings": np.ascontiguousarray(embeddings), "n_results": k, "include": ["distances"]}
        found = await self._of_collection(collection, "query", body, self._timeout_s)
        return [
            [(UUID(photo_id), 1.0 - distance) for photo_id, distance in zip(ids, distances, strict=True)]
            for ids, distances in zip(found["ids"], found["distances"], strict=True)
        ]

    async def ids(self, collection: str) -> set[UUID]:
        """Every id of a collection, read in pages. Raises NotFound."""
        found: set[UUID] = set()
        offset = 0
        while True:
            body = {"limit": IDS_MAX, "offset": offset, "include": []}
            page = await self._of_collection(collection, "get", body, WRITE_TIMEOUT_S)
            found.update(UUID(photo_id) for photo_id in page["ids"])
            offset += IDS_MAX
            if len(page["ids"]) < IDS_MAX:
                return found

    async def create(self, collection: str) -> None:
        """As `_SPACE` says; no error when it exists, and then with the settings it was made with."""
        body = {"name": collection, "get_or_create": True, "configuration": _SPACE}
        made = await self._call("POST", f"{_DATABASE}/collections", body, WRITE_TIMEOUT_S)
        self._remember(collection, made["id"])

    async def drop(self, collection: str) -> None:
        """Absent is no error; works on a poisoned collection."""
        self._known.pop(collection, None)
        try:
            await self._call("DELETE", f"{_DATABASE}/collections/{collection}", None, WRITE_TIMEOUT_S)
        except _Absent:
            return

    async def names(self) -> list[str]:
        """All collections of the server."""
        names: list[str] = []
        while True:
            page = f"{_DATABASE}/collections?limit={NAMES_MAX}&offset={len(names)}"
            found = await self._call("GET", page, None, WRITE_TIMEOUT_S)
            names += [collection["name"] for collection in found]
            if len(found) < NAMES_MAX:
                return names

    async def alive(self) -> None:
        """Heartbeat. Raises Unavailable, also when something else than Chroma answers."""
        try:
            await self._call("GET", "/api/v2/heartbeat", None, min(self._timeout_s, HEARTBEAT_S_MAX))
        except (_Absent, ValueError) as error:
            raise Unavailable("what answers there is no Chroma") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _of_collection(self, collection: str, what: str, body: object, timeout_s: float) -> Any:
        """A remembered id may be of a collection that was dropped since: looked up again once."""
        for known in (self._known.get(collection), None):
            try:
                found = known or await self._look_up(collection)
                return await self._call("POST", f"{_DATABASE}/collections/{found}/{what}", body, timeout_s)
            except _Absent as error:
                self._known.pop(collection, None)
                if known is None:
                    raise NotFound(f"no collection {collection}") from error
        raise NotFound(f"no collection {collection}")

    async def _look_up(self, collection: str) -> str:
        found = await self._call("GET", f"{_DATABASE}/collections/{collection}", None, self._timeout_s)
        self._remember(collection, found["id"])
        return found["id"]

    def _remember(self, collection: str, chroma_id: str) -> None:
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        self._known[collection] = chroma_id

    async def _call(self, method: Literal["GET", "POST", "DELETE"], path: str, body: object, timeout_s: float) -> Any:
        content = None if body is None else orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        try:
            async with self._limited(timeout_s):
                status, answer = await self._send(method, path, content)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise Unavailable("the index did not answer in time") from error
        if status == NOT_FOUND:
            raise _Absent(path)
        if status >= SERVER_ERROR or status == TOO_MANY_REQUESTS:
            raise Unavailable(f"the index answered {status}")
        if status >= REFUSED:
            raise ValueError(f"Chroma refused {method} {path}: {answer[:200].decode(errors='replace')}")
        return orjson.loads(answer)

    @asynccontextmanager
    async def _limited(self, timeout_s: float) -> AsyncGenerator[None]:
        """Raises TimeoutError after that time; a long call also as soon as the heartbeat is silent."""
        async with asyncio.timeout(timeout_s) as limit:
            listening = asyncio.create_task(self._listen(limit)) if timeout_s > HEARTBEAT_S_MAX else None
            try:
                yield
            finally:
                if listening is not None:
                    listening.cancel()
                    await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self, limit: asyncio.Timeout) -> None:
        while True:
            await asyncio.sleep(LISTEN_S)
            try:
                await self.alive()
            except Unavailable:
                limit.reschedule(asyncio.get_running_loop().time())
                return

    async def _send(self, method: str, path: str, content: bytes | None) -> tuple[int, bytes]:
        """The status and the body. Once more after a broken connection: a Chroma that came back leaves stale ones.

        Every call here may be repeated.
        """
        try:
            return await self._send_once(method, path, content)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError):
            return await self._send_once(method, path, content)

    async def _send_once(self, method: str, path: str, content: bytes | None) -> tuple[int, bytes]:
        if self._session is None:  # belongs to the loop that runs now
            connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
            headers = {"Content-Type": "application/json"}
            timeout = aiohttp.ClientTimeout(total=None)  # each call has its own
            self._session = aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout)
        async with self._session.request(method, self._url + path, data=content) as answer:
            return answer.status, await answer.read()
