import asyncio

import pytest

from db import products, terms
from db.errors import InUse, NotFound, Taken
from db.ids import new_id
from db.postgres import Pool
from db.products import Fields
from tests.integration import rows

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
KINDS: tuple[terms.Kind, ...] = ("category", "style", "age_group")


async def test_a_name_is_unique_per_shop_and_kind_without_regard_to_case(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    await terms.add(pool, shop, "category", name="Kimono", description="silk")

    with pytest.raises(Taken):
        await terms.add(pool, shop, "category", name="kimono", description="")

    await terms.add(pool, shop, "style", name="kimono", description="")
    await terms.add(pool, other, "category", name="kimono", description="")


@pytest.mark.parametrize(("kind", "prefix"), [("category", "cat_"), ("style", "sty_"), ("age_group", "age_")])
async def test_a_term_is_found_by_name_and_by_id(pool: Pool, kind: terms.Kind, prefix: str) -> None:
    shop = await rows.shop(pool)
    term = await terms.add(pool, shop, kind, name="Boho", description="")

    assert await terms.find(pool, shop, kind, "bOHO") == term
    assert await terms.find(pool, shop, kind, prefix + term.id.hex) == term
    for wrong in ("boh", "prd_" + term.id.hex, prefix + term.id.hex + "0", prefix, ""):
        with pytest.raises(NotFound):
            await terms.find(pool, shop, kind, wrong)


async def test_a_shop_cannot_reach_another_shops_term(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    term = await terms.add(pool, other, "category", name="kimono", description="")
    own = await terms.add(pool, shop, "category", name="dress", description="")
    await products.add(pool, shop, Fields("a dress", category_id=own.id))

    for call in (
        terms.get(pool, shop, "category", term.id),
        terms.find(pool, shop, "category", "kimono"),
        terms.find(pool, shop, "category", "cat_" + term.id.hex),
        terms.change(pool, shop, "category", term.id, name="mine", description=""),
        terms.delete(pool, shop, "category", term.id, reassign_to=None),
        terms.delete(pool, shop, "category", own.id, reassign_to=term.id),
        products.add(pool, shop, Fields("a kimono", category_id=term.id)),
    ):
        with pytest.raises(NotFound):
            await call

    assert await terms.get(pool, other, "category", term.id) == term
    assert [one.id for one in await terms.page(pool, shop, "category", after=None, limit=9)] == [own.id]


async def test_a_term_of_another_kind_is_not_found(pool: Pool) -> None:
    shop = await rows.shop(pool)
    style = await terms.add(pool, shop, "style", name="boho", description="")

    with pytest.raises(NotFound):
        await terms.get(pool, shop, "category", style.id)


async def test_uploads_that_name_a_new_term_at_once_share_it(pool: Pool) -> None:
    shop = await rows.shop(pool)

    found = await asyncio.gather(
        *(terms.find_or_add(pool, shop, "category", name) for name in ("Kimono", "kimono", "KIMONO") * 5)
    )

    assert len({term.id for term in found}) == 1


async def test_a_change_keeps_the_id_and_refuses_a_taken_name(pool: Pool) -> None:
    shop = await rows.shop(pool)
    term = await terms.add(pool, shop, "category", name="kimono", description="")
    await terms.add(pool, shop, "category", name="dress", description="")

    changed = await terms.change(pool, shop, "category", term.id, name="Kimono", description="silk")

    assert (changed.id, changed.name, changed.description) == (term.id, "Kimono", "silk")
    with pytest.raises(Taken):
        await terms.change(pool, shop, "category", term.id, name="DRESS", description="")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_term_counts_the_live_products_that_carry_it(pool: Pool, kind: terms.Kind) -> None:
    shop = await rows.shop(pool)
    term = await terms.add(pool, shop, kind, name="boho", description="")
    for _ in range(3):
        product_id = await products.add(pool, shop, _carrying(kind, term))
    async with pool.acquire() as connection, connection.transaction():
        await products.delete(connection, shop, product_id)

    assert (await terms.get(pool, shop, kind, term.id)).product_count == 2
    assert [one.product_count for one in await terms.page(pool, shop, kind, after=None, limit=9)] == [2]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_term_in_use_stays_unless_its_products_are_reassigned(pool: Pool, kind: terms.Kind) -> None:
    shop = await rows.shop(pool)
    old = await terms.add(pool, shop, kind, name="boho", description="")
    new = await terms.add(pool, shop, kind, name="hippie", description="")
    product_id = await products.add(pool, shop, _carrying(kind, old))

    with pytest.raises(InUse):
        await terms.delete(pool, shop, kind, old.id, reassign_to=None)
    with pytest.raises(InUse):
        await terms.delete(pool, shop, kind, old.id, reassign_to=old.id)
    await terms.delete(pool, shop, kind, old.id, reassign_to=new.id)

    product = await products.get(pool, shop, product_id)
    assert getattr(product, kind) == "hippie"
    assert product.revision == 2
    with pytest.raises(NotFound):
        await terms.get(pool, shop, kind, old.id)


@pytest.mark.parametrize("kind", KINDS)
async def test_deleted_products_let_go_of_a_deleted_term(pool: Pool, kind: terms.Kind) -> None:
    shop = await rows.shop(pool)
    term = await terms.add(pool, shop, kind, name="boho", description="")
    [photo] = await rows.queued(pool, shop)
    product_id = await pool.fetchval("SELECT product_id FROM photos WHERE id = $1", photo)
    await products.change(pool, shop, product_id, _carrying(kind, term), revision=None)
    async with pool.acquire() as connection, connection.transaction():
        await products.delete(connection, shop, product_id)

    await terms.delete(pool, shop, kind, term.id, reassign_to=None)

    assert await pool.fetchval("SELECT num_nulls(category_id, style_id, age_group_id) FROM products") == 3


async def test_a_term_is_not_lost_to_a_product_that_takes_it_meanwhile(pool: Pool) -> None:
    shop = await rows.shop(pool)
    term = await terms.add(pool, shop, "category", name="kimono", description="")

    async with pool.acquire() as connection, connection.transaction():
        await products.add(connection, shop, Fields("a kimono", category_id=term.id))
        deleting = asyncio.create_task(terms.delete(pool, shop, "category", term.id, reassign_to=None))
        while not deleting.done() and not await pool.fetchval(WAITING):
            await asyncio.sleep(0)

    with pytest.raises(InUse):
        await deleting


async def test_pages_follow_each_other(pool: Pool) -> None:
    shop = await rows.shop(pool)
    made = [await terms.add(pool, shop, "style", name=str(number), description="") for number in range(3)]

    first = await terms.page(pool, shop, "style", after=None, limit=2)
    second = await terms.page(pool, shop, "style", after=first[-1].id, limit=2)

    assert first + second == made


async def test_an_unknown_term_is_not_found(pool: Pool) -> None:
    shop = await rows.shop(pool)

    for call in (
        terms.get(pool, shop, "style", new_id()),
        terms.change(pool, shop, "style", new_id(), name="x", description=""),
        terms.delete(pool, shop, "style", new_id(), reassign_to=None),
    ):
        with pytest.raises(NotFound):
            await call


def _carrying(kind: terms.Kind, term: terms.Term) -> Fields:
    match kind:
        case "category":
            return Fields("a dress", category_id=term.id)
        case "style":
            return Fields("a dress", style_id=term.id)
        case "age_group":
            return Fields("a dress", age_group_id=term.id)
