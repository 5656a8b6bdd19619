from dataclasses import replace
from uuid import UUID

import pytest

from db import collections
from db.collections import Current
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
    assert await collections.of_shop(pool, shop) == []

    assert await current(pool, shop) == Current(shop, CHECKPOINT, 1, "default")
    assert await current(pool, shop) == Current(shop, CHECKPOINT, 1, "default")
    assert await collections.of_shop(pool, shop) == [Current(shop, CHECKPOINT, 1, "default")]


async def test_a_deleted_shop_has_no_current_collection(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await current(pool, shop)
    await pool.execute("UPDATE shops SET deleted_at = now()")

    with pytest.raises(NotFound):
        await current(pool, shop)
    assert await collections.page(pool, after=None, limit=10) == []
    assert [known.version for known in await collections.of_shop(pool, shop)] == [1]


async def test_the_pointer_swings_forward_only_and_for_one_shop(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    first, theirs = await current(pool, shop), await current(pool, other)

    await collections.swing(pool, replace(first, version=3, server="b"))
    await collections.swing(pool, replace(first, version=2, server="c"))

    assert await current(pool, shop) == replace(first, version=3, server="b")
    assert await current(pool, other) == theirs
    held = await collections.hold(pool, CHECKPOINT, [shop, other])
    assert held == {shop: f"b/{collections.name(shop, CHECKPOINT, 3)}", other: collections.name(other, CHECKPOINT, 1)}


async def test_new_shops_go_where_the_fewest_are_and_stay(pool: Pool) -> None:
    old = [await rows.shop(pool) for _ in range(3)]
    for shop in old:
        await current(pool, shop)

    new = [(await current(pool, await rows.shop(pool), "default", "b")).server for _ in range(4)]

    assert new == ["b", "b", "b", "default"]
    assert [(await current(pool, shop, "b", "c")).server for shop in old] == ["default"] * 3
    assert await collections.by_server(pool) == {"b": 3, "default": 4}


async def test_shops_are_found_by_their_server(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    await current(pool, shop, "b")
    await current(pool, other, "c")
    await collections.current(pool, other, "another", ["b"])

    assert await collections.shops_on(pool, CHECKPOINT, ["b"]) == [shop]
    assert await collections.shops_on(pool, CHECKPOINT, []) == []


async def test_pages_cover_every_shop_and_checkpoint_once(pool: Pool) -> None:
    shops = [await rows.shop(pool) for _ in range(3)]
    for shop in shops:
        for checkpoint in ("a", "b"):
            await collections.current(pool, shop, checkpoint, ["default"])

    seen: list[tuple[object, str]] = []
    after = None
    while found := await collections.page(pool, after=after, limit=2):
        seen += [(known.shop_id, known.checkpoint) for known in found]
        after = found[-1]

    assert sorted(seen, key=str) == sorted(((s, c) for s in shops for c in ("a", "b")), key=str)


async def current(pool: Pool, shop: UUID, *among: str) -> Current:
    return await collections.current(pool, shop, CHECKPOINT, list(among) or ["default"])
