"""Photos of a product: add, remove, try again."""

from fastapi import APIRouter, Request, Response

from api import catalogue, ids
from api.answers import product_response
from api.conditions import RevisionsOf
from api.deps import AddressesOf, Db, PartsOf, Secret
from api.once import OnceOf
from api.routes.bodies import PHOTOS_BODY
from api.schemas.product_answers import ProductAnswer
from api.uploads import SentPhotos, fingerprint, store
from db import photos, products
from db.postgres import Connection

router = APIRouter(tags=["photos"])


@router.post(
    "/v1/products/{product_id}/photos", status_code=202, response_model=ProductAnswer, openapi_extra=PHOTOS_BODY
)
async def add_photos(  # noqa: PLR0913, PLR0917 - what a route takes
    caller: Secret,
    request: Request,
    parts: PartsOf,
    product_id: str,
    once: OnceOf,
    revisions: RevisionsOf,
    to: AddressesOf,
    files: SentPhotos,
) -> Response:
    """Adds one to ten photos after those that the product has. They are embedded soon after the answer."""
    new = await store(parts, caller.shop_id, files)

    async def work(db: Connection) -> Response:
        known = await ids.product(db, caller.shop_id, product_id)
        await catalogue.touch(db, caller.shop_id, known, revisions)
        await photos.add(db, caller.shop_id, known, new)
        return product_response(await products.get(db, caller.shop_id, known), to, 202)

    answer = await once.run(work, fingerprint=fingerprint(request.url.path, None, new))
    await parts.context.ingest.wake()
    return answer


@router.delete("/v1/products/{product_id}/photos/{photo_id}", status_code=204)
async def delete_photo(
    caller: Secret, parts: PartsOf, db: Db, product_id: str, photo_id: str, revisions: RevisionsOf
) -> None:
    """Deletes a photo: from this answer on no recommendation comes from it."""
    async with db.acquire() as connection, connection.transaction():
        known = await ids.product(connection, caller.shop_id, product_id)
        await catalogue.touch(connection, caller.shop_id, known, revisions)
        await photos.delete(connection, caller.shop_id, known, ids.parse("pho", photo_id))
    await parts.context.ingest.wake()


@router.post("/v1/products/{product_id}/retry", status_code=202, response_model=ProductAnswer)
async def retry_photos(caller: Secret, parts: PartsOf, db: Db, product_id: str, to: AddressesOf) -> Response:
    """Embeds the product's failed photos again. Photos that cannot be read will fail again; replace those."""
    async with db.acquire() as connection, connection.transaction():
        known = await ids.product(connection, caller.shop_id, product_id)
        found = await products.get(connection, caller.shop_id, known)
        if any(photo.status == "failed" for photo in found.photos):
            await products.bump(connection, caller.shop_id, known)
            await photos.retry(connection, caller.shop_id, known)
            found = await products.get(connection, caller.shop_id, known)
    await parts.context.ingest.wake()
    return product_response(found, to, 202)
