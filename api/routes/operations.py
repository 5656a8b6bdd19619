"""How the deployment is doing, and what a shop has."""

import asyncio
from datetime import UTC, datetime

from fastapi import APIRouter, Response

from api import answers
from api.answers import json
from api.deps import ANYONE, Db, Parts, PartsOf, Secret
from api.schemas.operations import Alive, IndexAnswer, Readiness, UsageAnswer, UsageDay
from db import deployment, products, usage
from db.postgres import UNAVAILABLE

router = APIRouter(tags=["operations"])

ANSWER_S = 2.5
USAGE_DAYS = 30
ONE_CHROMA = "chroma "
"""Followed by the name of a server that is away while others answer."""


@router.get("/livez", dependencies=[ANYONE])
async def alive() -> Alive:
    """The process turns. Nothing else is asked: a dead Postgres is no reason to restart it."""
    return Alive(status="ok")


@router.get(
    "/readyz",
    dependencies=[ANYONE],
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "A part is away; `parts` says which"}},
)
async def ready(parts: PartsOf) -> Response:
    """Whether Postgres, Chroma and the embedding of prompts answer.

    One Chroma server of several is no part of its own: prompts of its shops are answered without it. `parts` names it.
    """
    found = await parts_health(parts)
    if all(state == "ok" for part, state in found.items() if not part.startswith(ONE_CHROMA)):
        return json(Readiness(status="ok", parts=found))
    return json(Readiness(status="unavailable", parts=found), 503, {"Retry-After": "2"})


@router.get("/v1/index")
async def get_index(caller: Secret, parts: PartsOf, db: Db) -> IndexAnswer:
    """How much of the shop's catalogue answers prompts."""
    counted, statuses = await products.counts(db, caller.shop_id), await products.statuses(db, caller.shop_id)
    return answers.index(counted, statuses, await usage.today(db, caller.shop_id), parts.context.checkpoint)


@router.get("/v1/usage")
async def get_usage(caller: Secret, db: Db) -> UsageAnswer:
    """What the shop has used in this calendar month (UTC), and day by day in the last 30."""
    since = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    used = await usage.of_shop(db, caller.shop_id, since=since)
    counted = await products.counts(db, caller.shop_id)
    return UsageAnswer(
        since=since,
        prompts=used.prompts,
        photos_uploaded=used.photos_uploaded,
        products=counted.products,
        photos=counted.photos,
        photo_bytes=used.photo_bytes,
        days=[UsageDay(**vars(day)) for day in await usage.by_day(db, caller.shop_id, USAGE_DAYS)],
    )


async def parts_health(parts: Parts) -> dict[str, str]:
    """Part → `ok`, or what is wrong with it."""
    postgres, others = await asyncio.gather(_postgres(parts), parts.context.query.canary())
    return {"postgres": postgres, **others}


async def _postgres(parts: Parts) -> str:
    try:
        async with asyncio.timeout(ANSWER_S):
            await deployment.signing_key(parts.context.stores.db)
    except UNAVAILABLE:
        return "no answer"
    return "ok"
