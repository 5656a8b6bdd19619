"""A shop's taxonomy: its categories, styles and age groups."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from db.postgres import Db

Kind = Literal["category", "style", "age_group"]

DEFAULTS: dict[Kind, tuple[str, ...]] = {
    "category": ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt"),
    "style": ("casual", "formal", "business", "party", "sport", "street", "vintage"),
    "age_group": ("baby", "kids", "teen", "adult"),
}
"""What a new shop starts with; it may change or delete every one."""


@dataclass(frozen=True)
class Term:
    id: UUID
    shop_id: UUID
    kind: Kind
    name: str
    description: str
    created_at: datetime
    product_count: int


async def add(db: Db, shop_id: UUID, kind: Kind, *, name: str, description: str) -> Term:
    """Raises Taken when the shop has that name, without regard to case."""
    raise NotImplementedError


async def get(db: Db, shop_id: UUID, kind: Kind, term_id: UUID) -> Term:
    """Raises NotFound."""
    raise NotImplementedError


async def find(db: Db, shop_id: UUID, kind: Kind, name_or_id: str) -> Term:
    """By name (without regard to case) or by `cat_…`/`sty_…`/`age_…` hex id. Raises NotFound."""
    raise NotImplementedError


async def find_or_add(db: Db, shop_id: UUID, kind: Kind, name: str) -> Term:
    """For uploads that name a term the shop does not have yet; safe when two do so at once."""
    raise NotImplementedError


async def page(db: Db, shop_id: UUID, kind: Kind, *, after: UUID | None, limit: int) -> list[Term]:
    raise NotImplementedError


async def change(db: Db, shop_id: UUID, kind: Kind, term_id: UUID, *, name: str, description: str) -> Term:
    """Raises NotFound, Taken."""
    raise NotImplementedError


async def delete(db: Db, shop_id: UUID, kind: Kind, term_id: UUID, *, reassign_to: UUID | None) -> None:
    """Raises NotFound (of either term), InUse while live products carry it and nothing is named to reassign them to."""
    raise NotImplementedError
