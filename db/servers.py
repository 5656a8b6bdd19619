"""Names of Chroma servers: what Postgres keeps, so that an address may change."""

import re

DEFAULT = "default"
"""The server whose name is not given: a deployment's only one, or the first that it had."""

_UNNAMED = ", as one without a name is; give it one, as b=http://host:port"
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_URL = re.compile(r"https?://[^/\s,]+[^\s,]*")


def read(urls: str) -> dict[str, str]:
    """`http://one:8000,b=http://two:8000` → {"default": "http://one:8000", "b": …}, in order.

    Raises ValueError; never with an address, which may hold a password.
    """
    found: dict[str, str] = {}
    for place, entry in enumerate(urls.split(","), 1):
        name, url = _parted(entry.strip())
        said = f"FITMATCH_CHROMA_URL: entry {place}"
        if not _NAME.fullmatch(name):
            raise ValueError(f"{said} has no name for a Chroma server: 1 to 32 of a-z, 0-9 and - (not at an end)")
        if not _URL.fullmatch(url):
            raise ValueError(f"{said} is no Chroma server: write http://host:port, or name=http://host:port")
        if name in found:
            raise ValueError(f"{said} is a second Chroma server named {name}{_UNNAMED if name == DEFAULT else ''}")
        if url.rstrip("/") in found.values():
            raise ValueError(f"{said}, {name}, is a Chroma server that has another name already")
        found[name] = url.rstrip("/")
    return found


def _parted(entry: str) -> tuple[str, str]:
    """Name and address. An equals sign inside an address is none behind a name."""
    name, equals, url = entry.partition("=")
    return (name, url) if equals and "://" not in name else (DEFAULT, entry)


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
