"""Waiting for a product's photos to be embedded, for callers who prefer to."""

import asyncio
import time
from uuid import UUID

from api.answers import UNDER_WAY
from db import products
from db.errors import NotFound
from db.postgres import UNAVAILABLE, Pool
from db.products import Product

PAUSE_S, PAUSE_S_MAX = 0.05, 0.5


async def settled(db: Pool, shop_id: UUID, product_id: UUID, wait_s: float) -> Product | None:
    """The product as soon as nothing is under way, or as it is at the end; None if it cannot be read any more.

    Asks Postgres with growing pauses: the workers that embed are other processes.
    """
    end, pause_s = time.monotonic() + wait_s, PAUSE_S
    found = None
    while (left_s := end - time.monotonic()) > 0:
        try:
            found = await products.get(db, shop_id, product_id)
        except (NotFound, *UNAVAILABLE):
            return None
        if found.status not in UNDER_WAY:
            break
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 1.5, PAUSE_S_MAX)
    return found
