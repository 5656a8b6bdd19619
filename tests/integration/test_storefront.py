"""What a storefront counts, what it tells of other shoppers' prompts, and how long it is kept."""

import asyncio
from decimal import Decimal
from uuid import UUID

import asyncpg
import pytest

from api.storefronts import Storefronts
from db import photos, products, prompts, storefront, terms
from db.errors import NotFound
from db.ids import new_id
from db.photos import NewPhoto
from db.postgres import Pool
from db.products import Fields
from db.storefront import Counted, Prices
from tests.integration import rows


async def add(pool: Pool, shop_id: UUID, **fields: object) -> UUID:
    """A product that can be recommended."""
    named = {"name": "a dress", **fields}
    async with pool.acquire() as connection, connection.transaction():
        product_id = await products.add(connection, shop_id, Fields(**named))  # type: ignore[arg-type]
        new = await photos.add(connection, shop_id, product_id, [NewPhoto("0" * 64, 1, 64, 64)])
        await photos.ready(connection, new)
    return product_id


async def asked(pool: Pool, shop_id: UUID, prompt: str, times: int = 3, *, returned: int = 5) -> None:
    """Once a day, today and before."""
    for _ in range(times):
        await prompts.add(pool, [prompts.Asked(shop_id, prompt, 10, returned)])
    await rows.one_a_day(pool, shop_id, prompt)


async def test_terms_with_products_come_most_first(pool: Pool) -> None:
    shop = await rows.shop(pool)
    hat = await terms.add(pool, shop, "category", name="hat", description="")
    dress = await terms.add(pool, shop, "category", name="dress", description="")
    await terms.add(pool, shop, "category", name="empty", description="")
    party = await terms.add(pool, shop, "style", name="party", description="")
    adult = await terms.add(pool, shop, "age_group", name="adult", description="")
    await add(pool, shop, category_id=hat.id)
    await add(pool, shop, category_id=dress.id, style_id=party.id)
    await add(pool, shop, category_id=dress.id, age_group_id=adult.id)

    offer = await storefront.offer(pool, shop)

    assert offer.categories == (Counted("dress", 2), Counted("hat", 1))
    assert (offer.styles, offer.age_groups) == ((Counted("party", 1),), (Counted("adult", 1),))
    assert offer.availability == (Counted("in_stock", 3),)


