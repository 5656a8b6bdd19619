"""Shops: the operator's routes, and the key's own shop."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api import answers, cursors
from api.answers import json
from api.deps import Db, Operator, PageOf, Secret
from api.ids import parse, public
from api.once import Fingerprint, OnceOf
from api.schemas.shops import CreatedShop, NewShop, ShopAnswer, ShopPage, ShopPatch
from api.schemas.text import Text
from db import keys, shops
from db.postgres import Connection

router = APIRouter(tags=["shops"])


@router.post("/v1/shops", status_code=201, response_model=CreatedShop)
async def create_shop(_caller: Operator, new: NewShop, once: OnceOf, fingerprint: Fingerprint) -> Response:
    """Creates a shop with the default taxonomy and its first secret key, which is shown this once."""

    async def work(db: Connection) -> Response:
        shop = await shops.add(db, new.name)
        _, key = await keys.add(db, shop.id, keys.NewKey("first key", "secret"))
        body = CreatedShop(**answers.shop(shop).model_dump(), key=key)
        return json(body, 201, {"Location": f"/v1/shops/{public('shp', shop.id)}"})

    return await once.run(work, fingerprint=fingerprint, hide="key")


@router.get("/v1/shops")
async def list_shops(
    _caller: Operator,
    db: Db,
    page: PageOf,
    q: Annotated[Text | None, Query(max_length=250, description="Part of the name, without regard to case")] = None,
) -> ShopPage:
    """The shops of this deployment, oldest first."""
    after = cursors.decode("shops", page.cursor)
    rows = await shops.page(db, q, after=after, limit=page.limit + 1)
    found, cursor = cursors.cut("shops", rows, page.limit, lambda shop: shop.id)
    return ShopPage(data=[answers.shop(shop) for shop in found], has_more=cursor is not None, next_cursor=cursor)


@router.get("/v1/shops/{shop_id}")
async def get_shop(_caller: Operator, db: Db, shop_id: str) -> ShopAnswer:
    """One shop."""
    return answers.shop(await shops.get(db, parse("shp", shop_id)))


@router.patch("/v1/shops/{shop_id}")
async def change_shop(_caller: Operator, db: Db, shop_id: str, given: ShopPatch) -> ShopAnswer:
    """Renames, suspends or resumes a shop. Suspended: its keys are refused within 5 s, and nothing of it is lost."""
    named, said = given.model_fields_set, given.status == "suspended"
    wanted = shops.Change(given.name if "name" in named else None, said if "status" in named else None)
    return answers.shop(await shops.change(db, parse("shp", shop_id), wanted))


@router.delete("/v1/shops/{shop_id}", status_code=204)
async def delete_shop(_caller: Operator, db: Db, shop_id: str) -> None:
    """Deletes a shop: its keys stop working within 5 s, and its products, photos and prompts go for good."""
    await shops.delete(db, parse("shp", shop_id))


@router.get("/v1/shop")
async def get_own_shop(caller: Secret, db: Db) -> ShopAnswer:
    """The shop that the key belongs to."""
    return answers.shop(await shops.get(db, caller.shop_id))
