"""The console's session over HTTP: who may have one, what it may do, and what other sites cannot make of it."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from api.app import Context, create_app
from api.auth import SEEN_S
from api.limits import SIGN_INS
from tests.integration.conftest import OPERATOR_TOKEN, Api, ShopClient

CONSOLE = {"X-FitMatch-Console": "1"}
PAGE = {"Origin": "http://fitmatch.test", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(**CONSOLE, **PAGE) as client:
        yield client


async def sign_in(browser: httpx.AsyncClient, key: str) -> httpx.Response:
    answer = await browser.post("/v1/session", json={"key": key})
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_secret_key_signs_in_as_its_shop(browser: httpx.AsyncClient, shop: ShopClient) -> None:
    signed_in = (await sign_in(browser, shop.key)).json()

    assert (signed_in["kind"], signed_in["shop"]["id"]) == ("shop", shop.id)
    assert (await browser.get("/v1/session")).json() == signed_in
    assert (await browser.get("/v1/shop")).json()["id"] == shop.id
    made = await browser.post("/v1/categories", json={"name": "Blouse"})
    assert made.status_code == 201
    assert (await browser.get("/v1/shops")).json()["code"] == "forbidden"


async def test_the_operators_token_signs_in_as_the_operator(browser: httpx.AsyncClient, shop: ShopClient) -> None:
    signed_in = (await sign_in(browser, OPERATOR_TOKEN)).json()

    assert (signed_in["kind"], signed_in["shop"], signed_in["key_id"]) == ("operator", None, None)
    assert (await browser.get("/v1/shops")).json()["data"][0]["id"] == shop.id
    assert (await browser.get("/v1/shop")).json()["code"] == "forbidden"


async def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(
    browser: httpx.AsyncClient, shop: ShopClient
) -> None:
    answer = await sign_in(browser, shop.key)

    cookie = answer.headers["set-cookie"]
    assert re.fullmatch(r"fitmatch_session=[\w-]{43}; HttpOnly; Max-Age=28800; Path=/; SameSite=strict", cookie)
    assert shop.key not in answer.text + cookie


async def test_over_tls_the_cookie_is_bound_to_this_host(api: Api, shop: ShopClient) -> None:
    async with api.client(**CONSOLE, **{"X-Forwarded-Proto": "https"}) as browser:
        cookie = (await browser.post("/v1/session", json={"key": shop.key})).headers["set-cookie"]
        text = cookie.partition(";")[0].partition("=")[2]
        answers = [
            (await browser.get("/v1/session", headers={"Cookie": f"{name}={text}"})).status_code
            for name in ("__Host-fitmatch_session", "fitmatch_session")
        ]

    assert cookie.startswith("__Host-fitmatch_session=")
    assert {"Secure", "HttpOnly"} <= set(cookie.split("; "))
    assert answers == [200, 401]


@pytest.mark.parametrize(
    "headers",
    [
        {**PAGE},
        {**CONSOLE, **PAGE, "Origin": "https://elsewhere.example"},
        {**CONSOLE, **PAGE, "Sec-Fetch-Site": "cross-site"},
        {**CONSOLE, **PAGE, "Sec-Fetch-Site": "same-site"},
        {**CONSOLE, **PAGE, "Origin": "null"},
    ],
)
async def test_no_other_page_can_use_the_session(
    api: Api, browser: httpx.AsyncClient, shop: ShopClient, headers: dict[str, str]
) -> None:
    await sign_in(browser, shop.key)

    async with api.client(**headers) as other:
        other.cookies = browser.cookies
        answers = [
            await other.get("/v1/products"),
            await other.post("/v1/categories", json={"name": "Planted"}),
            await other.post("/v1/session", json={"key": shop.key}),
            await other.delete("/v1/session"),
        ]

    assert {answer.json()["code"] for answer in answers} == {"not_from_the_console"}
    assert (await browser.get("/v1/session")).status_code == 200


async def test_a_browser_is_not_told_that_another_site_may_send_the_header(api: Api, shop: ShopClient) -> None:
    await shop.publishable("https://shop.example")
    asking = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}

    async with api.client() as page:
        answer = await page.options("/v1/recommendations", headers=asking)

    assert answer.status_code == 204
    assert "console" not in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


async def test_publishable_keys_and_junk_do_not_sign_in(browser: httpx.AsyncClient, shop: ShopClient) -> None:
    publishable = await browser.post("/v1/session", json={"key": await shop.publishable()})
    junk = await browser.post("/v1/session", json={"key": "open sesame"})

    assert (publishable.status_code, publishable.json()["code"]) == (403, "forbidden")
    assert (junk.status_code, junk.json()["code"]) == (401, "invalid_key")
    assert "set-cookie" not in {**publishable.headers, **junk.headers}


async def test_tries_to_sign_in_are_limited_by_address(browser: httpx.AsyncClient) -> None:
    # Two windows at most: one more than twice the limit meets it whenever the minute turns.
    answers = [await browser.post("/v1/session", json={"key": "guess"}) for _ in range(2 * SIGN_INS + 1)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert {answer.json()["code"] for answer in refused} == {"rate_limited"}
    assert int(refused[0].headers["retry-after"]) >= 1


async def test_signing_out_ends_the_session_and_signing_in_again_ends_the_former(
    browser: httpx.AsyncClient, shop: ShopClient
) -> None:
    first = (await sign_in(browser, shop.key)).cookies["fitmatch_session"]
    second = (await sign_in(browser, shop.key)).cookies["fitmatch_session"]
    out = await browser.delete("/v1/session")

    assert (out.status_code, "Max-Age=0" in out.headers["set-cookie"]) == (204, True)
    for cookie in (first, second):
        answer = await browser.get("/v1/shop", headers={"Cookie": f"fitmatch_session={cookie}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_a_session_ends_with_its_key(browser: httpx.AsyncClient, shop: ShopClient) -> None:
    key_id = (await sign_in(browser, shop.key)).json()["key_id"]

    await browser.post(f"/v1/keys/{key_id}/rotate", json={"grace_s": 60})
    within_grace = await browser.get("/v1/shop")
    await browser.post(f"/v1/keys/{key_id}/revoke")
    revoked = await browser.get("/v1/shop")

    assert (within_grace.status_code, revoked.status_code) == (200, 401)


async def test_another_operator_token_ends_the_operators_sessions(browser: httpx.AsyncClient, context: Context) -> None:
    cookie = (await sign_in(browser, OPERATOR_TOKEN)).cookies["fitmatch_session"]
    headers = {**CONSOLE, "Cookie": f"fitmatch_session={cookie}"}
    for token in ("another-operator-token", None):
        app = create_app(replace(context, operator_token=token))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fitmatch.test") as client:
            assert (await client.get("/v1/shops", headers=headers)).status_code == 401


async def test_a_key_in_the_headers_goes_before_the_session(
    browser: httpx.AsyncClient, api: Api, shop: ShopClient, other_shop: ShopClient
) -> None:
    await sign_in(browser, shop.key)

    async with api.client(other_shop.key) as program:
        program.cookies = browser.cookies
        assert (await program.get("/v1/shop")).json()["id"] == other_shop.id


async def test_a_suspended_shop_is_refused_within_five_seconds_and_let_in_again(
    browser: httpx.AsyncClient, operator: httpx.AsyncClient, shop: ShopClient, other_shop: ShopClient
) -> None:
    await sign_in(browser, shop.key)
    await shop.http.get("/v1/shop")
    suspended = await operator.patch(f"/v1/shops/{shop.id}", json={"status": "suspended"})

    async with asyncio.timeout(SEEN_S + 1):
        while (refused := await shop.http.get("/v1/shop")).status_code == 200:
            await asyncio.sleep(0.1)

    assert suspended.json()["status"] == "suspended"
    in_session = await browser.get("/v1/shop")
    assert (refused.status_code, refused.json()["code"]) == (403, "shop_suspended")
    assert (in_session.status_code, in_session.json()["code"]) == (403, "shop_suspended")
    assert (await other_shop.http.get("/v1/shop")).json()["status"] == "active"
    await operator.patch(f"/v1/shops/{shop.id}", json={"status": "active"})
    assert (await shop.http.get("/v1/shop")).status_code == 200
