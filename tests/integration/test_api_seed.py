"""The seed's own routes, row by row of the contract's table."""

import logging
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import Context, create_app
from db import keys
from tests.integration.conftest import Api, ShopClient, jpeg

FIELDS = {"ImageID", "Photo", "name", "description", "Category", "Styles", "AgeGroup", "Processor_embedded"}


async def uploaded(shop: ShopClient, photo: bytes | None = None, **fields: str) -> dict[str, Any]:
    async with shop.api.client() as seed:
        sent = {"api_key": shop.key, "name": "Red dress", **fields}
        answer = await seed.post("/api/images/", data=sent, files={"photo": photo or jpeg()})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_image_is_uploaded_with_the_key_in_the_form(shop: ShopClient) -> None:
    image = await uploaded(shop, category="dress", style="Boho", age_group="adult", description="Light")

    assert set(image) == FIELDS
    assert (image["Category"], image["Styles"], image["AgeGroup"], image["description"]) == (
        "dress",
        "Boho",
        "adult",
        "Light",
    )
    assert (image["Processor_embedded"], shop.api.ingest.woken) == (False, 1)
    await shop.api.ingest.embed_all()
    async with shop.api.client() as seed:
        assert (await seed.get(f"/images/{shop.key}/{image['ImageID']}/")).json()["Processor_embedded"] is True
        assert (await seed.get(image["Photo"])).headers["content-type"] == "image/webp"


@pytest.mark.parametrize("field", ["photo", "Photo"])
async def test_an_image_is_uploaded_with_the_key_in_the_path(shop: ShopClient, field: str) -> None:
    async with shop.api.client() as seed:
        answer = await seed.post(f"/images/{shop.key}/", data={"name": "Hat"}, files={field: jpeg()})

    assert (answer.status_code, answer.json()["name"]) == (201, "Hat")


async def test_a_keys_images_are_listed(shop: ShopClient, other_shop: ShopClient) -> None:
    await uploaded(other_shop)
    images = [await uploaded(shop, name=f"Dress {number}") for number in range(3)]

    async with shop.api.client() as seed:
        listed = (await seed.get(f"/images/{shop.key}/")).json()

    assert [one["ImageID"] for one in listed] == [one["ImageID"] for one in reversed(images)]


async def test_the_list_of_a_large_shop_is_whole(shop: ShopClient) -> None:
    entries = [{"op": "upsert", "name": f"Dress {number}"} for number in range(200)]
    for _ in range(2):
        await shop.http.post("/v1/products/batch", json={"operations": entries})
    await uploaded(shop)

    async with shop.api.client() as seed:
        listed = (await seed.get(f"/images/{shop.key}/")).json()

    assert len(listed) == 401


async def test_the_list_of_an_empty_shop_is_empty(shop: ShopClient) -> None:
    async with shop.api.client() as seed:
        assert (await seed.get(f"/images/{shop.key}/")).json() == []


async def test_an_image_is_read(shop: ShopClient) -> None:
    image = await uploaded(shop)

    async with shop.api.client() as seed:
        found = await seed.get(f"/images/{shop.key}/{image['ImageID']}/")

    assert (found.status_code, found.json()) == (200, image)


async def test_a_put_may_change_words_and_keep_the_photo(shop: ShopClient) -> None:
    image = await uploaded(shop, category="dress")
    await shop.api.ingest.embed_all()

    async with shop.api.client() as seed:
        changed = await seed.put(f"/images/{shop.key}/{image['ImageID']}/", json={"name": "Blue dress"})

    assert changed.json() == {**image, "name": "Blue dress", "Processor_embedded": True}


async def test_a_put_may_replace_the_photo_which_is_then_embedded_again(shop: ShopClient) -> None:
    image = await uploaded(shop)
    await shop.api.ingest.embed_all()

    async with shop.api.client() as seed:
        changed = await seed.put(
            f"/images/{shop.key}/{image['ImageID']}/", data={"name": "New"}, files={"photo": jpeg((0, 0, 200))}
        )

    assert (changed.status_code, changed.json()["Processor_embedded"]) == (200, False)
    assert changed.json()["Photo"] != image["Photo"]


async def test_a_deleted_image_is_hidden_at_once(shop: ShopClient) -> None:
    image = await uploaded(shop)
    await shop.api.ingest.embed_all()
    async with shop.api.client() as seed:
        path = f"/images/{shop.key}/{image['ImageID']}/"

        assert (await seed.delete(path)).status_code == 204

        assert (await seed.get(path)).status_code == 404
        found = await seed.post("/api/prompts/", json={"prompt": "dress", "api_key": shop.key, "num_results": 5})
    assert found.json() == {"recommend_list": []}


ASKS = [
    ("GET", "/api/recommend/", "json"),
    ("GET", "/api/recommend/", "params"),
    ("POST", "/api/prompts/", "json"),
    ("POST", "/api/prompts/", "data"),
]


@pytest.mark.parametrize(("method", "path", "place"), ASKS)
async def test_images_are_recommended_and_the_prompt_is_kept(
    shop: ShopClient, method: str, path: str, place: str
) -> None:
    image = await uploaded(shop, category="dress", style="party")
    await uploaded(shop, name="Second")
    await shop.api.ingest.embed_all()
    asked: dict[str, Any] = {place: {"prompt": "summer dress", "api_key": shop.key, "num_results": 1}}

    async with shop.api.client() as seed:
        answer = await seed.request(method, path, **asked)

    (row,) = answer.json()["recommend_list"]
    assert set(row) == {"id", "image", "description", "name", "category", "style", "distance"}
    assert (row["id"], row["category"], row["style"], row["distance"]) == (image["ImageID"], "dress", "party", 0.1)
    kept = (await shop.http.get("/v1/prompts")).json()["data"][0]
    assert (kept["prompt"], kept["num_results"]) == ("summer dress", 1)


