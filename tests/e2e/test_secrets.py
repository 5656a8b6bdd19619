"""Keys, prompts and tokens stay out of everything that is written down."""

import re
from pathlib import Path

import httpx

from tests.e2e.client import bearer, open_shop, sample
from tests.e2e.conftest import Running
from tests.e2e.instance import ROOT, wait_for

WRITTEN = ("*.log", "*.out", "*.err", "*.jsonl", "*.txt")
METRICS_S_MAX = 60.0
"""Ray's agents collect every ten seconds or so."""


def test_neither_keys_nor_prompts_reach_logs_or_metrics(fitmatch: Running) -> None:
    shop = open_shop(fitmatch.url, fitmatch.operator_token, "a discreet shop")
    shop.upload(sample("DR-001"))
    shop.recommend("zanzibar-coloured dress")
    httpx.get(f"{fitmatch.url}/images/{shop.key}/").raise_for_status()
    asked = {"api_key": shop.key, "prompt": "zanzibar hat", "num_results": 1}
    httpx.get(f"{fitmatch.url}/api/recommend/", params=asked).raise_for_status()
    assert httpx.get(f"{fitmatch.url}/v1/shop", headers=bearer(shop.key[:-1] + "?")).status_code == 401
    shop.wait_until_settled()

    found = {path: path.read_text(errors="replace") for path in _logs(fitmatch)}

    assert any("/v1/products" in text for text in found.values()), "the logs of the Gateway were not looked at"
    metrics_url = fitmatch.now().metrics_url
    wait_for(lambda: "ray_fitmatch_prompts_total" in httpx.get(metrics_url).text, "prompts are counted", METRICS_S_MAX)
    found[Path("metrics")] = httpx.get(metrics_url).text
    for secret in (shop.key, fitmatch.operator_token, "zanzibar"):
        assert [str(path) for path, text in found.items() if secret in text] == []


def test_an_answer_carries_one_request_id(fitmatch: Running) -> None:
    ours = httpx.get(f"{fitmatch.url}/livez", headers={"X-Request-Id": "abc-1"})
    made = httpx.get(f"{fitmatch.url}/nowhere")

    assert ours.headers.get_list("x-request-id") == ["abc-1"]
    assert made.headers.get_list("x-request-id") == [made.json()["request_id"]]


def _logs(running: Running) -> list[Path]:
    """What the supervisor, Ray and its replicas have written."""
    roots = [running.folder, (running.folder / "ray" / "sockets").resolve(strict=True)]
    return sorted({path for root in roots for kind in WRITTEN for path in root.rglob(kind) if path.is_file()})


def test_every_metric_of_the_replicas_is_scraped(fitmatch: Running) -> None:
    shop = open_shop(fitmatch.url, fitmatch.operator_token, "a measured shop")
    shop.upload(sample("DR-001"))
    shop.wait_until_settled()
    shop.recommend("a dress")
    shop.recommend("a dress")
    made = set(re.findall(r'"(fitmatch_[a-z_]+)"', (ROOT / "deployments" / "metrics.py").read_text()))

    def missing() -> set[str]:
        scraped = httpx.get(fitmatch.now().metrics_url).text
        return {name for name in made if f"\nray_{name}" not in scraped}

    assert len(made) >= 9
    wait_for(lambda: not missing(), f"all of {sorted(made)} are scraped", METRICS_S_MAX)
