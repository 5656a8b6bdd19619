"""Requests a minute: counted in Postgres for all replicas, in this process while Postgres is away."""

import asyncio
import ipaddress
import logging
import time
from collections import OrderedDict
from dataclasses import replace

from starlette.datastructures import Headers
from starlette.types import Scope

from api.auth import Caller
from api.batcher import Grouped, Limits
from api.errors import RateLimited
from api.exchange import Exchange
from db import buckets
from db.buckets import Taken
from db.postgres import UNAVAILABLE, Pool

log = logging.getLogger(__name__)

DEFAULTS = {"secret": 6_000, "publishable": 600}
SIGN_INS = 20
WINDOW_S = 60
WAIT_S = 0.25
"""Counting must not make a request wait for a Postgres that hangs."""
LOCAL_FOR_S = 2.0
LOCAL_MAX = 10_000
TOGETHER = Limits(size_max=64, waiting_max=4096, parallel=2)
"""Requests with one key that come at once are counted by one statement."""


class Limiter:
    def __init__(self, db: Pool) -> None:
        self._db = db
        self._counted: Grouped[tuple[str, int], None, Taken] = Grouped(self._take, TOGETHER)
        self._local: OrderedDict[str, tuple[int, int]] = OrderedDict()
        self._local_until = 0.0

    async def take(self, caller: Caller, address: str, exchange: Exchange) -> None:
        """Counts the request and says so in the answer's headers. Raises RateLimited."""
        if caller.kind == "operator":
            return
        limit = caller.rate_limit or DEFAULTS[caller.kind]
        name = f"key:{caller.key_id}"
        taken = await self._count(f"{name}:{address}" if caller.kind == "publishable" else name, limit)
        exchange.headers["RateLimit-Policy"] = f'"{caller.kind}";q={limit};w={WINDOW_S}'
        exchange.headers["RateLimit"] = f'"{caller.kind}";r={taken.remaining};t={taken.reset_s}'
        if not taken.granted:
            exchange.headers["Retry-After"] = str(max(1, taken.reset_s))
            raise RateLimited(f"This key may ask {limit} times a minute; try again in {max(1, taken.reset_s)} s.")

    async def take_try(self, address: str, exchange: Exchange) -> None:
        """Counts an attempt to sign in. Raises RateLimited."""
        taken = await self._count(f"sign-in:{address}", SIGN_INS)
        if not taken.granted:
            exchange.headers["Retry-After"] = str(taken.reset_s)
            raise RateLimited(f"From one address {SIGN_INS} tries a minute are taken; try again in {taken.reset_s} s.")

    async def _count(self, name: str, limit: int) -> Taken:
        if time.monotonic() >= self._local_until:
            try:
                async with asyncio.timeout(WAIT_S):
                    return await self._counted.call((name, limit), None)
            except UNAVAILABLE:
                log.warning("requests are counted in this process for now")
                self._local_until = time.monotonic() + LOCAL_FOR_S
        return self._count_here(name, limit)

    async def _take(self, key: tuple[str, int], requests: list[None]) -> list[Taken]:
        """In one statement; one by one where not all of them are granted."""
        name, limit = key
        count = len(requests)
        taken = await buckets.take(self._db, name, limit=limit, window_s=WINDOW_S, cost=count)
        if taken.granted or count == 1:
            return [replace(taken, remaining=taken.remaining + later) for later in reversed(range(count))]
        return [await buckets.take(self._db, name, limit=limit, window_s=WINDOW_S) for _ in requests]

    def _count_here(self, name: str, limit: int) -> Taken:
        window, second = divmod(int(time.time()), WINDOW_S)
        counted, used = self._local.get(name, (window, 0))
        used = used if counted == window else 0
        granted = used < limit
        self._local[name] = (window, used + granted)
        self._local.move_to_end(name)
        while len(self._local) > LOCAL_MAX:
            self._local.popitem(last=False)
        return Taken(granted, max(0, limit - used - granted), WINDOW_S - second)


def address_of(scope: Scope) -> str:
    """The shopper's address: behind a proxy on a private network, the one which that proxy saw."""
    peer = scope["client"][0] if scope.get("client") else "unknown"
    forwarded = Headers(scope=scope).get("x-forwarded-for")
    if forwarded is None or not _private(peer):
        return peer
    nearest = forwarded.rpartition(",")[2].strip()
    return nearest if _address(nearest) else peer


def scheme_of(scope: Scope) -> str:
    """`https` where a proxy on a private network took the TLS off: addresses that we write must say so."""
    peer = scope["client"][0] if scope.get("client") else "unknown"
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "")
    return forwarded if forwarded in ("http", "https") and _private(peer) else scope["scheme"]


def _private(peer: str) -> bool:
    found = _address(peer)
    return found is not None and found.is_private


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
