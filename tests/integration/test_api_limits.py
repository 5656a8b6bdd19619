"""Requests of one key that come at once are counted together, and exactly."""

import asyncio
import time

from api.auth import Caller
from api.errors import RateLimited
from api.exchange import Exchange
from api.limits import WINDOW_S, Limiter
from db.ids import new_id
from db.postgres import Pool

LIMIT = 20


async def take(limiter: Limiter, caller: Caller) -> int | None:
    """What the answer says remains; None when it was refused."""
    exchange = Exchange(request_id="req_test")
    try:
        await limiter.take(caller, "192.0.2.1", exchange)
    except RateLimited:
        return None
    return int(exchange.headers["RateLimit"].partition("r=")[2].partition(";")[0])


async def test_as_many_are_granted_as_the_key_may_ask_and_each_is_told_another_rest(pool: Pool) -> None:
    if (left := WINDOW_S - time.time() % WINDOW_S) < 5:
        await asyncio.sleep(left)  # both rounds in one window
    limiter = Limiter(pool)
    caller = Caller(kind="secret", shop_id=new_id(), key_id=new_id(), rate_limit=LIMIT, allowed_origins=())

    first = await asyncio.gather(*(take(limiter, caller) for _ in range(LIMIT - 5)))
    second = await asyncio.gather(*(take(limiter, caller) for _ in range(30)))

    assert sorted(rest for rest in first if rest is not None) == list(range(5, LIMIT))
    assert sorted(rest for rest in second if rest is not None) == list(range(5))
    assert second.count(None) == 25
