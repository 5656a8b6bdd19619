"""What can go wrong with a request itself; `api/problems.py` says with which status each is answered."""

from dataclasses import dataclass


class Unauthenticated(Exception):
    """No key was sent where one is needed."""


class InvalidKey(Exception):
    """The key is unknown, revoked or expired, or its shop is gone."""


class SecretKeyInBrowser(Exception):
    """A request with an Origin header came with a key that no page may hold."""


class NotFromTheConsole(Exception):
    """A session's cookie came without the header that only the console's own pages send."""


class Forbidden(Exception):
    """The key is good, but not for this route."""


class OriginNotAllowed(Exception):
    """The page's origin is not in the publishable key's list."""


class RateLimited(Exception):
    """The key's requests of this minute are used up."""


class MalformedBody(Exception):
    """The body is not what its Content-Type says."""


class BodyTooLarge(Exception):
    """More bytes than the route takes."""


class UnsupportedBody(Exception):
    """The route does not take this Content-Type."""


class InvalidCursor(Exception):
    """The cursor is not one of this list's."""


class IdempotencyKeyReused(Exception):
    """The same Idempotency-Key came with another body."""


class IdempotencyInProgress(Exception):
    """The first request with this Idempotency-Key still runs."""


class PhotoUrlsNotSupported(Exception):
    """Photos by address are not fetched; they must be uploaded."""


class PhotoAddressInvalid(Exception):
    """The photo's address was not signed by this deployment."""


class PhotoAddressExpired(Exception):
    """The photo's address was good once."""


@dataclass(frozen=True)
class FieldProblem:
    """One entry of `errors`."""

    pointer: str
    """JSON pointer (RFC 6901) into the body; a parameter is found under /query, /path or /header."""
    code: str
    detail: str


class InvalidFields(Exception):
    """Some fields cannot be taken as they are."""

    def __init__(self, fields: tuple[FieldProblem, ...]) -> None:
        super().__init__(fields)
        self.fields = fields
