"""Takes deleted photos out of Chroma, and then their files and rows."""

from uuid import UUID

from db import collections, photos
from db.jobs import Job
from db.stores import Stores
from deployments.adding import Parts, settle


async def remove(parts: Parts, batch: list[Job]) -> None:
    """The row goes last, and the job with it: a crash before that repeats everything."""
    by_shop: dict[UUID, list[Job]] = {}
    for job in batch:
        by_shop.setdefault(job.shop_id, []).append(job)
    for shop_id, of_shop in by_shop.items():
        try:
            await _remove(parts.stores, shop_id, [job.photo_id for job in of_shop])
            for job in of_shop:
                await _forget(parts.stores, job)
        except Exception as error:  # noqa: BLE001 - one of the two edges: another shop's photos go on
            await settle(parts, of_shop, error)
        else:
            parts.breaker.close()
            parts.recorder.photos("removed", len(of_shop))


async def _remove(stores: Stores, shop_id: UUID, photo_ids: list[UUID]) -> None:
    for collection in await collections.of_shop(stores.db, shop_id):
        await stores.index.remove(collection.address, photo_ids)


async def _forget(stores: Stores, job: Job) -> None:
    await stores.files.delete_renditions(job.shop_id, job.photo_id)
    async with stores.db.acquire() as connection, connection.transaction():
        if await photos.forget(connection, job.photo_id):
            await stores.files.delete(job.shop_id, job.content_hash)
