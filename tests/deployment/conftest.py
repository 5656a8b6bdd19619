"""The edge in front of a small backend, once for each HAProxy of this machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.deployment import edge as edges
from tests.deployment.backend import Backend, serving
from tests.deployment.certificate import write
from tests.deployment.edge import Edge
from tests.e2e.instance import wait_for

MISSING = "The edge's tests need HAProxy: `apt-get install haproxy` on Debian, `brew install haproxy` on macOS."


@pytest.fixture(scope="session", params=edges.programs() or [None], ids=lambda path: str(path).rsplit("/", 3)[-3])
def haproxy(request: pytest.FixtureRequest) -> str:
    """Without any the tests fail in CI, where they must run; elsewhere they are skipped."""
    if request.param is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if request.param is None:
        pytest.skip(MISSING)
    return request.param


@pytest.fixture(scope="session")
def backend() -> Iterator[Backend]:
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def edge(haproxy: str, backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Room for two requests at once, so that tests can fill it."""
    running = edges.start(haproxy, tmp_path_factory.mktemp("edge"), backend.address, FITMATCH_EDGE_REQUESTS_MAX="2")
    wait_for(lambda: httpx.get(running.url + "/echo").status_code == 200, "the edge knows its backend", 20)
    yield running
    running.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of 127.0.0.1, signed by itself: key and certificate in one file, as HAProxy wants it."""
    return write(tmp_path / "edge.pem")
