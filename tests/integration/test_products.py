import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from db import keys, photos, products, terms
from db.errors import Changed, NotFound, Taken
from db.filters import Between, In
from db.ids import new_id
from db.photos import NewPhoto
from db.postgres import Pool
from db.products import Counts, Fields, Listing
from tests.integration import rows

EVERYTHING = Fields(
    name="Summer dress",
    external_id="SKU-1",
    group_id="G-1",
    description="Linen, knee length",
    gender="women",
    brand="Linen & Co",
    colours=("red", "white"),
    sizes=("S", "M"),
    materials=("linen",),
    price=Decimal("49.90"),
    sale_price=Decimal("29.90"),
    currency="EUR",
    availability="preorder",
    url="https://linen.example/1",
    tags=("summer",),
    attributes={"care": ["wash", "iron"], "weight": 0.5},
)
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
NEW = NewPhoto("abc", 100, 64, 48)


async def test_a_product_comes_back_as_it_was_written(pool: Pool) -> None:
    shop = await rows.shop(pool)
    kinds: tuple[terms.Kind, ...] = ("category", "style", "age_group")
    category, style, age_group = [await terms.add(pool, shop, kind, name=f"a {kind}", description="") for kind in kinds]
    fields = Fields(
        **{**vars(EVERYTHING), "category_id": category.id, "style_id": style.id, "age_group_id": age_group.id}
    )

    product_id = await products.add(pool, shop, fields)
    photo_ids = await photos.add(pool, shop, product_id, [NEW, NEW])

    product = await products.get(pool, shop, product_id)
    assert product.fields == fields
    assert (product.category, product.style, product.age_group) == ("a category", "a style", "a age_group")
    assert product.photos == tuple([await photos.get(pool, shop, photo_id) for photo_id in photo_ids])
    assert (product.revision, product.status, product.shop_id) == (1, "queued", shop)


async def test_what_was_left_out_comes_back_empty(pool: Pool) -> None:
    shop = await rows.shop(pool)

    product = await products.get(pool, shop, await products.add(pool, shop, Fields("a dress")))

    assert product.fields == Fields("a dress", attributes={})
    assert (product.category, product.photos, product.status) == (None, (), "ready")


async def test_deleted_photos_are_not_shown(pool: Pool) -> None:
    shop = await rows.shop(pool)
    first, second = await rows.queued(pool, shop, 2)
    product_id = await _product_of(pool, first)

    await rows.delete(pool, first)

    assert [photo.id for photo in (await products.get(pool, shop, product_id)).photos] == [second]


