"""What each filter lets through, asked of Postgres."""

from decimal import Decimal
from uuid import UUID

import pytest

from db import products, shops, terms
from db.filters import And, Between, Field, Filter, In, Not, Or
from db.postgres import Pool
from db.products import Fields, Listing


@pytest.fixture
async def shop(pool: Pool) -> UUID:
    """Four products: a red dress on sale, black shoes, a blue skirt of which little is known, a cheap hat."""
    shop = (await shops.add(pool, "a shop")).id
    dress, shoes = [(await terms.find(pool, shop, "category", name)).id for name in ("dress", "shoes")]
    party = (await terms.find(pool, shop, "style", "party")).id
    adult = (await terms.find(pool, shop, "age_group", "adult")).id
    for fields in (
        Fields(
            "dress",
            category_id=dress,
            style_id=party,
            age_group_id=adult,
            price=Decimal("49.90"),
            sale_price=Decimal("29.90"),
            brand="Linen & Co",
            gender="women",
            group_id="G-1",
            tags=("Summer", "new"),
            colours=("Red",),
        ),
        Fields("shoes", category_id=shoes, price=Decimal(80), availability="out_of_stock", colours=("black", "white")),
        Fields("skirt", colours=("blue",)),
        Fields("hat", price=Decimal(5), brand="O'Neill %_", availability="preorder"),
    ):
        await products.add(pool, shop, fields)
    return shop


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        (None, "dress shoes skirt hat"),
        (In("category", ("DRESS",)), "dress"),
        (In("category", ("dress", "shoes", "hat")), "dress shoes"),
        (In("style", ("Party",)), "dress"),
        (In("age_group", ("adult",)), "dress"),
        (In("availability", ("in_stock", "PREORDER")), "dress skirt hat"),
        (In("brand", ("linen & co", "o'neill %_")), "dress hat"),
        (In("gender", ("Women",)), "dress"),
        (In("group_id", ("G-1",)), "dress"),
        (In("group_id", ("g-1",)), ""),
        (In("tags", ("summer", "winter")), "dress"),
        (In("colours", ("RED", "Black")), "dress shoes"),
        (In("price", ("29.9", "5.00", "cheap")), "dress hat"),
        (In("brand", ()), ""),
        (In("brand", ("' OR true --",)), ""),
        (Between("price", lte=Decimal("29.90")), "dress hat"),
        (Between("price", lt=Decimal("29.90")), "hat"),
        (Between("price", gte=Decimal("29.90")), "dress shoes"),
        (Between("price", gt=Decimal("29.90"), lte=Decimal(80)), "shoes"),
        (Between("price"), "dress shoes hat"),
        (Not(In("category", ("dress",))), "shoes skirt hat"),
        (Not(In("brand", ("linen & co",))), "shoes skirt hat"),
        (Not(Between("price", lte=Decimal(60))), "shoes skirt"),
        (Not(Not(In("tags", ("new",)))), "dress"),
        (And((In("colours", ("red", "blue")), Between("price"))), "dress"),
        (Or((In("colours", ("blue",)), In("brand", ("O'Neill %_",)))), "skirt hat"),
        (
            And((Not(In("category", ("shoes",))), Or((Between("price", lt=Decimal(6)), In("tags", ("new",)))))),
            "dress hat",
        ),
        (And(()), "dress shoes skirt hat"),
        (Or(()), ""),
    ],
)
async def test_a_filter_lets_through_what_fits(pool: Pool, shop: UUID, condition: Filter | None, names: str) -> None:
    assert await _names(pool, shop, condition) == names


@pytest.mark.parametrize(
    ("field", "name", "prefix"),
    [("category", "dress", "cat_"), ("style", "party", "sty_"), ("age_group", "adult", "age_")],
)
async def test_terms_are_named_by_id_too(pool: Pool, shop: UUID, field: terms.Kind, name: str, prefix: str) -> None:
    term = await terms.find(pool, shop, field, name)

    assert await _names(pool, shop, In(field, (prefix + term.id.hex,))) == "dress"
    assert await _names(pool, shop, In(field, ("prd_" + term.id.hex,))) == ""


@pytest.mark.parametrize("field", ["category", "brand", "price", "tags", "availability"])
async def test_a_filter_never_reaches_another_shop(pool: Pool, shop: UUID, field: Field) -> None:
    other = (await shops.add(pool, "other")).id

    assert await _names(pool, other, Not(In(field, ("x",)))) == ""


async def _names(pool: Pool, shop: UUID, condition: Filter | None) -> str:
    """Oldest first, as the fixture names them."""
    page = await products.page(pool, shop, Listing(filter=condition), after=None, limit=9)
    return " ".join(product.fields.name for product in reversed(page))
