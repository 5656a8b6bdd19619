"""The HTTP app: routes inside, the edge outside. Plain FastAPI, whoever serves it."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import Match

from api import openapi
from api.auth import Keys
from api.batcher import Batcher, Limits
from api.bodies import BodyLimit
from api.deps import Context, Parts
from api.edge import Edge, instance_of
from api.errors import UnsupportedBody
from api.exchange import of
from api.limits import Limiter
from api.preflight import Preflight
from api.problems import CODES, MEDIA_TYPE, Problem
from api.problems import of as problem_of
from api.routes import (
    deployment,
    keys,
    operations,
    pages,
    photo_content,
    photos,
    product_batch,
    product_puts,
    products,
    prompts,
    recommendations,
    seed,
    session,
    shops,
    storefront,
    terms,
)
from api.sessions import Sessions
from api.signatures import Signer
from api.storefronts import Storefronts
from api.totals import Totals
from db import prompts as stored_prompts
from models.photo import BadPhoto

__all__ = ["Context", "create_app"]

log = logging.getLogger(__name__)

PHOTO_THREADS = 2
UPLOADS_MAX = 8
"""Photos read at once, of at most 20 MB each."""
PHOTO_SEARCHES_MAX = 16
"""The same for photos that shoppers show: a model on a CPU embeds so many in about a second."""
PROMPTS_TOGETHER = Limits(size_max=64, waiting_max=4096, parallel=2)
"""So many prompts are kept by one statement, and so many statements run at a time."""
ROUTERS = (
    recommendations,
    storefront,
    prompts,
    products,
    product_puts,
    product_batch,
    photos,
    photo_content,
    terms,
    shops,
    keys,
    session,
    operations,
    deployment,
    pages,
)


def create_app(context: Context) -> FastAPI:
    """Opens nothing and needs no lifespan to answer; its end flushes what was to be written."""
    db = context.stores.db
    keys_ = Keys(db, context.operator_token)
    parts = Parts(
        context=context,
        keys=keys_,
        sessions=Sessions(db, keys_, context.operator_token),
        limiter=Limiter(db),
        signer=Signer(db),
        storefronts=Storefronts(db),
        totals=Totals(db),
        prompts=Batcher(lambda asked: stored_prompts.add(db, asked), PROMPTS_TOGETHER),
        photo_threads=ThreadPoolExecutor(PHOTO_THREADS, "photos"),
        render_threads=ThreadPoolExecutor(PHOTO_THREADS, "render"),
        uploads=asyncio.Semaphore(UPLOADS_MAX),
        photo_searches=asyncio.Semaphore(PHOTO_SEARCHES_MAX),
    )
    app = FastAPI(
        title="FitMatch",
        version="1",
        summary="Recommends what a clothing shop sells, for a shopper's words.",
        description=openapi.DESCRIPTION,
        openapi_tags=openapi.TAGS,
        generate_unique_id_function=lambda route: route.name,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        responses=openapi.PROBLEMS,
    )
    app.state.parts = parts
    for family in (*ROUTERS, *((seed,) if context.seed_routes else ())):
        app.include_router(family.router)
    for kind in (*CODES, BadPhoto, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, _answer)
    app.add_middleware(Preflight, keys=parts.keys)
    app.add_middleware(BodyLimit)
    app.add_middleware(Edge, server_adds_request_id=context.server_adds_request_id)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    yield
    parts: Parts = app.state.parts
    await parts.keys.close()
    parts.photo_threads.shutdown(wait=False, cancel_futures=True)
    parts.render_threads.shutdown(wait=False, cancel_futures=True)


async def _answer(request: Request, error: Exception) -> Response:
    problem = problem_of(_of_body(request, error))
    if problem is None:
        raise error
    headers = problem.headers()
    if problem.code == "method_not_allowed":
        headers["Allow"] = ", ".join(_methods(request))
    return respond(request, problem, headers)


def respond(request: Request, problem: Problem, headers: dict[str, str]) -> Response:
    body = problem.body(instance=instance_of(request.scope), request_id=of(request.scope).request_id)
    return Response(body, problem.status, headers, MEDIA_TYPE)


def _of_body(request: Request, error: Exception) -> Exception:
    """FastAPI reads a body of another media type as plain bytes and calls them no object: that is a 415."""
    if not isinstance(error, RequestValidationError):
        return error
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    whole = any(tuple(entry["loc"]) == ("body",) and entry["type"] != "missing" for entry in error.errors())
    if whole and media_type != "application/json" and not media_type.endswith("+json"):
        return UnsupportedBody("Send the body as `Content-Type: application/json`.")
    return error


def _methods(request: Request) -> list[str]:
    """All that the path takes; the framework names only those of the first route that matches."""
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        match, _ = route.matches({**request.scope, "method": "none"})
        if match is not Match.NONE:
            found |= route.methods or set()
    return sorted(found | ({"HEAD"} if "GET" in found else set()))
