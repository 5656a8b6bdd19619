"""Who may call what, with which key, from where."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from api.app import Context, create_app
from api.auth import SEEN_S
from db import keys
from tests.integration.conftest import OPERATOR_TOKEN, Api, ShopClient

PAGE = "https://shop.example"


async def test_a_key_may_come_as_bearer_or_as_its_own_header(api: Api, shop: ShopClient) -> None:
    async with api.client() as client:
        bearer = await client.get("/v1/shop", headers={"Authorization": f"bearer {shop.key}"})
        header = await client.get("/v1/shop", headers={"X-API-Key": shop.key})

    assert (bearer.status_code, header.status_code, header.json()["id"]) == (200, 200, shop.id)


async def test_nobody_is_let_in_without_a_key(api: Api) -> None:
    async with api.client() as client:
        answer = await client.get("/v1/shop")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("key", ["nonsense", "fm_sk_" + "a" * 38, "fm_sk_é", OPERATOR_TOKEN + "x"])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    async with api.client() as client:
        answer = await client.get("/v1/shop", headers={"X-API-Key": key.encode()})  # type: ignore[dict-item]

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")


async def test_a_well_formed_key_that_nobody_made_is_refused(api: Api) -> None:
    async with api.client(keys.mint("secret")) as client:
        assert (await client.get("/v1/shop")).status_code == 401


async def test_a_key_revoked_elsewhere_stops_working_within_five_seconds(shop: ShopClient) -> None:
    assert (await shop.http.get("/v1/shop")).status_code == 200
    await shop.api.query.db.execute("UPDATE keys SET revoked_at = now()")  # as another replica would
    start = time.monotonic()

    while (await shop.http.get("/v1/shop")).status_code == 200:
        await asyncio.sleep(0.1)

    assert time.monotonic() - start < SEEN_S + 1


async def test_a_key_revoked_here_stops_working_at_once(shop: ShopClient) -> None:
    made = (await shop.http.post("/v1/keys", json={"name": "second", "kind": "secret"})).json()
    async with shop.api.client(made["key"]) as second:
        before = await second.get("/v1/shop")
        revoked = await shop.http.post(f"/v1/keys/{made['id']}/revoke")
        after = await second.get("/v1/shop")

    assert (before.status_code, revoked.json()["status"], after.status_code) == (200, "revoked", 401)


async def test_an_expired_key_is_refused_even_while_it_is_remembered(shop: ShopClient) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    wanted = {"name": "short", "kind": "secret", "expires_at": soon.isoformat()}
    made = (await shop.http.post("/v1/keys", json=wanted)).json()
    async with shop.api.client(made["key"]) as short:
        before = (await short.get("/v1/shop")).status_code
        while datetime.now(UTC) < soon:
            await asyncio.sleep(0.05)
        after = (await short.get("/v1/shop")).status_code

    assert (before, after) == (200, 401)


async def test_the_keys_of_a_deleted_shop_stop_working(shop: ShopClient, operator: httpx.AsyncClient) -> None:
    assert (await operator.delete(f"/v1/shops/{shop.id}")).status_code == 204

    assert (await shop.http.get("/v1/shop")).status_code == 401


async def test_a_key_notes_its_last_use(shop: ShopClient) -> None:
    async with asyncio.timeout(5):
        while True:
            found = (await shop.http.get("/v1/keys")).json()["data"][0]
            if found["last_used_at"]:
                break

    assert datetime.now(UTC) - datetime.fromisoformat(found["last_used_at"]) < timedelta(minutes=1)


async def test_a_publishable_key_may_only_ask_for_recommendations(shop: ShopClient) -> None:
    product = await shop.upload_ready()
    async with shop.api.client(await shop.publishable()) as page:
        allowed = [
            await page.post("/v1/recommendations", json={"prompt": "dress"}),
            await page.get("/v1/recommendations?prompt=dress"),
            await page.get(f"/v1/products/{product['id']}/similar"),
        ]
        refused = [
            await page.get(path)
            for path in ("/v1/products", "/v1/shop", "/v1/keys", "/v1/prompts", "/v1/index", "/v1/usage", "/v1/shops")
        ]

    assert [answer.status_code for answer in allowed] == [200, 200, 200]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(403, "forbidden")}


async def test_a_secret_key_is_no_operator_and_the_operator_no_shop(
    shop: ShopClient, operator: httpx.AsyncClient
) -> None:
    secret, token = await shop.http.get("/v1/shops"), await operator.get("/v1/products")

    assert (secret.status_code, token.status_code) == (403, 403)


async def test_without_an_operator_token_the_operators_routes_are_closed(context: Context) -> None:
    transport = httpx.ASGITransport(create_app(replace(context, operator_token=None)))
    async with httpx.AsyncClient(transport=transport, base_url="http://fitmatch.test") as client:
        sent = [{"Authorization": f"Bearer {token}"} for token in ("None", "x", OPERATOR_TOKEN)]
        answers = [await client.get("/v1/shops", headers=headers) for headers in sent]

    assert [answer.status_code for answer in answers] == [401, 401, 401]


async def test_a_secret_key_from_a_page_is_refused_with_a_hint(shop: ShopClient) -> None:
    answer = await shop.http.post("/v1/recommendations", json={"prompt": "a"}, headers={"Origin": PAGE})

    assert (answer.status_code, answer.json()["code"]) == (401, "secret_key_in_browser")
    assert "publishable" in answer.json()["detail"]
    assert "access-control-allow-origin" not in answer.headers


async def test_a_publishable_key_works_from_its_origins_alone(shop: ShopClient) -> None:
    async with shop.api.client(await shop.publishable(PAGE)) as page:
        listed = await page.get("/v1/recommendations?prompt=a", headers={"Origin": PAGE})
        other = await page.get("/v1/recommendations?prompt=a", headers={"Origin": "https://evil.example"})
        own = await page.get("/v1/recommendations?prompt=a", headers={"Origin": "http://fitmatch.test"})
        server = await page.get("/v1/recommendations?prompt=a")

    assert [one.status_code for one in (listed, other, own, server)] == [200, 403, 200, 200]
    assert (listed.headers["access-control-allow-origin"], listed.headers["vary"]) == (PAGE, "Origin")
    assert other.json()["code"] == "origin_not_allowed"
    assert "access-control-allow-origin" not in other.headers


async def test_a_page_can_read_why_its_key_stopped_working(shop: ShopClient) -> None:
    await shop.publishable(PAGE)
    async with shop.api.client(keys.mint("publishable")) as page:
        answer = await page.get("/v1/recommendations?prompt=a", headers={"Origin": PAGE})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, PAGE)


async def test_a_preflight_is_answered_for_origins_that_some_key_allows(shop: ShopClient) -> None:
    await shop.publishable(PAGE)
    ask = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
    async with shop.api.client() as browser:
        known = await browser.options("/v1/recommendations", headers={"Origin": PAGE, **ask})
        unknown = await browser.options("/v1/recommendations", headers={"Origin": "https://evil.example", **ask})
        closed = await browser.options("/v1/products", headers={"Origin": PAGE, **ask})

    assert (known.status_code, known.headers["access-control-allow-origin"]) == (204, PAGE)
    assert "authorization" in known.headers["access-control-allow-headers"].lower()
    assert (unknown.status_code, closed.status_code) == (403, 403)
