"""Takes deleted photos out of Chroma, and then their files and rows."""

from uuid import UUID

from db import collections, photos
from db.errors import IndexAway
from db.jobs import Job
from db.stores import Stores
from deployments.adding import Parts, settle, together


async def remove(parts: Parts, batch: list[Job]) -> None:
    """The row goes last, and the job with it: a crash before that repeats everything."""
    by_shop: dict[UUID, list[Job]] = {}
    for job in batch:
        by_shop.setdefault(job.shop_id, []).append(job)
    await together(*(_remove(parts, shop_id, of_shop) for shop_id, of_shop in by_shop.items()))


async def _remove(parts: Parts, shop_id: UUID, batch: list[Job]) -> None:
    try:
        await _from_chroma(parts, shop_id, [job.photo_id for job in batch])
        for job in batch:
            await _forget(parts.stores, job)
    except Exception as error:  # noqa: BLE001 - one of the two edges: another shop's photos go on
        await settle(parts, batch, error)
    else:
        parts.breaker.close()
        parts.recorder.photos("removed", len(batch))


async def _from_chroma(parts: Parts, shop_id: UUID, photo_ids: list[UUID]) -> None:
    for collection in await collections.of_shop(parts.stores.db, shop_id):
        try:
            await parts.stores.index.remove(collection.address, photo_ids)
        except IndexAway:
            if collection.checkpoint == parts.checkpoint:
                raise
            # Of a former checkpoint: nobody searches it, and the reconciler takes them out when its server is back.


async def _forget(stores: Stores, job: Job) -> None:
    await stores.files.delete_renditions(job.shop_id, job.photo_id)
    async with stores.db.acquire() as connection, connection.transaction():
        if await photos.forget(connection, job.photo_id):
            await stores.files.delete(job.shop_id, job.content_hash)
