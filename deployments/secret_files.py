"""Secrets that come as files, as Docker and Kubernetes mount them: FITMATCH_X_FILE names one that holds FITMATCH_X."""

from collections.abc import Mapping
from pathlib import Path

from deployments.local.errors import BadSetting

SECRETS = ("FITMATCH_POSTGRES_DSN", "FITMATCH_OPERATOR_TOKEN", "FITMATCH_REDIS_PASSWORD", "FITMATCH_RAY_TOKEN")


def read(environment: Mapping[str, str]) -> dict[str, str]:
    """Of those secrets that have a file. Raises BadSetting."""
    return {name: _secret(name, environment) for name in SECRETS if environment.get(f"{name}_FILE")}


def _secret(name: str, environment: Mapping[str, str]) -> str:
    if environment.get(name):
        raise BadSetting(f"{name} and {name}_FILE are both set: unset one of them.")
    file = Path(environment[f"{name}_FILE"])
    try:
        text = file.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"{name}_FILE: {file} cannot be read ({error}); name a file that holds the secret.") from error
    if not text:
        raise BadSetting(f"{name}_FILE: {file} is empty; write the secret into it.")
    return text
