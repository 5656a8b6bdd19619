"""CORS preflights: a browser asks, without a key, whether a shop's page may call a route that publishable keys may."""

import re

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import Keys
from api.errors import OriginNotAllowed

OPEN = re.compile(r"/v1/recommendations|/v1/storefront|/v1/products/[^/]+/similar")
ALLOWED = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-API-Key, X-Request-Id",
    "Access-Control-Max-Age": "600",
}


class Preflight:
    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _asks(scope):
            await self._app(scope, receive, send)
            return
        origin = Headers(scope=scope)["origin"]
        if OPEN.fullmatch(scope["path"]) and await self._keys.origin_known(origin):
            headers = {"Access-Control-Allow-Origin": origin, **ALLOWED}
            await Response(status_code=204, headers=headers)(scope, receive, send)
            return
        raise OriginNotAllowed("No publishable key lets pages of this origin ask here.")


def _asks(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers
