"""`kubectl apply -k deployments/`, as far as it can be known without a cluster."""

import importlib.metadata
import json
import math
import re
import subprocess
from pathlib import Path
from typing import Any, cast

import jsonschema
import kubernetes_validate
import pytest
import yaml

from tests.deployment import certificate, edge
from tests.e2e.instance import ROOT

FOLDER = ROOT / "deployments"
KUSTOMIZATION: dict[str, Any] = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
SCHEMA = json.loads(Path(__file__).with_name("rayservice.schema.json").read_text())
KUBERNETES = "1.31"
OBJECTS: list[dict[str, Any]] = [
    found for file in KUSTOMIZATION["resources"] for found in yaml.safe_load_all((FOLDER / file).read_text())
]
SERVICE = next(each for each in OBJECTS if each["kind"] == "RayService")
CLUSTER = SERVICE["spec"]["rayClusterConfig"]
GROUPS = {group["groupName"]: group for group in CLUSTER["workerGroupSpecs"]}


def pods() -> dict[str, dict[str, Any]]:
    """The spec of every pod, by the name of what makes it."""
    made = {"head": CLUSTER["headGroupSpec"]["template"]["spec"]}
    made |= {name: group["template"]["spec"] for name, group in GROUPS.items()}
    workloads = [each for each in OBJECTS if each["kind"] in ("Deployment", "StatefulSet")]
    return made | {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in workloads}


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


@pytest.mark.parametrize("given", OBJECTS, ids=lambda given: f"{given['kind']}-{given['metadata']['name']}")
def test_every_object_fits_its_schema(given: dict[str, Any]) -> None:
    if given["kind"] == "RayService":
        jsonschema.Draft202012Validator(SCHEMA).validate(given)
    else:
        kubernetes_validate.validate(given, KUBERNETES, strict=True)


@pytest.mark.parametrize("name", pods())
def test_every_pod_fits_kubernetes_schema(name: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pods()[name]}

    kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_a_misspelt_field_would_be_noticed() -> None:
    wrong = {**SERVICE, "spec": {**SERVICE["spec"], "serveConfig": "a"}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [], "volume": []}}

    with pytest.raises(jsonschema.ValidationError, match="serveConfig"):
        jsonschema.Draft202012Validator(SCHEMA).validate(wrong)
    with pytest.raises(kubernetes_validate.ValidationError, match="volume"):
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_serve_runs_the_production_config() -> None:
    assert SERVICE["spec"]["serveConfigV2"].strip() == (ROOT / "serve_config.yaml").read_text().strip()


def test_rays_version_is_the_one_that_is_installed() -> None:
    assert CLUSTER["rayVersion"] == importlib.metadata.version("ray")


def test_the_smallest_cluster_has_room_for_the_smallest_deployment() -> None:
    """Each replica on one node, the fixed ones among the cpu group's cores, the towers on one GPU."""
    (application,) = yaml.safe_load(SERVICE["spec"]["serveConfigV2"])["applications"]
    cores = gpus = 0.0
    for deployment in application["deployments"]:
        options = deployment["ray_actor_options"]
        count = deployment.get("num_replicas") or deployment["autoscaling_config"]["min_replicas"]
        if "num_gpus" in options:
            gpus += count * options["num_gpus"]
        else:
            cores += count * options["num_cpus"]

    assert cores <= GROUPS["cpu"]["minReplicas"] * int(limits("cpu")["cpu"])
    assert math.ceil(gpus) <= GROUPS["gpu"]["minReplicas"] * int(limits("gpu")["nvidia.com/gpu"])


def limits(group: str) -> dict[str, str]:
    return cast("dict[str, str]", pods()[group]["containers"][0]["resources"]["limits"])


@pytest.mark.parametrize("name", pods())
def test_no_container_has_more_rights_than_it_needs(name: str) -> None:
    pod = pods()[name]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] >= 10001
    for container in containers(pod):
        given = container["securityContext"]
        assert given["readOnlyRootFilesystem"] is True
        assert given["allowPrivilegeEscalation"] is False
        assert given["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["limits"])


def test_every_image_has_an_exact_tag() -> None:
    tags = {each["name"]: each["newTag"] for each in KUSTOMIZATION["images"]}
    used = {container["image"] for pod in pods().values() for container in containers(pod)}

    assert used == set(tags)
    assert all(re.match(r"\d", str(tag)) for tag in tags.values())


def test_kustomize_reads_only_what_is_there() -> None:
    named = [
        *KUSTOMIZATION["resources"],
        *KUSTOMIZATION["configurations"],
        *(file for each in KUSTOMIZATION["configMapGenerator"] for file in each["files"]),
    ]

    assert [file for file in named if not (FOLDER / file).is_file()] == []
    assert [file for file in named if ".." in file] == []


def test_kustomize_finds_every_image_of_the_rayservice() -> None:
    told = yaml.safe_load((FOLDER / "kuberay" / "kustomize.yaml").read_text())["images"]

    found = sorted(image for each in told for image in follow(SERVICE, each["path"].split("/")))

    assert found == sorted(container["image"] for name in ("head", *GROUPS) for container in containers(pods()[name]))


def follow(value: Any, path: list[str]) -> list[str]:
    if isinstance(value, list):
        return [image for each in cast("list[Any]", value) for image in follow(each, path)]
    return follow(value[path[0]], path[1:]) if path else [value]


def test_the_nodes_have_the_switches_that_the_architecture_names() -> None:
    settings = next(each for each in OBJECTS if each["kind"] == "ConfigMap")["data"]
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.partition("## Switches of Ray")[2].partition("\n## ")[0]
    first_cells = "\n".join(re.findall(r"^\| (.+?) \|", table, re.MULTILINE))
    named = set(re.findall(r"`(RAY_\w+)`", first_cells))

    assert {name for name in named if "AUTH" not in name} <= set(settings)


def test_every_secret_that_is_used_is_documented() -> None:
    text = "\n".join((FOLDER / file).read_text() for file in KUSTOMIZATION["resources"])
    keys = set(re.findall(r"name: fitmatch, key: (\w+)", text))
    page = (ROOT / "docs" / "operations.md").read_text().partition("## With KubeRay")[2].partition("\n## ")[0]

    assert keys == {"REDIS_PASSWORD", "FITMATCH_POSTGRES_DSN"}
    assert [key for key in keys if key not in page] == []


def test_the_edge_names_serve_in_full() -> None:
    """HAProxy's resolver adds no search domain: a short name is lost as soon as it is asked again."""
    (container,) = pods()["edge"]["containers"]
    (backend,) = [each["value"] for each in container["env"] if each["name"] == "FITMATCH_EDGE_BACKEND"]

    name = SERVICE["metadata"]["name"]
    assert backend == f"{name}-serve-svc.{KUSTOMIZATION['namespace']}.svc.cluster.local:8000"


def test_the_edge_starts_with_a_certificate_as_kubernetes_mounts_it(haproxy: str, tmp_path: Path) -> None:
    """Certificate and key are two files there."""
    whole = certificate.write(tmp_path / "whole.pem")
    mounted = whole.with_suffix(".crt")
    key = mounted.with_name(f"{mounted.name}.key")
    key.write_text(whole.read_text().removesuffix(mounted.read_text()))
    (container,) = pods()["edge"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]} | {"FITMATCH_EDGE_CERTIFICATE": str(mounted)}
    # Its name resolves in the cluster alone.
    given["FITMATCH_EDGE_BACKEND"] = "127.0.0.1:8000"

    done = subprocess.run([haproxy, "-c", "-f", edge.CONFIG], env=given, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