async def test_external_ids_are_unique_among_the_live_products_of_a_shop(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    first = await products.add(pool, shop, EVERYTHING)
    second = await products.add(pool, shop, Fields("b"))

    with pytest.raises(Taken):
        await products.add(pool, shop, EVERYTHING)
    with pytest.raises(Taken):
        await products.change(pool, shop, second, EVERYTHING, revision=None)
    await products.add(pool, other, EVERYTHING)
    await _delete(pool, shop, first)

    again = await products.add(pool, shop, EVERYTHING)
    assert await products.id_of_external(pool, shop, "SKU-1") == again


async def test_products_are_found_by_number_and_external_id(pool: Pool) -> None:
    shop = await rows.shop(pool)
    product_id = await products.add(pool, shop, EVERYTHING)
    number = (await products.get(pool, shop, product_id)).number

    assert await products.id_of_number(pool, shop, number) == product_id
    assert await products.id_of_external(pool, shop, "SKU-1") == product_id
    for absent in (0, -1, number + 1, 2**63, 10**30):
        with pytest.raises(NotFound):
            await products.id_of_number(pool, shop, absent)
    with pytest.raises(NotFound):
        await products.id_of_external(pool, shop, "sku-1")


async def test_a_change_replaces_all_fields_and_counts_the_revision(pool: Pool) -> None:
    shop = await rows.shop(pool)
    product_id = await products.add(pool, shop, EVERYTHING)

    await products.change(pool, shop, product_id, Fields("Winter dress"), revision=1)

    product = await products.get(pool, shop, product_id)
    assert product.fields == Fields("Winter dress", attributes={})
    assert product.revision == 2
    assert product.updated_at > product.created_at


async def test_a_stale_revision_changes_nothing(pool: Pool) -> None:
    shop = await rows.shop(pool)
    product_id = await products.add(pool, shop, EVERYTHING)
    await products.bump(pool, shop, product_id)
    before = await products.get(pool, shop, product_id)

    for call in (
        products.change(pool, shop, product_id, Fields("x"), revision=1),
        products.delete(pool, shop, product_id, revision=1),
        products.bump(pool, shop, product_id, revision=1),
    ):
        with pytest.raises(Changed):
            await call

    assert await products.get(pool, shop, product_id) == before


async def test_of_two_changes_of_one_revision_one_wins(pool: Pool) -> None:
    shop = await rows.shop(pool)
    product_id = await products.add(pool, shop, EVERYTHING)

    outcomes = await asyncio.gather(
        *(products.change(pool, shop, product_id, Fields(name), revision=1) for name in "abcd"), return_exceptions=True
    )

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Changed", "Changed", "Changed", "NoneType"]
    assert (await products.get(pool, shop, product_id)).revision == 2


async def test_a_deleted_product_is_hidden_and_its_photos_have_jobs(pool: Pool) -> None:
    shop = await rows.shop(pool)
    photo_ids = await rows.ready(pool, shop, 2)
    product_id = await _product_of(pool, photo_ids[0])
    number = (await products.get(pool, shop, product_id)).number

    await _delete(pool, shop, product_id)

    for call in (
        products.get(pool, shop, product_id),
        products.id_of_number(pool, shop, number),
        products.bump(pool, shop, product_id),
        products.change(pool, shop, product_id, Fields("x"), revision=None),
        products.delete(pool, shop, product_id),
    ):
        with pytest.raises(NotFound):
            await call
    assert await products.page(pool, shop, Listing(), after=None, limit=9) == []
    assert await products.of_photos(pool, shop, photo_ids, None) == {}
    assert await products.counts(pool, shop) == Counts(0, 0, 0, 0, 0)
    assert {(job.photo_id, job.remove) for job in await rows.claim_all(pool)} == {(one, True) for one in photo_ids}


async def test_a_deleted_product_without_photos_leaves_no_row(pool: Pool) -> None:
    shop = await rows.shop(pool)

    await _delete(pool, shop, await products.add(pool, shop, EVERYTHING))

    assert await pool.fetchval("SELECT count(*) FROM products") == 0


async def test_a_deleted_product_stays_until_its_last_deleted_photo_has_left_chroma(pool: Pool) -> None:
    shop = await rows.shop(pool)
    [photo] = await rows.ready(pool, shop)
    product_id = await _product_of(pool, photo)
    await rows.delete(pool, photo)

    await _delete(pool, shop, product_id)
    assert await pool.fetchval("SELECT count(*) FROM products") == 1

    await photos.forget(pool, photo)
    assert await pool.fetchval("SELECT count(*) FROM products") == 0


async def test_a_photo_added_while_its_product_is_deleted_does_not_stay_live(pool: Pool) -> None:
    shop = await rows.shop(pool)
    product_id = await products.add(pool, shop, EVERYTHING)

    async with pool.acquire() as connection, connection.transaction():
        await photos.add(connection, shop, product_id, [NEW])
        deleting = asyncio.create_task(_delete(pool, shop, product_id))
        while not deleting.done() and not await pool.fetchval(WAITING):
            await asyncio.sleep(0)
    await deleting

    assert await pool.fetchval("SELECT count(*) FROM photos WHERE deleted_at IS NULL") == 0


async def test_a_shop_cannot_see_or_change_another_shops_product(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    photo_ids = await rows.ready(pool, other)
    product_id = await _product_of(pool, photo_ids[0])
    await products.change(pool, other, product_id, EVERYTHING, revision=None)
    before = await products.get(pool, other, product_id)

    for call in (
        products.get(pool, shop, product_id),
        products.id_of_external(pool, shop, "SKU-1"),
        products.id_of_number(pool, shop, before.number),
        products.change(pool, shop, product_id, Fields("mine"), revision=None),
        products.delete(pool, shop, product_id),
        products.bump(pool, shop, product_id),
    ):
        with pytest.raises(NotFound):
            await call

    assert await products.page(pool, shop, Listing(), after=None, limit=9) == []
    assert await products.page(pool, shop, Listing(status="ready", words="dress"), after=None, limit=9) == []
    assert await products.of_photos(pool, shop, photo_ids, None) == {}
    assert await products.counts(pool, shop) == Counts(0, 0, 0, 0, 0)
    assert await products.get(pool, other, product_id) == before


async def test_pages_run_from_the_newest_to_the_oldest(pool: Pool) -> None:
    shop = await rows.shop(pool)
    made = [await products.add(pool, shop, Fields(str(number))) for number in range(5)]

    first = await products.page(pool, shop, Listing(), after=None, limit=3)
    second = await products.page(pool, shop, Listing(), after=first[-1].id, limit=3)

    assert [product.id for product in first + second] == made[::-1]
    assert first[0] == await products.get(pool, shop, made[-1])


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("DRESS", True),
        ("linen summer", True),
        ("sku-1", True),
        ("knee co", True),
        ("dress wool", False),
        ("100%", False),
        ("_", False),
        ("\\", False),
    ],
)
async def test_a_list_shows_the_products_that_have_every_word(pool: Pool, words: str, *, found: bool) -> None:
    shop = await rows.shop(pool)
    product_id = await products.add(pool, shop, EVERYTHING)

    page = await products.page(pool, shop, Listing(words=words), after=None, limit=9)

    assert [product.id for product in page] == ([product_id] if found else [])


