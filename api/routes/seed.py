"""The routes of FitMatchFinder, for clients written for it: keys in paths and bodies, integer ids, its own words.

They can be switched off as a whole. Their paths hold keys, so nothing may log one.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse

from api import catalogue, exchange
from api.answers import json
from api.deps import SEED_KEY, AddressesOf, Db, Parts, PartsOf
from api.once import once_for
from api.ports import Ask
from api.races import again
from api.recommending import keep
from api.routes.seed_reference import ASK_BODY, CHANGE_BODY, IMAGE_BODY
from api.schemas.seed import Image, RecommendList, Row, SeedAsk
from api.seed_bodies import BodyOf, ByBody, ByPath, SeedBody, one_photo
from api.signatures import Addresses
from api.uploads import fingerprint, store, validated
from db import products
from db.errors import NotFound
from db.postgres import Connection, Pool
from db.products import Product
from models.prompt import clean

PAGE_MAX = 200


async def _deprecated(request: Request) -> None:
    successor = "/v1/products" if "images" in exchange.route_of(request.scope) else "/v1/recommendations"
    said = exchange.of(request.scope).headers
    said["Deprecation"] = "true"
    said["Link"] = f'<{successor}>; rel="successor-version"'


router = APIRouter(tags=["seed"], deprecated=True, dependencies=[SEED_KEY, Depends(_deprecated)])


def _route(method: str, path: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """With and without the trailing slash; the reference shows the seed's own spelling."""

    def register(endpoint: Callable[..., Any]) -> Callable[..., Any]:
        router.api_route(path, methods=[method], **options)(endpoint)
        router.api_route(path.rstrip("/"), methods=[method], include_in_schema=False, **options)(endpoint)
        return endpoint

    return register


@_route("POST", "/api/images/", status_code=201, response_model=Image, openapi_extra=IMAGE_BODY)
async def upload_image(caller: ByBody, request: Request, parts: PartsOf, body: BodyOf, to: AddressesOf) -> Response:
    """Uploads an image; its embedding starts by itself."""
    return await _upload(request, parts, caller.shop_id, body, to)


@_route("POST", "/images/{api_key}/", status_code=201, response_model=Image, openapi_extra=IMAGE_BODY)
async def upload_own_image(caller: ByPath, request: Request, parts: PartsOf, body: BodyOf, to: AddressesOf) -> Response:
    """Uploads an image; its embedding starts by itself."""
    return await _upload(request, parts, caller.shop_id, body, to)


@_route("GET", "/images/{api_key}/", response_model=list[Image])
async def list_images(caller: ByPath, db: Db, to: AddressesOf) -> Response:
    """All of the key's images, newest first."""
    first = await products.page(db, caller.shop_id, products.Listing(), after=None, limit=PAGE_MAX)
    return StreamingResponse(_array(db, caller.shop_id, first, to), media_type="application/json")


@_route("GET", "/images/{api_key}/{pk}/", response_model=Image)
async def get_image(caller: ByPath, db: Db, pk: str, to: AddressesOf) -> Image:
    """One image."""
    return _image(await _find(db, caller.shop_id, pk), to)


@_route("PUT", "/images/{api_key}/{pk}/", response_model=Image, openapi_extra=CHANGE_BODY)
async def put_image(caller: ByPath, db: Db, parts: PartsOf, pk: str, body: BodyOf, to: AddressesOf) -> Image:
    """Changes the fields that are given; a new photo replaces the old one and is embedded."""
    given = body.patch()
    new = await store(parts, caller.shop_id, body.files)

    async def attempt() -> Product:
        async with db.acquire() as connection, connection.transaction():
            old = await _find(connection, caller.shop_id, pk)
            await catalogue.patch(connection, caller.shop_id, old, given)
            await catalogue.swap_photos(connection, caller.shop_id, old, new)
            return await products.get(connection, caller.shop_id, old.id)

    found = await again(attempt, conditional=False)
    await parts.context.ingest.wake()
    return _image(found, to)


