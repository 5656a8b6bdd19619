"""What every answer has, what may not come in, and what is logged."""

import logging
import re
from collections.abc import AsyncIterator
from itertools import pairwise

import httpx
import pytest
from starlette.middleware.base import RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response

from api.bodies import MULTIPART_BYTES_MAX
from db.postgres import connect
from tests.integration.conftest import Api, ShopClient, jpeg


async def test_a_request_id_is_taken_over_or_made(shop: ShopClient) -> None:
    given = await shop.http.get("/v1/shop", headers={"X-Request-Id": "Order-7.a_b"})
    odd = await shop.http.get("/v1/shop", headers={"X-Request-Id": "a b\tc"})
    long = await shop.http.get("/v1/shop", headers={"X-Request-Id": "a" * 65})

    assert given.headers["x-request-id"] == "Order-7.a_b"
    assert all(re.fullmatch("[0-9a-f]{32}", one.headers["x-request-id"]) for one in (odd, long))


async def test_every_answer_to_a_key_says_how_much_it_may_still_ask(shop: ShopClient) -> None:
    first, second = [await shop.http.get("/v1/shop") for _ in range(2)]
    missing = await shop.http.get("/v1/products/prd_x")

    assert first.headers["ratelimit-policy"] == '"secret";q=6000;w=60'
    told = [re.findall(r"r=(\d+);t=(\d+)", one.headers["ratelimit"])[0] for one in (first, second, missing)]
    for (left, reset), (left_next, reset_next) in pairwise([(int(left), int(reset)) for left, reset in told]):
        a_new_minute = reset_next > reset
        assert left_next == (5999 if a_new_minute else left - 1)


async def test_a_publishable_key_is_counted_for_each_address(shop: ShopClient) -> None:
    wanted = {"name": "web", "kind": "publishable", "rate_limit": 2}
    key = (await shop.http.post("/v1/keys", json=wanted)).json()["key"]
    statuses: dict[str, list[int]] = {}
    async with shop.api.client(key) as page:
        for address in ("198.51.100.1", "198.51.100.2"):
            headers = {"X-Forwarded-For": address}
            answers = [await page.get("/v1/recommendations?prompt=a", headers=headers) for _ in range(6)]
            statuses[address] = [answer.status_code for answer in answers]

    assert all(found[0] == 200 and 429 in found for found in statuses.values())


async def test_the_operator_is_not_limited(operator: httpx.AsyncClient) -> None:
    assert "ratelimit" not in (await operator.get("/v1/shops")).headers


async def test_requests_are_still_counted_while_postgres_is_away(
    shop: ShopClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (await shop.http.post("/v1/keys", json={"name": "slow", "kind": "secret", "rate_limit": 2})).json()["key"]
    async with shop.api.client(key) as slow:
        assert (await slow.get("/v1/shop")).status_code == 200  # the key is known from now on
        away = await connect("postgresql://postgres@127.0.0.1:1/none")
        limiter = shop.api.app.state.parts.limiter
        monkeypatch.setattr(limiter, "_db", away)

        statuses = [(await slow.get("/v1/shop")).status_code for _ in range(6)]

    assert statuses[0] == 200
    assert 429 in statuses


async def test_answers_carry_the_headers_that_protect_browsers(shop: ShopClient) -> None:
    data, page = await shop.http.get("/v1/shop"), await shop.http.get("/")

    assert data.headers["x-content-type-options"] == page.headers["x-content-type-options"] == "nosniff"
    assert data.headers["content-security-policy"].startswith("default-src 'none'")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert data.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/", "/console", "/docs", "/docs/problems"])
async def test_no_page_can_be_made_to_load_or_send_elsewhere(api: Api, path: str) -> None:
    async with api.client() as browser:
        answer = await browser.get(path)

    allowed = answer.headers["content-security-policy"].split("; ")
    assert {"base-uri 'none'", "object-src 'none'", "form-action 'self'", "frame-ancestors 'none'"} <= set(allowed)
    assert "unsafe" not in answer.headers["content-security-policy"]


async def test_the_controls_of_serve_do_not_reach_the_routes(api: Api) -> None:
    seen: list[str] = []

    @api.app.middleware("http")
    async def look(request: Request, call_next: RequestResponseEndpoint) -> Response:
        seen.extend(request.headers)
        return await call_next(request)

    # The innermost place: what the edge removed is gone there.
    api.app.user_middleware.append(api.app.user_middleware.pop(0))
    async with api.client() as client:
        sent = {"X-Request-Timeout-Seconds": "0", "x-request-disconnect-disabled": "1", "X-Kept": "1"}
        await client.get("/livez", headers=sent)

    assert "x-kept" in seen
    assert not {"x-request-timeout-seconds", "x-request-disconnect-disabled"} & set(seen)


async def test_head_is_get_without_the_body(shop: ShopClient) -> None:
    answer = await shop.http.head("/v1/shop")

    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"", "application/json")


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b" " * 65536


async def test_an_endless_json_body_is_cut_at_its_limit(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/categories", content=endless(), headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"], answer.headers["connection"]) == (413, "body_too_large", "close")


async def test_an_endless_form_is_cut_at_its_limit(shop: ShopClient) -> None:
    async def form() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
        async for chunk in endless():
            yield chunk * 16

    answer = await shop.http.post(
        "/v1/products", content=form(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_an_announced_body_that_is_too_large_is_not_read(shop: ShopClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(MULTIPART_BYTES_MAX + 1)}

    answer = await shop.http.post("/v1/products", content=b"", headers=headers)

    assert answer.status_code == 413


async def test_a_request_is_logged_without_keys_prompts_or_photos(
    shop: ShopClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "fitmatch.access")
    await shop.http.get("/v1/recommendations?prompt=my+private+wish", headers={"X-Request-Id": "one"})
    await shop.http.post("/v1/products", data={"name": "A"}, files={"photo": jpeg()})

    records = [vars(record) for record in caplog.records if record.name == "fitmatch.access"]
    asked = next(one for one in records if one["request_id"] == "one")
    assert (asked["route"], asked["status"], f"shp_{asked['shop_id']}") == ("/v1/recommendations", 200, shop.id)
    assert asked["ms"] > 0
    assert not any("private" in str(one) or shop.key in str(one) for one in records)


async def test_an_unknown_error_is_logged_with_its_trace_and_told_without(
    shop: ShopClient, caplog: pytest.LogCaptureFixture
) -> None:
    shop.api.query.error = RuntimeError("inside")

    answer = await shop.http.get("/v1/recommendations?prompt=a", headers={"X-Request-Id": "two"})

    (record,) = [one for one in caplog.records if one.exc_info]
    assert (vars(record)["request_id"], "inside" in answer.text) == ("two", False)
    assert answer.headers["ratelimit-policy"]
