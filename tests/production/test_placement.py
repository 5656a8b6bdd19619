"""serve_config.yaml on nodes as deployments/kuberay asks for: the GPU is declared to Ray alone, the towers use CPUs."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from ray.cluster_utils import Cluster

from deployments.local import ports
from deployments.settings import MINI
from tests.e2e.client import json
from tests.e2e.instance import ROOT, wait_for

RUNS_S_MAX = 240.0
OBJECTS_BYTES = 100 * 1024 * 1024
GROUPS: dict[str, dict[str, Any]] = {
    "cpu 1": {"num_cpus": 8, "num_gpus": 0},
    "cpu 2": {"num_cpus": 8, "num_gpus": 0},
    "gpu": {"num_cpus": 4, "num_gpus": 1},
}
"""What the smallest cluster of deployments/kuberay/rayservice.yaml has beside its head."""


@pytest.fixture
def serve_url(monkeypatch: pytest.MonkeyPatch, database_dsn: str, chroma_url: str, tmp_path: Path) -> Iterator[str]:
    """Of Serve's REST API, on a cluster of these nodes."""
    variables = {
        "FITMATCH_POSTGRES_DSN": database_dsn,
        "FITMATCH_CHROMA_URL": chroma_url,
        "FITMATCH_PHOTOS_URL": str(tmp_path / "photos"),
        "PYTHONPATH": str(ROOT),
        "RAY_AUTH_MODE": "disabled",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (port,) = ports.choose()
    head = {"num_cpus": 0, "include_dashboard": True, "dashboard_port": port, "object_store_memory": OBJECTS_BYTES}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    try:
        for name, group in GROUPS.items():
            labels = {"group": name.replace(" ", "-")}
            cluster.add_node(wait=True, object_store_memory=OBJECTS_BYTES, labels=labels, **group)
        yield f"http://127.0.0.1:{port}"
    finally:
        cluster.shutdown()


def test_the_towers_share_the_gpu_and_no_host_has_both_replicas_of_a_part(serve_url: str) -> None:
    answer = httpx.put(f"{serve_url}/api/serve/applications/", json=production(), timeout=60)
    assert answer.status_code == 200, answer.text
    wait_for(lambda: running(serve_url), "the application runs", RUNS_S_MAX)

    placed = placement(serve_url)

    assert placed["ClipImage"] == placed["ClipText"] == ["gpu"]
    assert sorted(placed["Ingest"]) == ["cpu-1", "cpu-2"]
    for part in ("Gateway", "Query"):
        assert len(set(placed[part])) == len(placed[part]) == 2, placed


def production() -> dict[str, Any]:
    """Apart from what a test has not: the hub, a GPU, and a port for each node."""
    config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
    config["applications"][0]["args"] |= {"checkpoint": str(MINI), "device": "cpu", "decoders": 1}
    return {"proxy_location": "Disabled", "applications": config["applications"]}


def said(serve_url: str) -> dict[str, Any]:
    applications = json(httpx.get(f"{serve_url}/api/serve/applications/", timeout=60))["applications"]
    return applications.get("fitmatch", {"status": "unknown"})


def running(serve_url: str) -> bool:
    application = said(serve_url)
    assert application["status"] != "DEPLOY_FAILED", application["message"]
    return application["status"] == "RUNNING"


def placement(serve_url: str) -> dict[str, list[str]]:
    """The groups of each deployment's replicas, by the nodes' labels."""
    listed = json(httpx.get(f"{serve_url}/api/v0/nodes", params={"detail": 1}, timeout=60))["data"]["result"]["result"]
    groups = {node["node_id"]: node["labels"].get("group", "head") for node in listed}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, deployment in said(serve_url)["deployments"].items():
        for replica in deployment["replicas"]:
            found[name].append(groups[replica["node_id"]])
    return found
