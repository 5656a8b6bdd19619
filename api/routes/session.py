"""The console's session: sign in, who am I, sign out."""

from fastapi import APIRouter, Request, Response

from api import answers, exchange, sessions
from api.answers import json
from api.deps import ANYONE, Db, PartsOf
from api.errors import Unauthenticated
from api.ids import public
from api.limits import address_of
from api.schemas.sessions import SessionAnswer, SignIn
from api.sessions import SignedIn, check_page, cookie_of
from db import shops
from db.postgres import Pool

router = APIRouter(tags=["console"], dependencies=[ANYONE])


@router.post("/v1/session", status_code=201, response_model=SessionAnswer)
async def sign_in(request: Request, parts: PartsOf, db: Db, given: SignIn) -> Response:
    """Exchanges a secret key, or the operator's token, for an HttpOnly cookie that ends after eight hours.

    Only pages of this service may: with `X-FitMatch-Console: 1`, which no other site can make a browser send.
    """
    check_page(request)
    await parts.limiter.take_try(address_of(request.scope), exchange.of(request.scope))
    cookie = await parts.sessions.begin(given.key)
    if old := cookie_of(request):
        await parts.sessions.end(old)
    answer = json(await _answer(db, await parts.sessions.find(cookie)), 201)
    sessions.give(request, answer, cookie)
    return answer


@router.get("/v1/session")
async def get_session(request: Request, parts: PartsOf, db: Db) -> SessionAnswer:
    """Who is signed in. 401 when nobody is."""
    check_page(request)
    cookie = cookie_of(request)
    if cookie is None:
        raise Unauthenticated("Nobody is signed in.")
    return await _answer(db, await parts.sessions.find(cookie))


@router.delete("/v1/session", status_code=204)
async def sign_out(request: Request, parts: PartsOf) -> Response:
    """Ends the session everywhere."""
    check_page(request)
    if cookie := cookie_of(request):
        await parts.sessions.end(cookie)
    answer = Response(status_code=204)
    sessions.take_back(request, answer)
    return answer


async def _answer(db: Pool, signed_in: SignedIn) -> SessionAnswer:
    caller = signed_in.caller
    if caller.key_id is None:
        return SessionAnswer(kind="operator", shop=None, key_id=None, expires_at=signed_in.expires_at)
    shop = answers.shop(await shops.get(db, caller.shop_id))
    return SessionAnswer(kind="shop", shop=shop, key_id=public("key", caller.key_id), expires_at=signed_in.expires_at)
