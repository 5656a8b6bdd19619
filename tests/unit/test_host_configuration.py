"""What `fitmatch serve` and `fitmatch node` are told, and secrets that come as files."""

from pathlib import Path

import pytest

from deployments import secret_files
from deployments.cli import main
from deployments.host import configuration
from deployments.local.configuration import ROOT, unknown
from deployments.local.errors import BadSetting
from deployments.settings import MINI

HEAD = {
    "FITMATCH_POSTGRES_DSN": "postgresql://fitmatch:secret@db/fitmatch",
    "FITMATCH_CHROMA_URL": "http://chroma:8000",
    "FITMATCH_PHOTOS_URL": "s3://bucket/photos",
    "FITMATCH_OPERATOR_TOKEN": "a-token-of-the-operator",
}
TOKEN = "t" * 32


@pytest.fixture
def config(tmp_path: Path) -> str:
    file = tmp_path / "serve_config.yaml"
    file.write_text("applications: [{args: {}}]")
    return str(file)


def test_a_head_may_hold_no_replicas() -> None:
    assert configuration.read_head(HEAD | {"FITMATCH_NODE_CPUS": "0"}).place.cpus == 0
    assert configuration.read_head(HEAD).place.cpus is None
    with pytest.raises(BadSetting, match="FITMATCH_NODE_CPUS: many is no number"):
        configuration.read_head(HEAD | {"FITMATCH_NODE_CPUS": "many"})


def test_a_head_takes_the_production_config_and_listens_for_the_edge() -> None:
    host = configuration.read_head(HEAD)

    assert host.given.serve_config == ROOT / "serve_config.yaml"
    assert (host.given.http_host, host.given.http_port, host.given.demo) == ("0.0.0.0", 8000, False)
    assert host.checkpoint.startswith("patrickjohncyh/fashion-clip@")
    assert (host.place.join, host.place.redis, host.place.dashboard_host) == (None, None, "127.0.0.1")


@pytest.mark.parametrize("name", configuration.NEEDED)
def test_a_head_without_a_store_says_which(name: str) -> None:
    with pytest.raises(BadSetting, match=f"{name} must be set"):
        configuration.read_head({**HEAD, name: ""})


def test_a_config_without_a_checkpoint_takes_the_variables(config: str) -> None:
    given = {**HEAD, "FITMATCH_SERVE_CONFIG": config, "FITMATCH_CHECKPOINT": str(MINI)}

    assert configuration.read_head(given).checkpoint == str(MINI)


def test_a_node_joins_with_the_heads_token() -> None:
    host = configuration.read_node({"FITMATCH_RAY_TOKEN": TOKEN}, "head:6379")

    assert (host.place.join, host.ray_token) == ("head:6379", TOKEN)


@pytest.mark.parametrize(
    ("given", "address", "said"),
    [
        ({}, "head:6379", "FITMATCH_RAY_TOKEN must be set"),
        ({"FITMATCH_RAY_TOKEN": "short"}, "head:6379", "FITMATCH_RAY_TOKEN is too short"),
        ({"FITMATCH_RAY_TOKEN": TOKEN}, "head", "give host:port"),
    ],
)
def test_a_node_that_cannot_join_says_why(given: dict[str, str], address: str, said: str) -> None:
    with pytest.raises(BadSetting, match=said):
        configuration.read_node(given, address)


@pytest.mark.parametrize("folder", ["/var/lib/fitmatch/ray-sessions", "ray"])
def test_a_folder_in_which_haproxy_could_not_listen_is_refused(folder: str) -> None:
    with pytest.raises(BadSetting, match="at most 19 characters"):
        configuration.read_head({**HEAD, "FITMATCH_RAY_TEMP_DIR": folder})


def test_a_secret_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "dsn"
    file.write_text("postgresql://db/fitmatch\n")

    assert secret_files.read({"FITMATCH_POSTGRES_DSN_FILE": str(file), "FITMATCH_DEMO_KEY_FILE": "x"}) == {
        "FITMATCH_POSTGRES_DSN": "postgresql://db/fitmatch"
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"FITMATCH_POSTGRES_DSN": "a", "FITMATCH_POSTGRES_DSN_FILE": "{}/dsn"}, "both set"),
        ({"FITMATCH_RAY_TOKEN_FILE": "{}/missing"}, "cannot be read"),
        ({"FITMATCH_RAY_TOKEN_FILE": "{}/empty"}, "is empty"),
    ],
)
def test_a_secret_file_that_is_none_says_so(tmp_path: Path, given: dict[str, str], said: str) -> None:
    (tmp_path / "dsn").write_text("b")
    (tmp_path / "empty").write_text("\n")

    with pytest.raises(BadSetting, match=said):
        secret_files.read({name: value.format(tmp_path) for name, value in given.items()})


def test_the_command_line_reads_secret_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FITMATCH_RAY_TOKEN_FILE", str(tmp_path / "missing"))

    assert main(["serve"]) == 2


def test_what_a_host_reads_is_no_spelling_mistake() -> None:
    names = ["FITMATCH_REDIS_ADDRESS", "FITMATCH_RAY_TOKEN_FILE", "FITMATCH_RAY_TEMP_DIR", "FITMATCH_BUILD_ID"]

    assert unknown(names) == []
