"""Recommendations over HTTP; the search itself is the neighbour's."""

from db.filters import And, Between, In
from models.prompt import BadPrompt
from tests.integration.conftest import ShopClient


async def test_products_come_best_first_and_as_many_as_asked_for(shop: ShopClient) -> None:
    for number in range(4):
        await shop.upload_ready(name=f"Dress {number}", external_id=f"SKU-{number}", price="49.90 EUR")

    answer = await shop.http.post("/v1/recommendations", json={"prompt": "dress", "num_results": 3})

    found = answer.json()
    assert [one["rank"] for one in found["data"]] == [1, 2, 3]
    assert [one["external_id"] for one in found["data"]] == ["SKU-0", "SKU-1", "SKU-2"]
    scores = [one["score"] for one in found["data"]]
    assert scores == sorted(scores, reverse=True)
    assert found["data"][0]["price"] == {"amount": "49.90", "currency": "EUR"}
    assert found["recommendation_id"].startswith("rec_")
    assert found["used_inputs"] == ["prompt"]
    assert found["model"] == {"checkpoint": "mini", "revision": "0123456789ab"}
    assert answer.headers["server-timing"].startswith("embed;dur=1.5, search;dur=2.5")


async def test_the_photo_of_a_recommendation_can_be_shown_without_a_key(shop: ShopClient) -> None:
    await shop.upload_ready()

    photo = (await shop.http.get("/v1/recommendations?prompt=dress")).json()["data"][0]["photo"]

    async with shop.api.client() as page:
        answers = [await page.get(photo["url"]), await page.get(photo["thumbnail_url"])]
    assert [answer.headers["content-type"] for answer in answers] == ["image/webp"] * 2


async def test_ten_products_are_the_default(shop: ShopClient) -> None:
    await shop.http.post("/v1/recommendations", json={"prompt": "dress"})
    await shop.http.get("/v1/recommendations?prompt=dress&num_results=7")

    assert [ask.num_results for ask in shop.api.query.asked] == [10, 7]


async def test_an_empty_shop_has_nothing_to_recommend(shop: ShopClient, other_shop: ShopClient) -> None:
    await other_shop.upload_ready()

    answer = await shop.http.post("/v1/recommendations", json={"prompt": "dress"})

    assert (answer.status_code, answer.json()["data"]) == (200, [])


