"""Health, counts, pages and the reference over HTTP."""

import re
from dataclasses import replace

import httpx
import pytest

from api.app import Context, create_app
from api.routes.pages import without_comments
from db import keys
from db.postgres import connect
from tests.integration.conftest import CHECKPOINT, Api, ShopClient, jpeg


async def test_it_is_ready_when_every_part_answers(api: Api) -> None:
    async with api.client() as client:
        alive, ready = await client.get("/livez"), await client.get("/readyz")

    assert (alive.status_code, ready.status_code) == (200, 200)
    assert ready.json()["parts"] == {"postgres": "ok", "clip": "ok", "chroma": "ok"}


async def test_it_says_which_part_is_down(api: Api) -> None:
    api.query.parts = {"clip": "ok", "chroma": "no answer"}

    async with api.client() as client:
        ready = await client.get("/readyz")

    assert (ready.status_code, ready.headers["retry-after"]) == (503, "2")
    assert ready.json()["parts"]["chroma"] == "no answer"


async def test_one_chroma_server_of_several_is_named_and_no_reason_to_be_unready(api: Api) -> None:
    api.query.parts = {"clip": "ok", "chroma": "ok", "chroma b": "no answer"}

    async with api.client() as client:
        ready = await client.get("/readyz")

    assert (ready.status_code, ready.json()["status"]) == (200, "ok")
    assert ready.json()["parts"]["chroma b"] == "no answer"


