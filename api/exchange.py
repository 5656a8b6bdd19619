"""What one request leaves for the edge to say and to log: its id, who asked, and headers for whatever answer comes."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

_PLACE = "fitmatch.exchange"


@dataclass
class Exchange:
    """Mutable on purpose: routes and dependencies write it, the edge reads it when the answer starts."""

    request_id: str
    shop_id: UUID | None = None
    key_id: UUID | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Added to the answer, be it a result or a problem."""


def begin(scope: MutableMapping[str, Any], request_id: str) -> Exchange:
    exchange = Exchange(request_id)
    scope[_PLACE] = exchange
    return exchange


def of(scope: MutableMapping[str, Any]) -> Exchange:
    """The exchange of this request."""
    return cast("Exchange", scope[_PLACE])


def route_of(scope: MutableMapping[str, Any]) -> str:
    """The template of the matched route. Never the path: the seed's paths carry keys."""
    return cast("str", getattr(scope.get("route"), "path", "unmatched"))
