"""The compose files as Compose reads them: merged, and with variables put in."""

import re
from typing import Any, cast

import yaml

from tests.e2e.instance import ROOT

BASE = ROOT / "docker-compose.yml"
OVERRIDES = (ROOT / "docker-compose.tls.yml", ROOT / "docker-compose.gpu.yml")
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::-([^}]*))?\}")

Mapping = dict[str, Any]


def variables() -> set[str]:
    """All that the files ask for."""
    return {name for file in (BASE, *OVERRIDES) for name, _ in _VARIABLE.findall(file.read_text())}


def merged(*overrides: str, **given: str) -> Mapping:
    """With the defaults of what is not given; `overrides` are words of the files' names: `tls`, `gpu`."""
    found: Mapping = {}
    for file in (BASE, *(file for file in OVERRIDES if file.name.split(".")[1] in overrides)):
        found = _merge(found, cast("Mapping", yaml.safe_load(_filled(file.read_text(), given))))
    return found


def _filled(text: str, given: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        assert match[2] is not None, f"{match[1]} has no default"
        return given.get(match[1], match[2])

    return _VARIABLE.sub(value, text).replace("$$", "$")


def _merge(below: Any, above: Any) -> Any:
    """Mappings by key and lists one after the other, as Compose does with what these files have."""
    if isinstance(below, dict) and isinstance(above, dict):
        keys = {**below, **above}
        return {key: _merge(below[key], above[key]) if key in below and key in above else keys[key] for key in keys}
    return [*below, *above] if isinstance(below, list) and isinstance(above, list) else above
