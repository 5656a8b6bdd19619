"""Real traffic, seen by the real Prometheus through the shipped files: every metric, panel and alert."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from api import ids
from deployments.local import ports
from deployments.local.processes import spawn, stop
from tests.deployment import edge as edges
from tests.deployment.test_dashboard import expressions
from tests.deployment.test_monitoring import OPERATIONS, rules
from tests.e2e import prometheus
from tests.e2e.client import Shop, open_shop, sample
from tests.e2e.conftest import Running
from tests.e2e.instance import ROOT, wait_for
from tests.e2e.prometheus import Prometheus
from tests.unit import odd_photos

SEEN_S_MAX = 180.0
"""Prometheus scrapes every 15 s, as shipped, and a rate needs two scrapes."""
OURS = re.compile(r"`(fitmatch_[a-z_]+)[`{]")


@dataclass(frozen=True)
class Watched:
    prometheus: Prometheus
    shop: Shop

    def names(self) -> set[str]:
        return set(self.prometheus.api("label/__name__/values"))

    def work(self) -> None:
        """What shops and shoppers do; some of it once more for each scrape."""
        self.shop.recommend("red dress")
        self.shop.recommend(f"a dress like number {os.urandom(2).hex()}")
        self.shop.upload(sample("DR-001"))


@pytest.fixture(scope="module")
def watched(fitmatch: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("monitoring")
    program = edges.programs()[0]
    with ExitStack() as ends:
        edge = edges.start(program, folder, fitmatch.url.removeprefix("http://"))
        ends.callback(edge.stop)
        exporter = start_exporter(fitmatch, folder, ends)
        agents = fitmatch.folder / "ray" / "sockets" / "prom_metrics_service_discovery.json"
        started = prometheus.start(
            folder,
            {
                "edge:8405": edge.metrics_url.removeprefix("http://"),
                "exporter:9105": exporter,
                "/tmp/ray/prom_metrics_service_discovery.json": str(agents.resolve()),  # noqa: S108 - as shipped
            },
        )
        ends.callback(started.stop)
        wait_for(lambda: httpx.get(f"{edge.url}/livez").status_code == 200, "the edge knows Serve", SEEN_S_MAX)
        shop = open_shop(edge.url, fitmatch.operator_token, "watched")
        shop.upload(odd_photos.cut_in_half(odd_photos.saved(odd_photos.noise(), "JPEG")), name="broken")
        yield Watched(started, shop)


def start_exporter(running: Running, folder: Path, ends: ExitStack) -> str:
    """By hand beside `fitmatch run`, as docs/operations.md says; its host and port."""
    address = f"127.0.0.1:{ports.choose()[0]}"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FITMATCH_")}
    own = {"FITMATCH_DATA_DIR": str(running.folder), "FITMATCH_EXPORTER_PORT": address.rpartition(":")[2]}
    process = spawn(
        [sys.executable, "-m", "deployments.cli", "exporter"],
        death_signal=signal.SIGTERM,
        log=folder / "exporter.log",
        env=inherited | own,
        cwd=ROOT,
    )
    ends.callback(stop, process, signal.SIGTERM, 10)
    return address


def test_every_target_answers(watched: Watched) -> None:
    def jobs(state: int) -> set[str]:
        return {each["metric"]["job"] for each in watched.prometheus.ask(f"up == {state}")}

    wait_for(lambda: jobs(1) == {"ray", "edge", "exporter"} and not jobs(0), "every target answers", SEEN_S_MAX)


def test_every_documented_metric_is_seen(watched: Watched) -> None:
    documented = set(OURS.findall(OPERATIONS))

    def missing() -> set[str]:
        watched.work()
        seen = watched.names()
        return {name for name in documented if not {name, f"ray_{name}", f"ray_{name}_bucket"} & seen}

    wait_for(lambda: not missing(), "every documented metric is seen", SEEN_S_MAX)
    exported = {re.sub(r"^ray_|_(bucket|count|sum)$", "", name) for name in watched.names() if "fitmatch_" in name}
    assert exported <= documented


def test_every_panel_has_data(watched: Watched) -> None:
    def empty() -> list[str]:
        watched.work()
        return [expression for expression in expressions() if not watched.prometheus.ask(expression)]

    wait_for(lambda: not empty(), "every expression of the dashboard has data", SEEN_S_MAX)


def test_every_alert_is_evaluated_and_names_metrics_that_are_there(watched: Watched) -> None:
    def evaluated() -> list[dict[str, str]]:
        (group,) = watched.prometheus.api("rules")["groups"]
        return [rule for rule in group["rules"] if rule["health"] != "unknown"]

    wait_for(lambda: len(evaluated()) == len(rules()), "every alert is evaluated", SEEN_S_MAX)
    named = {name for rule in rules() for name in re.findall(r"\b((?:ray|haproxy|fitmatch)_\w+)", rule["expr"])}

    assert [(rule["name"], rule.get("lastError", "")) for rule in evaluated() if rule["health"] != "ok"] == []
    assert len(named) > 5
    assert named <= watched.names()


def test_a_failed_photo_is_told_by_its_code_alike_by_replicas_and_postgres(watched: Watched) -> None:
    told = ('ray_fitmatch_photos_total{outcome="failed",code="photo_truncated"}', "fitmatch_failed_photos")
    for expression in told:
        wait_for(lambda asked=expression: watched.prometheus.ask(f"{asked} > 0"), expression, SEEN_S_MAX)


def test_no_label_holds_a_shops_id_key_or_prompt(watched: Watched) -> None:
    watched.shop.recommend("zanzibar")
    wait_for(lambda: watched.prometheus.ask("ray_fitmatch_prompts_total > 0"), "prompts are seen", SEEN_S_MAX)
    values = str(watched.prometheus.api("series", **{"match[]": '{__name__=~".+"}'}))

    uuid = ids.parse("shp", watched.shop.id)
    for secret in (watched.shop.id, str(uuid), uuid.hex, watched.shop.key, "zanzibar"):
        assert secret not in values
