"""How Ray nodes are started."""

from dataclasses import replace
from pathlib import Path

from deployments.clients import RECOMMEND_SILENCE_S_MAX, TEXT_SILENCE_S_MAX
from deployments.local.ray_command import RayPlace, RayPorts, command, redis_of, switches
from deployments.query import PHOTOS_S_MAX

PORTS = RayPorts(dashboard=8265, metrics=8090, haproxy_metrics=9101)
TEMP = Path("ray")
HEAD = RayPlace("10.0.0.1", 6379, "0.0.0.0", TEMP, redis="redis:6379", redis_password="secret")


def options(place: RayPlace | None) -> dict[str, str]:
    given = command(PORTS, TEMP, place)[4:]
    return {name: value for name, _, value in (each.partition("=") for each in given)}


def test_without_a_place_a_head_listens_on_this_machine_alone() -> None:
    found = options(None)

    assert "--head" in found
    assert (found["--node-ip-address"], found["--dashboard-host"]) == ("127.0.0.1", "127.0.0.1")


def test_a_head_of_several_hosts_listens_where_it_was_told_and_remembers_in_redis() -> None:
    found = options(HEAD)

    assert "--head" in found
    assert (found["--node-ip-address"], found["--port"], found["--dashboard-host"]) == ("10.0.0.1", "6379", "0.0.0.0")
    assert found["--redis-password"] == "secret"
    assert redis_of(HEAD) == {"RAY_REDIS_ADDRESS": "redis:6379"}


def test_a_host_of_a_cluster_has_the_cores_that_it_was_given() -> None:
    assert "--num-cpus" not in options(HEAD)
    assert options(replace(HEAD, cpus=0))["--num-cpus"] == "0"


def test_only_a_cluster_gives_up_hosts_early(tmp_path: Path) -> None:
    checks = ("RAY_health_check_period_ms", "RAY_health_check_timeout_ms", "RAY_health_check_failure_threshold")
    of_cluster = switches(PORTS, tmp_path, tmp_path / "token", HEAD)

    gone_after_s = int(of_cluster[checks[2]]) * (int(of_cluster[checks[0]]) + int(of_cluster[checks[1]])) / 1000
    assert gone_after_s < TEXT_SILENCE_S_MAX < RECOMMEND_SILENCE_S_MAX, "else the second try may choose the dead one"
    assert PHOTOS_S_MAX < RECOMMEND_SILENCE_S_MAX, "else a busy image tower passes for a dead host"
    assert not set(checks) & set(switches(PORTS, tmp_path, tmp_path / "token", None))


def test_ray_finds_the_address_of_a_host_that_was_told_none() -> None:
    assert "--node-ip-address" not in options(replace(HEAD, address=None))


def test_a_node_that_joins_is_no_head() -> None:
    found = options(replace(HEAD, join="head:6379"))

    assert found["--address"] == "head:6379"
    assert not {"--head", "--dashboard-host", "--dashboard-port", "--include-dashboard"} & set(found)