async def test_words_filter_and_status_hold_together(pool: Pool) -> None:
    shop = await rows.shop(pool)
    product_id = await products.add(pool, shop, EVERYTHING)
    await products.add(pool, shop, Fields("summer dress", brand="other"))
    listing = Listing(In("brand", ("linen & co",)), "ready", "summer")

    page = await products.page(pool, shop, listing, after=None, limit=9)

    assert [product.id for product in page] == [product_id]


async def test_lists_by_status_agree_with_each_products_own(pool: Pool) -> None:
    shop = await rows.shop(pool)
    states: tuple[photos.Status, ...] = ("queued", "embedding", "ready", "failed")
    await products.add(pool, shop, Fields("without photos"))
    for first in states:
        for second in states:
            pair = await rows.queued(pool, shop, 3)
            await pool.execute("UPDATE photos SET status = $2 WHERE id = $1", pair[0], first)
            await pool.execute("UPDATE photos SET status = $2 WHERE id = $1", pair[1], second)
            await rows.delete(pool, pair[2])
    shown = await products.page(pool, shop, Listing(), after=None, limit=50)

    for status in ("queued", "embedding", "ready", "partial", "failed"):
        listed = await products.page(pool, shop, Listing(status=status), after=None, limit=50)
        assert listed == [product for product in shown if product.status == status]
        assert listed


async def test_photos_lead_to_their_live_products(pool: Pool) -> None:
    shop = await rows.shop(pool)
    two = await rows.ready(pool, shop, 2)
    [deleted] = await rows.ready(pool, shop)
    [queued] = await rows.queued(pool, shop)
    [kept, hidden] = await rows.ready(pool, shop, 2)
    await _delete(pool, shop, await _product_of(pool, deleted))
    await rows.delete(pool, hidden)

    found = await products.of_photos(pool, shop, [*two, deleted, queued, kept, hidden, new_id()], None)

    assert set(found) == {*two, kept}
    assert found[two[0]] == found[two[1]] == await products.get(pool, shop, await _product_of(pool, two[0]))
    assert [photo.id for photo in found[kept].photos] == [kept]
    assert await products.of_photos(pool, shop, [], None) == {}


