"""A shop's taxonomy: its categories, styles and age groups."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from db import filters
from db.errors import InUse, NotFound, Taken
from db.ids import new_id
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
    """Live products that carry it; `find` and `find_or_add` do not count and say 0."""


COUNTS: dict[Kind, str] = {
    "category": "(SELECT count(*) FROM products p WHERE p.category_id = t.id AND p.deleted_at IS NULL)",
    "style": "(SELECT count(*) FROM products p WHERE p.style_id = t.id AND p.deleted_at IS NULL)",
    "age_group": "(SELECT count(*) FROM products p WHERE p.age_group_id = t.id AND p.deleted_at IS NULL)",
}


async def add(db: Db, shop_id: UUID, kind: Kind, *, name: str, description: str) -> Term:
    """Raises Taken when the shop has that name, without regard to case."""
    row = await db.fetchrow(
        """
        INSERT INTO terms (id, shop_id, kind, name, description) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (shop_id, kind, lower(name)) DO NOTHING
        RETURNING id, shop_id, kind, name, description, created_at, 0 AS product_count
        """,
        new_id(),
        shop_id,
        kind,
        name,
        description,
    )
    if row is None:
        raise Taken(f"the name {name!r} is taken")
    return Term(**row)


async def get(db: Db, shop_id: UUID, kind: Kind, term_id: UUID) -> Term:
    """Raises NotFound."""
    statement = """
        SELECT t.id, t.shop_id, t.kind, t.name, t.description, t.created_at, {count} AS product_count
        FROM terms t WHERE t.shop_id = $1 AND t.kind = $2 AND t.id = $3
        """
    row = await db.fetchrow(statement.format(count=COUNTS[kind]), shop_id, kind, term_id)
    if row is None:
        raise NotFound(f"no {_words(kind)} {term_id}")
    return Term(**row)


async def find(db: Db, shop_id: UUID, kind: Kind, name_or_id: str) -> Term:
    """By name (without regard to case) or by `cat_…`/`sty_…`/`age_…` hex id. Raises NotFound."""
    row = await db.fetchrow(
        """
        SELECT id, shop_id, kind, name, description, created_at, 0 AS product_count FROM terms
        WHERE shop_id = $1 AND kind = $2 AND (lower(name) = lower($3) OR id = $4)
        ORDER BY id IS DISTINCT FROM $4 LIMIT 1
        """,
        shop_id,
        kind,
        name_or_id,
        filters.id_of(kind, name_or_id),
    )
    if row is None:
        raise NotFound(f"no {_words(kind)} {name_or_id!r}")
    return Term(**row)


async def find_or_add(db: Db, shop_id: UUID, kind: Kind, name: str) -> Term:
    """For uploads that name a term the shop does not have yet; safe when two do so at once."""
    try:
        return await find(db, shop_id, kind, name)
    except NotFound:
        pass
    try:
        return await add(db, shop_id, kind, name=name, description="")
    except Taken:
        return await find(db, shop_id, kind, name)


async def page(db: Db, shop_id: UUID, kind: Kind, *, after: UUID | None, limit: int) -> list[Term]:
    """In the order of their ids."""
    statement = """
        SELECT t.id, t.shop_id, t.kind, t.name, t.description, t.created_at, {count} AS product_count
        FROM terms t WHERE t.shop_id = $1 AND t.kind = $2 AND t.id > $3 ORDER BY t.id LIMIT $4
        """
    rows = await db.fetch(statement.format(count=COUNTS[kind]), shop_id, kind, after or UUID(int=0), limit)
    return [Term(**row) for row in rows]


async def change(db: Db, shop_id: UUID, kind: Kind, term_id: UUID, *, name: str, description: str) -> Term:
    """Raises NotFound, Taken."""
    statement = """
        UPDATE terms t SET name = $4, description = $5 WHERE t.shop_id = $1 AND t.kind = $2 AND t.id = $3
        RETURNING t.id, t.shop_id, t.kind, t.name, t.description, t.created_at, {count} AS product_count
        """
    try:
        row = await db.fetchrow(statement.format(count=COUNTS[kind]), shop_id, kind, term_id, name, description)
    except asyncpg.UniqueViolationError as error:
        raise Taken(f"the name {name!r} is taken") from error
    if row is None:
        raise NotFound(f"no {_words(kind)} {term_id}")
    return Term(**row)


async def delete(db: Db, shop_id: UUID, kind: Kind, term_id: UUID, *, reassign_to: UUID | None) -> None:
    """Raises NotFound (of either term), InUse while live products carry it and nothing is named to reassign them to."""
    if reassign_to is not None:
        await _must_exist(db, shop_id, kind, reassign_to)
    # A product that takes the term while this runs is seen by the foreign key, whose check comes last.
    statement = """
        WITH moved AS (
            UPDATE products SET
                {column} = CASE WHEN deleted_at IS NULL THEN $4::uuid END,
                revision = revision + 1,
                updated_at = now()
            WHERE shop_id = $1 AND {column} = $3 AND (deleted_at IS NOT NULL OR $4::uuid IS NOT NULL)
        )
        DELETE FROM terms WHERE shop_id = $1 AND kind = $2 AND id = $3 RETURNING id
        """
    try:
        row = await db.fetchrow(statement.format(column=f"{kind}_id"), shop_id, kind, term_id, reassign_to)
    except asyncpg.ForeignKeyViolationError as error:
        raise InUse(f"products carry the {_words(kind)} {term_id}; say which one they shall carry instead") from error
    if row is None:
        raise NotFound(f"no {_words(kind)} {term_id}")


async def _must_exist(db: Db, shop_id: UUID, kind: Kind, term_id: UUID) -> None:
    """Raises NotFound."""
    if not await db.fetchval(
        "SELECT true FROM terms WHERE shop_id = $1 AND kind = $2 AND id = $3", shop_id, kind, term_id
    ):
        raise NotFound(f"no {_words(kind)} {term_id}")


def _words(kind: Kind) -> str:
    return kind.replace("_", " ")
