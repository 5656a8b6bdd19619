"""Writes products as shops describe them: terms by name or id, fields given or kept, photos replaced or kept."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from api.answers import TERM_PREFIXES
from api.errors import FieldProblem, InvalidFields
from api.schemas.money import Money
from api.schemas.products import ProductFields
from db import photos, products, terms
from db.errors import Changed, NotFound
from db.photos import NewPhoto
from db.postgres import Connection, Db
from db.products import Fields, Product

TERMS: tuple[terms.Kind, ...] = ("category", "style", "age_group")
LISTS = ("colours", "sizes", "materials", "tags")
PLAIN = ("name", "external_id", "group_id", "description", "gender", "brand", "availability", "url", "attributes")


async def add(db: Connection, shop_id: UUID, given: ProductFields, new: list[NewPhoto]) -> UUID:
    """In the caller's transaction. Raises Taken, InvalidFields."""
    product_id = await products.add(db, shop_id, await whole(db, shop_id, given))
    if new:
        await photos.add(db, shop_id, product_id, new)
    return product_id


async def replace_all(db: Connection, shop_id: UUID, found: Product, given: ProductFields, new: list[NewPhoto]) -> None:
    """All fields; and all photos, where new ones came. Raises Changed, Taken, InvalidFields."""
    fields = await whole(db, shop_id, given)
    await products.change(db, shop_id, found.id, fields, revision=found.revision)
    await swap_photos(db, shop_id, found, new)


async def swap_photos(db: Connection, shop_id: UUID, found: Product, new: list[NewPhoto]) -> None:
    """The new photos instead of the old; one whose bytes came again stays and is not embedded again, unless it failed.

    Nothing new: all stay.
    """
    came = {photo.content_hash for photo in new}
    kept = {photo.content_hash for photo in found.photos if photo.content_hash in came and photo.status != "failed"}
    for photo in found.photos if new else ():
        if photo.content_hash not in kept or photo.status == "failed":
            await photos.delete(db, shop_id, found.id, photo.id)
    if fresh := [photo for photo in new if photo.content_hash not in kept]:
        await photos.add(db, shop_id, found.id, fresh)


async def patch(db: Connection, shop_id: UUID, found: Product, given: ProductFields) -> None:
    """The fields that were given. Raises Changed, Taken, InvalidFields."""
    changed = replace(found.fields, **await _columns(db, shop_id, given, given.model_fields_set))
    if given.price or given.sale_price:
        _check_currency(found, given)
    await products.change(db, shop_id, found.id, changed, revision=found.revision)


async def whole(db: Db, shop_id: UUID, given: ProductFields) -> Fields:
    """What was not given takes its default."""
    return Fields(**await _columns(db, shop_id, given, type(given).model_fields))


async def find(db: Db, shop_id: UUID, product_id: UUID, revisions: frozenset[int] | None) -> Product:
    """Raises NotFound, and Changed when the product's revision is not one of those that the caller knows."""
    found = await products.get(db, shop_id, product_id)
    if revisions is not None and found.revision not in revisions:
        raise Changed("The product has changed since you read it; read it again.")
    return found


async def touch(db: Connection, shop_id: UUID, product_id: UUID, revisions: frozenset[int] | None) -> None:
    """A new revision for a change of its photos. Before the photos: the product's row is locked first, everywhere.

    Raises NotFound, Changed.
    """
    found = await find(db, shop_id, product_id, revisions)
    await products.bump(db, shop_id, product_id, revision=found.revision if revisions is not None else None)


async def _columns(db: Db, shop_id: UUID, given: ProductFields, names: Iterable[str]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    for name in names:
        value = getattr(given, name)
        if name in TERMS:
            columns[f"{name}_id"] = await _term(db, shop_id, name, value)
        elif name in ("price", "sale_price"):
            columns |= _money(name, value)
        elif name in LISTS:
            columns[name] = tuple(value)
        elif name in PLAIN:
            columns[name] = value
    return columns


def _money(name: str, value: Money | None) -> dict[str, Any]:
    return {name: None} if value is None else {name: value.amount, "currency": value.currency}


async def _term(db: Db, shop_id: UUID, kind: terms.Kind, name_or_id: str | None) -> UUID | None:
    if name_or_id is None:
        return None
    if name_or_id.startswith(f"{TERM_PREFIXES[kind]}_"):
        try:
            return (await terms.find(db, shop_id, kind, name_or_id)).id
        except NotFound as error:
            raise InvalidFields((FieldProblem(f"/{kind}", "unknown_term", "The shop has no such id."),)) from error
    return (await terms.find_or_add(db, shop_id, kind, name_or_id)).id


def _check_currency(found: Product, given: ProductFields) -> None:
    """One currency for both prices, also when only one of them changes."""
    for name, other in (("price", "sale_price"), ("sale_price", "price")):
        money: Money | None = getattr(given, name)
        stays = other not in given.model_fields_set and getattr(found.fields, other) is not None
        if money and stays and money.currency != found.fields.currency:
            raise InvalidFields(
                (FieldProblem(f"/{name}/currency", "other_currency", f"The product's {other} is in another currency."),)
            )
