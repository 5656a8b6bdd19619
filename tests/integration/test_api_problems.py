"""Every problem of the table, provoked over HTTP."""

from collections.abc import Awaitable, Callable
from io import BytesIO

import httpx
import pytest
from PIL import Image

from api.ids import parse
from api.problems import KINDS
from api.signatures import Addresses
from db.errors import Overloaded, Unavailable
from models.photo import BYTES_MAX
from tests.integration.conftest import OPERATOR_TOKEN, ShopClient, jpeg

Provoke = Callable[[ShopClient], Awaitable[httpx.Response]]


async def _photo(shop: ShopClient, photo: bytes) -> httpx.Response:
    return await shop.http.post("/v1/products", data={"name": "A"}, files={"photo": ("a.jpg", photo)})


def _png(width: int, height: int) -> bytes:
    page = BytesIO()
    Image.new("1", (width, height)).save(page, "PNG")
    return page.getvalue()


async def malformed_body(shop: ShopClient) -> httpx.Response:
    return await shop.http.post("/v1/categories", content=b"{", headers={"Content-Type": "application/json"})


async def unauthenticated(shop: ShopClient) -> httpx.Response:
    async with shop.api.client() as nobody:
        return await nobody.get("/v1/products")


async def invalid_key(shop: ShopClient) -> httpx.Response:
    async with shop.api.client("fm_sk_wrong") as nobody:
        return await nobody.get("/v1/products")


async def secret_key_in_browser(shop: ShopClient) -> httpx.Response:
    return await shop.http.get("/v1/products", headers={"Origin": "https://shop.example"})


async def forbidden(shop: ShopClient) -> httpx.Response:
    return await shop.http.get("/v1/shops")


async def shop_suspended(shop: ShopClient) -> httpx.Response:
    async with shop.api.client(OPERATOR_TOKEN) as operator:
        await operator.patch(f"/v1/shops/{shop.id}", json={"status": "suspended"})
    async with shop.api.client(shop.key) as fresh:
        return await fresh.get("/v1/shop")


async def not_from_the_console(shop: ShopClient) -> httpx.Response:
    return await shop.http.post("/v1/session", json={"key": shop.key})


async def origin_not_allowed(shop: ShopClient) -> httpx.Response:
    async with shop.api.client(await shop.publishable(), Origin="https://shop.example") as page:
        return await page.get("/v1/recommendations?prompt=a")


async def photo_address_invalid(shop: ShopClient) -> httpx.Response:
    url = (await shop.upload())["photos"][0]["url"]
    return await shop.http.get(url.replace("medium", "original"))


async def photo_address_expired(shop: ShopClient) -> httpx.Response:
    photo = (await shop.upload())["photos"][0]
    secret = await shop.api.query.db.fetchval("SELECT signing_key FROM deployment")
    old = Addresses(secret, "http://fitmatch.test", 1_600_000_000)
    return await shop.http.get(old.of(parse("shp", shop.id), parse("pho", photo["id"]), "thumb"))


async def not_found(shop: ShopClient) -> httpx.Response:
    return await shop.http.get("/v1/products/prd_01939f3ce3b17a0fb2f9a2f64d0a5c11")


async def method_not_allowed(shop: ShopClient) -> httpx.Response:
    return await shop.http.delete("/v1/products")


async def taken(shop: ShopClient) -> httpx.Response:
    return await shop.http.post("/v1/categories", json={"name": "Dress"})


async def in_use(shop: ShopClient) -> httpx.Response:
    await shop.upload(category="Blouse")
    newest = (await shop.http.get("/v1/categories")).json()["data"][-1]
    return await shop.http.delete(f"/v1/categories/{newest['id']}")


async def idempotency_in_progress(shop: ShopClient) -> httpx.Response:
    headers = {"Idempotency-Key": "k"}
    await shop.http.post("/v1/categories", json={"name": "Blouse"}, headers=headers)
    await shop.api.query.db.execute("UPDATE idempotency SET status = NULL")
    return await shop.http.post("/v1/categories", json={"name": "Blouse"}, headers=headers)


async def precondition_failed(shop: ShopClient) -> httpx.Response:
    product = await shop.upload()
    return await shop.http.delete(f"/v1/products/{product['id']}", headers={"If-Match": '"99"'})


async def body_too_large(shop: ShopClient) -> httpx.Response:
    return await shop.http.post("/v1/categories", json={"name": "A", "description": "x" * 1024 * 1024})


async def photo_too_large(shop: ShopClient) -> httpx.Response:
    return await _photo(shop, jpeg() + b"\0" * BYTES_MAX)


async def unsupported_media_type(shop: ShopClient) -> httpx.Response:
    return await _photo(shop, b"<svg xmlns='http://www.w3.org/2000/svg'/>")


async def validation_failed(shop: ShopClient) -> httpx.Response:
    return await shop.http.post("/v1/categories", json={"nome": "A"})


async def invalid_cursor(shop: ShopClient) -> httpx.Response:
    return await shop.http.get("/v1/products?cursor=nonsense")


async def invalid_prompt(shop: ShopClient) -> httpx.Response:
    return await shop.http.post("/v1/recommendations", json={"prompt": "?!"})


async def idempotency_key_reused(shop: ShopClient) -> httpx.Response:
    await shop.http.post("/v1/categories", json={"name": "A"}, headers={"Idempotency-Key": "k"})
    return await shop.http.post("/v1/categories", json={"name": "B"}, headers={"Idempotency-Key": "k"})


async def photo_urls_not_supported(shop: ShopClient) -> httpx.Response:
    return await shop.http.post("/v1/products", json={"name": "A", "photos": [{"url": "https://shop.example/a.jpg"}]})


