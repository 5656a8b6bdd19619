"""Compares Chroma and the files with Postgres, which is right, and repairs what differs."""

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from db import buckets, collections, doubts, idempotency, jobs, locks, servers, sessions, shops
from db.collections import Current
from db.errors import IndexAway, NotFound
from db.stores import Stores
from deployments.rebuild import LOCK, rebuild

log = logging.getLogger(__name__)

PAGE = 1000
SHOPS_PAGE = 100
FILL_S_MAX = 120.0
"""A round begins no further rebuild after that: who waits for the lock gets it before the next round."""


@dataclass
class Repairs:
    """What one round has done; all zero when nothing was amiss."""

    ghosts: int = 0
    """Records in Chroma that no photo stands for."""
    jobs: int = 0
    """Photos that needed one and had none."""
    collections: int = 0
    """Dropped: of deleted shops, or of versions that answer no more."""
    rebuilt: int = 0
    """Collections that were not where they should be, as after a server lost its disk: filled from Postgres."""
    shops: int = 0
    """Deleted ones whose last traces went."""
    files: int = 0
    """Photo files that nothing shows."""


async def reconcile(stores: Stores, checkpoint: str) -> Repairs | None:
    """One round; None when another replica is at it. Leaves out what is on a Chroma server that is away.

    Raises Unavailable; IndexAway when all servers are away, or have gone away meanwhile.
    """
    async with locks.attempt(stores.db, LOCK) as ours:
        if not ours:
            return None
        repairs = Repairs()
        names = await stores.index.names()  # before Postgres is read: a collection's row is written before it is made
        _must_answer(stores)
        await _drop_strays(stores, names, repairs)
        await _forget_shops(stores, names, repairs)
        await _collections(stores, checkpoint, repairs)
        await _shops(stores, checkpoint, repairs)
        await idempotency.expire(stores.db)
        await buckets.expire(stores.db)
        await sessions.expire(stores.db)
        _must_answer(stores)
    if repairs != Repairs():
        log.info("repaired", extra=vars(repairs))
    return repairs


def _must_answer(stores: Stores) -> None:
    if stores.index.is_away:
        raise IndexAway("no Chroma server answers")


async def _drop_strays(stores: Stores, names: list[str], repairs: Repairs) -> None:
    """Names that are not ours belong to a neighbour on the same server."""
    answering: dict[str, str] = {}
    after = None
    while page := await collections.page(stores.db, after=after, limit=PAGE):
        answering |= {_bare(each.address): each.address for each in page}
        after = page[-1]
    there = set(names)
    for name in names:
        # A server that was given another name keeps what it has: what answers is then nowhere under its address.
        answers = answering.get(_bare(name), "")
        stray = not answers or (answers != name and answers in there)
        if collections.shop_of(name) and stray and await _drop(stores, name):
            repairs.collections += 1


def _bare(address: str) -> str:
    return servers.split(address)[1]


async def _drop(stores: Stores, address: str) -> bool:
    """False when its server is away. One that nobody names any more is done with."""
    try:
        await stores.index.drop(address)
    except IndexAway:
        return servers.split(address)[0] not in stores.index.servers
    return True


async def _forget_shops(stores: Stores, names: list[str], repairs: Repairs) -> None:
    """Their collections went with the strays, except one that a worker has just made again."""
    for shop_id in await shops.deleted(stores.db, SHOPS_PAGE):
        known = [current.address for current in await collections.of_shop(stores.db, shop_id)]
        theirs = {*known, *(name for name in names if collections.shop_of(name) == shop_id)}
        if not all([await _drop(stores, name) for name in theirs]):
            continue
        await stores.files.delete_shop(shop_id)
        await shops.forget(stores.db, shop_id)
        repairs.shops += 1


async def _collections(stores: Stores, checkpoint: str, repairs: Repairs) -> None:
    ends = time.monotonic() + FILL_S_MAX
    after = None
    while page := await collections.page(stores.db, after=after, limit=PAGE):
        for current in page:
            with suppress(IndexAway):
                present = await _collection(stores, current, repairs)
                if current.checkpoint != checkpoint:
                    continue
                if present is not None:
                    await _queue_missing(stores, current, present, repairs)
                elif not repairs.rebuilt or time.monotonic() < ends:
                    await _fill(stores, current, repairs)
        after = page[-1]


async def _collection(stores: Stores, current: Current, repairs: Repairs) -> set[UUID] | None:
    """What it holds, without ghosts; None: it is lost."""
    try:
        present = await stores.index.ids(current.address)  # before Postgres: what is added between is not missing
    except NotFound:
        return None
    await _remove_ghosts(stores, current.shop_id, current.address, present, repairs)
    return present


async def _fill(stores: Stores, current: Current, repairs: Repairs) -> None:
    """Whole and at once: filled photo by photo it would answer for the shop while it holds a part of it."""
    if await doubts.settled(stores.db, current.shop_id, checkpoint=current.checkpoint, after=None, limit=1):
        with suppress(NotFound):  # deleted meanwhile
            await rebuild(stores, current.shop_id, current.checkpoint, server=current.server)
            repairs.rebuilt += 1


async def _remove_ghosts(stores: Stores, shop_id: UUID, name: str, present: set[UUID], repairs: Repairs) -> None:
    for some in _pages(list(present)):
        ghosts = await doubts.ghosts(stores.db, shop_id, some)
        await stores.index.remove(name, ghosts)
        repairs.ghosts += len(ghosts)


async def _queue_missing(stores: Stores, current: Current, present: set[UUID], repairs: Repairs) -> None:
    shop_id, checkpoint, after = current.shop_id, current.checkpoint, None
    while settled := await doubts.settled(stores.db, shop_id, checkpoint=checkpoint, after=after, limit=PAGE):
        await _queue(stores, shop_id, [photo_id for photo_id in settled if photo_id not in present], repairs)
        after = settled[-1]


async def _shops(stores: Stores, checkpoint: str, repairs: Repairs) -> None:
    after = None
    while page := await shops.page(stores.db, after=after, limit=SHOPS_PAGE):
        for shop in page:
            while stranded := await doubts.stranded(stores.db, shop.id, checkpoint, limit=PAGE):
                await _queue(stores, shop.id, stranded, repairs)
            await doubts.forget_products(stores.db, shop.id)
            async for old in stores.files.old(shop.id):
                for content_hash in await doubts.unshown(stores.db, shop.id, old):
                    await stores.files.delete(shop.id, content_hash)
                    repairs.files += 1
        after = page[-1].id


async def _queue(stores: Stores, shop_id: UUID, photo_ids: list[UUID], repairs: Repairs) -> None:
    if photo_ids:
        async with stores.db.acquire() as connection, connection.transaction():
            await jobs.add(connection, shop_id, photo_ids)
        repairs.jobs += len(photo_ids)


def _pages(photo_ids: list[UUID]) -> Iterator[list[UUID]]:
    for first in range(0, len(photo_ids), PAGE):
        yield photo_ids[first : first + PAGE]
