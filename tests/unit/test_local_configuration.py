"""FITMATCH_* variables of `fitmatch run`: what they mean, and what is said when they are wrong."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.local import configuration
from deployments.local.errors import BadSetting
from deployments.settings import MINI


def test_without_variables_everything_is_embedded() -> None:
    given = configuration.read({})

    assert (given.postgres_dsn, given.chroma_url, given.operator_token) == (None, None, None)
    assert (given.http_host, given.http_port, given.demo) == ("127.0.0.1", 8000, True)
    assert given.data_dir == configuration.ROOT / ".fitmatch"
    assert given.checkpoint == str(MINI)


def test_an_empty_variable_is_an_unset_one() -> None:
    assert configuration.read({"FITMATCH_HTTP_PORT": "", "FITMATCH_POSTGRES_DSN": ""}).http_port == 8000


def test_servers_of_your_own_are_taken_as_named(tmp_path: Path) -> None:
    given = configuration.read(
        {
            "FITMATCH_DATA_DIR": str(tmp_path),
            "FITMATCH_POSTGRES_DSN": "postgresql://fitmatch@db/fitmatch",
            "FITMATCH_CHROMA_URL": "http://chroma:8000/",
            "FITMATCH_DEMO": "0",
        }
    )

    assert given.postgres_dsn == "postgresql://fitmatch@db/fitmatch"
    assert given.chroma_url == "http://chroma:8000"
    assert given.photos_url == str(tmp_path / "photos")
    assert not given.demo


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FITMATCH_HTTP_PORT", "eighty"),
        ("FITMATCH_HTTP_PORT", "0"),
        ("FITMATCH_HTTP_PORT", "65536"),
        ("FITMATCH_HTTP_PORT", "-1"),
        ("FITMATCH_RAY_DASHBOARD_PORT", "x"),
        ("FITMATCH_HTTP_HOST", "no such host"),
        ("FITMATCH_CHROMA_URL", "chroma:8000"),
        ("FITMATCH_CHROMA_URL", "http://chroma:8000,http://chroma-b:8000"),
        ("FITMATCH_POSTGRES_DSN", "mysql://db"),
        ("FITMATCH_OPERATOR_TOKEN", "short"),
        ("FITMATCH_DEMO", "yes"),
        ("FITMATCH_SERVE_CONFIG", "/no/such/file.yaml"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable(name: str, value: str) -> None:
    with pytest.raises(BadSetting) as raised:
        configuration.read({name: value})

    assert str(raised.value).startswith(name)
    assert "\n" not in str(raised.value)


def test_a_wrong_dsn_is_not_repeated_since_it_may_hold_a_password() -> None:
    with pytest.raises(BadSetting) as raised:
        configuration.read({"FITMATCH_POSTGRES_DSN": "//user:hunter2@db/fitmatch"})

    assert "hunter2" not in str(raised.value)


def test_a_checkpoint_that_is_nowhere_names_the_variable() -> None:
    with pytest.raises(BadSetting, match="FITMATCH_CHECKPOINT"):
        configuration.find_checkpoint("/no/such/folder")


def test_a_misspelt_variable_is_found_with_a_proposal() -> None:
    sentences = configuration.unknown(["FITMATCH_HTTP_PROT", "FITMATCH_DATA_DIR", "FITMATCH_LEASE_S", "PATH"])

    assert sentences == ["FITMATCH_HTTP_PROT is no setting; did you mean FITMATCH_HTTP_PORT?"]


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_busy_port_is_one_sentence_that_names_the_variable(busy_port: int) -> None:
    given = configuration.read({"FITMATCH_HTTP_PORT": str(busy_port)})

    with pytest.raises(BadSetting, match=f"FITMATCH_HTTP_PORT: port {busy_port} is in use"):
        configuration.check_ports(given)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:8000"), ("127.0.0.2", "http://127.0.0.2:8000"), ("", "http://127.0.0.1:8000")],
)
def test_a_machine_asks_itself_where_it_listens(host: str, url: str) -> None:
    assert configuration.read({"FITMATCH_HTTP_HOST": host}).url == url
