"""What `fitmatch run` is told by FITMATCH_* variables; each complaint is one sentence."""

import difflib
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from db import servers
from deployments.local import ports
from deployments.local.errors import BadSetting
from deployments.settings import MINI, Settings
from models import checkpoint
from models.checkpoint import Checkpoint

ROOT = Path(__file__).parent.parent.parent
SERVE_CONFIG = ROOT / "serve_config.local.yaml"
PORT_MAX = 65535
_OWN = {
    "build_id",
    "data_dir",
    "demo",
    "exporter_host",
    "exporter_port",
    "haproxy_metrics_port",
    "http_host",
    "http_port",
    "node_address",
    "node_cpus",
    "operator_token_file",
    "postgres_bin",
    "postgres_dsn_file",
    "ray_dashboard_host",
    "ray_dashboard_port",
    "ray_metrics_port",
    "ray_port",
    "ray_temp_dir",
    "ray_token",
    "ray_token_file",
    "redis_address",
    "redis_password",
    "redis_password_file",
    "serve_config",
}


@dataclass(frozen=True)
class Configuration:
    data_dir: Path
    http_host: str
    http_port: int
    dashboard_port: int
    """0: a free one, as for the next."""
    metrics_port: int
    postgres_dsn: str | None
    """None: the embedded one."""
    chroma_url: str | None
    """One or several, as `db.servers` reads them. None: the embedded one."""
    photos_url: str
    checkpoint: str
    operator_token: str | None
    """None: made at the first start and kept in the data folder."""
    demo: bool
    serve_config: Path

    @property
    def url(self) -> str:
        """Where this machine itself reaches the Gateway."""
        host = "127.0.0.1" if self.http_host in {"0.0.0.0", "::"} else self.http_host  # noqa: S104
        return f"http://{host}:{self.http_port}"


def read(environment: Mapping[str, str]) -> Configuration:
    """Raises BadSetting."""
    given = {name: value for name, value in environment.items() if value}
    data_dir = data_dir_of(given)
    return Configuration(
        data_dir=data_dir,
        http_host=_host(given.get("FITMATCH_HTTP_HOST", "127.0.0.1"), "FITMATCH_HTTP_HOST"),
        http_port=port_of(given, "FITMATCH_HTTP_PORT", 8000),
        dashboard_port=port_of(given, "FITMATCH_RAY_DASHBOARD_PORT", 0),
        metrics_port=port_of(given, "FITMATCH_RAY_METRICS_PORT", 0),
        postgres_dsn=postgres_dsn_of(given),
        chroma_url=_chroma_url(given.get("FITMATCH_CHROMA_URL")),
        photos_url=given.get("FITMATCH_PHOTOS_URL", str(data_dir / "photos")),
        checkpoint=_checkpoint(given.get("FITMATCH_CHECKPOINT")),
        operator_token=_token(given.get("FITMATCH_OPERATOR_TOKEN")),
        demo=_switch(given, "FITMATCH_DEMO", default=True),
        serve_config=_file(given, "FITMATCH_SERVE_CONFIG", SERVE_CONFIG),
    )


def data_dir_of(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("FITMATCH_DATA_DIR") or ROOT / ".fitmatch").expanduser().resolve()


def postgres_dsn_of(given: Mapping[str, str]) -> str | None:
    """Raises BadSetting."""
    return _address(given, "FITMATCH_POSTGRES_DSN", ("postgresql", "postgres"))


def exporter_address(environment: Mapping[str, str], default_port: int) -> tuple[str, int]:
    """Raises BadSetting."""
    given = {name: value for name, value in environment.items() if value}
    host = given.get("FITMATCH_EXPORTER_HOST", "127.0.0.1")
    return _host(host, "FITMATCH_EXPORTER_HOST"), port_of(given, "FITMATCH_EXPORTER_PORT", default_port)


def unknown(names: Iterable[str]) -> list[str]:
    """A sentence for each FITMATCH_ variable that nothing reads: most are spelling mistakes."""
    known = {f"FITMATCH_{name.upper()}" for name in {*_OWN, *Settings.model_fields}}
    sentences: list[str] = []
    for name in sorted(set(names) - known):
        if name.startswith("FITMATCH_"):
            close = difflib.get_close_matches(name, known, n=1)
            sentences.append(f"{name} is no setting" + (f"; did you mean {close[0]}?" if close else "."))
    return sentences


def check_ports(given: Configuration) -> None:
    """Raises BadSetting when another program has one of them."""
    wanted = {
        "FITMATCH_HTTP_PORT": given.http_port,
        "FITMATCH_RAY_DASHBOARD_PORT": given.dashboard_port,
        "FITMATCH_RAY_METRICS_PORT": given.metrics_port,
    }
    for name, port in wanted.items():
        if port and not ports.is_free(port, given.http_host if name == "FITMATCH_HTTP_PORT" else "127.0.0.1"):
            raise BadSetting(f"{name}: port {port} is in use; stop what listens there, or set it to another port.")


def port_of(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not text.isdecimal() or not 0 < int(text) <= PORT_MAX:
        raise BadSetting(f"{name}: {text} is no port; set it to a number from 1 to {PORT_MAX}.")
    return int(text)


def _host(text: str, name: str) -> str:
    try:
        socket.getaddrinfo(text, None)
    except OSError:
        raise BadSetting(f"{name}: {text} is no address of this machine; name one, as 127.0.0.1.") from None
    return text


def _address(given: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str | None:
    text = given.get(name)
    # Never shown: a DSN holds a password.
    if text and urlsplit(text).scheme not in schemes:
        raise BadSetting(f"{name} must start with {schemes[0]}://; correct it, or unset it to use the embedded server.")
    return text.rstrip("/") if text else None


def _chroma_url(text: str | None) -> str | None:
    try:
        return servers.write(servers.read(text)) if text else None
    except ValueError as error:
        raise BadSetting(f"{error}; correct it, or unset it to use the embedded server.") from error


def _checkpoint(text: str | None) -> str:
    if text is None and not (MINI / "image.onnx").exists():
        raise BadSetting(f"The default checkpoint {MINI} is missing: run `make train`, or set FITMATCH_CHECKPOINT.")
    return text or str(MINI)


def find_checkpoint(text: str) -> Checkpoint:
    """Downloads what is not here yet: once, before replicas do so at the same time. Raises BadSetting."""
    try:
        return checkpoint.find(text)
    except checkpoint.BadCheckpoint as error:
        raise BadSetting(f"FITMATCH_CHECKPOINT: {error}") from error


def _token(text: str | None) -> str | None:
    if text is not None and len(text) < 16:  # noqa: PLR2004
        raise BadSetting("FITMATCH_OPERATOR_TOKEN is too short; give it 16 characters or more, or unset it.")
    return text


def _switch(given: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = given.get(name, "1" if default else "0")
    if text not in {"0", "1"}:
        raise BadSetting(f"{name}: {text} is neither 0 nor 1.")
    return text == "1"


def _file(given: Mapping[str, str], name: str, default: Path) -> Path:
    file = Path(given.get(name, default)).expanduser().resolve()
    if not file.is_file():
        raise BadSetting(f"{name}: there is no file {file}; name a Serve config.")
    return file