@_route("DELETE", "/images/{api_key}/{pk}/", status_code=204)
async def delete_image(caller: ByPath, db: Db, parts: PartsOf, pk: str) -> None:
    """Deletes an image: it is never recommended again."""
    async with db.acquire() as connection, connection.transaction():
        await products.delete(connection, caller.shop_id, (await _find(connection, caller.shop_id, pk)).id)
    await parts.context.ingest.wake()


@_route("GET", "/api/recommend/", response_model=RecommendList, openapi_extra=ASK_BODY)
async def recommend_images(
    caller: ByBody, request: Request, parts: PartsOf, body: BodyOf, to: AddressesOf
) -> RecommendList:
    """Images for a prompt, nearest first. The fields may come as a JSON body or in the query."""
    return await _recommend(parts, caller.shop_id, {**request.query_params, **body.fields}, to)


@_route("POST", "/api/prompts/", response_model=RecommendList, openapi_extra=ASK_BODY)
async def ask_prompt(caller: ByBody, parts: PartsOf, body: BodyOf, to: AddressesOf) -> RecommendList:
    """Images for a prompt, nearest first. The prompt is kept with the number that was asked for."""
    return await _recommend(parts, caller.shop_id, body.fields, to)


async def _upload(request: Request, parts: Parts, shop_id: UUID, body: SeedBody, to: Addresses) -> Response:
    given = body.write()
    new = await store(parts, shop_id, one_photo(body))

    async def work(db: Connection) -> Response:
        product_id = await catalogue.add(db, shop_id, given, new)
        return json(_image(await products.get(db, shop_id, product_id), to), 201)

    once = once_for(request, shop_id, request.headers.get("idempotency-key"))
    answer = await once.run(work, fingerprint=fingerprint(once.route, given, new))
    await parts.context.ingest.wake()
    return answer


async def _recommend(parts: Parts, shop_id: UUID, fields: dict[str, Any], to: Addresses) -> RecommendList:
    asked = validated(SeedAsk, fields)
    prompt = clean(asked.prompt)
    found = await parts.context.query.recommend(Ask(shop_id, asked.num_results, prompt))
    await keep(parts, shop_id, prompt, asked=asked.num_results, returned=len(found.recommended))
    rows = [
        Row(
            id=one.product.number,
            image=to.of(shop_id, one.photo_id, "medium"),
            description=one.product.fields.description,
            name=one.product.fields.name,
            category=one.product.category,
            style=one.product.style,
            distance=round(1 - one.similarity, 6),
        )
        for one in found.recommended
    ]
    return RecommendList(recommend_list=rows)


async def _find(db: Pool | Connection, shop_id: UUID, pk: str) -> Product:
    if not pk.isascii() or not pk.isdecimal():
        raise NotFound("There is no image with this id.")
    return await products.get(db, shop_id, await products.id_of_number(db, shop_id, int(pk[:20])))


async def _array(db: Pool, shop_id: UUID, page: list[Product], to: Addresses) -> AsyncIterator[bytes]:
    """Page by page, so that a large shop's list is never in memory as a whole."""
    separator = b"["
    while page:
        for product in page:
            yield separator + _image(product, to).model_dump_json().encode()
            separator = b","
        page = await products.page(db, shop_id, products.Listing(), after=page[-1].id, limit=PAGE_MAX)
    yield b"]" if separator == b"," else b"[]"


def _image(product: Product, to: Addresses) -> Image:
    return Image(
        ImageID=product.number,
        Photo=to.of(product.shop_id, product.photos[0].id, "medium") if product.photos else None,
        name=product.fields.name,
        description=product.fields.description,
        Category=product.category,
        Styles=product.style,
        AgeGroup=product.age_group,
        Processor_embedded=bool(product.photos) and product.status == "ready",
    )
