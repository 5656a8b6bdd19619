"""What a shop's start page gets, with a key that everybody may see."""

from api import ids
from db.postgres import Pool
from tests.integration import rows
from tests.integration.conftest import ShopClient

PAGE = "https://shop.example"


async def test_a_storefront_names_the_shop_and_what_can_be_chosen(
    shop: ShopClient, other_shop: ShopClient, pool: Pool
) -> None:
    await shop.upload_ready(category="dress", style="party", age_group="adult", price="49.90 EUR")
    await shop.upload_ready(category="dress", price="9.90 EUR", availability="preorder")
    await other_shop.upload_ready(category="hat", price="1.00 CHF")
    for _ in range(3):
        await shop.http.post("/v1/recommendations", json={"prompt": "Red Dress"})
        await other_shop.http.post("/v1/recommendations", json={"prompt": "secret wish"})
    await rows.one_a_day(pool, ids.parse("shp", shop.id), "Red Dress")
    await rows.one_a_day(pool, ids.parse("shp", other_shop.id), "secret wish")

    answer = await shop.http.get("/v1/storefront")

    assert (answer.status_code, answer.json()) == (
        200,
        {
            "shop": {"name": "Blue Door"},
            "categories": [{"name": "dress", "product_count": 2}],
            "styles": [{"name": "party", "product_count": 1}],
            "age_groups": [{"name": "adult", "product_count": 1}],
            "prices": [{"currency": "EUR", "min": "9.90", "max": "49.90"}],
            "availability": {"in_stock": 1, "out_of_stock": 0, "preorder": 1},
            "popular_prompts": ["Red Dress"],
        },
    )


async def test_an_empty_shop_has_an_empty_storefront(shop: ShopClient) -> None:
    found = (await shop.http.get("/v1/storefront")).json()

    assert found == {
        "shop": {"name": "Blue Door"},
        "categories": [],
        "styles": [],
        "age_groups": [],
        "prices": [],
        "availability": {"in_stock": 0, "out_of_stock": 0, "preorder": 0},
        "popular_prompts": [],
    }


async def test_a_page_of_the_shop_may_open_the_storefront(shop: ShopClient) -> None:
    key = await shop.publishable(PAGE)
    asks = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    async with shop.api.client(Origin=PAGE) as browser, shop.api.client(key, Origin=PAGE) as page:
        preflight = await browser.options("/v1/storefront", headers=asks)
        answer = await page.get("/v1/storefront")
        elsewhere = await page.get("/v1/storefront", headers={"Origin": "https://evil.example"})

    assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (204, PAGE)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, PAGE)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "origin_not_allowed")
