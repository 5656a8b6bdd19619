"""Who asks: keys and the operator's token, found without a database read where they were seen a moment ago."""

import asyncio
import hashlib
import hmac
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, TypeVar
from uuid import UUID

from starlette.datastructures import Headers

from api.errors import InvalidKey, Unauthenticated
from db import keys
from db.errors import NotFound, Suspended
from db.postgres import UNAVAILABLE, Pool

log = logging.getLogger(__name__)

SEEN_S = 4.0
"""A revoked key must be dead everywhere within 5 s."""
SEEN_MAX = 10_000
TOUCH_S = 60.0
TOUCHES_WAITING_MAX = 1_000
NOBODY = UUID(int=0)

K = TypeVar("K")
V = TypeVar("V")

Kind = Literal["operator", "secret", "publishable"]


@dataclass(frozen=True)
class Caller:
    kind: Kind
    shop_id: UUID
    """NOBODY for the operator."""
    key_id: UUID | None
    rate_limit: int | None
    allowed_origins: tuple[str, ...]


OPERATOR = Caller("operator", NOBODY, None, None, ())


def caller_of(key: keys.Key) -> Caller:
    return Caller(key.kind, key.shop_id, key.id, key.rate_limit, key.allowed_origins)


def sends_key(headers: Headers) -> bool:
    return "authorization" in headers or "x-api-key" in headers


def credential(headers: Headers) -> str:
    """The key in `Authorization: Bearer …` or `X-API-Key`. Raises Unauthenticated."""
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    text = bearer.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()
    if not text:
        raise Unauthenticated("Send a key as `Authorization: Bearer fm_…` or as `X-API-Key: fm_…`.")
    return text


class Keys:
    """Finds callers by their key, keeps them for SEEN_S, and notes in the background when keys were used."""

    def __init__(self, db: Pool, operator_token: str | None) -> None:
        self._db = db
        self._operator = operator_token.encode() if operator_token else None
        self._seen: OrderedDict[bytes, tuple[keys.Key, float]] = OrderedDict()
        self._origins: OrderedDict[str, tuple[bool, float]] = OrderedDict()
        self._touched: OrderedDict[UUID, float] = OrderedDict()
        self._waiting: list[keys.Key] = []
        self._touching: asyncio.Task[None] | None = None

    async def caller(self, text: str) -> Caller:
        """Raises InvalidKey, Suspended."""
        if self._operator and hmac.compare_digest(text.encode(), self._operator):
            return OPERATOR
        key = await self._find(text)
        self.note(key)
        return caller_of(key)

    async def origin_known(self, origin: str) -> bool:
        """Whether some live publishable key allows it; what a preflight, which carries no key, may be told."""
        found = self._origins.get(origin)
        if found is None or found[1] < time.monotonic():
            found = await keys.origin_known(self._db, origin), time.monotonic() + SEEN_S
            _keep(self._origins, origin, found)
        return found[0]

    def forget(self, key_id: UUID) -> None:
        """This process stops taking the key at once."""
        for digest in [digest for digest, (key, _) in self._seen.items() if key.id == key_id]:
            del self._seen[digest]

    async def close(self) -> None:
        """Writes down the uses that still wait."""
        if self._touching:
            await self._touching

    async def _find(self, text: str) -> keys.Key:
        if not keys.well_formed(text):
            raise InvalidKey("This is not a key of this service.")
        digest = hashlib.sha256(text.encode()).digest()
        seen = self._seen.get(digest)
        if seen is None or seen[1] < time.monotonic():
            try:
                seen = await keys.find(self._db, text), time.monotonic() + SEEN_S
            except Suspended:
                self._seen.pop(digest, None)
                raise
            except NotFound as error:
                self._seen.pop(digest, None)
                raise InvalidKey("The key is unknown, revoked or expired.") from error
            _keep(self._seen, digest, seen)
        key = seen[0]
        if key.expires_at and key.expires_at.timestamp() <= time.time():
            raise InvalidKey("The key is unknown, revoked or expired.")
        return key

    def note(self, key: keys.Key) -> None:
        """Its use is written down soon, at most once a minute."""
        now = time.monotonic()
        if self._touched.get(key.id, -TOUCH_S) > now - TOUCH_S or len(self._waiting) >= TOUCHES_WAITING_MAX:
            return
        _keep(self._touched, key.id, now)
        self._waiting.append(key)
        if self._touching is None or self._touching.done():
            self._touching = asyncio.create_task(self._touch())

    async def _touch(self) -> None:
        while self._waiting:
            key = self._waiting.pop()
            try:
                await keys.touch(self._db, key.shop_id, key.id)
            except UNAVAILABLE:
                log.warning("the use of a key was not noted", extra={"key_id": str(key.id)})
            except Exception:
                log.exception("the use of a key was not noted")


def _keep(cache: OrderedDict[K, V], key: K, value: V) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > SEEN_MAX:
        cache.popitem(last=False)