async def photo_unreadable(shop: ShopClient) -> httpx.Response:
    return await _photo(shop, b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 100)


async def photo_truncated(shop: ShopClient) -> httpx.Response:
    # An upload reads the header alone; that the rest is missing shows when a page asks for the photo.
    page = BytesIO()
    Image.effect_noise((400, 400), 90).convert("RGB").save(page, "JPEG")
    product = (await _photo(shop, page.getvalue()[: len(page.getvalue()) // 2])).json()
    return await shop.http.get(product["photos"][0]["url"])


async def photo_too_many_pixels(shop: ShopClient) -> httpx.Response:
    return await _photo(shop, _png(10_000, 5_100))


async def photo_too_small(shop: ShopClient) -> httpx.Response:
    return await _photo(shop, _png(31, 400))


async def rate_limited(shop: ShopClient) -> httpx.Response:
    made = (await shop.http.post("/v1/keys", json={"name": "slow", "kind": "secret", "rate_limit": 1})).json()
    async with shop.api.client(made["key"]) as slow:
        # Two windows at most: three requests of one a minute meet the limit whenever the minute turns.
        return [await slow.get("/v1/shop") for _ in range(3)][-1]


async def internal_error(shop: ShopClient) -> httpx.Response:
    shop.api.query.error = KeyError("a secret of the inside")
    return await shop.http.post("/v1/recommendations", json={"prompt": "dress"})


async def unavailable(shop: ShopClient) -> httpx.Response:
    shop.api.query.error = Unavailable("the database did not answer in time")
    return await shop.http.post("/v1/recommendations", json={"prompt": "dress"})


async def overloaded(shop: ShopClient) -> httpx.Response:
    shop.api.query.error = Overloaded("too many prompts are waiting")
    return await shop.http.post("/v1/recommendations", json={"prompt": "dress"})


PROVOKED: dict[str, Provoke] = {name: found for name, found in list(globals().items()) if name in KINDS}


def test_every_problem_of_the_table_is_provoked() -> None:
    assert set(PROVOKED) == set(KINDS)


@pytest.mark.parametrize("code", KINDS)
async def test_a_problem_is_told_as_the_contract_says(shop: ShopClient, code: str) -> None:
    answer = await PROVOKED[code](shop)

    assert (answer.json()["code"], answer.status_code) == (code, KINDS[code].status), answer.text
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"/docs/problems#{code}"
    assert problem["status"] == answer.status_code
    assert problem["title"] == KINDS[code].title
    assert problem["instance"] == answer.request.url.path
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["detail"]
    assert ("errors" in problem) == (answer.status_code == 422)
    assert ("retry-after" in answer.headers) == (answer.status_code in (429, 503))
    assert ("www-authenticate" in answer.headers) == (answer.status_code == 401)
    assert "secret of the inside" not in answer.text
    assert "Traceback" not in answer.text


async def test_a_field_at_fault_is_pointed_at(shop: ShopClient) -> None:
    body = {"prompt": "dress", "num_results": 101, "negative_prompt": "red", "filter": {"and": [{"weather": "rain"}]}}

    answer = await shop.http.post("/v1/recommendations", json=body)

    errors = {one["pointer"]: one["code"] for one in answer.json()["errors"]}
    assert errors["/num_results"] == "less_than_equal"
    assert errors["/negative_prompt"] == "unsupported_field"
    assert errors["/filter/and/0/weather"] == "unsupported_field"
    named = next(one for one in answer.json()["errors"] if one["pointer"] == "/negative_prompt")
    assert "negative_prompt" in named["detail"]


async def test_a_parameter_at_fault_is_pointed_at(shop: ShopClient) -> None:
    answer = await shop.http.get("/v1/products?limit=201")

    assert answer.json()["errors"][0]["pointer"] == "/query/limit"


async def test_values_at_fault_are_not_repeated(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/recommendations", json={"prompt": ["my private wish"]})

    assert (answer.status_code, "private" in answer.text) == (422, False)


async def test_a_405_names_every_method_of_the_path(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/products/ext:SKU-1")

    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH, PUT"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", ""])
async def test_json_routes_take_no_other_media_type(shop: ShopClient, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}

    category = await shop.http.post("/v1/categories", content=b'{"name": "A"}', headers=headers)
    product = await shop.http.post("/v1/products", content=b'{"name": "A"}', headers=headers)

    assert [category.status_code, product.status_code] == [415, 415]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"x"',
        b"\xff",
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000"}',
        b"[" * 5000,
        b'{"name": 1e999}',
    ],
)
async def test_odd_bodies_are_answered_with_a_problem(shop: ShopClient, body: bytes) -> None:
    json = {"Content-Type": "application/json"}

    answers = [await shop.http.post(path, content=body, headers=json) for path in ("/v1/categories", "/v1/products")]

    assert {answer.status_code for answer in answers} <= {400, 422}
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)


@pytest.mark.parametrize("path", ["/v1/products/ext:%00", "/v1/products?q=%00", "/v1/products?category=%00", "/nope"])
async def test_odd_addresses_are_answered_with_a_problem(shop: ShopClient, path: str) -> None:
    answer = await shop.http.get(path)

    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_form_without_its_boundary_is_malformed(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/products", content=b"x", headers={"Content-Type": "multipart/form-data"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


async def test_eleven_photos_are_too_many(shop: ShopClient) -> None:
    files = [("photo", (f"{number}.jpg", jpeg())) for number in range(11)]

    answer = await shop.http.post("/v1/products", data={"name": "A"}, files=files)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


async def test_text_where_a_photo_belongs_is_pointed_at(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/products", data={"name": "A", "photo": "a.jpg"}, files={"picture": jpeg()})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/photo")
