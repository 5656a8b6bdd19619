import asyncio

from db import jobs
from db.postgres import Pool
from tests.integration import rows


async def test_a_new_job_carries_what_the_worker_needs(pool: Pool) -> None:
    shop = await rows.shop(pool)
    [photo] = await rows.queued(pool, shop, content_hash="abc")

    [job] = await rows.claim_all(pool)

    assert (job.photo_id, job.shop_id, job.content_hash, job.attempts, job.remove) == (photo, shop, "abc", 1, False)
    assert await rows.status(pool, photo) == "embedding"


async def test_a_small_shop_does_not_wait_behind_a_large_one(pool: Pool) -> None:
    large, small = await rows.shop(pool), await rows.shop(pool)
    await rows.queued(pool, large, 300)
    await jobs.claim(pool, jobs_max=100, lease_s=60)
    [photo] = await rows.queued(pool, small)

    claimed = await jobs.claim(pool, jobs_max=3, lease_s=60)

    assert photo in {job.photo_id for job in claimed}


async def test_two_busy_shops_take_turns(pool: Pool) -> None:
    large, small = await rows.shop(pool), await rows.shop(pool)
    await rows.queued(pool, large, 100)
    await rows.queued(pool, small, 100)

    claimed = await jobs.claim(pool, jobs_max=40, lease_s=60)

    assert sum(job.shop_id == small for job in claimed) == 20


async def test_an_idle_shop_does_not_save_up_turns(pool: Pool) -> None:
    busy, idle = await rows.shop(pool), await rows.shop(pool)
    await rows.queued(pool, busy, 200)
    await jobs.claim(pool, jobs_max=100, lease_s=60)
    await rows.queued(pool, idle, 50)

    claimed = await jobs.claim(pool, jobs_max=40, lease_s=60)

    assert sum(job.shop_id == busy for job in claimed) >= 19


async def test_no_job_is_claimed_twice_by_claimers_at_once(pool: Pool) -> None:
    shops = [await rows.shop(pool), await rows.shop(pool)]
    for shop in shops:
        await rows.queued(pool, shop, 200)

    async def drain() -> list[jobs.Job]:
        claimed: list[jobs.Job] = []
        while batch := await jobs.claim(pool, jobs_max=16, lease_s=60):
            claimed += batch
        return claimed

    drained = await asyncio.gather(*(drain() for _ in range(4)))

    claimed = [job.photo_id for batch in drained for job in batch]
    assert len(claimed) == len(set(claimed)) == 400


async def test_a_leased_job_is_claimed_again_only_when_the_lease_ends(pool: Pool) -> None:
    await rows.queued(pool, await rows.shop(pool))
    [first] = await rows.claim_all(pool)

    assert await jobs.claim_tried(pool, lease_s=60) == []
    await rows.expire_leases(pool)
    [second] = await jobs.claim_tried(pool, lease_s=60)

    assert (second.photo_id, second.attempts) == (first.photo_id, 2)


