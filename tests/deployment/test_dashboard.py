"""Grafana's files, checked against what they name. No test runs Grafana; Prometheus reads every expression."""

import json
import re
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deployment.test_monitoring import FOLDER, promtool, rules
from tests.e2e.instance import ROOT

__all__ = ["promtool"]

DASHBOARD = json.loads((FOLDER / "grafana" / "dashboards" / "fitmatch.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
UNITS = {"bytes", "ms", "ops", "percent", "percentunit", "reqps", "s", "short"}
"""Those of Grafana's that are used; another spelling is shown as text behind the number."""


def expressions() -> list[str]:
    return [target["expr"] for panel in PANELS for target in panel["targets"]]


def named(expression: str) -> set[str]:
    """Metrics of ours, without what Prometheus adds to a histogram's name."""
    return {re.sub(r"_(bucket|count)$", "", name) for name in re.findall(r"\b(?:ray_)?fitmatch_[a-z_]+", expression)}


def made(*files: str) -> set[str]:
    sources = [(ROOT / "deployments" / file).read_text() for file in files]
    return {name for source in sources for name in re.findall(r'"(fitmatch_[a-z_]+)"', source)}


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    replicas = {f"ray_{name}" for name in made("metrics.py")}
    exporter = made("exporter.py", "exporter_metrics.py")

    shown = {name for expression in expressions() for name in named(expression)}

    assert len(shown) > 20
    assert shown == replicas | exporter


def test_no_alert_names_a_metric_that_the_dashboard_does_not_show() -> None:
    shown = {name for expression in expressions() for name in named(expression)}

    assert {name for rule in rules() for name in named(rule["expr"])} <= shown


def test_the_dashboard_names_alerts_that_exist() -> None:
    pointed = re.findall(r"alert (\w+)", " ".join(panel["description"] for panel in PANELS))

    assert len(pointed) > 3
    assert set(pointed) <= {rule["alert"] for rule in rules()}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["type"] in {"stat", "timeseries"}
    assert len(panel["description"]) > 5
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    # Ray's sums are made of bucket midpoints.
    assert not any("_sum" in target["expr"] for target in panel["targets"])


def test_panels_have_ids_titles_and_places_of_their_own() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    places = [panel["gridPos"] for panel in DASHBOARD["panels"]]
    rows = {panel["gridPos"]["y"]: panel["title"] for panel in DASHBOARD["panels"] if panel["type"] == "row"}
    titles = [(max((y for y in rows if y < panel["gridPos"]["y"]), default=0), panel["title"]) for panel in PANELS]

    assert len(set(ids)) == len(ids)
    assert len(set(titles)) == len(titles)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert not any(overlap(one, other) for one, other in combinations(places, 2))


def test_every_panel_asks_the_provisioned_prometheus() -> None:
    (source,) = provisioned("datasources/prometheus.yml")["datasources"]
    wanted = {"type": source["type"], "uid": source["uid"]}
    interval = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["global"]["scrape_interval"]

    asked = [each["datasource"] for panel in PANELS for each in (panel, *panel["targets"])]

    assert all(each == wanted for each in asked)
    assert source["jsonData"]["timeInterval"] == interval


def test_the_dashboard_is_provisioned_as_it_is_in_the_file() -> None:
    (provider,) = provisioned("dashboards/fitmatch.yml")["providers"]

    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    assert not provider["allowUiUpdates"]


def test_prometheus_can_read_every_expression(promtool: str, tmp_path: Path) -> None:
    record = [{"record": f"panel:{place}", "expr": expression} for place, expression in enumerate(expressions())]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": record}]}))

    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(record)} rules found" in done.stdout


def provisioned(file: str) -> dict[str, Any]:
    return yaml.safe_load((FOLDER / "grafana" / "provisioning" / file).read_text())


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not (beside or above)
