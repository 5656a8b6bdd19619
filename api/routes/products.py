"""Products: create, list, read, change, delete. `product_puts.py` creates or replaces by the shop's own id."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from api import answers, catalogue, cursors, ids
from api.answers import product_response
from api.conditions import EtagsOf, RevisionsOf, WaitOf
from api.deps import AddressesOf, Db, PageOf, PartsOf, Secret
from api.once import OnceOf
from api.races import again
from api.routes.bodies import WRITE_BODY
from api.schemas.product_answers import ProductAnswer, ProductPage
from api.schemas.products import ProductPatch
from api.schemas.text import Text
from api.settling import settled
from api.uploads import SentProduct, fingerprint, store
from db import filters, products
from db.postgres import Connection
from db.products import Product

router = APIRouter(tags=["products"])

Word = Annotated[Text | None, Query(max_length=250, description="Name or id, without regard to case")]


@router.post(
    "/v1/products",
    status_code=202,
    response_model=ProductAnswer,
    openapi_extra=WRITE_BODY,
    responses={201: {"model": ProductAnswer, "description": "Nothing is left to embed"}},
)
async def create_product(  # noqa: PLR0913, PLR0917 - what a route takes
    caller: Secret, request: Request, parts: PartsOf, once: OnceOf, wait_s: WaitOf, to: AddressesOf, sent: SentProduct
) -> Response:
    """Creates a product. Its photos are stored before the answer and embedded soon after it: 202, and `status` tells.

    With `Prefer: wait=10` the answer waits for the embedding: 201 if it is done in time. Without photos: 201.
    """
    new = await store(parts, caller.shop_id, sent.files)

    async def work(db: Connection) -> Response:
        product_id = await catalogue.add(db, caller.shop_id, sent.product, new)
        found = await products.get(db, caller.shop_id, product_id)
        return product_response(found, to, answers.created_status(found))

    answer = await once.run(work, fingerprint=fingerprint(request.url.path, sent.product, new))
    if not new or "idempotent-replayed" in answer.headers:
        return answer
    await parts.context.ingest.wake()
    product_id = ids.parse("prd", answer.headers["location"].rpartition("/")[2])
    found = await settled(parts.context.stores.db, caller.shop_id, product_id, wait_s)
    return product_response(found, to, answers.created_status(found)) if found else answer


@router.get("/v1/products")
async def list_products(  # noqa: PLR0913, PLR0917 - what a route takes
    caller: Secret,
    db: Db,
    page: PageOf,
    to: AddressesOf,
    status: Annotated[
        Literal["queued", "embedding", "ready", "partial", "failed"] | None, Query(description="Of their photos")
    ] = None,
    category: Word = None,
    style: Word = None,
    age_group: Word = None,
    q: Annotated[Text | None, Query(max_length=250, description="Words of name, description, brand or own id")] = None,
) -> ProductPage:
    """The shop's products, newest first."""
    after = cursors.decode("products", page.cursor)
    terms: dict[filters.Field, str | None] = {"category": category, "style": style, "age_group": age_group}
    clauses = tuple(filters.In(field, (wanted,)) for field, wanted in terms.items() if wanted)
    listing = products.Listing(filters.And(clauses) if clauses else None, status, q)
    rows = await products.page(db, caller.shop_id, listing, after=after, limit=page.limit + 1)
    found, cursor = cursors.cut("products", rows, page.limit, lambda product: product.id)
    data = [answers.product(product, to) for product in found]
    return ProductPage(data=data, has_more=cursor is not None, next_cursor=cursor)


@router.get(
    "/v1/products/{product_id}",
    response_model=ProductAnswer,
    responses={304: {"description": "It is as you have it"}},
)
async def get_product(caller: Secret, db: Db, product_id: str, etags: EtagsOf, to: AddressesOf) -> Response:
    """One product, by `prd_…` or by the shop's own id as `ext:…`."""
    found = await products.get(db, caller.shop_id, await ids.product(db, caller.shop_id, product_id))
    answer = product_response(found, to)
    if answer.headers["etag"] in etags:
        kept = {name: answer.headers[name] for name in ("etag", "cache-control")}
        return Response(status_code=304, headers=kept)
    return answer


@router.patch("/v1/products/{product_id}", response_model=ProductAnswer)
async def change_product(
    caller: Secret, db: Db, product_id: str, given: ProductPatch, revisions: RevisionsOf, to: AddressesOf
) -> Response:
    """Changes the fields that are given. Nothing is embedded again for it."""

    async def attempt() -> Product:
        async with db.acquire() as connection, connection.transaction():
            known = await ids.product(connection, caller.shop_id, product_id)
            old = await catalogue.find(connection, caller.shop_id, known, revisions)
            await catalogue.patch(connection, caller.shop_id, old, given)
            return await products.get(connection, caller.shop_id, known)

    return product_response(await again(attempt, conditional=revisions is not None), to)


@router.delete("/v1/products/{product_id}", status_code=204)
async def delete_product(caller: Secret, parts: PartsOf, db: Db, product_id: str, revisions: RevisionsOf) -> None:
    """Deletes a product: from this answer on nobody is shown it, and its photos go soon after."""

    async def attempt() -> None:
        async with db.acquire() as connection, connection.transaction():
            known = await ids.product(connection, caller.shop_id, product_id)
            old = await catalogue.find(connection, caller.shop_id, known, revisions)
            await products.delete(connection, caller.shop_id, known, revision=old.revision if revisions else None)

    await again(attempt, conditional=revisions is not None)
    await parts.context.ingest.wake()