async def test_tried_jobs_come_one_at_a_time_and_apart_from_fresh_ones(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await rows.queued(pool, shop, 3)
    await rows.claim_all(pool)
    await rows.expire_leases(pool)
    [fresh] = await rows.queued(pool, shop)

    assert [job.photo_id for job in await rows.claim_all(pool)] == [fresh]
    assert len(await jobs.claim_tried(pool, lease_s=60)) == 1


async def test_a_late_worker_changes_nothing(pool: Pool) -> None:
    await rows.queued(pool, await rows.shop(pool))
    late = await rows.claim_all(pool)
    await rows.expire_leases(pool)
    await jobs.claim_tried(pool, lease_s=60)

    await jobs.rest(pool, late, seconds=-1)
    await jobs.extend(pool, late, lease_s=-1)

    assert await jobs.done(pool, late) == set()
    assert await jobs.claim_tried(pool, lease_s=60) == []


async def test_a_worker_of_a_jobs_former_life_changes_nothing(pool: Pool) -> None:
    [photo] = await rows.queued(pool, await rows.shop(pool))
    former = await rows.claim_all(pool)
    await rows.delete(pool, photo)
    [now] = await rows.claim_all(pool)

    assert now.remove
    assert now.attempts == former[0].attempts
    assert await jobs.done(pool, former) == set()
    assert await jobs.done(pool, [now]) == {photo}


async def test_resting_gives_the_attempt_back_when_the_photo_was_not_at_fault(pool: Pool) -> None:
    await rows.queued(pool, await rows.shop(pool), 2)
    mine, not_mine = await rows.claim_all(pool)

    await jobs.rest(pool, [mine], seconds=-1)
    await jobs.rest(pool, [not_mine], seconds=-1, count=False)

    assert [job.photo_id for job in await rows.claim_all(pool)] == [not_mine.photo_id]
    assert [job.photo_id for job in await jobs.claim_tried(pool, lease_s=60)] == [mine.photo_id]


async def test_an_extended_lease_holds(pool: Pool) -> None:
    await rows.queued(pool, await rows.shop(pool))
    claimed = await jobs.claim(pool, jobs_max=1, lease_s=-1)

    await jobs.extend(pool, claimed, lease_s=60)

    assert await jobs.claim_tried(pool, lease_s=60) == []


async def test_a_shop_cannot_queue_another_shops_photo(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    [photo] = await rows.ready(pool, other)

    await jobs.add(pool, shop, [photo])

    assert await rows.claim_all(pool) == []


async def test_a_ready_photo_stays_ready_while_it_is_added_again(pool: Pool) -> None:
    shop = await rows.shop(pool)
    [photo] = await rows.ready(pool, shop)

    await jobs.add(pool, shop, [photo])
    await rows.claim_all(pool)

    assert await rows.status(pool, photo) == "ready"


async def test_depth_counts_the_jobs_and_the_age_of_the_oldest(pool: Pool) -> None:
    assert await jobs.depth(pool) == jobs.Depth(0, 0.0)
    await rows.queued(pool, await rows.shop(pool), 3)
    await pool.execute("UPDATE jobs SET created_at = now() - interval '1 minute'")

    depth = await jobs.depth(pool)

    assert depth.waiting == 3
    assert 60 <= depth.oldest_s < 70


async def test_a_deletion_and_a_claim_at_once_do_not_deadlock(pool: Pool) -> None:
    shop = await rows.shop(pool)
    photos = await rows.queued(pool, shop, 40)

    await asyncio.gather(*(rows.delete(pool, photo) for photo in photos), *(rows.claim_all(pool) for _ in range(4)))

    assert await pool.fetchval("SELECT count(*) FROM jobs") == 40


async def test_a_shop_whose_jobs_were_left_joins_again_at_the_turn_now_served(pool: Pool) -> None:
    left, busy, new = [await rows.shop(pool) for _ in range(3)]
    mine = await rows.queued(pool, left, 200)
    await rows.queued(pool, busy, 400)
    for _ in range(10):
        await jobs.done(pool, await jobs.claim(pool, jobs_max=20, lease_s=60, without=[left]))

    async with pool.acquire() as connection, connection.transaction():
        await jobs.rejoin(connection, [left])
    late = await rows.queued(pool, left)
    await rows.queued(pool, new)

    order: list[jobs.Job] = []
    while claimed := await jobs.claim(pool, jobs_max=20, lease_s=60):
        order += claimed
    assert [job.shop_id for job in order].index(new) < 6
    assert [job.photo_id for job in order if job.shop_id == left] == [*mine, *late]
    assert sum(job.shop_id == busy for job in order[:100]) >= 45


async def test_joining_again_changes_no_turn_of_who_was_not_left_and_no_leased_job(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    await rows.queued(pool, other, 2)
    await rows.queued(pool, shop, 10)
    held = await jobs.claim(pool, jobs_max=4, lease_s=60)
    await pool.execute("SELECT setval('turn_clock', greatest(last_value, 3)) FROM turn_clock")
    await rows.queued(pool, other, 2)
    before = await turns(pool)

    async with pool.acquire() as connection, connection.transaction():
        await jobs.rejoin(connection)

    assert await turns(pool) == before
    assert await jobs.done(pool, held) == {job.photo_id for job in held}


async def turns(pool: Pool) -> list[tuple[object, int]]:
    return [tuple(row) for row in await pool.fetch("SELECT photo_id, turn FROM jobs ORDER BY photo_id")]
