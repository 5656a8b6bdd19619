"""What routes are given by type: who asks, the stores, the two neighbours, a page of a list, addresses of photos."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPBearer

from api import exchange, ports
from api.auth import Caller, Keys, credential, sends_key
from api.batcher import Batcher
from api.errors import Forbidden, InvalidKey, OriginNotAllowed, SecretKeyInBrowser
from api.limits import Limiter, address_of, scheme_of
from api.sessions import NAME, Sessions, check_page, cookie_of
from api.signatures import Addresses, Signer
from api.storefronts import Storefronts
from api.totals import Totals
from db.files import Files
from db.postgres import Pool
from db.prompts import Asked
from db.stores import Stores

PAGE_DEFAULT = 50
PAGE_MAX = 200


@dataclass(frozen=True)
class Links:
    """Where people's browsers find what else an operator looks at; None: not said."""

    ray_dashboard: str | None = None
    prometheus: str | None = None
    grafana: str | None = None


NO_LINKS = Links()


@dataclass(frozen=True)
class Context:
    """What the app is made from."""

    stores: Stores
    ingest: ports.Ingest
    query: ports.Query
    operator_token: str | None
    seed_routes: bool
    checkpoint: str
    """`name@revision`."""
    demo_key_file: Path | None
    cluster: ports.Cluster | None = None
    """None outside of Serve: then nobody knows of replicas."""
    links: Links = NO_LINKS
    server_adds_request_id: bool = False
    """The server in front (Ray Serve) repeats `X-Request-Id` on the answer by itself; ours would be the second."""


@dataclass(frozen=True)
class Parts:
    """What one process keeps for its requests."""

    context: Context
    keys: Keys
    sessions: Sessions
    limiter: Limiter
    signer: Signer
    storefronts: Storefronts
    totals: Totals
    prompts: Batcher[Asked, UUID]
    """Keeps what shoppers ask; those who ask at once share a commit."""
    photo_threads: ThreadPoolExecutor
    """Reads the headers of uploads."""
    render_threads: ThreadPoolExecutor
    """Renders photos for pages: apart, so that a photo that is slow to decode holds up no upload."""
    uploads: asyncio.Semaphore
    """Bounds how many uploaded photos are in memory at once."""
    photo_searches: asyncio.Semaphore
    """The same for photos that shoppers show: these do not wait for each other, they are told to come back."""


def parts_of(request: Request) -> Parts:
    return cast("Parts", request.app.state.parts)


async def admit(request: Request, text: str, *, kinds: frozenset[str]) -> Caller:
    """Finds the caller, checks that its kind and its page may ask here, and counts the request."""
    parts, said = parts_of(request), exchange.of(request.scope)
    try:
        caller = await parts.keys.caller(text)
    except InvalidKey:
        await _let_page_read_the_refusal(request)
        raise
    said.shop_id, said.key_id = caller.shop_id, caller.key_id
    _check_origin(request, caller, said)
    return await _let_in(request, caller, kinds)


async def _admit_sender(request: Request, kinds: frozenset[str]) -> Caller:
    """By the key in the headers, else by the session's cookie."""
    cookie = cookie_of(request)
    if cookie is None or sends_key(request.headers):
        return await admit(request, credential(request.headers), kinds=kinds)
    check_page(request)
    caller = (await parts_of(request).sessions.find(cookie)).caller
    said = exchange.of(request.scope)
    said.shop_id, said.key_id = caller.shop_id, caller.key_id
    return await _let_in(request, caller, kinds)


async def _let_in(request: Request, caller: Caller, kinds: frozenset[str]) -> Caller:
    await parts_of(request).limiter.take(caller, address_of(request.scope), exchange.of(request.scope))
    if caller.kind not in kinds:
        raise Forbidden(_forbidden(caller, kinds))
    return caller


def _check_origin(request: Request, caller: Caller, said: exchange.Exchange) -> None:
    origin = request.headers.get("origin")
    if origin is None:
        return
    if caller.kind != "publishable":
        raise SecretKeyInBrowser(
            "The request came from a page (it has an Origin header) with a key that no page may hold. "
            "Revoke that key, and use a publishable key (fm_pk_…) in pages."
        )
    if origin in caller.allowed_origins:
        allow(said, origin)
    elif not same_origin(request, origin):
        raise OriginNotAllowed("This page's origin is not in the key's allowed_origins.")


