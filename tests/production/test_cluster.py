"""A cluster of three hosts, one of which loses its power while shoppers ask and a shop imports."""

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.client import SAMPLES, open_shop
from tests.e2e.instance import wait_for
from tests.e2e.test_kill import held_by_chroma, photo_ids, settled_index
from tests.production import cluster as clusters
from tests.production import hosts
from tests.production.cluster import Cluster
from tests.production.load import Load, load

PARTS = ["ClipImage", "ClipText", "Gateway", "Ingest", "Query"]
BACK_S_MAX = 120.0
SETTLED_S_MAX = 120.0
"""A batch that was with the lost host's model is given up after 30 s (deployments/clients.py)."""
SHOPPERS = 6
PHOTOS = 100
"""As many as one recommendation can return."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Fails in CI where hosts cannot be made; elsewhere it is skipped."""
    if reason := hosts.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    folder = Path(tempfile.mkdtemp(prefix="fm-cluster-"))
    folder.chmod(0o711)
    with clusters.cluster(folder) as started:
        yield started
    shutil.rmtree(folder, ignore_errors=True)


def test_a_host_loses_its_power_under_load_and_no_shopper_hears_an_error(cluster: Cluster) -> None:
    """Nothing that was acknowledged is lost, and the replicas come back on a host that had none."""
    lost, kept = cluster.nodes
    assert [cluster.parts_on(host) for host in (lost, kept, cluster.spare)] == [PARTS, PARTS, []]
    shop = open_shop(cluster.running.url, cluster.running.operator_token, "on three hosts")
    photos = [file.read_bytes() for file in sorted((SAMPLES / "photos").glob("*.jpg"))[:PHOTOS]]

    with load(cluster.running.url, shop, photos, SHOPPERS) as noted:
        wait_for(lambda: len(noted.prompts) > 100 and len(noted.acknowledged) > 10, "the load runs", 60)
        lost.lose_power()
        died = time.monotonic()
        wait_for(lambda: cluster.parts_on(cluster.spare) == PARTS, "the replicas are back", BACK_S_MAX)
        back = time.monotonic()
        wait_for(lambda: noted.asked_since(back) > 50, "the load goes on", 60)

    assert [each for each in noted.prompts if each.status != HTTPStatus.OK] == []
    assert noted.asked_since(died) > noted.asked_since(back), "shoppers were served meanwhile"
    index = wait_for(lambda: settled_index(shop), "all photos are ready", SETTLED_S_MAX)
    assert index == {"photos": len(noted.acknowledged), "ready": len(noted.acknowledged), "failed": 0}
    recommended = [each["product_id"] for each in shop.recommend("a dress", PHOTOS)]
    assert sorted(recommended) == sorted(noted.acknowledged)
    wait_for(lambda: held_by_chroma(cluster.running, shop) == Counter(photo_ids(shop)), "Chroma holds each once", 60)
    report(noted, died, back)


def report(noted: Load, died: float, back: float) -> None:
    """With `pytest -rP`: figures of this run, for docs/scaling.md."""
    answered = sorted(each.at + each.seconds for each in noted.prompts)
    silence = max(later - former for former, later in pairwise(answered))
    repeated = [each for each in noted.prompts if each.seconds > 2]
    print(
        f"{len(noted.prompts)} prompts, {len(repeated)} of them over 2 s (the longest"
        f" {max(each.seconds for each in noted.prompts):.1f} s), {silence:.1f} s without any answer;"
        f" {len(noted.uploads)} uploads, {len(noted.uploads) - len(noted.acknowledged)} of them sent again;"
        f" replicas back after {back - died:.0f} s"
    )
