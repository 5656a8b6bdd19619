"""What the exporter tells Prometheus, read from the real Postgres; and what it does while that is away."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from db import migrate
from db.ids import new_id
from db.postgres import Db, Pool
from deployments import exporter, exporter_metrics
from deployments.exporter import Part, PostgresCollector
from deployments.local import ports
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.processes import spawn, stop
from tests.e2e.instance import ROOT, wait_for
from tests.integration import rows

UP = "fitmatch_exporter_postgres_up"


def values(collector: PostgresCollector) -> dict[str, float]:
    """By name and labels, as `name{label=value}`."""
    return {named(sample.name, sample.labels): sample.value for one in collector.collect() for sample in one.samples}


def named(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return f"{name}{{{inside}}}" if inside else name


async def told(dsn: str) -> dict[str, float]:
    return await asyncio.to_thread(values, PostgresCollector(dsn, "1.2.3"))


async def test_an_empty_deployment_says_zero_and_not_nothing(database_dsn: str) -> None:
    found = await told(database_dsn)

    assert (found[f"{UP}{{part=queue}}"], found[f"{UP}{{part=stock}}"]) == (1, 1)
    assert found["fitmatch_queued_jobs{to=add,tried=no}"] == 0
    assert found["fitmatch_queued_oldest_age_seconds{to=remove,tried=yes}"] == 0
    assert found["fitmatch_kept_products{status=ready}"] == 0
    assert found["fitmatch_build_info{version=1.2.3}"] == 1


async def test_the_queue_is_told_by_direction_and_tries(pool: Pool, database_dsn: str) -> None:
    shop_id = await rows.shop(pool)
    tried, deleted, old = await rows.queued(pool, shop_id, 3)
    await pool.execute("UPDATE jobs SET attempts = 1 WHERE photo_id = $1", tried)
    await rows.delete(pool, deleted)
    await pool.execute("UPDATE jobs SET created_at = now() - interval '2 minutes' WHERE photo_id = $1", old)

    found = await told(database_dsn)

    assert found["fitmatch_queued_jobs{to=add,tried=no}"] == 1
    assert found["fitmatch_queued_jobs{to=add,tried=yes}"] == 1
    assert found["fitmatch_queued_jobs{to=remove,tried=no}"] == 1
    assert 120 <= found["fitmatch_queued_oldest_age_seconds{to=add,tried=no}"] < 180
    assert found["fitmatch_queued_oldest_age_seconds{to=add,tried=yes}"] < 60


async def test_busy_shops_have_a_rank_and_no_name(pool: Pool, database_dsn: str) -> None:
    busy, calm = await rows.shop(pool), await rows.shop(pool)
    await rows.queued(pool, calm, 1)
    await rows.queued(pool, busy, 4)

    found = await told(database_dsn)

    assert [found[f"fitmatch_queued_busiest_jobs{{rank={place}}}"] for place in range(1, 6)] == [4, 1, 0, 0, 0]
    assert found["fitmatch_queued_busiest_oldest_age_seconds{rank=1}"] > 0
    assert not any(str(shop_id) in name or shop_id.hex in name for name in found for shop_id in (busy, calm))


async def test_products_photos_and_failures_are_of_live_shops(pool: Pool, database_dsn: str) -> None:
    shop_id, gone = await rows.shop(pool), await rows.shop(pool)
    await rows.ready(pool, shop_id, 2)
    await fail(pool, *await rows.queued(pool, shop_id), code="photo_truncated")
    await fail(pool, *await rows.queued(pool, gone), code="photo_truncated")
    await pool.execute("UPDATE shops SET deleted_at = now() WHERE id = $1", gone)
    await pool.execute("UPDATE shops SET suspended_at = now() WHERE id = $1", shop_id)

    found = await told(database_dsn)

    assert (found["fitmatch_shops{status=active}"], found["fitmatch_shops{status=suspended}"]) == (0, 1)
    assert (found["fitmatch_kept_products{status=ready}"], found["fitmatch_kept_products{status=failed}"]) == (1, 1)
    assert (found["fitmatch_kept_photos{status=ready}"], found["fitmatch_kept_photos{status=failed}"]) == (2, 1)
    assert found["fitmatch_failed_photos{code=photo_truncated}"] == 1


async def test_a_product_with_a_failed_photo_beside_a_ready_one_is_partial(pool: Pool, database_dsn: str) -> None:
    photo_id, _ready = await rows.ready(pool, await rows.shop(pool), 2)
    await fail(pool, photo_id, code="photo_truncated")

    assert (await told(database_dsn))["fitmatch_kept_products{status=partial}"] == 1


async def test_only_prompts_of_the_last_hour_are_counted(pool: Pool, database_dsn: str) -> None:
    shop_id = await rows.shop(pool)
    of_2024 = "0190a000-0000-7000-8000-000000000000"
    insert = "INSERT INTO prompts (id, shop_id, prompt, num_results, returned) VALUES ($1, $2, 'red', 10, $3)"
    for prompt_id, returned in ((new_id(), 5), (new_id(), 0), (new_id(), 0), (of_2024, 5)):
        await pool.execute(insert, prompt_id, shop_id, returned)

    found = await told(database_dsn)

    assert found["fitmatch_last_hour_prompts{answer=answered}"] == 1
    assert found["fitmatch_last_hour_prompts{answer=empty}"] == 2


async def test_embeddings_and_collections_are_told_by_checkpoint(pool: Pool, database_dsn: str) -> None:
    shop_id = await rows.shop(pool)
    photo_ids = await rows.ready(pool, shop_id, 2)
    await pool.execute("INSERT INTO collections (shop_id, checkpoint) VALUES ($1, 'mini@1')", shop_id)
    await pool.execute("INSERT INTO collections (shop_id, checkpoint, server) VALUES ($1, 'mini@2', 'b')", shop_id)
    embed = "INSERT INTO embeddings (photo_id, checkpoint, shop_id, embedding) VALUES ($1, 'mini@1', $2, 'x')"
    for photo_id in photo_ids:
        await pool.execute(embed, photo_id, shop_id)

    found = await told(database_dsn)

    assert found["fitmatch_embedded_photos{checkpoint=mini@1}"] == 2
    assert found["fitmatch_index_collections{checkpoint=mini@1}"] == 1
    assert found["fitmatch_server_collections{server=default}"] == 1
    assert found["fitmatch_server_collections{server=b}"] == 1


async def test_scrapes_at_once_share_one_read(database_dsn: str) -> None:
    reads: list[int] = []

    async def counted(db: Db) -> list[Metric]:
        reads.append(await db.fetchval("SELECT count(*) FROM shops"))
        return []

    collector = PostgresCollector(database_dsn, "1", [Part("counted", 60.0, counted)])
    with ThreadPoolExecutor(8) as scrapes:
        await asyncio.gather(*(asyncio.wrap_future(scrapes.submit(values, collector)) for _ in range(8)))

    assert reads == [0]


async def test_a_part_that_is_too_slow_keeps_nothing_from_the_other(
    database_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporter, "STATEMENT_MS_MAX", 200)

    async def slow(db: Db) -> list[Metric]:
        await db.fetch("SELECT pg_sleep(30)")
        return []

    collector = PostgresCollector(
        database_dsn, "1", [Part("slow", 60.0, slow), Part("queue", 5.0, exporter_metrics.queue)]
    )
    found = await asyncio.to_thread(values, collector)

    assert (found[f"{UP}{{part=slow}}"], found[f"{UP}{{part=queue}}"]) == (0, 1)
    assert found["fitmatch_queued_jobs{to=add,tried=no}"] == 0


async def test_a_schema_that_is_not_there_yet_is_a_read_that_failed(postgres_dsn: str) -> None:
    assert (await told(postgres_dsn))[f"{UP}{{part=queue}}"] == 0


@dataclass(frozen=True)
class Exporter:
    """`fitmatch exporter` as operators start it."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def scraped(self) -> dict[str, float]:
        families = text_string_to_metric_families(httpx.get(f"{self.url}/metrics", timeout=30).text)
        return {named(sample.name, sample.labels): sample.value for one in families for sample in one.samples}

    def reads(self, up: int) -> bool:
        return self.scraped()[f"{UP}{{part=queue}}"] == up

    def healthy(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"{self.url}/healthz").text == "ok"
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def server(servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A Postgres that a test may stop."""
    made = EmbeddedPostgres(servers_folder / "exporter")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def running(server: EmbeddedPostgres, tmp_path: Path) -> Iterator[Exporter]:
    (port,) = ports.choose()
    settings = {"FITMATCH_POSTGRES_DSN": server.dsn, "FITMATCH_EXPORTER_PORT": str(port)}
    command = [sys.executable, "-m", "deployments.cli", "exporter"]
    log = tmp_path / "log"
    process = spawn(command, death_signal=signal.SIGTERM, log=log, env={**os.environ, **settings}, cwd=ROOT)
    one = Exporter(process, f"http://127.0.0.1:{port}", log)
    wait_for(one.healthy, "the exporter listens", 30)
    yield one
    assert stop(process, signal.SIGTERM, 10)
    assert process.returncode == 0


async def test_the_process_outlives_postgres_and_says_so(server: EmbeddedPostgres, running: Exporter) -> None:
    await migrate.migrate(server.dsn)
    wait_for(lambda: running.reads(1), "Postgres is read", 30)

    os.kill(server.pid, signal.SIGINT)  # not `stop`, which would give it another address
    wait_for(lambda: running.reads(0), "the exporter says that Postgres is away", 30)
    assert "fitmatch_queued_jobs{to=add,tried=no}" not in running.scraped()
    assert running.healthy()

    server.start()
    wait_for(lambda: running.reads(1), "Postgres is read again", 30)


def test_a_hanging_postgres_is_told_before_the_scrape_ends(server: EmbeddedPostgres, running: Exporter) -> None:
    os.kill(server.pid, signal.SIGSTOP)
    try:
        wait_for(lambda: running.reads(0), "the exporter says that Postgres is away", 30)
        took_s = httpx.get(f"{running.url}/metrics", timeout=30).elapsed.total_seconds()
    finally:
        os.kill(server.pid, signal.SIGCONT)

    assert took_s < 10


def test_it_serves_nothing_else(running: Exporter) -> None:
    assert httpx.get(f"{running.url}/").status_code == 404


def test_without_an_address_it_says_what_is_missing(tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FITMATCH_")}
    ended = subprocess.run(
        [sys.executable, "-m", "deployments.cli", "exporter"],
        env=inherited | {"FITMATCH_DATA_DIR": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 2
    assert "FITMATCH_POSTGRES_DSN" in ended.stderr


async def fail(pool: Pool, *photo_ids: object, code: str) -> None:
    failed = "UPDATE photos SET status = 'failed', error_code = $2 WHERE id = $1"
    for photo_id in photo_ids:
        await pool.execute(failed, photo_id, code)
