"""The deployment as a whole, for its operator."""

import asyncio

from fastapi import APIRouter

from api.deps import Db, Operator, Parts, PartsOf
from api.ids import public
from api.routes.operations import parts_health
from api.schemas.deployment import (
    DeploymentAnswer,
    IndexedAnswer,
    LinksAnswer,
    PhotosCounted,
    QueueAnswer,
    ReplicasAnswer,
    ShopQueued,
    ShopsCounted,
)
from db import overview
from db.postgres import Pool

router = APIRouter(tags=["operations"])

QUEUED_SHOPS_MAX = 50


@router.get("/v1/deployment")
async def get_deployment(_caller: Operator, parts: PartsOf, db: Db) -> DeploymentAnswer:
    """How all of it is doing: parts, shops, the queue and whose photos wait in it, replicas, collections.

    What is counted over all shops is at most 30 s old, everything else is of now.
    """
    total, health, replicas = await asyncio.gather(parts.totals.now(), parts_health(parts), _replicas(parts))
    return DeploymentAnswer(
        checkpoint=parts.context.checkpoint,
        parts=health,
        shops=ShopsCounted(**vars(total.shops)),
        products=total.products,
        photos=PhotosCounted(**total.photos),
        queue=await _queue(db),
        replicas=replicas,
        collections=[
            IndexedAnswer(checkpoint=one.checkpoint, collections=one.collections, photos=one.embeddings)
            for one in total.indexed
        ],
        links=LinksAnswer(**vars(parts.context.links)),
    )


async def _queue(db: Pool) -> QueueAnswer:
    whole, shops = await overview.queue(db), await overview.queue_by_shop(db, QUEUED_SHOPS_MAX)
    return QueueAnswer(
        jobs=whole.jobs,
        oldest_age_s=whole.oldest_age_s,
        shops=[
            ShopQueued(shop_id=public("shp", one.shop_id), name=one.name, jobs=one.jobs, oldest_age_s=one.oldest_age_s)
            for one in shops
        ],
    )


async def _replicas(parts: Parts) -> list[ReplicasAnswer] | None:
    found = await parts.context.cluster.replicas() if parts.context.cluster else None
    return None if found is None else [ReplicasAnswer(**vars(one)) for one in found]