async def test_only_what_can_be_recommended_counts(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await add(pool, shop)
    gone = await add(pool, shop, availability="preorder")
    async with pool.acquire() as connection, connection.transaction():
        await products.delete(connection, shop, gone)
    await rows.queued(pool, shop)
    [photo] = await rows.queued(pool, shop)
    await photos.failed(pool, photo, code="photo_truncated", detail="cut off")
    await rows.product(pool, shop)

    offer = await storefront.offer(pool, shop)

    assert offer.availability == (Counted("in_stock", 1),)


async def test_prices_are_told_by_currency_as_filters_compare_them(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await add(pool, shop, price=Decimal("49.90"), currency="EUR")
    await add(pool, shop, price=Decimal(80), sale_price=Decimal("39.90"), currency="EUR")
    await add(pool, shop, price=Decimal(100), currency="CHF")
    await add(pool, shop)

    offer = await storefront.offer(pool, shop)

    assert offer.prices == (
        Prices("EUR", Decimal("39.90"), Decimal("49.90")),
        Prices("CHF", Decimal(100), Decimal(100)),
    )


async def test_a_storefront_shows_its_own_shop_alone(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    theirs = await terms.add(pool, other, "category", name="theirs", description="")
    await add(pool, other, category_id=theirs.id, price=Decimal(1), currency="EUR")
    await asked(pool, other, "secret plans")

    offer = await storefront.offer(pool, shop)

    assert (offer.categories, offer.availability, offer.prices) == ((), (), ())
    assert await storefront.popular_prompts(pool, shop) == ()


async def test_a_list_of_choices_has_a_bound(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storefront, "GROUPS_MAX", 2)
    shop = await rows.shop(pool)
    for name in ("c", "b", "a"):
        term = await terms.add(pool, shop, "category", name=name, description="")
        await add(pool, shop, category_id=term.id)

    offer = await storefront.offer(pool, shop)

    assert [one.name for one in offer.categories] == ["a", "b"]
    assert offer.availability == (Counted("in_stock", 3),)


async def test_each_product_looks_up_its_own_photos_before_statistics_know_the_shop(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await pool.execute(
        """
        WITH p AS (
            INSERT INTO products (id, shop_id, name) SELECT gen_random_uuid(), $1, 'x' FROM generate_series(1, 5000)
            RETURNING id
        )
        INSERT INTO photos (id, shop_id, product_id, content_hash, bytes, width, height, status)
        SELECT gen_random_uuid(), $1, id, 'x', 1, 64, 64, 'ready' FROM p
        """,
        shop,
    )
    sent: list[asyncpg.LoggedQuery] = []
    async with pool.acquire() as connection:
        with connection.query_logger(sent.append):
            offer = await storefront.offer(connection, shop)
            while not sent:  # asyncpg hands it over in the loop's next round
                await asyncio.sleep(0)
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {sent[0].query}", *sent[0].args))

    assert offer.availability == (Counted("in_stock", 5000),)
    assert "photos_of_product" in plan
    assert "photos_of_shop" not in plan


async def test_prompts_are_popular_when_asked_often_whatever_their_case(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await asked(pool, shop, "warm coat", 3)
    await asked(pool, shop, "red dress", 3)
    await asked(pool, shop, "Red Dress", 2)
    await asked(pool, shop, "hat", 2)

    assert await storefront.popular_prompts(pool, shop) == ("red dress", "warm coat")


@pytest.mark.parametrize(
    "prompt",
    ["dress for anna@example.org", "call 0171 123", "size ٤٢", "anna\uff20example", "a" * 61],
)
async def test_a_prompt_that_may_give_its_shopper_away_is_not_repeated(pool: Pool, prompt: str) -> None:
    shop = await rows.shop(pool)
    await asked(pool, shop, prompt, 4)
    await asked(pool, shop, "a" * 60)

    assert await storefront.popular_prompts(pool, shop) == ("a" * 60,)


async def test_what_was_asked_often_on_one_day_is_not_popular(pool: Pool) -> None:
    shop = await rows.shop(pool)
    for _ in range(20):
        await prompts.add(pool, [prompts.Asked(shop, "buy elsewhere", 10, 5)])

    assert await storefront.popular_prompts(pool, shop) == ()


async def test_prompts_without_results_are_not_popular(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await asked(pool, shop, "spaceship", 5, returned=0)
    await asked(pool, shop, "dress", 2)
    await asked(pool, shop, "dress", 5, returned=0)

    assert await storefront.popular_prompts(pool, shop) == ()


async def test_prompts_of_last_season_are_forgotten(pool: Pool) -> None:
    shop = await rows.shop(pool)
    await asked(pool, shop, "ski jacket")
    await pool.execute("UPDATE prompts SET created_at = now() - interval '31 days'")
    await asked(pool, shop, "swimsuit")

    assert await storefront.popular_prompts(pool, shop) == ("swimsuit",)


async def test_at_most_twelve_prompts_are_told_most_asked_first(pool: Pool) -> None:
    shop = await rows.shop(pool)
    names = [f"coat {chr(ord('a') + place)}" for place in range(14)]
    for place, name in enumerate(names):
        await asked(pool, shop, name, 3 + place)

    assert await storefront.popular_prompts(pool, shop) == tuple(reversed(names[2:]))


async def test_a_storefront_is_kept_and_read_again_after_its_time(pool: Pool) -> None:
    shop = await rows.shop(pool)
    kept, brief = Storefronts(pool), Storefronts(pool, kept_s=0)
    before = [await kept.of(shop), await brief.of(shop)]
    await add(pool, shop)

    after = [await kept.of(shop), await brief.of(shop)]

    assert after[0] == before[0]
    assert after[1].offer.availability == (Counted("in_stock", 1),)


async def test_those_who_ask_at_once_share_one_reading_even_when_the_first_leaves(pool: Pool) -> None:
    shop = await rows.shop(pool)
    storefronts = Storefronts(pool)
    first = asyncio.create_task(storefronts.of(shop))
    second, third = (asyncio.create_task(storefronts.of(shop)) for _ in range(2))
    await asyncio.sleep(0)

    first.cancel()

    assert await second is await third


async def test_a_failed_reading_is_not_kept(pool: Pool) -> None:
    storefronts, shop = Storefronts(pool), new_id()
    with pytest.raises(NotFound):
        await storefronts.of(shop)

    await pool.execute("INSERT INTO shops (id, name) VALUES ($1, 'new')", shop)

    assert (await storefronts.of(shop)).shop_name == "new"


async def test_no_more_storefronts_are_kept_than_said(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    storefronts = Storefronts(pool, shops_max=1)
    before = await storefronts.of(shop)
    await storefronts.of(other)
    await add(pool, shop)

    assert await storefronts.of(shop) != before
    assert len(storefronts._kept) == 1
