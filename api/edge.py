"""The outermost layer, pure ASGI: request ids, headers that must not pass, headers of every answer, the access log."""

import logging
import re
import time
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.exchange import Exchange, begin, route_of
from api.ids import new_id
from api.problems import MEDIA_TYPE, Problem
from api.problems import of as problem_of

log = logging.getLogger(__name__)
access = logging.getLogger("fitmatch.access")

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
CONTROLS = re.compile(
    rb"x-request-timeout-seconds|x-request-disconnect-disabled|x-request-uuid|ray-serve-.*|serve_multiplexed_model_id"
    rb"|x-ray-.*|rayserve.*"
)
"""What Serve's proxy obeys when a client sends it; the routes must not see it either."""

ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer that does not say otherwise itself: data, not pages."""


UNKNOWN = Problem("internal_error", "The mistake is ours and was logged; name the request id when you ask about it.")
GONE = 499
"""In the log only: the caller hung up."""


class Edge:
    """Answers what nothing inside could: unknown exceptions become a 500 without a trace, and are logged with one."""

    def __init__(self, app: ASGIApp, *, server_adds_request_id: bool = False) -> None:
        self._app = app
        self._server_adds_request_id = server_adds_request_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inner = {**scope, "headers": [pair for pair in scope["headers"] if not CONTROLS.fullmatch(pair[0])]}
        sent = Headers(scope=inner).get("x-request-id")
        exchange = begin(inner, _request_id(sent))
        if not (self._server_adds_request_id and sent == exchange.request_id):
            exchange.headers["X-Request-Id"] = exchange.request_id
        answer = _Answer(inner, exchange, send, headless=scope["method"] == "HEAD")
        if scope["method"] == "HEAD":
            inner["method"] = "GET"
        started = time.perf_counter()
        try:
            await self._app(inner, receive, answer.send)
        except ClientDisconnect:
            answer.status = GONE
        except Exception as error:
            problem = problem_of(error)
            if problem is None or answer.status:
                log.exception("a request failed", extra={"request_id": exchange.request_id, "route": route_of(inner)})
            if answer.status:
                raise
            await _refuse(inner, exchange, answer, problem or UNKNOWN)
        finally:
            _note(scope["method"], inner, exchange, answer.status, time.perf_counter() - started)


class _Answer:
    """Sends an answer with the headers that every answer has."""

    def __init__(self, scope: Scope, exchange: Exchange, send: Send, *, headless: bool) -> None:
        self.status = 0
        self._scope, self._exchange, self._send, self._headless = scope, exchange, send, headless

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._complete(MutableHeaders(scope=message))
        elif message["type"] == "http.response.body" and self._headless:
            message = {**message, "body": b""}
        await self._send(message)

    def _complete(self, headers: MutableHeaders) -> None:
        for name, value in self._exchange.headers.items():
            headers[name] = value
        for name, value in ALWAYS.items():
            headers.setdefault(name, value)
        if "origin" in Headers(scope=self._scope):
            headers.add_vary_header("Origin")


def _request_id(sent: str | None) -> str:
    return sent if sent and REQUEST_ID.fullmatch(sent) else new_id().hex


async def _refuse(scope: Scope, exchange: Exchange, answer: _Answer, problem: Problem) -> None:
    body = problem.body(instance=instance_of(scope), request_id=exchange.request_id)
    named = {"content-type": MEDIA_TYPE, "content-length": str(len(body)), **problem.headers()}
    headers = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    await answer.send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await answer.send({"type": "http.response.body", "body": body})


def instance_of(scope: MutableMapping[str, Any]) -> str:
    """The path, unless it may hold a key."""
    path: str = scope["path"]
    return route_of(scope) if path.startswith("/images/") else path


def _note(method: str, scope: Scope, exchange: Exchange, status: int, seconds: float) -> None:
    access.info(
        "request",
        extra={
            "request_id": exchange.request_id,
            "method": method,
            "route": route_of(scope),
            "status": status,
            "ms": round(seconds * 1000, 1),
            "shop_id": exchange.shop_id.hex if exchange.shop_id else None,
            "key_id": exchange.key_id.hex if exchange.key_id else None,
        },
    )
