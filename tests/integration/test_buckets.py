import asyncio

from db import buckets
from db.postgres import Pool

LONG_S = 10**9
"""So long that no window ends while a test runs."""


async def test_exactly_the_limit_is_granted_to_concurrent_requests(pool: Pool) -> None:
    taken = await asyncio.gather(*(buckets.take(pool, "key:1", limit=20, window_s=LONG_S) for _ in range(60)))

    granted = [take for take in taken if take.granted]
    assert len(granted) == 20
    assert sorted(take.remaining for take in granted) == list(range(20))
    assert {take.remaining for take in taken if not take.granted} <= set(range(20))


async def test_names_do_not_share_a_bucket(pool: Pool) -> None:
    await buckets.take(pool, "shop-a", limit=1, window_s=LONG_S)

    assert not (await buckets.take(pool, "shop-a", limit=1, window_s=LONG_S)).granted
    assert (await buckets.take(pool, "shop-b", limit=1, window_s=LONG_S)).granted


async def test_a_cost_that_does_not_fit_is_not_counted(pool: Pool) -> None:
    await buckets.take(pool, "k", limit=10, window_s=LONG_S, cost=7)

    refused = await buckets.take(pool, "k", limit=10, window_s=LONG_S, cost=4)
    fitting = await buckets.take(pool, "k", limit=10, window_s=LONG_S, cost=3)

    assert (refused.granted, refused.remaining) == (False, 3)
    assert (fitting.granted, fitting.remaining) == (True, 0)


async def test_a_cost_above_the_limit_is_never_granted(pool: Pool) -> None:
    taken = await buckets.take(pool, "k", limit=3, window_s=LONG_S, cost=4)

    assert (taken.granted, taken.remaining) == (False, 3)


async def test_a_new_window_starts_empty(pool: Pool) -> None:
    await buckets.take(pool, "k", limit=1, window_s=LONG_S)
    await pool.execute("UPDATE buckets SET ends_at = now() - interval '1 second'")

    taken = await buckets.take(pool, "k", limit=1, window_s=LONG_S)

    assert (taken.granted, taken.remaining) == (True, 0)


async def test_a_request_that_comes_late_counts_in_the_window_it_finds(pool: Pool) -> None:
    await buckets.take(pool, "k", limit=2, window_s=LONG_S)
    await pool.execute("UPDATE buckets SET ends_at = ends_at + interval '1 minute'")

    late = [await buckets.take(pool, "k", limit=2, window_s=LONG_S) for _ in range(2)]

    assert [take.granted for take in late] == [True, False]


async def test_the_reset_is_when_the_window_ends(pool: Pool) -> None:
    taken = await buckets.take(pool, "k", limit=1, window_s=60)

    assert 1 <= taken.reset_s <= 60


async def test_only_windows_that_ended_over_an_hour_ago_are_forgotten(pool: Pool) -> None:
    for name in ("old", "new"):
        await buckets.take(pool, name, limit=1)
    await pool.execute("UPDATE buckets SET ends_at = now() - interval '61 minutes' WHERE name = 'old'")

    assert await buckets.expire(pool) == 1
    assert await pool.fetchval("SELECT name FROM buckets") == "new"
