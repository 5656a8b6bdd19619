"""Sessions of the console: an HttpOnly cookie stands in for a secret key or the operator's token, on our pages only.

Nothing is remembered between requests: every replica refuses a session at once when it, or its key, has ended.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request, Response

from api.auth import OPERATOR, Caller, Keys, caller_of
from api.errors import Forbidden, NotFromTheConsole, Unauthenticated
from api.limits import scheme_of
from db import sessions
from db.errors import NotFound
from db.postgres import Pool

LIFE_S = 8 * 3600
HEADER = "X-FitMatch-Console"
NAME = "fitmatch_session"
TLS_NAME = "__Host-fitmatch_session"
"""Browsers take this name over TLS from this very host only: no neighbour under the same domain can plant one."""


@dataclass(frozen=True)
class SignedIn:
    caller: Caller
    expires_at: datetime


class Sessions:
    def __init__(self, db: Pool, keys: Keys, operator_token: str | None) -> None:
        self._db = db
        self._keys = keys
        self._operator_hash = hashlib.sha256(operator_token.encode()).digest() if operator_token else None

    async def begin(self, key: str) -> str:
        """The cookie for whoever holds this key or token. Raises InvalidKey, Forbidden, Suspended."""
        caller = await self._keys.caller(key)
        if caller.kind == "publishable":
            raise Forbidden("A publishable key is for pages; sign in with one of the shop's secret keys (fm_sk_…).")
        operator_hash = self._operator_hash if caller == OPERATOR else None
        return await sessions.add(self._db, key_id=caller.key_id, operator_hash=operator_hash, life_s=LIFE_S)

    async def find(self, cookie: str) -> SignedIn:
        """Raises Unauthenticated, Suspended."""
        try:
            found = await sessions.find(self._db, cookie)
        except NotFound as error:
            raise Unauthenticated("The session has ended; sign in again.") from error
        if found.key is not None:
            self._keys.note(found.key)
            return SignedIn(caller_of(found.key), found.expires_at)
        if not hmac.compare_digest(found.operator_hash or b"", self._operator_hash or b"none"):
            raise Unauthenticated("The operator's token has changed; sign in again.")
        return SignedIn(OPERATOR, found.expires_at)

    async def end(self, cookie: str) -> None:
        await sessions.delete(self._db, cookie)


def check_page(request: Request) -> None:
    """Another site can make a browser send the cookie, but not the header: browsers ask first, and are told no.

    Raises NotFromTheConsole.
    """
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    foreign = (origin is not None and origin.partition("://")[2] != request.headers.get("host")) or (
        site not in (None, "same-origin")
    )
    if foreign or request.headers.get(HEADER) != "1":
        raise NotFromTheConsole(f"A session is for this service's own console: it sends `{HEADER}: 1` from its pages.")


def cookie_of(request: Request) -> str | None:
    return request.cookies.get(_name(request))


def give(request: Request, answer: Response, cookie: str) -> None:
    _set(request, answer, cookie, LIFE_S)


def take_back(request: Request, answer: Response) -> None:
    _set(request, answer, "", 0)


def _set(request: Request, answer: Response, cookie: str, life_s: int) -> None:
    secure = scheme_of(request.scope) == "https"
    answer.set_cookie(_name(request), cookie, life_s, path="/", secure=secure, httponly=True, samesite="strict")


def _name(request: Request) -> str:
    return TLS_NAME if scheme_of(request.scope) == "https" else NAME
