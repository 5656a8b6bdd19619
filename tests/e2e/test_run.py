"""`fitmatch run`: what it prints, how it ends, and that what it kept is there at the next start."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deployments.local.processes import identify
from tests.e2e import instance
from tests.e2e.client import Shop, json, open_shop, sample
from tests.e2e.instance import Running, wait_for


class Restartable:
    """A FitMatch that the tests of this file end in their ways and start again; always running between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running = instance.start(folder)
        self.shop = open_shop(self.running.url, self.running.operator_token, "kept")
        self.product = self.shop.upload(sample("DR-001"), name="a red dress")
        self.shop.wait_until_settled()

    def start_again(self) -> None:
        self.running = instance.start(self.folder, FITMATCH_HTTP_PORT=str(httpx.URL(self.running.url).port))

    def has_kept_everything(self) -> bool:
        return [each["product_id"] for each in self.shop.recommend("red dress")] == [self.product["id"]]


@pytest.fixture(scope="module")
def restartable(servers_folder: Path) -> Iterator[Restartable]:
    started = Restartable(servers_folder / "run")
    yield started
    assert started.running.stop(signal.SIGTERM) == 0
    assert instance.left_behind(started.folder) == []


def test_it_says_where_everything_is(fitmatch: Running) -> None:
    dashboard = re.search(r"Ray dashboard +(\S+)", fitmatch.said())
    metrics = re.search(r"Metrics +(\S+)", fitmatch.said())
    token = (fitmatch.folder / "ray" / "ray_token").read_text()

    assert re.search(r"Ready in \d+\.\d s", fitmatch.said())
    assert httpx.get(fitmatch.url + "/").status_code == 200
    assert httpx.get(fitmatch.url + "/docs").status_code == 200
    assert dashboard
    assert httpx.get(dashboard[1], headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert metrics
    assert "ray_node_mem_used" in httpx.get(metrics[1]).text


def test_secrets_are_for_the_owner_alone(fitmatch: Running) -> None:
    secrets = [fitmatch.folder / name for name in ("operator_token", "running.json", "ray/ray_token")]

    assert [oct(path.stat().st_mode & 0o777) for path in secrets] == ["0o600"] * 3


def test_a_second_supervisor_of_the_same_folder_is_refused(fitmatch: Running) -> None:
    printed = fitmatch.said()

    process = instance.launch(fitmatch.folder)

    assert process.wait(60) == 2
    assert f"in use by process {fitmatch.process.pid}" in fitmatch.said()
    assert "FITMATCH_DATA_DIR" in fitmatch.said()
    instance.log_of(fitmatch.folder).write_text(printed)


def test_two_run_side_by_side_and_neither_sees_the_other(fitmatch: Running, restartable: Restartable) -> None:
    elsewhere = open_shop(fitmatch.url, fitmatch.operator_token, "in the other")

    assert shop_status(fitmatch, elsewhere) == 200
    assert shop_status(restartable.running, elsewhere) == 401
    assert shop_status(fitmatch, restartable.shop) == 401
    assert restartable.has_kept_everything()


def shop_status(running: Running, shop: Shop) -> int:
    return httpx.get(f"{running.url}/v1/shop", headers={"Authorization": f"Bearer {shop.key}"}).status_code


def test_ctrl_c_leaves_no_orphan_and_the_next_start_keeps_everything(restartable: Restartable) -> None:
    assert restartable.running.stop(signal.SIGINT) == 0
    assert instance.left_behind(restartable.folder) == []
    assert not (restartable.folder / "running.json").exists()

    token = restartable.running.operator_token
    restartable.start_again()

    assert restartable.running.operator_token == token
    assert restartable.has_kept_everything()


def test_a_killed_supervisor_leaves_nothing_and_the_next_start_works(restartable: Restartable) -> None:
    kill(restartable.running.process.pid)
    wait_for(lambda: not instance.left_behind(restartable.folder), "nothing is left behind", 30)

    restartable.start_again()

    assert restartable.has_kept_everything()


def test_what_a_killed_supervisor_and_keeper_leave_is_ended_by_the_next_start(restartable: Restartable) -> None:
    left = [identify(pid) for pid in instance.left_behind(restartable.folder)]
    supervisor = restartable.running.process.pid
    for pid in (*children_of(supervisor, "deployments.local.keeper"), supervisor):
        kill(pid)

    restartable.start_again()

    assert len(left) > 10
    assert [one for one in left if one and identify(one.pid) == one] == []
    assert restartable.has_kept_everything()


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def children_of(parent: int, text: str) -> list[int]:
    shown = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in shown.splitlines()]
    return [int(pid) for pid, of, args in rows if int(of) == parent and text in args]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"FITMATCH_HTTP_PORT": "http"}, "FITMATCH_HTTP_PORT: http is no port"),
        ({"FITMATCH_CHECKPOINT": "/no/such/folder"}, "FITMATCH_CHECKPOINT"),
        ({"FITMATCH_CHROMA_URL": "http://127.0.0.1:1"}, "FITMATCH_CHROMA_URL: no Chroma answers"),
        ({"FITMATCH_POSTGRES_DSN": "postgresql://127.0.0.1:1/none"}, "FITMATCH_POSTGRES_DSN: Postgres does not answer"),
        ({"FITMATCH_POSTGRES_BIN": "/no/such/folder"}, "FITMATCH_POSTGRES_BIN"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(tmp_path: Path, settings: dict[str, str], says: str) -> None:
    started = time.monotonic()
    process = instance.launch(tmp_path / "data", **settings)

    assert process.wait(60) == 2
    assert says in instance.said(tmp_path / "data").strip().splitlines()[-1]
    assert time.monotonic() - started < 40
    assert instance.left_behind(tmp_path / "data") == []


def test_a_busy_port_stops_the_start_with_one_sentence(fitmatch: Running, tmp_path: Path) -> None:
    busy = str(httpx.URL(fitmatch.url).port)

    process = instance.launch(tmp_path / "data", FITMATCH_HTTP_PORT=busy)

    assert process.wait(60) == 2
    assert f"FITMATCH_HTTP_PORT: port {busy} is in use" in instance.said(tmp_path / "data")


def test_servers_of_your_own_are_used_instead_of_embedded_ones(
    tmp_path: Path, database_dsn: str, chroma_url: str
) -> None:
    token = "a token of the operator's own"
    running = instance.start(
        tmp_path / "data",
        FITMATCH_POSTGRES_DSN=database_dsn,
        FITMATCH_CHROMA_URL=chroma_url,
        FITMATCH_OPERATOR_TOKEN=token,
    )

    shop = open_shop(running.url, token, "on other servers")
    shop.upload(sample("DR-004"))

    assert shop.wait_until_settled()["ready"] == 1
    assert not (tmp_path / "data" / "postgres").exists()
    assert not (tmp_path / "data" / "chroma").exists()
    assert json(httpx.get(f"{running.url}/readyz"))
    assert running.stop() == 0
