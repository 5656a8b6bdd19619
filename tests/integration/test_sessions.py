"""Console sessions in Postgres."""

import pytest

from db import keys, sessions, shops
from db.errors import NotFound, Suspended
from db.keys import NewKey
from db.postgres import Pool
from db.shops import Change
from tests.integration import rows


async def test_a_session_is_found_by_its_cookie_which_is_never_stored(pool: Pool) -> None:
    key, _ = await keys.add(pool, await rows.shop(pool), NewKey("till", "secret"))

    cookie = await sessions.add(pool, key_id=key.id, operator_hash=None, life_s=60)

    found = await sessions.find(pool, cookie)
    assert (found.key, found.operator_hash) == (key, None)
    assert cookie not in str(await pool.fetch("SELECT * FROM sessions"))


async def test_the_operators_session_has_no_key(pool: Pool) -> None:
    cookie = await sessions.add(pool, key_id=None, operator_hash=b"hash", life_s=60)

    found = await sessions.find(pool, cookie)

    assert (found.key, found.operator_hash) == (None, b"hash")


async def test_a_session_is_somebodys(pool: Pool) -> None:
    with pytest.raises(Exception, match="sessions_check"):
        await sessions.add(pool, key_id=None, operator_hash=None, life_s=60)


async def test_unknown_and_ended_sessions_are_not_found_and_forgotten(pool: Pool) -> None:
    ended = await sessions.add(pool, key_id=None, operator_hash=b"hash", life_s=0)
    alive = await sessions.add(pool, key_id=None, operator_hash=b"hash", life_s=60)
    await sessions.delete(pool, signed_out := await sessions.add(pool, key_id=None, operator_hash=b"h", life_s=60))

    for cookie in (ended, signed_out, "never given"):
        with pytest.raises(NotFound):
            await sessions.find(pool, cookie)
    assert await sessions.expire(pool) == 1
    assert await sessions.find(pool, alive)


async def test_a_session_ends_with_its_key_and_not_with_another_shops(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    key, _ = await keys.add(pool, shop, NewKey("till", "secret"))
    foreign, _ = await keys.add(pool, other, NewKey("till", "secret"))
    cookie = await sessions.add(pool, key_id=key.id, operator_hash=None, life_s=60)

    await keys.revoke(pool, other, foreign.id)
    assert await sessions.find(pool, cookie)
    await keys.revoke(pool, shop, key.id)

    with pytest.raises(NotFound):
        await sessions.find(pool, cookie)


async def test_a_suspended_shops_keys_and_sessions_are_refused(pool: Pool) -> None:
    shop = await rows.shop(pool)
    key, text = await keys.add(pool, shop, NewKey("till", "secret"))
    cookie = await sessions.add(pool, key_id=key.id, operator_hash=None, life_s=60)

    await shops.change(pool, shop, Change(suspended=True))

    with pytest.raises(Suspended):
        await keys.find(pool, text)
    with pytest.raises(Suspended):
        await sessions.find(pool, cookie)
