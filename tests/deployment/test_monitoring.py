"""The files that Prometheus and Grafana are given, checked by Prometheus' own tool and against what they name."""

import os
import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.e2e.instance import ROOT

FOLDER = ROOT / "deployments" / "monitoring"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
MISSING = "The tests of monitoring need Prometheus: `apt-get install prometheus`, `brew install prometheus`."


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return group["rules"]


@pytest.fixture(scope="session")
def promtool() -> str:
    """Without it the tests fail in CI; elsewhere they are skipped."""
    found = shutil.which("promtool")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.mark.parametrize(
    "words",
    [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")],
    ids=" ".join,
)
def test_prometheus_own_tool_finds_nothing_wrong(promtool: str, words: tuple[str, ...]) -> None:
    done = subprocess.run([promtool, *words], cwd=FOLDER, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_firing_and_not_firing() -> None:
    tests = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())["tests"]
    tested = [(each["alertname"], bool(each["exp_alerts"])) for test in tests for each in test["alert_rule_test"]]

    assert set(tested) == {(rule["alert"], fires) for rule in rules() for fires in (True, False)}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_every_alert_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "runbook"}
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
    chapter = re.search(rf"^#### {rule['alert']}\n(.+)", OPERATIONS, re.MULTILINE)
    assert chapter is not None
    assert len(chapter[1]) > 40


def test_every_documented_alert_exists() -> None:
    assert re.findall(r"^#### (\w+)$", OPERATIONS, re.MULTILINE) == [rule["alert"] for rule in rules()]