async def test_the_key_decides_which_shop_is_searched(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.upload_ready(external_id="mine")
    await other_shop.upload_ready(external_id="theirs")
    async with shop.api.client(await other_shop.publishable()) as page:
        found = (await page.get("/v1/recommendations?prompt=dress")).json()["data"]

    assert [one["external_id"] for one in found] == ["theirs"]


async def test_a_prompt_is_cleaned_before_it_is_searched_and_kept(shop: ShopClient) -> None:
    await shop.http.post("/v1/recommendations", json={"prompt": "  summer\u200b\x00  dress\n"})

    assert shop.api.query.asked[0].prompt == "summer dress"
    assert (await shop.http.get("/v1/prompts")).json()["data"][0]["prompt"] == "summer dress"


async def test_a_filter_reaches_the_search(shop: ShopClient) -> None:
    clauses = [{"category": {"in": ["dress"]}}, {"price": {"lte": 80}}, {"availability": "in_stock"}]

    answer = await shop.http.post(
        "/v1/recommendations", json={"prompt": "dress", "filter": {"and": clauses}, "min_score": 0.2}
    )

    ask = shop.api.query.asked[0]
    assert isinstance(ask.filter, And)
    assert ask.filter.clauses[0] == In("category", ("dress",))
    assert isinstance(ask.filter.clauses[1], Between)
    assert ask.min_score == 0.2
    assert answer.json()["used_inputs"] == ["prompt", "filter", "min_score"]


async def test_similar_products_do_not_contain_the_product(shop: ShopClient) -> None:
    one = await shop.upload_ready(external_id="one")
    await shop.upload_ready(external_id="two")

    answer = await shop.http.get(f"/v1/products/{one['id']}/similar?num_results=5")
    same = await shop.http.get("/v1/products/ext:one/similar")

    assert [found["external_id"] for found in answer.json()["data"]] == ["two"]
    assert answer.json()["used_inputs"] == ["product"]
    assert same.json()["data"][0]["external_id"] == "two"


async def test_similar_products_come_with_what_shoppers_may_know_of_the_product(shop: ShopClient) -> None:
    fields = {"brand": "Blue", "colours": "red", "sizes": "S,M", "materials": "linen", "price": "49.90 EUR"}
    one = await shop.upload_ready(external_id="one", description="Light.", tags="secret", attributes="{}", **fields)

    async with shop.api.client(await shop.publishable()) as page:
        found = (await page.get("/v1/products/ext:one/similar")).json()["product"]
        [photo] = found.pop("photos")
        shown = [await page.get(photo[address]) for address in ("url", "thumbnail_url")]

    assert photo["id"] == one["photos"][0]["id"]
    assert [answer.headers["content-type"] for answer in shown] == ["image/webp"] * 2
    assert found == {
        "product_id": one["id"],
        "external_id": "one",
        "name": "Red dress",
        "description": "Light.",
        "category": None,
        "style": None,
        "age_group": None,
        "brand": "Blue",
        "colours": ["red"],
        "sizes": ["S", "M"],
        "materials": ["linen"],
        "price": {"amount": "49.90", "currency": "EUR"},
        "sale_price": None,
        "availability": "in_stock",
        "url": None,
    }


async def test_a_product_without_a_usable_photo_can_be_opened(shop: ShopClient) -> None:
    one = await shop.upload()
    await shop.api.query.db.execute("UPDATE photos SET status = 'failed'")

    answer = await shop.http.get(f"/v1/products/{one['id']}/similar")

    assert (answer.status_code, answer.json()["product"]["photos"]) == (200, [])


async def test_another_shops_product_cannot_be_opened(shop: ShopClient, other_shop: ShopClient) -> None:
    theirs = await other_shop.upload_ready(external_id="theirs")

    answers = [await shop.http.get(f"/v1/products/{product_id}/similar") for product_id in (theirs["id"], "ext:theirs")]

    assert [answer.status_code for answer in answers] == [404, 404]


async def test_a_prompt_is_about_no_product(shop: ShopClient) -> None:
    assert (await shop.http.get("/v1/recommendations?prompt=dress")).json()["product"] is None


async def test_prompts_are_kept_with_the_number_asked_for(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.upload_ready()
    await shop.http.post("/v1/recommendations", json={"prompt": "red dress", "num_results": 5})
    await shop.http.get("/v1/recommendations?prompt=hat")
    await other_shop.http.get("/v1/recommendations?prompt=secret+wish")

    kept = (await shop.http.get("/v1/prompts")).json()["data"]

    assert [(one["prompt"], one["num_results"], one["returned"]) for one in kept] == [
        ("hat", 10, 1),
        ("red dress", 5, 1),
    ]


async def test_reasons_name_what_the_prompt_says_of_the_product(shop: ShopClient) -> None:
    await shop.upload_ready(category="dress", colours="red, white", style="party")

    found = (await shop.http.get("/v1/recommendations?prompt=Red+summer+DRESS")).json()["data"][0]

    assert found["reasons"] == ["category: dress", "colour: red"]


async def test_a_prompt_that_the_model_refuses_is_no_server_error(shop: ShopClient) -> None:
    shop.api.query.error = BadPrompt("The prompt holds nothing to search for.")

    answer = await shop.http.post("/v1/recommendations", json={"prompt": "dress"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_prompt")


async def test_no_input_is_refused(shop: ShopClient) -> None:
    answers = [
        await shop.http.post("/v1/recommendations", json={}),
        await shop.http.get("/v1/recommendations"),
        await shop.http.post("/v1/recommendations", json={"prompt": ""}),
        await shop.http.post("/v1/recommendations", json={"prompt": "a" * 1001}),
        await shop.http.post("/v1/recommendations", json={"prompt": "a", "num_results": 0}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 5
