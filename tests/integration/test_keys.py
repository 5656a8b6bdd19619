from datetime import UTC, datetime, timedelta

import pytest

from db import keys
from db.errors import NotFound
from db.keys import NewKey
from db.postgres import Pool
from tests.integration import rows

LATER = datetime(2100, 1, 1, tzinfo=UTC)
BROWSER = NewKey("shop window", "publishable", ("https://linen.example",), 60, LATER)


async def test_a_key_is_found_by_its_text_and_never_stored(pool: Pool) -> None:
    shop = await rows.shop(pool)

    key, text = await keys.add(pool, shop, BROWSER)

    assert await keys.find(pool, text) == key
    assert (key.shop_id, key.name, key.kind, key.allowed_origins, key.rate_limit, key.expires_at) == (
        shop,
        "shop window",
        "publishable",
        ("https://linen.example",),
        60,
        LATER,
    )
    assert key.last4 == text[-4:]
    assert text not in str(await pool.fetch("SELECT * FROM keys"))


async def test_unknown_and_malformed_keys_are_not_found(pool: Pool) -> None:
    for text in (keys.mint("secret"), "fm_sk_junk", ""):
        with pytest.raises(NotFound):
            await keys.find(pool, text)


async def test_an_expired_key_is_not_found(pool: Pool) -> None:
    shop = await rows.shop(pool)
    _, text = await keys.add(pool, shop, NewKey("old", "secret", expires_at=datetime(2020, 1, 1, tzinfo=UTC)))

    with pytest.raises(NotFound):
        await keys.find(pool, text)


async def test_revoking_ends_a_key_at_once_and_keeps_it_listed(pool: Pool) -> None:
    shop = await rows.shop(pool)
    key, text = await keys.add(pool, shop, NewKey("till", "secret"))

    revoked = await keys.revoke(pool, shop, key.id)

    with pytest.raises(NotFound):
        await keys.find(pool, text)
    assert revoked.revoked_at is not None
    assert await keys.page(pool, shop, after=None, limit=9) == [revoked]
    assert await keys.revoke(pool, shop, key.id) == revoked


async def test_a_grace_lets_the_key_live_on_but_never_longer_than_it_would_have(pool: Pool) -> None:
    shop = await rows.shop(pool)
    endless, text = await keys.add(pool, shop, NewKey("till", "secret"))
    soon = datetime.now(UTC) + timedelta(seconds=30)
    ending, _ = await keys.add(pool, shop, NewKey("guest", "secret", expires_at=soon))

    graced = await keys.revoke(pool, shop, endless.id, grace_s=3600)
    unmoved = await keys.revoke(pool, shop, ending.id, grace_s=3600)

    assert (await keys.find(pool, text)).id == endless.id
    assert graced.expires_at is not None
    assert timedelta(minutes=59) < graced.expires_at - datetime.now(UTC) <= timedelta(hours=1)
    assert unmoved.expires_at == soon


async def test_the_last_use_is_noted_at_most_once_a_minute(pool: Pool) -> None:
    shop = await rows.shop(pool)
    key, _ = await keys.add(pool, shop, NewKey("till", "secret"))

    await keys.touch(pool, shop, key.id)
    first = (await keys.get(pool, shop, key.id)).last_used_at
    await keys.touch(pool, shop, key.id)
    second = (await keys.get(pool, shop, key.id)).last_used_at
    await pool.execute("UPDATE keys SET last_used_at = last_used_at - interval '61 seconds'")
    await keys.touch(pool, shop, key.id)
    third = (await keys.get(pool, shop, key.id)).last_used_at

    assert first is not None
    assert third is not None
    assert first == second < third


async def test_a_change_keeps_the_kind(pool: Pool) -> None:
    shop = await rows.shop(pool)
    key, text = await keys.add(pool, shop, BROWSER)

    changed = await keys.change(pool, shop, key.id, NewKey("window", "secret", ("https://b.example",), None, None))

    assert (changed.name, changed.kind, changed.allowed_origins) == ("window", "publishable", ("https://b.example",))
    assert (changed.rate_limit, changed.expires_at) == (None, None)
    assert await keys.find(pool, text) == changed


async def test_a_deleted_key_is_gone(pool: Pool) -> None:
    shop = await rows.shop(pool)
    key, text = await keys.add(pool, shop, NewKey("till", "secret"))

    await keys.delete(pool, shop, key.id)

    for call in (keys.find(pool, text), keys.get(pool, shop, key.id), keys.delete(pool, shop, key.id)):
        with pytest.raises(NotFound):
            await call


async def test_a_shop_cannot_touch_another_shops_key(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    key, text = await keys.add(pool, other, BROWSER)

    await keys.touch(pool, shop, key.id)
    for call in (
        keys.get(pool, shop, key.id),
        keys.change(pool, shop, key.id, NewKey("mine", "secret")),
        keys.revoke(pool, shop, key.id),
        keys.delete(pool, shop, key.id),
    ):
        with pytest.raises(NotFound):
            await call

    assert await keys.page(pool, shop, after=None, limit=9) == []
    assert await keys.find(pool, text) == key


async def test_pages_follow_each_other(pool: Pool) -> None:
    shop = await rows.shop(pool)
    made = [(await keys.add(pool, shop, NewKey(str(number), "secret")))[0] for number in range(3)]

    first = await keys.page(pool, shop, after=None, limit=2)
    second = await keys.page(pool, shop, after=first[-1].id, limit=2)

    assert first + second == made


async def test_an_origin_is_known_while_a_live_publishable_key_allows_it(pool: Pool) -> None:
    shop = await rows.shop(pool)
    key, _ = await keys.add(pool, shop, BROWSER)
    await keys.add(pool, shop, NewKey("server", "secret", ("https://server.example",)))

    assert await keys.origin_known(pool, "https://linen.example")
    assert not await keys.origin_known(pool, "https://server.example")
    assert not await keys.origin_known(pool, "https://linen.example.evil")

    await keys.revoke(pool, shop, key.id)
    assert not await keys.origin_known(pool, "https://linen.example")
