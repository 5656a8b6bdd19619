"""The linter of Serve configs refuses what Serve would swallow."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from deployments.lint import complaints

ROOT = Path(__file__).parent.parent.parent
SIZES = {"user_config", "num_replicas", "autoscaling_config", "ray_actor_options"}


@pytest.fixture
def config() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "serve_config.yaml").read_text())


@pytest.mark.parametrize("file", ["serve_config.yaml", "serve_config.cpu.yaml", "serve_config.local.yaml"])
def test_our_own_configs_are_clean(file: str) -> None:
    assert complaints(yaml.safe_load((ROOT / file).read_text())) == []


def test_a_misspelt_key_of_a_deployment_is_found(config: dict[str, Any]) -> None:
    config["applications"][0]["deployments"][0]["max_ongoing_request"] = 5

    assert complaints(config) == [
        "applications.fitmatch.deployments.Gateway.max_ongoing_request: unknown key, Serve would ignore it"
    ]


def test_misspelt_keys_are_found_at_every_depth(config: dict[str, Any]) -> None:
    config["http_option"] = {}
    config["http_options"]["prot"] = 1
    application = config["applications"][0]
    application["argss"] = {}
    application["args"]["image_batch"] = 3
    application["deployments"][4]["autoscaling_config"]["min_replica"] = 1
    application["deployments"][4]["ray_actor_options"]["num_gpu"] = 1

    found = " ".join(complaints(config))

    for key in ("http_option:", "prot:", "argss:", "image_batch:", "min_replica:", "num_gpu:"):
        assert key in found


def test_batches_that_no_replica_would_take_are_refused(config: dict[str, Any]) -> None:
    config["applications"][0]["deployments"][4]["user_config"] = {"batches": [0]}

    (found,) = complaints(config)

    assert ".user_config.batches.0: " in found
    config["applications"][0]["deployments"][4]["user_config"] = {"batches": [1]}
    config["applications"][0]["deployments"][0]["user_config"] = {"batches": [1]}
    assert complaints(config) == [
        "applications.0.deployments.Gateway.user_config: only ClipImage and ClipText take one"
    ]


def test_a_secret_in_the_file_is_refused(config: dict[str, Any]) -> None:
    config["applications"][0]["args"]["postgres_dsn"] = "postgresql://user:password@db/fitmatch"

    assert any("FITMATCH_POSTGRES_DSN" in line for line in complaints(config))


def test_a_deployment_without_limits_or_with_an_unknown_name_is_refused(config: dict[str, Any]) -> None:
    deployments = config["applications"][0]["deployments"]
    del deployments[0]["max_queued_requests"]
    deployments[1]["name"] = "Qwery"

    found = complaints(config)

    assert "applications.0.deployments.Gateway: set max_queued_requests" in found
    assert "applications.0.deployments: Query is missing" in found
    assert "applications.0.deployments: there is no Qwery" in found


def test_the_cpu_config_differs_from_production_in_sizes_and_device_alone() -> None:
    production, cpu = (
        yaml.safe_load((ROOT / name).read_text()) for name in ("serve_config.yaml", "serve_config.cpu.yaml")
    )
    for config in (production, cpu):
        (application,) = config["applications"]
        for name in ("device", "image_batch_max", "text_batch_max", "text_threads", "jobs_max", "decoders"):
            application["args"].pop(name, None)
        for deployment in application["deployments"]:
            for name in SIZES & set(deployment):
                del deployment[name]

    assert cpu == production


def test_the_cpu_config_needs_no_gpu_and_fits_two_cores() -> None:
    (application,) = yaml.safe_load((ROOT / "serve_config.cpu.yaml").read_text())["applications"]
    deployments = application["deployments"]

    assert not any("num_gpus" in each["ray_actor_options"] for each in deployments)
    assert sum(each["num_replicas"] * each["ray_actor_options"]["num_cpus"] for each in deployments) <= 2