async def _let_page_read_the_refusal(request: Request) -> None:
    origin = request.headers.get("origin")
    if origin and await parts_of(request).keys.origin_known(origin):
        allow(exchange.of(request.scope), origin)


def allow(said: exchange.Exchange, origin: str) -> None:
    said.headers["Access-Control-Allow-Origin"] = origin
    said.headers["Access-Control-Expose-Headers"] = (
        "X-Request-Id, RateLimit, RateLimit-Policy, Retry-After, Server-Timing"
    )


def same_origin(request: Request, origin: str) -> bool:
    """The page came from here: its host is the one that was asked."""
    return origin.partition("://")[2] == request.headers.get("host")


def _forbidden(caller: Caller, kinds: frozenset[str]) -> str:
    if "operator" in kinds:
        return "Only the operator's token may do that."
    if caller.kind == "operator":
        return "The operator's token belongs to no shop; use one of the shop's secret keys."
    return "A publishable key may only ask for recommendations and the storefront; use a secret key, on a server."


_bearer = HTTPBearer(scheme_name="key", description="`fm_sk_…`, `fm_pk_…` or the operator's token", auto_error=False)
_header = APIKeyHeader(
    name="X-API-Key", scheme_name="key header", description="The same, as a header", auto_error=False
)
_cookie = APIKeyCookie(
    name=NAME, scheme_name="session", description="The console's, with `X-FitMatch-Console: 1`", auto_error=False
)


async def _schemes(
    _b: Annotated[object, Depends(_bearer)],
    _h: Annotated[object, Depends(_header)],
    _c: Annotated[object, Depends(_cookie)],
) -> None:
    """For the API reference; `_admit_sender` reads them itself."""


_SCHEMES = Depends(_schemes)


async def operator(request: Request, _s: Annotated[None, _SCHEMES]) -> Caller:
    return await _admit_sender(request, frozenset({"operator"}))


async def secret(request: Request, _s: Annotated[None, _SCHEMES]) -> Caller:
    return await _admit_sender(request, frozenset({"secret"}))


async def any_key(request: Request, _s: Annotated[None, _SCHEMES]) -> Caller:
    return await _admit_sender(request, frozenset({"secret", "publishable"}))


async def anyone() -> None:
    """The route needs no key."""


async def seed_key() -> None:
    """The route reads a secret key from its path or body itself (`api/routes/seed.py`)."""


DECLARATIONS: tuple[Callable[..., object], ...] = (operator, secret, any_key, anyone, seed_key)
"""Every route depends on exactly one of these; a test fails for a route that does not."""

Operator = Annotated[Caller, Depends(operator)]
Secret = Annotated[Caller, Depends(secret)]
AnyKey = Annotated[Caller, Depends(any_key)]
ANYONE = Depends(anyone)
SEED_KEY = Depends(seed_key)


@dataclass(frozen=True)
class Page:
    limit: int
    cursor: str | None


async def page(
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX, description="How many at most")] = PAGE_DEFAULT,
    cursor: Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before")] = None,
) -> Page:
    return Page(limit, cursor)


async def _parts(request: Request) -> Parts:
    return parts_of(request)


async def _db(request: Request) -> Pool:
    return parts_of(request).context.stores.db


async def _files(request: Request) -> Files:
    return parts_of(request).context.stores.files


async def _ingest(request: Request) -> ports.Ingest:
    return parts_of(request).context.ingest


async def _query(request: Request) -> ports.Query:
    return parts_of(request).context.query


async def _addresses(request: Request) -> Addresses:
    origin = request.base_url.replace(scheme=scheme_of(request.scope))
    return await parts_of(request).signer.addresses(str(origin))


PageOf = Annotated[Page, Depends(page)]
PartsOf = Annotated[Parts, Depends(_parts)]
Db = Annotated[Pool, Depends(_db)]
FilesOf = Annotated[Files, Depends(_files)]
IngestOf = Annotated[ports.Ingest, Depends(_ingest)]
QueryOf = Annotated[ports.Query, Depends(_query)]
AddressesOf = Annotated[Addresses, Depends(_addresses)]
