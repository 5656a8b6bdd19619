"""What `fitmatch serve` and `fitmatch node` are told by FITMATCH_* variables; each complaint is one sentence."""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from deployments.local import configuration
from deployments.local.configuration import ROOT, Configuration, port_of
from deployments.local.errors import BadSetting
from deployments.local.ray_command import RayPlace, RayPorts

NEEDED = ("FITMATCH_POSTGRES_DSN", "FITMATCH_CHROMA_URL", "FITMATCH_PHOTOS_URL", "FITMATCH_OPERATOR_TOKEN")
DEFAULTS = {
    "FITMATCH_HTTP_HOST": "0.0.0.0",  # noqa: S104 - the edge is another host
    "FITMATCH_SERVE_CONFIG": str(ROOT / "serve_config.yaml"),
    "FITMATCH_RAY_DASHBOARD_PORT": "8265",
    "FITMATCH_RAY_METRICS_PORT": "8090",
    "FITMATCH_DEMO": "0",
}
GCS_PORT = 6379
HAPROXY_METRICS_PORT = 9101
TOKEN_CHARACTERS_MIN = 32
TEMP_CHARACTERS_MAX = 19
"""Serve's HAProxy has a socket 78 characters below it, whose path has at most 97."""


@dataclass(frozen=True)
class Host:
    given: Configuration
    ports: RayPorts
    place: RayPlace
    checkpoint: str
    ray_token: str | None
    """None: made for this start, which is enough for one host."""
    build_id: str


def read_head(environment: Mapping[str, str]) -> Host:
    """Raises BadSetting."""
    given = _with_defaults(environment)
    if missing := [name for name in NEEDED if name not in given]:
        raise BadSetting(
            f"{', '.join(missing)} must be set: `fitmatch serve` brings no servers of its own"
            " (`fitmatch run` does). docs/operations.md says what each is."
        )
    return _read(given, join=None)


def read_node(environment: Mapping[str, str], address: str) -> Host:
    """Of a node that joins the head at host:port. Raises BadSetting."""
    given = _with_defaults(environment)
    if ":" not in address:
        raise BadSetting(f"{address} is no address of a head; give host:port, as ray-head:{GCS_PORT}.")
    if "FITMATCH_RAY_TOKEN" not in given:
        raise BadSetting(
            "FITMATCH_RAY_TOKEN must be set, to the same as on the head: Ray's nodes prove themselves by it."
        )
    return _read(given, join=address)


def _read(given: dict[str, str], *, join: str | None) -> Host:
    stores = configuration.read(given)
    haproxy = port_of(given, "FITMATCH_HAPROXY_METRICS_PORT", HAPROXY_METRICS_PORT)
    place = RayPlace(
        address=given.get("FITMATCH_NODE_ADDRESS"),
        gcs_port=port_of(given, "FITMATCH_RAY_PORT", GCS_PORT),
        dashboard_host=given.get("FITMATCH_RAY_DASHBOARD_HOST", "127.0.0.1"),
        temp=_temp(given.get("FITMATCH_RAY_TEMP_DIR", "/tmp/ray")),  # noqa: S108 - Ray's own, which Prometheus is told
        redis=given.get("FITMATCH_REDIS_ADDRESS"),
        redis_password=given.get("FITMATCH_REDIS_PASSWORD"),
        join=join,
        cpus=_cpus(given.get("FITMATCH_NODE_CPUS")),
    )
    return Host(
        given=stores,
        ports=RayPorts(stores.dashboard_port, stores.metrics_port, haproxy),
        place=place,
        checkpoint=_checkpoint(stores.serve_config) or stores.checkpoint,
        ray_token=_ray_token(given.get("FITMATCH_RAY_TOKEN")),
        build_id=given.get("FITMATCH_BUILD_ID") or importlib.metadata.version("fitmatch"),
    )


def _with_defaults(environment: Mapping[str, str]) -> dict[str, str]:
    return DEFAULTS | {name: value for name, value in environment.items() if value}


def _cpus(text: str | None) -> int | None:
    if text is not None and not text.isdecimal():
        raise BadSetting(f"FITMATCH_NODE_CPUS: {text} is no number of cores; give a whole one, 0 for a head alone.")
    return None if text is None else int(text)


def _temp(text: str) -> Path:
    if len(text) > TEMP_CHARACTERS_MAX or not text.startswith("/"):
        raise BadSetting(
            f"FITMATCH_RAY_TEMP_DIR: {text} must be absolute and have at most {TEMP_CHARACTERS_MAX} characters:"
            " sockets are below it, whose paths are short."
        )
    return Path(text)


def _checkpoint(serve_config: Path) -> str | None:
    """The file's own comes before FITMATCH_CHECKPOINT, as it does in replicas."""
    applications = (yaml.safe_load(serve_config.read_text()) or {}).get("applications") or [{}]
    return applications[0].get("args", {}).get("checkpoint")


def _ray_token(text: str | None) -> str | None:
    if text is not None and len(text) < TOKEN_CHARACTERS_MIN:
        raise BadSetting(f"FITMATCH_RAY_TOKEN is too short; give it {TOKEN_CHARACTERS_MIN} characters or more.")
    return text
