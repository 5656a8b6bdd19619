"""Production on one machine, without containers: Postgres and Chroma on TCP, `fitmatch serve`, the edge.

Its Serve config is serve_config.cpu.yaml with the checkpoint of this repository: there is no hub in a test.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from deployments.local import ports, processes
from deployments.local.chroma import EmbeddedChroma
from deployments.local.folder import DataFolder
from deployments.local.postgres import EmbeddedPostgres, short_temp
from deployments.settings import MINI
from tests.deployment import edge
from tests.e2e.client import bearer
from tests.e2e.client import json as answered
from tests.e2e.instance import ROOT, Running, wait_for

READY_S_MAX = 300.0
STOP_S_MAX = 120.0
RAY_TOKEN = secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Production:
    """`running.url` is the edge's."""

    running: Running
    serve_url: str
    edge: edge.Edge
    log: Path
    ray_folder: Path
    ray_address: str

    def events(self) -> list[dict[str, object]]:
        """What `fitmatch serve` has said, but for what Ray prints."""
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def production(folder: Path) -> Iterator[Production]:
    """Ends all that it started, whatever happens; the children end also when this process is killed."""
    with ExitStack() as stack:
        stores = start_stores(folder, stack)
        environment = stores | settings(folder)
        serving = launch(folder, environment)
        stack.callback(shutil.rmtree, environment["FITMATCH_RAY_TEMP_DIR"], ignore_errors=True)
        stack.callback(processes.stop, serving, signal.SIGTERM, STOP_S_MAX)
        ready(folder, serving)
        serve_url = f"http://127.0.0.1:{environment['FITMATCH_HTTP_PORT']}"
        front = edge.start(edge.programs()[0], folder / "edge", serve_url.removeprefix("http://"))
        stack.callback(front.stop)
        running = Running(
            folder=folder / "data",
            process=serving,
            url=front.url,
            operator_token=environment["FITMATCH_OPERATOR_TOKEN"],
            chroma_url=environment["FITMATCH_CHROMA_URL"],
            postgres_dsn=environment["FITMATCH_POSTGRES_DSN"],
        )
        ray_folder = Path(environment["FITMATCH_RAY_TEMP_DIR"])
        ray_address = f"127.0.0.1:{environment['FITMATCH_RAY_PORT']}"
        yield Production(running, serve_url, front, log_of(folder), ray_folder, ray_address)


def settings(folder: Path) -> dict[str, str]:
    """As an operator gives them, the token as a file; ports that nobody else has."""
    token = folder / "operator_token"
    token.write_text(secrets.token_urlsafe(32))
    http, gcs, dashboard, metrics, haproxy = ports.choose(5)
    return {
        "FITMATCH_DATA_DIR": str(folder / "data"),
        "FITMATCH_SERVE_CONFIG": str(_config(folder)),
        "FITMATCH_HTTP_HOST": "127.0.0.1",
        "FITMATCH_HTTP_PORT": str(http),
        "FITMATCH_NODE_ADDRESS": "127.0.0.1",
        "FITMATCH_RAY_PORT": str(gcs),
        "FITMATCH_RAY_DASHBOARD_PORT": str(dashboard),
        "FITMATCH_RAY_DASHBOARD_URL": f"http://127.0.0.1:{dashboard}",
        "FITMATCH_RAY_METRICS_PORT": str(metrics),
        "FITMATCH_HAPROXY_METRICS_PORT": str(haproxy),
        "FITMATCH_RAY_TEMP_DIR": tempfile.mkdtemp(prefix="fmr-", dir=short_temp()),
        "FITMATCH_PHOTOS_URL": str(folder / "photos"),
        "FITMATCH_OPERATOR_TOKEN": token.read_text(),
        "FITMATCH_RAY_TOKEN": RAY_TOKEN,
        "FITMATCH_BUILD_ID": "prod-check",
    }


def launch(
    folder: Path, environment: Mapping[str, str], *command: str, inside: tuple[str, ...] = ()
) -> subprocess.Popen[bytes]:
    """`fitmatch serve`, or another command, which inherits nothing that the tests were told.

    `inside`: the command that enters another host's namespace.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FITMATCH_")}
    given = {name: value for name, value in environment.items() if name != "FITMATCH_OPERATOR_TOKEN"}
    return processes.spawn(
        [*inside, sys.executable, "-m", "deployments.cli", *(command or ("serve",))],
        death_signal=signal.SIGTERM,
        log=log_of(folder),
        env=inherited | given | {"FITMATCH_OPERATOR_TOKEN_FILE": str(folder / "operator_token")},
        cwd=ROOT,
    )


def ready(folder: Path, serving: subprocess.Popen[bytes]) -> None:
    data = DataFolder(folder / "data")

    def announced() -> bool:
        assert serving.poll() is None, f"fitmatch serve ended: {log_of(folder).read_text()[-2000:]}"
        return data.running() is not None

    wait_for(announced, "fitmatch serve is ready", READY_S_MAX)


def nodes(dashboard_url: str) -> int:
    """Alive, as Ray's dashboard says."""
    answer = httpx.get(f"{dashboard_url}/api/v0/nodes", headers=bearer(RAY_TOKEN))
    return [each["state"] for each in answered(answer)["data"]["result"]["result"]].count("ALIVE")


def log_of(folder: Path) -> Path:
    return folder / "serve.log"


def start_stores(folder: Path, stack: ExitStack) -> dict[str, str]:
    """Servers that `fitmatch serve` knows by their addresses alone."""
    (port,) = ports.choose()
    postgres = EmbeddedPostgres(folder / "postgres", parameters={"listen_addresses": "127.0.0.1", "port": str(port)})
    postgres.start()
    stack.callback(postgres.stop)
    chroma = EmbeddedChroma(folder / "chroma")
    chroma_url = chroma.start()
    stack.callback(chroma.stop)
    return {
        "FITMATCH_POSTGRES_DSN": f"postgresql://postgres@127.0.0.1:{port}/postgres",
        "FITMATCH_CHROMA_URL": chroma_url,
    }


def _config(folder: Path) -> Path:
    config = yaml.safe_load((ROOT / "serve_config.cpu.yaml").read_text())
    config["applications"][0]["args"]["checkpoint"] = str(MINI)
    file = folder / "serve_config.yaml"
    file.write_text(yaml.safe_dump(config))
    return file