async def test_ten_images_are_the_default(shop: ShopClient) -> None:
    async with shop.api.client() as seed:
        await seed.post("/api/prompts/", json={"prompt": "dress", "api_key": shop.key})

    assert shop.api.query.asked[0].num_results == 10


async def test_an_unknown_key_is_refused_everywhere(shop: ShopClient) -> None:
    wrong = keys.mint("secret")
    async with shop.api.client() as seed:
        answers = [
            await seed.post("/api/images/", data={"api_key": wrong, "name": "A"}, files={"photo": jpeg()}),
            await seed.post("/api/images/", data={"name": "A"}, files={"photo": jpeg()}),
            await seed.get(f"/images/{wrong}/"),
            await seed.post(f"/images/{wrong}/", data={"name": "A"}, files={"photo": jpeg()}),
            await seed.get(f"/images/{wrong}/1/"),
            await seed.put(f"/images/{wrong}/1/", json={"name": "A"}),
            await seed.delete(f"/images/{wrong}/1/"),
            await seed.get("/api/recommend/", params={"prompt": "a", "api_key": wrong}),
            await seed.post("/api/prompts/", json={"prompt": "a", "api_key": wrong}),
            await seed.post("/api/prompts/", json={"prompt": "a"}),
        ]

    assert {answer.status_code for answer in answers} == {401}
    assert not any(wrong in answer.text for answer in answers)


async def test_a_publishable_key_is_refused(shop: ShopClient) -> None:
    key = await shop.publishable()
    async with shop.api.client() as seed:
        answers = [
            await seed.get(f"/images/{key}/"),
            await seed.post("/api/prompts/", json={"prompt": "a", "api_key": key}),
        ]

    assert {answer.status_code for answer in answers} == {403}


async def test_another_shops_image_is_not_there(shop: ShopClient, other_shop: ShopClient) -> None:
    foreign = (await uploaded(other_shop))["ImageID"]
    async with shop.api.client() as seed:
        path = f"/images/{shop.key}/{foreign}/"
        answers = [await seed.get(path), await seed.put(path, json={"name": "Mine"}), await seed.delete(path)]
        odd = [await seed.get(f"/images/{shop.key}/{pk}/") for pk in ("0", "-1", "x", "9" * 30, "1.5")]

    assert {answer.status_code for answer in (*answers, *odd)} == {404}
    async with shop.api.client() as seed:
        assert (await seed.get(f"/images/{other_shop.key}/{foreign}/")).status_code == 200


async def test_the_trailing_slash_is_optional(shop: ShopClient) -> None:
    image = await uploaded(shop)
    async with shop.api.client() as seed:
        answers = [
            await seed.post("/api/images", data={"api_key": shop.key, "name": "A"}, files={"photo": jpeg()}),
            await seed.get(f"/images/{shop.key}"),
            await seed.get(f"/images/{shop.key}/{image['ImageID']}"),
            await seed.get("/api/recommend", params={"prompt": "a", "api_key": shop.key}),
            await seed.post("/api/prompts", json={"prompt": "a", "api_key": shop.key}),
        ]

    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]


async def test_answers_and_refusals_name_their_successor(shop: ShopClient) -> None:
    async with shop.api.client() as seed:
        answers = [
            await seed.get(f"/images/{shop.key}/"),
            await seed.get("/images/wrong/"),
            await seed.post("/api/prompts/", json={"prompt": "a", "api_key": shop.key}),
        ]

    assert [answer.headers["deprecation"] for answer in answers] == ["true"] * 3
    assert [answer.headers["link"] for answer in answers] == [
        '</v1/products>; rel="successor-version"',
        '</v1/products>; rel="successor-version"',
        '</v1/recommendations>; rel="successor-version"',
    ]


async def test_a_missing_photo_or_prompt_is_pointed_at(shop: ShopClient) -> None:
    async with shop.api.client() as seed:
        photo = await seed.post("/api/images/", data={"api_key": shop.key, "name": "A"}, files={"x": (None, "y")})
        prompt = await seed.post("/api/prompts/", json={"api_key": shop.key})

    assert (photo.status_code, photo.json()["errors"][0]["pointer"]) == (422, "/photo")
    assert (prompt.status_code, prompt.json()["errors"][0]["pointer"]) == (422, "/prompt")


async def test_keys_in_paths_are_never_logged_or_repeated(shop: ShopClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with shop.api.client() as seed:
        missing = await seed.get(f"/images/{shop.key}/999999/")
        await seed.post(f"/images/{shop.key}/", data={"name": "A"}, files={"photo": jpeg()})
        await seed.patch(f"/images/{shop.key}/1/")
        await seed.get(f"/images/{shop.key}/no/such/path")

    ours = [record for record in caplog.records if record.name.startswith(("api", "fitmatch", "db"))]
    assert any(vars(record).get("route") == "/images/{api_key}/{pk}/" for record in ours)
    assert not any(shop.key in str(vars(record)) for record in ours)
    assert shop.key not in missing.text


async def test_the_family_can_be_switched_off(context: Context, api: Api, shop: ShopClient) -> None:
    transport = httpx.ASGITransport(create_app(replace(context, seed_routes=False)))
    async with httpx.AsyncClient(transport=transport, base_url="http://fitmatch.test") as seed:
        answers = [
            await seed.get(f"/images/{shop.key}/"),
            await seed.post("/api/prompts/", json={"prompt": "a", "api_key": shop.key}),
        ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert shop.key not in answers[0].text
