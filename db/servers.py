"""Names of Chroma servers: what Postgres keeps, so that an address may change."""

import re

DEFAULT = "default"
"""The server whose name is not given: a deployment's only one, or the first that it had."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_URL = re.compile(r"https?://[^/\s,]+[^\s,]*")


def read(urls: str) -> dict[str, str]:
    """`http://one:8000,b=http://two:8000` → {"default": "http://one:8000", "b": …}, in order. Raises ValueError."""
    found: dict[str, str] = {}
    for entry in urls.split(","):
        name, equals, url = entry.strip().partition("=")
        if not equals or not _NAME.fullmatch(name):
            name, url = DEFAULT, entry.strip()
        if not _URL.fullmatch(url):
            raise ValueError("each Chroma server must be http://host:port, or name=http://host:port")
        if name in found:
            raise ValueError(f"two Chroma servers are named {name}; give each but one a name, as b=http://host:port")
        if url.rstrip("/") in found.values():
            raise ValueError(f"two names are of the same Chroma server: {name} and another")
        found[name] = url.rstrip("/")
    return found


def write(named: dict[str, str]) -> str:
    """As `read` takes it."""
    return ",".join(url if name == DEFAULT else f"{name}={url}" for name, url in named.items())


def address(server: str, name: str) -> str:
    """Of a collection: its name, behind its server's where that is not the default one."""
    return name if server == DEFAULT else f"{server}/{name}"


def split(collection: str) -> tuple[str, str]:
    """Server and name of an address."""
    server, _, name = collection.rpartition("/")
    return server or DEFAULT, name
