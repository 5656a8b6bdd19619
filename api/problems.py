"""The one table from an error to its status and code, as problem documents (RFC 9457).

docs/problems.md explains each code.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api import errors as said
from api.errors import FieldProblem
from db import errors as kept
from db.postgres import UNAVAILABLE
from models.photo import BadPhoto
from models.prompt import BadPrompt

MEDIA_TYPE = "application/problem+json"
DOCUMENTATION = "/docs/problems"


@dataclass(frozen=True)
class Kind:
    status: int
    title: str


KINDS: dict[str, Kind] = {
    "malformed_body": Kind(400, "The body cannot be read"),
    "unauthenticated": Kind(401, "A key is needed"),
    "invalid_key": Kind(401, "The key is not valid"),
    "secret_key_in_browser": Kind(401, "A secret key was sent from a browser"),
    "forbidden": Kind(403, "This key may not do that"),
    "shop_suspended": Kind(403, "The shop is suspended"),
    "not_from_the_console": Kind(403, "Sessions are for the console's pages"),
    "origin_not_allowed": Kind(403, "This origin may not use the key"),
    "photo_address_invalid": Kind(403, "The photo's address is not valid"),
    "photo_address_expired": Kind(403, "The photo's address has expired"),
    "not_found": Kind(404, "There is no such thing"),
    "method_not_allowed": Kind(405, "The path does not take this method"),
    "taken": Kind(409, "The name is in use"),
    "in_use": Kind(409, "Products still carry it"),
    "idempotency_in_progress": Kind(409, "The first request still runs"),
    "precondition_failed": Kind(412, "It has changed since you read it"),
    "body_too_large": Kind(413, "The body is too large"),
    "photo_too_large": Kind(413, "The photo has too many bytes"),
    "unsupported_media_type": Kind(415, "This media type is not taken"),
    "validation_failed": Kind(422, "Some fields are not valid"),
    "invalid_cursor": Kind(422, "The cursor is not valid"),
    "invalid_prompt": Kind(422, "The prompt cannot be used"),
    "idempotency_key_reused": Kind(422, "The Idempotency-Key came with another body"),
    "photo_urls_not_supported": Kind(422, "Photos must be uploaded"),
    "photo_unreadable": Kind(422, "The photo cannot be read"),
    "photo_truncated": Kind(422, "The photo is incomplete"),
    "photo_too_many_pixels": Kind(422, "The photo has too many pixels"),
    "photo_too_small": Kind(422, "The photo is too small"),
    "rate_limited": Kind(429, "Too many requests"),
    "internal_error": Kind(500, "Something went wrong here"),
    "unavailable": Kind(503, "A part of the service is away"),
    "overloaded": Kind(503, "The service is busy"),
}

EDGE: dict[str, Kind] = {"request_timeout": Kind(408, "The request took too long to arrive")}
"""Answered by the proxy before us alone (deployments/edge/haproxy.cfg), which shares the other codes."""

CODES: dict[type[Exception], str] = {
    said.MalformedBody: "malformed_body",
    said.Unauthenticated: "unauthenticated",
    said.InvalidKey: "invalid_key",
    said.SecretKeyInBrowser: "secret_key_in_browser",
    said.Forbidden: "forbidden",
    said.NotFromTheConsole: "not_from_the_console",
    said.OriginNotAllowed: "origin_not_allowed",
    said.PhotoAddressInvalid: "photo_address_invalid",
    said.PhotoAddressExpired: "photo_address_expired",
    said.IdempotencyInProgress: "idempotency_in_progress",
    said.BodyTooLarge: "body_too_large",
    said.UnsupportedBody: "unsupported_media_type",
    said.InvalidFields: "validation_failed",
    said.InvalidCursor: "invalid_cursor",
    said.IdempotencyKeyReused: "idempotency_key_reused",
    said.PhotoUrlsNotSupported: "photo_urls_not_supported",
    said.RateLimited: "rate_limited",
    kept.NotFound: "not_found",
    kept.Taken: "taken",
    kept.InUse: "in_use",
    kept.Changed: "precondition_failed",
    kept.Overloaded: "overloaded",
    kept.Suspended: "shop_suspended",
    BadPrompt: "invalid_prompt",
    **dict.fromkeys(UNAVAILABLE, "unavailable"),
}
"""BadPhoto is not listed: its classes carry their own code."""

HEADERS = {
    401: {"WWW-Authenticate": 'Bearer realm="fitmatch"'},
    413: {"Connection": "close"},
    503: {"Retry-After": "2"},
}
POINTERS = {
    "invalid_cursor": "/query/cursor",
    "invalid_prompt": "/prompt",
    "idempotency_key_reused": "/header/Idempotency-Key",
    "photo_urls_not_supported": "/photos",
}
HTTP_CODES = {400: "malformed_body", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


@dataclass(frozen=True)
class Problem:
    code: str
    detail: str
    errors: tuple[FieldProblem, ...] = ()

    @property
    def status(self) -> int:
        return KINDS[self.code].status

    def headers(self) -> dict[str, str]:
        return dict(HEADERS.get(self.status, {}))

    def document(self, *, instance: str, request_id: str) -> dict[str, Any]:
        """As RFC 9457 lays it out; `type` is where this deployment explains the code."""
        document: dict[str, Any] = {
            "type": f"{DOCUMENTATION}#{self.code}",
            "title": KINDS[self.code].title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "request_id": request_id,
        }
        if self.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            listed = self.errors or (FieldProblem(_pointer(self.code), self.code, self.detail),)
            document["errors"] = [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in listed]
        return document

    def body(self, *, instance: str, request_id: str) -> bytes:
        return orjson.dumps(self.document(instance=instance, request_id=request_id))


def _pointer(code: str) -> str:
    """Where a problem lies that is of one field alone."""
    return POINTERS.get(code, "/photo" if code.startswith("photo_") else "")


def of(error: Exception) -> Problem | None:
    """None for an error that the table does not know: a mistake of ours, which the edge logs and answers with a 500."""
    if isinstance(error, BadPhoto):
        return Problem(error.code, str(error))
    if isinstance(error, said.InvalidFields):
        return Problem("validation_failed", "Some fields cannot be taken; `errors` says which.", error.fields)
    if isinstance(error, RequestValidationError):
        return of_validation(error.errors())
    if isinstance(error, HTTPException):
        return Problem(HTTP_CODES.get(error.status_code, "malformed_body"), str(error.detail))
    for kind, code in CODES.items():
        if isinstance(error, kind):
            return Problem(code, str(error) or KINDS[code].title)
    return None


def of_validation(found: Sequence[Any]) -> Problem:
    """From what pydantic found, without repeating the values: they may be prompts or keys."""
    if any(entry["type"] == "json_invalid" for entry in found):
        return Problem("malformed_body", "The body is not JSON.")
    fields = tuple(_field(entry) for entry in found)
    return Problem("validation_failed", "Some fields cannot be taken; `errors` says which.", fields)


def _field(entry: Any) -> FieldProblem:
    location = [str(part) for part in entry["loc"]]
    if location[:1] == ["body"]:
        location = location[1:]
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in location)
    if entry["type"] == "extra_forbidden":
        return FieldProblem(pointer, "unsupported_field", f"`{location[-1]}` is not supported here; leave it out.")
    message = str(entry["msg"]).removeprefix("Value error, ")
    return FieldProblem(pointer, str(entry["type"]), message)
