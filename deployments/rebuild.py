"""Fills a new collection from the embeddings in Postgres and points to it; no photo is read and no model runs.

The way to mend a torn, bloated or lost index. Queries and workers go on meanwhile.
"""

import logging
from uuid import UUID

import numpy as np

from db import collections, doubts, embeddings, locks
from db.errors import NotFound, Unavailable
from db.index import VECTORS_MAX
from db.stores import Stores
from models.types import Embeddings

log = logging.getLogger(__name__)

LOCK = "reconcile"
"""Shared with the reconciler, which would take a half-filled collection for a forgotten one."""
LOCK_S_MAX = 300.0
"""A reconciliation of a large shop takes a minute."""
PAGE = 500


async def rebuild_shop(stores: Stores, shop_id: UUID, checkpoint: str) -> int:
    """How many photos were written. Raises NotFound (no such shop), Unavailable (another rebuild holds on)."""
    async with locks.attempt(stores.db, LOCK, wait_s=LOCK_S_MAX) as ours:
        if not ours:
            raise Unavailable("a rebuild or a reconciliation is under way; try again when it has ended")
        return await _rebuild(stores, shop_id, checkpoint)


async def rebuild_all(stores: Stores, checkpoint: str) -> int:
    """Every live shop's collection of this checkpoint; how many photos in all."""
    photos = 0
    after = None
    while page := await collections.page(stores.db, after=after, limit=PAGE):
        for shop_id, of_checkpoint, _ in page:
            if of_checkpoint == checkpoint:
                photos += await rebuild_shop(stores, shop_id, checkpoint)
        after = page[-1][0], page[-1][1]
    return photos


async def rebuild_collections(stores: Stores, names: list[str]) -> int:
    """Drops these and builds those that a shop still needs under their next names; how many photos were written."""
    photos = 0
    for name in names:
        await stores.index.drop(name)
        for current in await collections.of_shop(stores.db, collections.shop_of(name) or UUID(int=0)):
            if current.name == name:
                photos += await _rebuild_live(stores, current.shop_id, current.checkpoint)
    return photos


async def _rebuild_live(stores: Stores, shop_id: UUID, checkpoint: str) -> int:
    try:
        return await rebuild_shop(stores, shop_id, checkpoint)
    except NotFound:
        return 0  # deleted meanwhile


async def _rebuild(stores: Stores, shop_id: UUID, checkpoint: str) -> int:
    old = await collections.current(stores.db, shop_id, checkpoint)
    version = await collections.version(stores.db, shop_id, checkpoint) + 1
    new = collections.name(shop_id, checkpoint, version)
    await stores.index.drop(new)  # what a rebuild that was cut short has left
    await stores.index.create(new)
    photos = await _even_out(stores, shop_id, checkpoint, new)
    photos += await _even_out(stores, shop_id, checkpoint, new)
    await collections.swing(stores.db, shop_id, checkpoint, to=version)
    # From here on workers write to the new one. Those that wrote to the old one before have marked their photos ready:
    # `collections.hold` makes the swing wait for them.
    photos += await _even_out(stores, shop_id, checkpoint, new)
    await stores.index.drop(old)
    log.info("rebuilt a collection", extra={"collection": new, "photos": photos})
    return photos


async def _even_out(stores: Stores, shop_id: UUID, checkpoint: str, name: str) -> int:
    """Adds what is ready and removes what was deleted; how many were added."""
    photos = 0
    present = await stores.index.ids(name)  # before Postgres is read: a photo that appears between is not a ghost
    async for photo_ids, vectors in embeddings.of_shop(stores.db, shop_id, checkpoint):
        missing = [i for i, photo_id in enumerate(photo_ids) if photo_id not in present]
        await _add(stores, name, [photo_ids[i] for i in missing], vectors[np.array(missing, np.intp)])
        photos += len(missing)
    listed = list(present)
    for first in range(0, len(listed), PAGE):
        await stores.index.remove(name, await doubts.ghosts(stores.db, shop_id, listed[first : first + PAGE]))
    return photos


async def _add(stores: Stores, name: str, photo_ids: list[UUID], vectors: Embeddings) -> None:
    for first in range(0, len(photo_ids), VECTORS_MAX):
        await stores.index.add(name, photo_ids[first : first + VECTORS_MAX], vectors[first : first + VECTORS_MAX])
