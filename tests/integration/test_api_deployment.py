"""The operator's overview over HTTP."""

from dataclasses import replace

import asyncpg
import httpx
import pytest

from api.app import Context, create_app
from api.deps import Links
from api.ports import Replicas
from api.totals import Totals
from db.postgres import Pool
from tests.integration.conftest import CHECKPOINT, OPERATOR_TOKEN, Api, ShopClient


class PlayedCluster:
    """Serve with one sick deployment."""

    async def replicas(self) -> list[Replicas] | None:
        return [Replicas("ClipImage", "UNHEALTHY", running=0, target=1, message="out of memory")]


async def test_the_operator_sees_all_shops_together(
    operator: httpx.AsyncClient, api: Api, shop: ShopClient, other_shop: ShopClient
) -> None:
    await shop.upload_ready()
    await other_shop.upload()
    await other_shop.upload()
    gone = (await operator.post("/v1/shops", json={"name": "gone"})).json()
    await operator.delete(f"/v1/shops/{gone['id']}")
    await operator.patch(f"/v1/shops/{shop.id}", json={"status": "suspended"})
    await api.query.db.execute(
        "INSERT INTO collections (shop_id, checkpoint) SELECT id, $1 FROM shops WHERE deleted_at IS NULL", CHECKPOINT
    )
    await api.query.db.execute(
        "INSERT INTO embeddings SELECT id, $1, shop_id, 'x' FROM photos WHERE status = 'ready'", "former@1"
    )

    found = (await operator.get("/v1/deployment")).json()

    assert found["checkpoint"] == CHECKPOINT
    assert found["parts"] == {"postgres": "ok", "chroma": "ok", "clip": "ok"}
    assert found["shops"] == {"active": 1, "suspended": 1}
    assert (found["products"], found["photos"]) == (3, {"queued": 2, "embedding": 0, "ready": 1, "failed": 0})
    assert found["collections"] == [
        {"checkpoint": "former@1", "collections": 0, "photos": 1},
        {"checkpoint": CHECKPOINT, "collections": 2, "photos": 0},
    ]
    assert found["queue"]["jobs"] == 2
    assert [(one["shop_id"], one["name"], one["jobs"]) for one in found["queue"]["shops"]] == [
        (other_shop.id, "Red Door", 2)
    ]
    assert 0 <= found["queue"]["oldest_age_s"] < 60
    assert 0 <= found["queue"]["shops"][0]["oldest_age_s"] < 60
    assert found["replicas"] is None


async def test_the_queue_names_the_shop_with_most_jobs_first(
    operator: httpx.AsyncClient, shop: ShopClient, other_shop: ShopClient
) -> None:
    empty = (await operator.get("/v1/deployment")).json()["queue"]
    await shop.upload()
    for _ in range(2):
        await other_shop.upload()

    queue = (await operator.get("/v1/deployment")).json()["queue"]

    assert empty == {"jobs": 0, "oldest_age_s": None, "shops": []}
    assert [one["name"] for one in queue["shops"]] == ["Red Door", "Blue Door"]


async def test_replicas_and_links_are_told_where_they_are_known(context: Context) -> None:
    told = replace(context, cluster=PlayedCluster(), links=Links(grafana="https://grafana.example"))
    headers = {"Authorization": f"Bearer {OPERATOR_TOKEN}"}
    transport = httpx.ASGITransport(create_app(told))
    async with httpx.AsyncClient(transport=transport, base_url="http://fitmatch.test", headers=headers) as client:
        found = (await client.get("/v1/deployment")).json()

    sick = {"deployment": "ClipImage", "status": "UNHEALTHY", "running": 0, "target": 1, "message": "out of memory"}
    assert found["replicas"] == [sick]
    assert found["links"] == {"ray_dashboard": None, "prometheus": None, "grafana": "https://grafana.example"}


async def test_an_open_page_that_asks_again_and_again_does_not_count_every_photo_each_time(
    operator: httpx.AsyncClient, api: Api, shop: ShopClient
) -> None:
    await shop.upload()
    before = (await operator.get("/v1/deployment")).json()
    await shop.upload()

    after = (await operator.get("/v1/deployment")).json()

    assert before["photos"]["queued"] == after["photos"]["queued"] == 1
    assert (before["queue"]["jobs"], after["queue"]["jobs"]) == (1, 2)
    assert (await Totals(api.query.db).now()).photos["queued"] == 2


async def test_a_count_that_failed_is_tried_again(pool: Pool) -> None:
    totals = Totals(pool)
    await pool.execute("ALTER TABLE photos RENAME TO away")
    with pytest.raises(asyncpg.UndefinedTableError):
        await totals.now()
    await pool.execute("ALTER TABLE away RENAME TO photos")

    assert (await totals.now()).products == 0


async def test_a_shop_does_not_see_the_deployment(shop: ShopClient) -> None:
    assert (await shop.http.get("/v1/deployment")).json()["code"] == "forbidden"