async def test_without_postgres_it_is_alive_but_not_ready_and_answers_503(context: Context) -> None:
    away = await connect("postgresql://postgres@127.0.0.1:1/none")
    app = create_app(replace(context, stores=replace(context.stores, db=away)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fitmatch.test") as client:
        alive, ready = await client.get("/livez"), await client.get("/readyz")
        asked = await client.get("/v1/shop", headers={"Authorization": f"Bearer {keys.mint('secret')}"})
        shops = await client.get("/v1/shops", headers={"Authorization": f"Bearer {context.operator_token}"})

    assert (alive.status_code, ready.status_code, ready.json()["parts"]["postgres"]) == (200, 503, "no answer")
    assert asked.status_code == 503
    assert (shops.status_code, shops.json()["code"], shops.headers["retry-after"]) == (503, "unavailable", "2")


async def test_the_index_counts_what_the_shop_has(shop: ShopClient, other_shop: ShopClient) -> None:
    await shop.upload_ready()
    await shop.upload()
    await other_shop.upload()

    index = (await shop.http.get("/v1/index")).json()

    assert 0 <= index.pop("oldest_queued_age_s") < 60
    assert index == {
        "products": 2,
        "photos": 2,
        "ready": 1,
        "queued": 1,
        "failed": 0,
        "checkpoint": CHECKPOINT,
        "statuses": {"queued": 1, "embedding": 0, "ready": 1, "partial": 0, "failed": 0},
        "embedded_today": 1,
        "prompts_today": 0,
    }


async def test_the_index_counts_products_by_their_status(shop: ShopClient, other_shop: ShopClient) -> None:
    db = shop.api.query.db
    await shop.http.post("/v1/products", json={"name": "without a photo"})
    partial, failed = await shop.upload_ready(), await shop.upload_ready()
    await shop.http.post(f"/v1/products/{partial['id']}/photos", files={"photo": ("b.jpg", jpeg((0, 0, 9)))})
    await db.execute("UPDATE photos SET status = 'failed' WHERE status = 'queued' OR product_id = $1", failed["id"][4:])
    await db.execute("DELETE FROM jobs")
    await other_shop.upload()

    index = (await shop.http.get("/v1/index")).json()
    listed = {one["name"]: one["status"] for one in (await shop.http.get("/v1/products")).json()["data"]}

    assert index["statuses"] == {"queued": 0, "embedding": 0, "ready": 1, "partial": 1, "failed": 1}
    assert listed["without a photo"] == "ready"
    assert index["oldest_queued_age_s"] is None


async def test_what_became_ready_or_was_asked_yesterday_does_not_count_for_today(shop: ShopClient) -> None:
    await shop.upload_ready()
    await shop.http.get("/v1/recommendations?prompt=a")
    today = (await shop.http.get("/v1/index")).json()
    await shop.api.query.db.execute("UPDATE photos SET ready_at = ready_at - interval '1 day'")
    await shop.api.query.db.execute("UPDATE prompts SET created_at = created_at - interval '1 day'")

    later = (await shop.http.get("/v1/index")).json()

    assert (today["embedded_today"], today["prompts_today"]) == (1, 1)
    assert (later["embedded_today"], later["prompts_today"]) == (0, 0)


async def test_usage_counts_the_month(shop: ShopClient, other_shop: ShopClient) -> None:
    product = await shop.upload()
    await shop.http.get("/v1/recommendations?prompt=a")
    await other_shop.http.get("/v1/recommendations?prompt=a")

    usage = (await shop.http.get("/v1/usage")).json()

    assert (usage["prompts"], usage["photos_uploaded"], usage["products"]) == (1, 1, 1)
    assert (usage["photo_bytes"] > 0, bool(product)) == (True, True)


async def test_usage_tells_the_last_thirty_days_one_by_one(shop: ShopClient, other_shop: ShopClient) -> None:
    db = shop.api.query.db
    await shop.upload()
    for age in (0, 0, 3, 29, 30):
        await shop.http.get("/v1/recommendations?prompt=a")
        newest = (await shop.http.get("/v1/prompts")).json()["data"][0]["id"]
        await db.execute(
            "UPDATE prompts SET created_at = now() - make_interval(days => $1) WHERE id = $2", age, newest[4:]
        )
    await other_shop.http.get("/v1/recommendations?prompt=a")

    days = (await shop.http.get("/v1/usage")).json()["days"]

    assert [day["date"] for day in days] == sorted(day["date"] for day in days)
    assert [len(days), days[-1]["prompts"], days[-1]["photos_uploaded"]] == [30, 2, 1]
    assert [day["prompts"] for day in days] == [1, *[0] * 25, 1, 0, 0, 2]


async def test_the_demo_page_gets_its_key(api: Api, context: Context) -> None:
    async with api.client() as client:
        assert (await client.get("/demo.json")).json() == {"publishable_key": "fm_pk_demo"}
    app = create_app(replace(context, demo_key_file=None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://fitmatch.test") as client:
        assert (await client.get("/demo.json")).status_code == 404


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/problems", "/console", "/console/products/prd_1"])
async def test_pages_ask_no_other_host(api: Api, path: str) -> None:
    async with api.client() as client:
        page = await client.get(path)
        named = re.findall(r'(?:src|href)="([^"#]+)"', page.text)
        parts = [await client.get(one) for one in named if one.startswith(("/static", "/openapi"))]

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert not [one for one in named if not one.startswith("/")]
    assert {part.status_code for part in parts} == {200}


async def test_static_files_are_asked_for_again_by_their_etag(api: Api) -> None:
    async with api.client() as client:
        first = await client.get("/static/docs.js")
        again = await client.get("/static/docs.js", headers={"If-None-Match": first.headers["etag"]})
        outside = [await client.get(path) for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/no")]

    assert (first.status_code, again.status_code) == (200, 304)
    assert {answer.status_code for answer in outside} == {404}
    assert outside[-1].headers["content-type"] == "application/problem+json"


async def test_text_files_travel_packed_and_others_as_they_are(api: Api) -> None:
    async with api.client() as client:
        packed = await client.get("/static/docs.js")
        plain = await client.get("/static/docs.js", headers={"Accept-Encoding": "identity"})
        font = await client.get("/static/hedvig-letters-serif.woff2")

    assert packed.content == without_comments(plain.content)
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert (packed.headers["content-encoding"], packed.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert packed.headers["etag"] == f"W/{plain.headers['etag']}"
    assert "content-encoding" not in font.headers


async def test_the_reference_is_served(api: Api) -> None:
    async with api.client() as client:
        answer = await client.get("/openapi.json")

    assert answer.json()["openapi"].startswith("3.1")
    assert "/v1/recommendations" in answer.json()["paths"]