async def test_photos_lead_only_to_products_that_fit(pool: Pool) -> None:
    shop = await rows.shop(pool)
    [cheap], [dear] = [await rows.ready(pool, shop) for _ in range(2)]
    for photo, price in ((cheap, "9.90"), (dear, "99.90")):
        fields = Fields("a dress", price=Decimal(price))
        await products.change(pool, shop, await _product_of(pool, photo), fields, revision=None)

    found = await products.of_photos(pool, shop, [cheap, dear], Between("price", lte=Decimal(50)))

    assert set(found) == {cheap}


async def test_counts_are_of_live_rows(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await rows.ready(pool, shop, 2)
    queued = await rows.queued(pool, shop, 3)
    await photos.failed(pool, queued[0], code="photo_unreadable", detail="no photo")
    await pool.execute("UPDATE photos SET status = 'embedding' WHERE id = $1", queued[1])
    [deleted] = await rows.ready(pool, shop)
    await _delete(pool, shop, await _product_of(pool, deleted))

    assert await products.counts(pool, shop) == Counts(products=2, photos=5, ready=2, queued=2, failed=1)


async def test_hot_statements_use_indexes(pool: Pool) -> None:
    shop = await rows.shop(pool)
    _, text = await keys.add(pool, shop, keys.NewKey("till", "secret"))
    await _fill(pool)
    # The planner's statistics do not know this shop: after a first import they never do.
    photo_ids = await rows.ready(pool, shop, 20)

    async with pool.acquire() as connection:
        await products.get(connection, shop, await _product_of(pool, photo_ids[0]))  # asyncpg asks for its types once
        await _used_indexes(connection, keys.find(connection, text), {"keys_hash_key", "shops_pkey"})
        await _used_indexes(
            connection,
            products.of_photos(connection, shop, photo_ids, In("category", ("dress",))),
            {"photos_pkey", "photos_of_product"},
        )
        await _used_indexes(
            connection,
            products.page(connection, shop, Listing(), after=new_id(), limit=50),
            {"products_of_shop", "photos_of_product"},
        )


async def _used_indexes(connection: asyncpg.Connection, call: Awaitable[object], indexes: set[str]) -> None:
    """Explains the statement that `call` sends: no big table is read whole."""
    sent: list[asyncpg.LoggedQuery] = []
    with connection.query_logger(sent.append):
        await call
        while not sent:  # asyncpg hands it over in the loop's next round
            await asyncio.sleep(0)
    [statement] = sent

    plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement.query}", *statement.args))

    assert all(f"Seq Scan on {table} " not in plan for table in ("keys", "products", "photos", "shops")), plan
    assert all(index in plan for index in indexes), plan


async def _fill(pool: Pool) -> None:
    """40 shops with 250 products and photos and 25 keys, and many without, so that the planner has a choice to make."""
    await pool.execute(
        """
        WITH s AS (INSERT INTO shops (id, name) SELECT gen_random_uuid(), 'x' FROM generate_series(1, 40) RETURNING id),
        k AS (
            INSERT INTO keys (id, shop_id, name, kind, hash, last4)
            SELECT gen_random_uuid(), s.id, 'x', 'secret', sha256(gen_random_uuid()::text::bytea), 'xxxx'
            FROM s, generate_series(1, 25)
        ),
        p AS (
            INSERT INTO products (id, shop_id, name) SELECT gen_random_uuid(), s.id, 'x' FROM s, generate_series(1, 250)
            RETURNING id, shop_id
        )
        INSERT INTO photos (id, shop_id, product_id, content_hash, bytes, width, height)
        SELECT gen_random_uuid(), shop_id, id, 'x', 1, 64, 64 FROM p
        """
    )
    await pool.execute("INSERT INTO shops (id, name) SELECT gen_random_uuid(), 'x' FROM generate_series(1, 2000)")
    await pool.execute("ANALYZE shops, keys, products, photos")


async def _delete(pool: Pool, shop: UUID, product_id: UUID) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await products.delete(connection, shop, product_id)


async def _product_of(pool: Pool, photo: UUID) -> UUID:
    return await pool.fetchval("SELECT product_id FROM photos WHERE id = $1", photo)
