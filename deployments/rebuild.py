"""Fills a new collection from the embeddings in Postgres and points to it; no photo is read and no model runs.

The way to mend a torn, bloated or lost index, and to move a shop to another Chroma server. Queries and workers go on
meanwhile; what is cut short leaves the former collection answering, and is done by doing it again.
"""

import logging
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field, replace
from uuid import UUID

import numpy as np

from db import collections, doubts, embeddings, locks, shops
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


@dataclass
class Done:
    """What was done of something that concerns many shops."""

    shops: set[UUID] = field(default_factory=set[UUID])
    photos: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    """Collections, by the Chroma server that was away."""


async def rebuild_shop(stores: Stores, shop_id: UUID, checkpoint: str, *, server: str | None = None) -> int:
    """How many photos were written; onto that Chroma server, or where it is.

    Raises NotFound (no such shop), Unavailable (another rebuild holds on).
    """
    async with locks.attempt(stores.db, LOCK, wait_s=LOCK_S_MAX) as ours:
        if not ours:
            raise Unavailable("a rebuild or a reconciliation is under way; try again when it has ended")
        return await rebuild(stores, shop_id, checkpoint, server=server)


async def rebuild_all(stores: Stores, checkpoint: str) -> Done:
    """Every live shop's collection of this checkpoint, but for those on a server that is away. Raises Unavailable."""
    done = Done()
    after = None
    while page := await collections.page(stores.db, after=after, limit=PAGE):
        for current in page:
            if current.checkpoint == checkpoint:
                try:
                    await _onto(stores, current, current.server, done)
                except IndexAway:
                    done.left_out[current.server] += 1
        after = page[-1]
    return done


async def move_shop(stores: Stores, shop_id: UUID, server: str) -> Done:
    """Its collections of all checkpoints; those already there stay. Raises NotFound, Unavailable."""
    _must_be_listed(stores, server)
    await shops.get(stores.db, shop_id)
    known = await collections.of_shop(stores.db, shop_id)
    if not known:
        raise NotFound("that shop has no collection yet: its first photo makes one")
    done = Done()
    await _move(stores, known, server, done)
    return done


async def move_all(stores: Stores, origin: str, server: str) -> Done:
    """Every live shop of one server to another. Raises NotFound, Unavailable."""
    _must_be_listed(stores, server)
    if origin not in {*stores.index.servers, *await collections.by_server(stores.db)}:
        raise NotFound(f"no shop is on {origin}, and FITMATCH_CHROMA_URL names no such Chroma server")
    done = Done()
    after = None
    while page := await collections.page(stores.db, after=after, limit=PAGE):
        await _move(stores, [current for current in page if current.server == origin], server, done)
        after = page[-1]
    return done


def _must_be_listed(stores: Stores, server: str) -> None:
    if server not in stores.index.servers:
        raise NotFound(f"FITMATCH_CHROMA_URL names {', '.join(stores.index.servers)}, but no {server}")


async def _move(stores: Stores, known: list[Current], server: str, done: Done) -> None:
    for current in known:
        if current.server != server:
            await _onto(stores, current, server, done)


async def rebuild_collections(stores: Stores, names: list[str]) -> int:
    """Drops these and builds those that a shop still needs under their next names; how many photos were written."""
    done = Done()
    for name in names:
        await stores.index.drop(name)
        for current in await collections.of_shop(stores.db, collections.shop_of(name) or UUID(int=0)):
            if current.address == name:
                await _onto(stores, current, current.server, done)
    return done.photos


async def _onto(stores: Stores, current: Current, server: str, done: Done) -> None:
    with suppress(NotFound):  # deleted meanwhile
        done.photos += await rebuild_shop(stores, current.shop_id, current.checkpoint, server=server)
        done.shops.add(current.shop_id)


async def rebuild(stores: Stores, shop_id: UUID, checkpoint: str, *, server: str | None) -> int:
    """As `rebuild_shop`, for who holds LOCK."""
    old = await collections.current(stores.db, shop_id, checkpoint, stores.index.homes)
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
    try:
        return await _add_and_remove(stores, into)
    except NotFound as error:  # it would say that the shop is gone
        raise IndexAway(f"the collection {into.address} was dropped while it was filled") from error


async def _add_and_remove(stores: Stores, into: Current) -> int:
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
