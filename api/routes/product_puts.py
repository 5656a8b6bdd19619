"""Create or replace a product by the shop's own id."""

from fastapi import APIRouter, Response

from api import answers, catalogue, ids
from api.answers import product_response
from api.conditions import RevisionsOf
from api.deps import AddressesOf, Db, PartsOf, Secret
from api.errors import FieldProblem, InvalidFields
from api.races import again
from api.routes.bodies import WRITE_BODY
from api.schemas.product_answers import ProductAnswer
from api.schemas.products import ProductWrite
from api.uploads import SentProduct, store, validated
from db import products
from db.errors import NotFound
from db.products import Product

router = APIRouter(tags=["products"])


@router.put(
    "/v1/products/{product_id}",
    response_model=ProductAnswer,
    openapi_extra=WRITE_BODY,
    responses={
        201: {"model": ProductAnswer, "description": "Created; nothing is left to embed"},
        202: {"model": ProductAnswer, "description": "Created or replaced; new photos are being embedded"},
    },
)
async def put_product(  # noqa: PLR0913, PLR0917 - what a route takes
    caller: Secret,
    parts: PartsOf,
    db: Db,
    product_id: str,
    revisions: RevisionsOf,
    to: AddressesOf,
    sent: SentProduct,
) -> Response:
    """Creates the product with the shop's own id (`ext:SKU-1`), or replaces all its fields.

    Photos that come along replace its photos; one whose bytes it has already stays, unless it failed.
    Without photos they all stay.
    """
    given = _named(sent.product, product_id)
    new = await store(parts, caller.shop_id, sent.files)

    async def attempt() -> tuple[Product, bool]:
        async with db.acquire() as connection, connection.transaction():
            try:
                known = await ids.product(connection, caller.shop_id, product_id)
            except NotFound:
                if revisions is not None or not product_id.startswith(ids.EXTERNAL):
                    raise
                known, created = await catalogue.add(connection, caller.shop_id, given, new), True
            else:
                old, created = await catalogue.find(connection, caller.shop_id, known, revisions), False
                await catalogue.replace_all(connection, caller.shop_id, old, given, new)
            return await products.get(connection, caller.shop_id, known), created

    found, created = await again(attempt, conditional=revisions is not None)
    if new:
        await parts.context.ingest.wake()
    if created:
        return product_response(found, to, answers.created_status(found))
    return product_response(found, to, 202 if new and found.status in answers.UNDER_WAY else 200)


def _named(given: ProductWrite, product_id: str) -> ProductWrite:
    """The product under the own id that the path names. Raises InvalidFields when the body names another."""
    if not product_id.startswith(ids.EXTERNAL):
        return given
    named = product_id.removeprefix(ids.EXTERNAL)
    if given.external_id not in (None, named):
        raise InvalidFields((FieldProblem("/external_id", "other_id", "The path names another external id."),))
    return validated(ProductWrite, {**given.model_dump(), "external_id": named})
