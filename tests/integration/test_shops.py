from uuid import UUID

import pytest

from db import idempotency, keys, products, prompts, shops, terms
from db.errors import NotFound
from db.ids import new_id
from db.keys import NewKey
from db.postgres import Pool
from db.products import Fields
from db.shops import Change
from tests.integration import rows


async def test_a_suspended_shop_keeps_the_time_of_its_suspension_until_it_is_resumed(pool: Pool) -> None:
    shop, other = await shops.add(pool, "Linen"), await shops.add(pool, "Wool")

    first = await shops.change(pool, shop.id, Change(suspended=True))
    second = await shops.change(pool, shop.id, Change(name="Flax", suspended=True))
    resumed = await shops.change(pool, shop.id, Change(suspended=False))

    assert first.suspended_at is not None
    assert (second.suspended_at, second.name) == (first.suspended_at, "Flax")
    assert (resumed.suspended_at, resumed.name) == (None, "Flax")
    assert (await shops.get(pool, other.id)).suspended_at is None


async def test_shops_are_found_by_a_part_of_their_name(pool: Pool) -> None:
    linen, _ = await shops.add(pool, "100% Linen_Wool"), await shops.add(pool, "Wool")

    found = [await shops.page(pool, words, after=None, limit=9) for words in ("linen_w", "100% l", "l%n")]

    assert found == [[linen], [linen], []]


async def test_a_new_shop_has_the_default_taxonomy_and_no_other_shop_gets_any(pool: Pool) -> None:
    other = await rows.shop(pool)

    shop = await shops.add(pool, "Linen & Co")

    for kind, names in terms.DEFAULTS.items():
        assert [term.name for term in await terms.page(pool, shop.id, kind, after=None, limit=50)] == list(names)
        assert await terms.page(pool, other, kind, after=None, limit=50) == []


async def test_renaming_changes_one_shop(pool: Pool) -> None:
    shop, other = await shops.add(pool, "Linen"), await shops.add(pool, "Wool")

    renamed = await shops.change(pool, shop.id, Change(name="Flax"))

    assert (renamed.name, (await shops.get(pool, shop.id)).name) == ("Flax", "Flax")
    assert await shops.get(pool, other.id) == other


async def test_pages_follow_each_other(pool: Pool) -> None:
    made = [await shops.add(pool, f"shop {number}") for number in range(3)]

    first = await shops.page(pool, after=None, limit=2)
    second = await shops.page(pool, after=first[-1].id, limit=2)

    assert first + second == made


async def test_an_unknown_shop_is_not_found(pool: Pool) -> None:
    unknown = new_id()
    for call in (shops.get(pool, unknown), shops.change(pool, unknown, Change(name="x")), shops.delete(pool, unknown)):
        with pytest.raises(NotFound):
            await call


async def test_a_deleted_shop_is_hidden_at_once_and_named_until_it_is_forgotten(pool: Pool) -> None:
    shop, other = await shops.add(pool, "Linen"), await shops.add(pool, "Wool")
    _, key = await keys.add(pool, shop.id, NewKey("till", "secret"))

    await shops.delete(pool, shop.id)

    for call in (shops.get(pool, shop.id), shops.change(pool, shop.id, Change(name="x")), shops.delete(pool, shop.id)):
        with pytest.raises(NotFound):
            await call
    with pytest.raises(NotFound):
        await keys.find(pool, key)
    assert await shops.page(pool, after=None, limit=9) == [other]
    assert await shops.deleted(pool, 9) == [shop.id]


async def test_forgetting_removes_every_row_of_that_shop_alone(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shops, "FORGOTTEN_AT_ONCE", 2)
    shop, other = [await _furnished(pool) for _ in range(2)]
    before = await _row_counts(pool, other)

    await shops.delete(pool, shop)
    await shops.forget(pool, shop)

    assert set((await _row_counts(pool, shop)).values()) == {0}
    assert await _row_counts(pool, other) == before
    assert 0 not in before.values()
    assert await shops.deleted(pool, 9) == []


async def test_a_live_shop_cannot_be_forgotten(pool: Pool) -> None:
    shop = await _furnished(pool)
    before = await _row_counts(pool, shop)

    await shops.forget(pool, shop)

    assert await _row_counts(pool, shop) == before


async def _furnished(pool: Pool) -> UUID:
    """A shop with a row in each table."""
    shop = (await shops.add(pool, "a shop")).id
    await keys.add(pool, shop, NewKey("till", "secret"))
    category = await terms.find(pool, shop, "category", "dress")
    await products.add(pool, shop, Fields("a dress", category_id=category.id))
    photo_ids = await rows.queued(pool, shop, 5)
    await pool.execute("INSERT INTO embeddings VALUES ($1, 'mini', $2, '')", photo_ids[0], shop)
    await pool.execute("INSERT INTO collections (shop_id, checkpoint) VALUES ($1, 'mini')", shop)
    await prompts.add(pool, [prompts.Asked(shop, "summer dress", 9, 1)])
    await idempotency.begin(pool, shop, "POST /v1/products", "k", b"f")
    return shop


async def _row_counts(pool: Pool, shop: UUID) -> dict[str, int]:
    tables = ("keys", "terms", "products", "photos", "jobs", "embeddings", "collections", "prompts", "idempotency")
    count = "SELECT count(*) FROM {} WHERE shop_id = $1"
    return {table: await pool.fetchval(count.format(table), shop) for table in tables}
