import pytest

from db import collections
from db.errors import NotFound
from db.postgres import Pool
from tests.integration import rows
from tests.integration.rows import CHECKPOINT


async def test_a_collections_name_is_of_its_shop_checkpoint_and_version(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)

    names = {
        collections.name(shop, CHECKPOINT, 1),
        collections.name(shop, CHECKPOINT, 2),
        collections.name(shop, "other", 1),
        collections.name(other, CHECKPOINT, 1),
    }

    assert len(names) == 4
    assert all(len(name) <= 63 for name in names)
    assert collections.shop_of(collections.name(shop, CHECKPOINT, 12)) == shop
    assert collections.shop_of("somebody-elses") is None


async def test_the_first_use_writes_version_one(pool: Pool) -> None:
    shop = await rows.shop(pool)
    with pytest.raises(NotFound):
        await collections.version(pool, shop, CHECKPOINT)

    assert await collections.current(pool, shop, CHECKPOINT) == collections.name(shop, CHECKPOINT, 1)
    assert await collections.current(pool, shop, CHECKPOINT) == collections.name(shop, CHECKPOINT, 1)
    assert await collections.version(pool, shop, CHECKPOINT) == 1


async def test_a_deleted_shop_has_no_current_collection(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await collections.current(pool, shop, CHECKPOINT)
    await pool.execute("UPDATE shops SET deleted_at = now()")

    with pytest.raises(NotFound):
        await collections.current(pool, shop, CHECKPOINT)
    assert await collections.page(pool, after=None, limit=10) == []
    assert [known.version for known in await collections.of_shop(pool, shop)] == [1]


async def test_the_pointer_swings_forward_only_and_for_one_shop(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    for each in (shop, other):
        await collections.current(pool, each, CHECKPOINT)

    await collections.swing(pool, shop, CHECKPOINT, to=3)
    await collections.swing(pool, shop, CHECKPOINT, to=2)

    assert await collections.version(pool, shop, CHECKPOINT) == 3
    assert await collections.version(pool, other, CHECKPOINT) == 1
    held = await collections.hold(pool, CHECKPOINT, [shop, other])
    assert held[shop] == collections.name(shop, CHECKPOINT, 3)


async def test_pages_cover_every_shop_and_checkpoint_once(pool: Pool) -> None:
    shops = [await rows.shop(pool) for _ in range(3)]
    for shop in shops:
        for checkpoint in ("a", "b"):
            await collections.current(pool, shop, checkpoint)

    seen: list[tuple[object, str]] = []
    after = None
    while found := await collections.page(pool, after=after, limit=2):
        seen += [(shop, checkpoint) for shop, checkpoint, _ in found]
        after = found[-1][:2]

    assert sorted(seen, key=str) == sorted(((s, c) for s in shops for c in ("a", "b")), key=str)
