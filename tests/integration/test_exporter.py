"""What the exporter tells Prometheus, read from the real Postgres; and what it does while that is away."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from db import migrate
from db.ids import new_id
from db.postgres import Pool
from deployments import exporter_server
from deployments.exporter import READ_S_MAX, PostgresCollector
from deployments.local import ports
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.processes import spawn, stop
from tests.e2e.instance import ROOT, wait_for
from tests.integration import rows

START_S_MAX = 60
UP = "fitmatch_exporter_postgres_up"


def values(collector: PostgresCollector) -> dict[str, float]:
    """By name and labels, as `name{label=value}`."""
    return {named(sample.name, sample.labels): sample.value for one in collector.collect() for sample in one.samples}


def scraped(url: str) -> dict[str, float]:
    families = text_string_to_metric_families(httpx.get(f"{url}/metrics", timeout=30).text)
    return {named(sample.name, sample.labels): sample.value for one in families for sample in one.samples}


def named(name: str, labels: dict[str, str]) -> str:
    return name + "".join(f"{{{label}={value}}}" for label, value in sorted(labels.items()))


async def told(dsn: str) -> dict[str, float]:
    collector = PostgresCollector(dsn, "1.2.3")
    found: list[dict[str, float]] = []
    reading = threading.Thread(target=lambda: found.append(values(collector)))
    reading.start()
    reading.join(30)
    return found[0]


async def test_an_empty_deployment_says_zero_and_not_nothing(database_dsn: str) -> None:
    found = await told(database_dsn)

    assert found[UP] == 1
    assert found["fitmatch_queued_jobs{to=add}{tried=no}"] == 0
    assert found["fitmatch_queued_oldest_age_seconds{to=remove}{tried=yes}"] == 0
    assert found["fitmatch_kept_products{status=ready}"] == 0
    assert found["fitmatch_build_info{version=1.2.3}"] == 1


async def test_the_queue_is_told_by_direction_and_tries(pool: Pool, database_dsn: str) -> None:
    shop_id = await rows.shop(pool)
    waiting = await rows.queued(pool, shop_id, 3)
    await pool.execute("UPDATE jobs SET attempts = 1 WHERE photo_id = $1", waiting[0])
    await rows.delete(pool, waiting[1])
    await pool.execute("UPDATE jobs SET created_at = now() - interval '2 minutes' WHERE photo_id = $1", waiting[2])

    found = await told(database_dsn)

    jobs = {labels: found[f"fitmatch_queued_jobs{labels}"] for labels in ("{to=add}{tried=no}", "{to=add}{tried=yes}")}
    assert jobs == {"{to=add}{tried=no}": 1, "{to=add}{tried=yes}": 1}
    assert found["fitmatch_queued_jobs{to=remove}{tried=no}"] == 1
    assert 120 <= found["fitmatch_queued_oldest_age_seconds{to=add}{tried=no}"] < 180
    assert found["fitmatch_queued_oldest_age_seconds{to=add}{tried=yes}"] < 60


async def test_busy_shops_have_a_rank_and_no_name(pool: Pool, database_dsn: str) -> None:
    busy, calm = await rows.shop(pool), await rows.shop(pool)
    await rows.queued(pool, calm, 1)
    await rows.queued(pool, busy, 4)

    found = await told(database_dsn)

    ranks = [found[f"fitmatch_queued_busiest_jobs{{rank={place}}}"] for place in range(1, 6)]
    assert ranks == [4, 1, 0, 0, 0]
    assert not any(str(shop_id) in name or shop_id.hex in name for name in found for shop_id in (busy, calm))


async def test_products_photos_and_failures_are_of_live_shops(pool: Pool, database_dsn: str) -> None:
    shop_id, gone = await rows.shop(pool), await rows.shop(pool)
    await rows.ready(pool, shop_id, 2)
    (broken,) = await rows.queued(pool, shop_id)
    failed = "UPDATE photos SET status = 'failed', error_code = 'photo_truncated' WHERE id = $1"
    await pool.execute(failed, broken)
    await pool.execute(failed, (await rows.queued(pool, gone))[0])
    await pool.execute("UPDATE shops SET deleted_at = now() WHERE id = $1", gone)
    await pool.execute("UPDATE shops SET suspended_at = now() WHERE id = $1", shop_id)

    found = await told(database_dsn)

    assert (found["fitmatch_shops{status=active}"], found["fitmatch_shops{status=suspended}"]) == (0, 1)
    assert (found["fitmatch_kept_products{status=ready}"], found["fitmatch_kept_products{status=failed}"]) == (1, 1)
    assert (found["fitmatch_kept_photos{status=ready}"], found["fitmatch_kept_photos{status=failed}"]) == (2, 1)
    assert found["fitmatch_failed_photos{code=photo_truncated}"] == 1


async def test_a_product_with_a_failed_photo_beside_a_ready_one_is_partial(pool: Pool, database_dsn: str) -> None:
    photo_ids = await rows.ready(pool, await rows.shop(pool), 2)
    await pool.execute("UPDATE photos SET status = 'failed', error_code = 'x' WHERE id = $1", photo_ids[0])

    assert (await told(database_dsn))["fitmatch_kept_products{status=partial}"] == 1


async def test_only_prompts_of_the_last_hour_are_counted(pool: Pool, database_dsn: str) -> None:
    shop_id = await rows.shop(pool)
    old = "0190a000-0000-7000-8000-000000000000"
    for prompt_id, returned in ((new_id(), 5), (new_id(), 0), (new_id(), 0), (old, 5)):
        await pool.execute(
            "INSERT INTO prompts (id, shop_id, prompt, num_results, returned) VALUES ($1, $2, 'red', 10, $3)",
            prompt_id,
            shop_id,
            returned,
        )

    found = await told(database_dsn)

    assert found["fitmatch_last_hour_prompts{answer=answered}"] == 1
    assert found["fitmatch_last_hour_prompts{answer=empty}"] == 2


async def test_embeddings_and_collections_are_told_by_checkpoint(pool: Pool, database_dsn: str) -> None:
    shop_id = await rows.shop(pool)
    photo_ids = await rows.ready(pool, shop_id, 2)
    await pool.execute("INSERT INTO collections (shop_id, checkpoint) VALUES ($1, 'mini@1')", shop_id)
    await pool.execute(
        "INSERT INTO embeddings (photo_id, checkpoint, shop_id, embedding) SELECT id, 'mini@1', $2, 'x'"
        " FROM unnest($1::uuid[]) AS p (id)",
        photo_ids,
        shop_id,
    )

    found = await told(database_dsn)

    assert found["fitmatch_embedded_photos{checkpoint=mini@1}"] == 2
    assert found["fitmatch_index_collections{checkpoint=mini@1}"] == 1


async def test_many_scrapes_at_once_read_postgres_once(pool: Pool, database_dsn: str) -> None:
    collector = PostgresCollector(database_dsn, "1")
    await rows.queued(pool, await rows.shop(pool), 1)

    with ThreadPoolExecutor(8) as scrapes:
        told_ = list(scrapes.map(lambda _: values(collector), range(8)))

    assert len({each["fitmatch_exporter_read_seconds"] for each in told_}) == 1


@pytest.fixture
def url(database_dsn: str) -> Iterator[str]:
    server = exporter_server.open_server("127.0.0.1", 0, database_dsn)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    serving.join()
    server.server_close()


def test_it_serves_metrics_and_its_health_and_nothing_else(url: str) -> None:
    assert scraped(url)[UP] == 1
    assert httpx.get(f"{url}/healthz").text == "ok"
    assert httpx.get(f"{url}/").status_code == 404


async def test_a_schema_that_is_not_there_yet_is_told_as_away(postgres_dsn: str) -> None:
    assert (await told(postgres_dsn))[UP] == 0


@pytest.fixture(scope="module")
def server(servers_folder: Path) -> Iterator[EmbeddedPostgres]:
    """One that a test may stop."""
    made = EmbeddedPostgres(servers_folder / "exporter-postgres")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def process(server: EmbeddedPostgres, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """`fitmatch exporter` and its address."""
    (port,) = ports.choose()
    started = spawn(
        [sys.executable, "-m", "deployments.cli", "exporter"],
        death_signal=signal.SIGTERM,
        log=tmp_path / "exporter.log",
        env={**os.environ, "FITMATCH_POSTGRES_DSN": server.dsn, "FITMATCH_EXPORTER_PORT": str(port)},
        cwd=ROOT,
    )
    url = f"http://127.0.0.1:{port}"
    wait_for(lambda: is_well(url), "the exporter listens", START_S_MAX)
    yield url, started
    stop(started, signal.SIGTERM, 10)


async def test_it_outlives_a_hanging_postgres_and_ends_when_asked(
    server: EmbeddedPostgres, process: tuple[str, subprocess.Popen[bytes]]
) -> None:
    url, started = process
    await migrate.migrate(server.dsn)
    wait_for(lambda: scraped(url)[UP] == 1, "Postgres is read", 30)

    stopped = [server.pid, *children_of(server.pid)]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        away = wait_for(lambda: found if (found := scraped(url))[UP] == 0 else None, "it says so", 60)
        assert is_well(url)
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)

    assert not any(name.startswith(("fitmatch_queued", "fitmatch_kept")) for name in away)
    assert away["fitmatch_exporter_read_seconds"] <= READ_S_MAX + 2
    wait_for(lambda: scraped(url)[UP] == 1, "Postgres is read again", 30)
    started.send_signal(signal.SIGTERM)
    assert started.wait(10) == 0


def children_of(parent: int) -> list[int]:
    command = ["ps", "-o", "pid=", "--ppid", str(parent)]
    return [int(pid) for pid in subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()]


def is_well(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").text == "ok"
    except httpx.TransportError:
        return False


def test_without_an_address_it_ends_with_one_sentence(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FITMATCH_")}
    done = subprocess.run(
        [sys.executable, "-m", "deployments.cli", "exporter"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**environment, "FITMATCH_DATA_DIR": str(tmp_path / "none")},
    )

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "FITMATCH_POSTGRES_DSN" in done.stderr
