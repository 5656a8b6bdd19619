"""A shopper shows a photo, with or without words, over HTTP; the search itself is the neighbour's."""

import json
from hashlib import sha256
from typing import Any

import pytest

from api import ids
from db.errors import NotFound
from db.files import Files
from db.filters import In
from tests.integration.conftest import ShopClient, jpeg
from tests.unit import odd_photos

PATH = "/v1/recommendations"
PHOTO = ("dress.jpg", jpeg(), "image/jpeg")


def form(**wish: Any) -> dict[str, Any]:
    return {"files": {"photo": PHOTO}, "data": {"request": json.dumps(wish)} if wish else {}}


async def test_a_photo_alone_is_searched_for_and_nothing_of_it_is_kept(shop: ShopClient, files: Files) -> None:
    product = await shop.upload_ready(photo=jpeg((0, 0, 200)))

    answer = await shop.http.post(PATH, **form())

    assert [one["product_id"] for one in answer.json()["data"]] == [product["id"]]
    assert answer.json()["used_inputs"] == ["photo"]
    assert (shop.api.query.asked[0].photo, shop.api.query.asked[0].prompt) == (jpeg(), None)
    assert (await shop.http.get("/v1/prompts")).json()["data"] == []
    with pytest.raises(NotFound):
        await files.read(ids.parse("shp", shop.id), sha256(jpeg()).hexdigest())


async def test_words_beside_a_photo_are_searched_for_too_and_kept(shop: ShopClient) -> None:
    answer = await shop.http.post(PATH, **form(prompt=" in  green ", num_results=3, filter={"category": "dress"}))

    ask = shop.api.query.asked[0]
    assert (ask.prompt, ask.photo, ask.num_results) == ("in green", jpeg(), 3)
    assert ask.filter == In("category", ("dress",))
    assert answer.json()["used_inputs"] == ["photo", "prompt", "filter"]
    assert [one["prompt"] for one in (await shop.http.get("/v1/prompts")).json()["data"]] == ["in green"]


@pytest.mark.parametrize("prompt", [None, "", "  "])
async def test_no_words_beside_a_photo_are_no_mistake(shop: ShopClient, prompt: str | None) -> None:
    assert (await shop.http.post(PATH, **form(prompt=prompt))).status_code == 200


async def test_the_request_may_be_a_file_as_pages_send_it(shop: ShopClient) -> None:
    wish = ("blob", json.dumps({"num_results": 2}).encode(), "application/json")

    await shop.http.post(PATH, files={"photo": PHOTO, "request": wish})

    assert shop.api.query.asked[0].num_results == 2


async def test_a_page_may_show_a_photo_with_a_publishable_key(shop: ShopClient) -> None:
    origin = "https://shop.example"
    async with shop.api.client(await shop.publishable(origin), Origin=origin) as page:
        answer = await page.post(PATH, **form())

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == origin


@pytest.mark.parametrize(
    ("sent", "pointer", "code"),
    [
        ({"files": {"request": ("blob", b"{}")}}, "/photo", "missing"),
        ({"files": [("photo", PHOTO), ("photo", PHOTO)]}, "/photo", "repeated"),
        ({"files": {"photo": PHOTO, "picture": PHOTO}}, "/picture", "unsupported_field"),
        ({"files": {"photo": PHOTO}, "data": {"prompt": "dress"}}, "/prompt", "unsupported_field"),
        ({"files": {"photo": PHOTO}, "data": {"request": "{"}}, "/request", "json_invalid"),
        ({"files": {"photo": PHOTO, "request": ("blob", b" " * 70_000)}}, "/request", "too_long"),
        ({"files": {"photo": PHOTO}, "data": {"request": ["{}", "{}"]}}, "/request", "repeated"),
        (form(num_results=0), "/num_results", "greater_than_equal"),
        (form(prompt="!?"), "/prompt", "invalid_prompt"),
    ],
)
async def test_what_is_wrong_with_a_form_is_said(
    shop: ShopClient, sent: dict[str, Any], pointer: str, code: str
) -> None:
    answer = await shop.http.post(PATH, **sent)

    assert answer.status_code == 422, answer.text
    assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
    assert shop.api.query.asked == []


async def test_words_without_a_photo_are_still_required(shop: ShopClient) -> None:
    answer = await shop.http.post(PATH, json={"num_results": 3})

    assert [one["pointer"] for one in answer.json()["errors"]] == ["/prompt"]


@pytest.mark.parametrize(
    ("photo", "status", "code"),
    [
        (b"Dear shop, this is no photo at all." * 10, 415, "unsupported_media_type"),
        (odd_photos.png_of_400_megapixels(), 422, "photo_too_many_pixels"),
        (odd_photos.jpeg_of_bytes(21 * 1024 * 1024), 413, "photo_too_large"),
    ],
)
async def test_an_odd_photo_gets_the_code_that_an_upload_gets(
    shop: ShopClient, photo: bytes, status: int, code: str
) -> None:
    answer = await shop.http.post(PATH, files={"photo": ("a.jpg", photo)})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert shop.api.query.asked == []


async def test_who_comes_while_many_photos_are_searched_for_is_told_to_come_back(shop: ShopClient) -> None:
    slots = shop.api.app.state.parts.photo_searches
    while not slots.locked():
        await slots.acquire()

    answers = [await shop.http.post(PATH, **form()), await shop.http.post(PATH, json={"prompt": "dress"})]

    assert [answer.status_code for answer in answers] == [503, 200]
    assert answers[0].json()["code"] == "overloaded"
    assert int(answers[0].headers["retry-after"]) > 0


async def test_a_slot_is_free_again_after_a_photo_that_failed(shop: ShopClient) -> None:
    slots = shop.api.app.state.parts.photo_searches
    while not slots.locked():
        await slots.acquire()
    slots.release()

    answers = [await shop.http.post(PATH, files={"photo": ("a.jpg", b"no photo")}) for _ in range(2)]

    assert [answer.json()["code"] for answer in answers] == ["unsupported_media_type"] * 2
