"""Postgres or Chroma hangs: a clear refusal or an exact answer, and all is well again afterwards."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.e2e.client import json, open_shop, sample
from tests.e2e.conftest import Running
from tests.e2e.instance import wait_for

WELL_S_MAX = 60.0


@contextmanager
def hanging(running: Running, pid: int) -> Iterator[None]:
    """Stopped, with its children: connections open and nothing answers."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children = [int(line.split()[0]) for line in listed.splitlines() if int(line.split()[1]) == pid]
    for each in (pid, *children):
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in (pid, *children):
            os.kill(each, signal.SIGCONT)
        wait_for(lambda: httpx.get(f"{running.url}/readyz").status_code == 200, "all is well again", WELL_S_MAX)


def test_a_hanging_postgres_is_told_with_a_time_to_come_back(fitmatch: Running) -> None:
    shop = open_shop(fitmatch.url, fitmatch.operator_token, "a shop without Postgres")

    with hanging(fitmatch, fitmatch.now().postgres_pid):
        asked = shop.http.post("/v1/recommendations", json={"prompt": "red dress"})
        uploaded = shop.http.post("/v1/products", data={"name": "a"}, files={"photo": ("a.jpg", sample("DR-001"))})

    for refused in (asked, uploaded):
        assert json(refused, 503)["code"] == "unavailable"
        assert int(refused.headers["retry-after"]) >= 1
    assert shop.recommend("red dress") == []


def test_prompts_are_answered_exactly_while_chroma_hangs(fitmatch: Running) -> None:
    shop = open_shop(fitmatch.url, fitmatch.operator_token, "a shop without Chroma")
    kept = shop.upload(sample("DR-001"))
    shop.wait_until_settled()

    with hanging(fitmatch, fitmatch.now().chroma_pid):
        found = shop.recommend("red dress")

    assert [one["product_id"] for one in found] == [kept["id"]]
