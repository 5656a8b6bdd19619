"""`python -m deployments.lint FILE…`: refuses Serve configs with keys that Serve would drop without a word."""

import sys
from pathlib import Path
from typing import Any, cast, get_args

import yaml
from pydantic import BaseModel, ValidationError
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import ServeDeploySchema

from deployments.clip import Ladder
from deployments.settings import Settings

DEPLOYMENTS = {"Gateway", "Query", "Ingest", "ClipImage", "ClipText"}
"""The names that `deployments.app.build` gives."""
ADDRESSES = {
    "postgres_dsn",
    "chroma_url",
    "photos_url",
    "operator_token",
    "ray_dashboard_url",
    "prometheus_url",
    "grafana_url",
}
REQUIRED = ("max_ongoing_requests", "max_queued_requests")
"""Serve's defaults are 5 and unlimited: neither is what anybody wants."""


def complaints(config: dict[str, Any]) -> list[str]:
    """Every unknown key, wrong value and missing limit of a config, as `path: sentence`."""
    found = list(_unknown(ServeDeploySchema, config, ""))
    try:
        ServeDeploySchema.model_validate(config)
    except ValidationError as error:
        found += [f"{_path(each['loc'])}: {each['msg']}" for each in error.errors()]
    for i, application in enumerate(config.get("applications", [])):
        found += _application(application, f"applications.{i}")
    return found


def _application(application: dict[str, Any], at: str) -> list[str]:
    args = application.get("args", {})
    found = [f"{at}.args.{key}: no such setting" for key in args if key not in Settings.model_fields]
    secrets = ADDRESSES & set(args)
    found += [f"{at}.args.{key}: belongs into FITMATCH_{key.upper()}, not into a file" for key in secrets]
    deployments = {each.get("name", "?"): each for each in application.get("deployments", [])}
    found += [f"{at}.deployments: {name} is missing" for name in DEPLOYMENTS - set(deployments)]
    found += [f"{at}.deployments: there is no {name}" for name in set(deployments) - DEPLOYMENTS]
    for name, each in deployments.items():
        found += [f"{at}.deployments.{name}: set {key}" for key in REQUIRED if key not in each]
        found += _ladder(each, f"{at}.deployments.{name}.user_config")
    return found


def _ladder(deployment: dict[str, Any], at: str) -> list[str]:
    if "user_config" not in deployment:
        return []
    if not deployment["name"].startswith("Clip"):
        return [f"{at}: only ClipImage and ClipText take one"]
    try:
        Ladder.model_validate(deployment["user_config"])
    except ValidationError as error:
        return [f"{at}.{_path(each['loc'])}: {each['msg']}" for each in error.errors()]
    return []


def _unknown(model: type[BaseModel], value: object, at: str) -> list[str]:
    if not isinstance(value, dict):
        return []
    found: list[str] = []
    for key, inner in cast("dict[str, object]", value).items():
        here = f"{at}.{key}".lstrip(".")
        field = model.model_fields.get(key)
        if field is None:
            found.append(f"{here}: unknown key, Serve would ignore it")
            continue
        nested = _model_in(field.annotation) or (AutoscalingConfig if key == "autoscaling_config" else None)
        if nested is None:
            continue
        entries = inner if isinstance(inner, list) else [inner]
        for entry in cast("list[object]", entries):
            name = cast("dict[str, object]", entry).get("name", "") if isinstance(entry, dict) else ""
            found += _unknown(nested, entry, f"{here}.{name}".rstrip("."))
    return found


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for inner in get_args(annotation) if (model := _model_in(inner))), None)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)


def main(files: list[str]) -> int:
    """Prints the complaints of all files; 1 when there is any."""
    found = [f"{file}: {line}" for file in files for line in complaints(yaml.safe_load(Path(file).read_text()))]
    sys.stdout.writelines(f"{line}\n" for line in found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
