"""Limits on bodies, by the bytes that really arrive. No proxy before us has any; the edge answers for the excess."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import BodyTooLarge

JSON_BYTES_MAX = 1024 * 1024
BATCH_BYTES_MAX = 4 * JSON_BYTES_MAX
"""200 products with their longest descriptions."""
MULTIPART_BYTES_MAX = 64 * 1024 * 1024
"""Ten photos as cameras make them; larger ones go one by one to POST /v1/products/{id}/photos."""
SAID = "A body of this kind has at most {:,} bytes."


class BodyLimit:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        bytes_max, arrived, started = limit_of(scope["path"], headers.get("content-type", "")), 0, False

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > bytes_max:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        if _announced(headers) > bytes_max:
            raise BodyTooLarge(SAID.format(bytes_max))
        try:
            await self._app(scope, counted, watched)
        except _TooLarge as error:
            if started:
                raise ConnectionError("a body grew too large after the answer began") from error
            raise BodyTooLarge(SAID.format(bytes_max)) from error


class _TooLarge(BaseException):
    """Not an Exception: FastAPI would turn that into a 400 of its own."""


def limit_of(path: str, content_type: str) -> int:
    if content_type.lower().startswith("multipart/"):
        return MULTIPART_BYTES_MAX
    return BATCH_BYTES_MAX if path.rstrip("/") == "/v1/products/batch" else JSON_BYTES_MAX


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else 0
