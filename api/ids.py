"""Ids as callers see them: a prefix that says what it is, and the UUID in hex."""

from typing import Literal
from uuid import UUID

from db import products
from db.errors import NotFound
from db.ids import new_id
from db.postgres import Db

Prefix = Literal["shp", "key", "prd", "pho", "rec", "prm", "cat", "sty", "age"]

EXTERNAL = "ext:"
HEX_LENGTH = 32


def public(prefix: Prefix, id: UUID) -> str:
    return f"{prefix}_{id.hex}"


def fresh(prefix: Prefix) -> str:
    return public(prefix, new_id())


def parse(prefix: Prefix, text: str) -> UUID:
    """Raises NotFound: an id that cannot exist is answered like one that does not."""
    digits = text.removeprefix(f"{prefix}_").replace("-", "")
    if digits == text or len(digits) != HEX_LENGTH:
        raise NotFound(f"There is no {prefix}_… with this id.")
    try:
        return UUID(hex=digits)
    except ValueError as error:
        raise NotFound(f"There is no {prefix}_… with this id.") from error


async def product(db: Db, shop_id: UUID, text: str) -> UUID:
    """`prd_…`, or `ext:` and the shop's own id. Raises NotFound."""
    if not text.startswith(EXTERNAL):
        return parse("prd", text)
    external_id = text.removeprefix(EXTERNAL)
    if "\x00" in external_id:
        raise NotFound("There is no product with this id.")
    return await products.id_of_external(db, shop_id, external_id)
