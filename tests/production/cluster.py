"""Production on several hosts: a head that keeps the cluster together, and nodes that hold two replicas of each."""

import shutil
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from deployments.local import ports, processes
from deployments.local.environment import mark_of
from tests.deployment import edge
from tests.e2e.client import bearer, json
from tests.e2e.instance import Running, wait_for
from tests.production import hosts, layout
from tests.production.hosts import Host

NODE_CPUS = "1"
"""Room for five replicas of serve_config.cpu.yaml: half of all."""
JOINS_S_MAX = 60.0


@dataclass
class Cluster:
    """`running.url` is the edge's; `nodes` hold replicas from the start, `spare` joined when all had a place."""

    running: Running
    dashboard_url: str
    nodes: tuple[Host, Host]
    spare: Host

    def replicas(self) -> list[tuple[str, str, str | None]]:
        """(deployment, state, address of its host), as Serve's controller says."""
        said = json(httpx.get(f"{self.dashboard_url}/api/serve/applications/", headers=bearer(layout.RAY_TOKEN)))
        return [
            (name, replica["state"], replica.get("node_ip"))
            for name, deployment in said["applications"]["fitmatch"]["deployments"].items()
            for replica in deployment["replicas"]
        ]

    def parts_on(self, host: Host) -> list[str]:
        """The deployments with a replica that serves there, sorted."""
        return sorted(name for name, state, address in self.replicas() if (state, address) == ("RUNNING", host.address))


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        stack.enter_context(hosts.network())
        environment = _environment(folder, stack)
        serving = layout.launch(folder, environment)
        stack.callback(shutil.rmtree, environment["FITMATCH_RAY_TEMP_DIR"], ignore_errors=True)
        stack.callback(serving.wait, layout.STOP_S_MAX)
        # Without farewells, which test_layout.py tests: `fitmatch serve` ends when Ray does.
        stack.callback(processes.end, mark_of("ray", folder / "data" / "ray"), signal.SIGKILL, 0)
        # Nodes that come before the head would give up.
        wait_for(lambda: "deploying" in layout.log_of(folder).read_text(), "serve deploys", layout.READY_S_MAX)
        nodes = [_join(number, folder, environment, stack) for number in (1, 2)]
        layout.ready(folder, serving)
        spare = _join(3, folder, environment, stack)
        serve_url = f"http://127.0.0.1:{environment['FITMATCH_HTTP_PORT']}"
        front = edge.start(edge.programs()[0], folder / "edge", serve_url.removeprefix("http://"))
        stack.callback(front.stop)
        dashboard_url = environment["FITMATCH_RAY_DASHBOARD_URL"]
        wait_for(lambda: layout.nodes(dashboard_url) == 1 + len(nodes) + 1, "all nodes have joined", JOINS_S_MAX)
        running = Running(
            folder=folder / "data",
            process=serving,
            url=front.url,
            operator_token=environment["FITMATCH_OPERATOR_TOKEN"],
            chroma_url=environment["FITMATCH_CHROMA_URL"],
            postgres_dsn=environment["FITMATCH_POSTGRES_DSN"],
        )
        yield Cluster(running, dashboard_url, (nodes[0], nodes[1]), spare)


def _environment(folder: Path, stack: ExitStack) -> dict[str, str]:
    """Of the head, which holds no replica."""
    stores = layout.start_stores(folder, stack)
    (port,) = ports.choose()
    chroma = stack.enter_context(hosts.forwarded(stores["FITMATCH_CHROMA_URL"], port, folder))
    own = layout.settings(folder)
    _two_of_each(Path(own["FITMATCH_SERVE_CONFIG"]))
    return own | {
        "FITMATCH_POSTGRES_DSN": _by_socket(folder, stores["FITMATCH_POSTGRES_DSN"]),
        "FITMATCH_CHROMA_URL": chroma,
        "FITMATCH_HTTP_HOST": "0.0.0.0",
        "FITMATCH_NODE_ADDRESS": hosts.HEAD,
        "FITMATCH_NODE_CPUS": "0",
    }


def _by_socket(folder: Path, dsn: str) -> str:
    """A socket of the file system is reached from every namespace."""
    port = dsn.rpartition(":")[2].partition("/")[0]
    return f"postgresql://postgres@/postgres?host={(folder / 'postgres' / 'sockets').readlink()}&port={port}"


def _two_of_each(file: Path) -> None:
    config = yaml.safe_load(file.read_text())
    for deployment in config["applications"][0]["deployments"]:
        deployment["num_replicas"] = 2
    file.write_text(yaml.safe_dump(config))


def _join(number: int, folder: Path, environment: dict[str, str], stack: ExitStack) -> Host:
    given = environment | {"FITMATCH_NODE_CPUS": NODE_CPUS}
    head = f"{hosts.HEAD}:{environment['FITMATCH_RAY_PORT']}"
    return stack.enter_context(hosts.host(number, folder / f"host-{number}", given, head))
