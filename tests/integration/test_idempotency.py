import asyncio
from uuid import UUID

import pytest

from db import idempotency, products
from db.errors import Unavailable
from db.idempotency import Stored
from db.postgres import Pool
from db.products import Fields
from tests.integration import rows

ROUTE, KEY, BODY = "POST /v1/products", "order-66", b"sha256 of the body"


async def test_the_first_of_many_concurrent_requests_is_the_only_one(pool: Pool) -> None:
    shop = await rows.shop(pool)

    begun = await asyncio.gather(*(idempotency.begin(pool, shop, ROUTE, KEY, BODY) for _ in range(30)))

    assert begun.count(None) == 1
    assert begun.count(Stored(BODY, None, {}, b"")) == 29


async def test_a_repeat_gets_the_answer_with_the_fingerprint_of_the_first(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await idempotency.begin(pool, shop, ROUTE, KEY, BODY)
    await idempotency.finish(pool, shop, ROUTE, KEY, status=201, headers={"location": "/v1/products/1"}, body=b"{}")

    repeat = await idempotency.begin(pool, shop, ROUTE, KEY, b"another body")

    assert repeat == Stored(BODY, 201, {"location": "/v1/products/1"}, b"{}")


async def test_shops_routes_and_keys_are_apart(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    await idempotency.begin(pool, shop, ROUTE, KEY, BODY)

    assert await idempotency.begin(pool, other, ROUTE, KEY, BODY) is None
    assert await idempotency.begin(pool, shop, "POST /v1/keys", KEY, BODY) is None
    assert await idempotency.begin(pool, shop, ROUTE, "order-67", BODY) is None


async def test_a_shop_cannot_finish_or_abandon_another_shops_request(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    await idempotency.begin(pool, other, ROUTE, KEY, BODY)

    await idempotency.abandon(pool, shop, ROUTE, KEY)
    with pytest.raises(Unavailable):
        await idempotency.finish(pool, shop, ROUTE, KEY, status=201, headers={}, body=b"")

    assert await idempotency.begin(pool, other, ROUTE, KEY, BODY) == Stored(BODY, None, {}, b"")


async def test_an_abandoned_request_may_be_repeated_and_an_answered_one_stays(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await idempotency.begin(pool, shop, ROUTE, KEY, BODY)
    await idempotency.abandon(pool, shop, ROUTE, KEY)
    assert await idempotency.begin(pool, shop, ROUTE, KEY, BODY) is None

    await idempotency.finish(pool, shop, ROUTE, KEY, status=201, headers={}, body=b"made")
    await idempotency.abandon(pool, shop, ROUTE, KEY)

    assert await idempotency.begin(pool, shop, ROUTE, KEY, BODY) == Stored(BODY, 201, {}, b"made")


async def test_a_crash_before_the_commit_frees_the_key_after_a_minute(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await idempotency.begin(pool, shop, ROUTE, KEY, BODY)
    with pytest.raises(Unavailable):
        await _create(pool, shop, and_die=True)

    assert await idempotency.begin(pool, shop, ROUTE, KEY, BODY) == Stored(BODY, None, {}, b"")
    await _age(pool, "61 seconds")
    assert await idempotency.begin(pool, shop, ROUTE, KEY, BODY) is None
    assert await idempotency.begin(pool, shop, ROUTE, KEY, BODY) == Stored(BODY, None, {}, b"")


async def test_a_crash_between_commit_and_answer_creates_nothing_twice(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await idempotency.begin(pool, shop, ROUTE, KEY, BODY)
    async with pool.acquire() as connection, connection.transaction():
        await products.add(connection, shop, Fields("a dress"))
        await idempotency.finish(connection, shop, ROUTE, KEY, status=201, headers={}, body=b"made")

    # The process dies here. The shop repeats the request, even much later.
    await _age(pool, "61 seconds")

    assert await idempotency.begin(pool, shop, ROUTE, KEY, BODY) == Stored(BODY, 201, {}, b"made")


async def test_of_a_slow_first_request_and_its_repeat_only_one_creates(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await idempotency.begin(pool, shop, ROUTE, KEY, BODY)
    await _age(pool, "61 seconds")
    assert await idempotency.begin(pool, shop, ROUTE, KEY, BODY) is None

    outcomes = await asyncio.gather(*(_create(pool, shop) for _ in range(2)), return_exceptions=True)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NoneType", "Unavailable"]
    assert (await products.counts(pool, shop)).products == 1


async def test_a_key_is_free_again_after_a_day(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await idempotency.begin(pool, shop, ROUTE, KEY, BODY)
    await idempotency.finish(pool, shop, ROUTE, KEY, status=201, headers={}, body=b"")
    await _age(pool, "25 hours")

    assert await idempotency.begin(pool, shop, ROUTE, KEY, b"new") is None


async def test_answers_older_than_a_day_are_forgotten(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await idempotency.begin(pool, shop, ROUTE, "old", BODY)
    await _age(pool, "25 hours")
    await idempotency.begin(pool, shop, ROUTE, "new", BODY)

    assert await idempotency.expire(pool) == 1
    assert await pool.fetchval("SELECT key FROM idempotency") == "new"


async def _create(pool: Pool, shop: UUID, *, and_die: bool = False) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await products.add(connection, shop, Fields("a dress"))
        await idempotency.finish(connection, shop, ROUTE, KEY, status=201, headers={}, body=b"")
        if and_die:
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


async def _age(pool: Pool, by: str) -> None:
    await pool.execute("UPDATE idempotency SET created_at = created_at - $1::text::interval", by)
