"""Fills a new collection from the embeddings in Postgres and points to it; no photo is read and no model runs.

The way to mend a torn, bloated or lost index, and to move a shop to another Chroma server. Queries and workers go on
meanwhile; what is cut short leaves the former collection answering, and is done by doing it again.
"""

import logging
from dataclasses import replace
from uuid import UUID

import numpy as np

from db import collections, doubts, embeddings, locks
from db.chroma import VECTORS_MAX
from db.collections import Current
from db.errors import IndexAway, NotFound, Unavailable
from db.stores import Stores
from models.types import Embeddings

log = logging.getLogger(__name__)

LOCK = "reconcile"
"""Shared with the reconciler, which would take a half-filled collection for a forgotten one."""
LOCK_S_MAX = 300.0
"""A reconciliation of a large shop takes a minute."""
PAGE = 500


async def rebuild_shop(stores: Stores, shop_id: UUID, checkpoint: str, *, server: str | None = None) -> int:
    """How many photos were written; onto that Chroma server, or where it is.

    Raises NotFound (no such shop), Unavailable (another rebuild holds on).
    """
    async with locks.attempt(stores.db, LOCK, wait_s=LOCK_S_MAX) as ours:
        if not ours:
            raise Unavailable("a rebuild or a reconciliation is under way; try again when it has ended")
        return await _rebuild(stores, shop_id, checkpoint, server)


async def rebuild_all(stores: Stores, checkpoint: str) -> int:
    """Every live shop's collection of this checkpoint; how many photos in all."""
    photos = 0
    after = None
    while page := await collections.page(stores.db, after=after, limit=PAGE):
        for current in page:
            if current.checkpoint == checkpoint:
                photos += await rebuild_shop(stores, current.shop_id, checkpoint)
        after = page[-1]
    return photos


async def move_shop(stores: Stores, shop_id: UUID, server: str) -> int:
    """Its collections of all checkpoints; those already there stay. How many photos were written.

    Raises NotFound, Unavailable.
    """
    known = await collections.of_shop(stores.db, shop_id)
    if not known:
        raise NotFound("that shop has no collection yet: its first photo makes one")
    return await _move(stores, known, server)


async def move_all(stores: Stores, origin: str, server: str) -> int:
    """Every live shop of one server to another. How many photos were written. Raises NotFound, Unavailable."""
    photos = 0
    after = None
    while page := await collections.page(stores.db, after=after, limit=PAGE):
        photos += await _move(stores, [current for current in page if current.server == origin], server)
        after = page[-1]
    return photos


async def _move(stores: Stores, known: list[Current], server: str) -> int:
    if server not in stores.index.servers:
        raise NotFound(f"FITMATCH_CHROMA_URL names {', '.join(stores.index.servers)}, but no {server}")
    away = [current for current in known if current.server != server]
    return sum([await _rebuild_live(stores, current, server) for current in away])


async def rebuild_collections(stores: Stores, names: list[str]) -> int:
    """Drops these and builds those that a shop still needs under their next names; how many photos were written."""
    photos = 0
    for name in names:
        await stores.index.drop(name)
        for current in await collections.of_shop(stores.db, collections.shop_of(name) or UUID(int=0)):
            if current.address == name:
                photos += await _rebuild_live(stores, current, current.server)
    return photos


async def _rebuild_live(stores: Stores, current: Current, server: str) -> int:
    try:
        return await rebuild_shop(stores, current.shop_id, current.checkpoint, server=server)
    except NotFound:
        return 0  # deleted meanwhile


async def _rebuild(stores: Stores, shop_id: UUID, checkpoint: str, server: str | None) -> int:
    old = await collections.current(stores.db, shop_id, checkpoint, stores.index.servers)
    new = replace(old, version=old.version + 1, server=server or old.server)
    await stores.index.drop(new.address)  # what a rebuild that was cut short has left
    await stores.index.create(new.address)
    photos = await _even_out(stores, new)
    photos += await _even_out(stores, new)
    await collections.swing(stores.db, new)
    # From here on workers write to the new one. Those that wrote to the old one before have marked their photos ready:
    # `collections.hold` makes the swing wait for them.
    photos += await _even_out(stores, new)
    try:
        await stores.index.drop(old.address)
    except IndexAway:
        log.info("the former collection is left to the reconciler", extra={"collection": old.address})
    log.info("rebuilt a collection", extra={"collection": new.address, "photos": photos})
    return photos


async def _even_out(stores: Stores, into: Current) -> int:
    """Adds what is ready and removes what was deleted; how many were added."""
    shop_id, name, photos = into.shop_id, into.address, 0
    present = await stores.index.ids(name)  # before Postgres is read: a photo that appears between is not a ghost
    async for photo_ids, vectors in embeddings.of_shop(stores.db, shop_id, into.checkpoint):
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
