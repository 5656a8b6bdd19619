"""Idempotency-Key: a repeated POST gets the stored answer, which is stored in the transaction that creates."""

import asyncio
import contextlib
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request, Response

from api.deps import parts_of
from api.errors import FieldProblem, IdempotencyInProgress, IdempotencyKeyReused, InvalidFields
from api.exchange import of, route_of
from db import idempotency
from db.postgres import UNAVAILABLE, Connection, Pool

KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("location", "etag", "content-type")
ABANDON_S = 1.0

Work = Callable[[Connection], Awaitable[Response]]


@dataclass(frozen=True)
class Once:
    """One POST that creates. `shop_id` is known when a route uses it: the caller was admitted before."""

    db: Pool
    shop_id: UUID
    route: str
    key: str | None

    async def run(self, work: Work, *, fingerprint: bytes, hide: str | None = None) -> Response:
        """Does the work in one transaction, or answers as the first request did.

        `hide` names a field of the answer that is never stored: a replay says null there.
        Raises IdempotencyKeyReused, IdempotencyInProgress, and what `work` raises.
        """

        async def do() -> Response:
            async with self.db.acquire() as connection, connection.transaction():
                answer = await work(connection)
                await self._keep(connection, answer, hide)
                return answer

        return await self._first(do, fingerprint)

    async def run_in_steps(self, work: Callable[[], Awaitable[Response]], *, fingerprint: bytes) -> Response:
        """For work in many transactions: a crash in the middle leaves what was done, and a repeat does it again."""

        async def do() -> Response:
            answer = await work()
            await self._keep(self.db, answer, None)
            return answer

        return await self._first(do, fingerprint)

    async def _first(self, do: Callable[[], Awaitable[Response]], fingerprint: bytes) -> Response:
        if self.key is None:
            return await do()
        stored = await idempotency.begin(self.db, self.shop_id, self.route, self.key, fingerprint)
        if stored is not None:
            return _replay(stored, fingerprint)
        try:
            return await do()
        except BaseException:
            await self._abandon(self.key)
            raise

    async def _keep(self, db: Pool | Connection, answer: Response, hide: str | None) -> None:
        if self.key is None:
            return
        body = bytes(answer.body)
        if hide:
            body = orjson.dumps({**orjson.loads(body), hide: None})
        headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        await idempotency.finish(
            db, self.shop_id, self.route, self.key, status=answer.status_code, headers=headers, body=body
        )

    async def _abandon(self, key: str) -> None:
        """Nothing was created, so a repeat may try again; if this fails too, it may after a minute."""
        with contextlib.suppress(*UNAVAILABLE):
            async with asyncio.timeout(ABANDON_S):
                await idempotency.abandon(self.db, self.shop_id, self.route, key)


def _replay(stored: idempotency.Stored, fingerprint: bytes) -> Response:
    if stored.fingerprint != fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key came with another request before; take a new one.")
    if stored.status is None:
        raise IdempotencyInProgress("The first request with this Idempotency-Key still runs; ask again in a moment.")
    return Response(stored.body, stored.status, {**stored.headers, "Idempotent-Replayed": "true"})


async def fingerprint_of(request: Request) -> bytes:
    """SHA-256 of path and body. Not for multipart, whose boundary differs between two tries of one client."""
    return hashlib.sha256(request.url.path.encode() + b"\n" + await request.body()).digest()


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            json_schema_extra={"pattern": "^[!-~]{1,255}$"},
            description="Any text of your own; the same one within 24 h gets the stored answer and creates nothing",
        ),
    ] = None,
) -> Once:
    shop_id = of(request.scope).shop_id
    if shop_id is None:
        raise LookupError("a route takes its caller before Once")
    return once_for(request, shop_id, idempotency_key)


def once_for(request: Request, shop_id: UUID, key: str | None) -> Once:
    """Raises InvalidFields."""
    if key is not None and not KEY.fullmatch(key):
        raise InvalidFields((FieldProblem("/header/Idempotency-Key", "invalid", "1 to 255 visible ASCII characters."),))
    return Once(parts_of(request).context.stores.db, shop_id, f"POST {route_of(request.scope)}", key)


OnceOf = Annotated[Once, Depends(_once)]
Fingerprint = Annotated[bytes, Depends(fingerprint_of)]
