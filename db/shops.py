"""Shops, the tenants of a deployment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from db import terms
from db.errors import NotFound
from db.ids import new_id
from db.postgres import Db

FORGOTTEN_AT_ONCE = 5000
"""Rows that one statement removes: it stays far below the command timeout and holds locks briefly."""


@dataclass(frozen=True)
class Shop:
    id: UUID
    name: str
    created_at: datetime
    updated_at: datetime
    suspended_at: datetime | None
    """Its keys are refused while it is set."""


@dataclass(frozen=True)
class Change:
    """What the operator changes of a shop; None leaves it as it is."""

    name: str | None = None
    suspended: bool | None = None


async def add(db: Db, name: str) -> Shop:
    """A new shop with the default taxonomy (categories, styles, age groups)."""
    shop_id = new_id()
    defaults = [(new_id(), kind, term) for kind, names in terms.DEFAULTS.items() for term in names]
    row = await db.fetchrow(
        """
        WITH shop AS (
            INSERT INTO shops (id, name) VALUES ($1, $2)
            RETURNING id, name, created_at, updated_at, suspended_at
        ),
        taxonomy AS (
            INSERT INTO terms (id, shop_id, kind, name)
            SELECT t.id, $1, t.kind, t.name FROM unnest($3::uuid[], $4::text[], $5::text[]) t (id, kind, name)
        )
        SELECT id, name, created_at, updated_at, suspended_at FROM shop
        """,
        shop_id,
        name,
        [term_id for term_id, _, _ in defaults],
        [kind for _, kind, _ in defaults],
        [term for _, _, term in defaults],
    )
    return _found(row, shop_id)


async def get(db: Db, shop_id: UUID) -> Shop:
    """Raises NotFound, also for a deleted shop."""
    row = await db.fetchrow(
        "SELECT id, name, created_at, updated_at, suspended_at FROM shops WHERE id = $1 AND deleted_at IS NULL", shop_id
    )
    return _found(row, shop_id)


async def page(db: Db, words: str | None = None, *, after: UUID | None, limit: int) -> list[Shop]:
    """Live shops in the order of their ids, for the operator; with `words`, those whose name contains them."""
    rows = await db.fetch(
        """
        SELECT id, name, created_at, updated_at, suspended_at FROM shops
        WHERE id > $1 AND deleted_at IS NULL AND ($3::text IS NULL OR strpos(lower(name), lower($3)) > 0)
        ORDER BY id LIMIT $2
        """,
        after or UUID(int=0),
        limit,
        words,
    )
    return [Shop(**row) for row in rows]


async def change(db: Db, shop_id: UUID, wanted: Change) -> Shop:
    """Suspending twice keeps the first time. Raises NotFound."""
    row = await db.fetchrow(
        """
        UPDATE shops SET name = coalesce($2, name), updated_at = now(),
            suspended_at = CASE WHEN $3 THEN coalesce(suspended_at, now()) WHEN NOT $3 THEN NULL ELSE suspended_at END
        WHERE id = $1 AND deleted_at IS NULL
        RETURNING id, name, created_at, updated_at, suspended_at
        """,
        shop_id,
        wanted.name,
        wanted.suspended,
    )
    return _found(row, shop_id)


async def delete(db: Db, shop_id: UUID) -> None:
    """Hides the shop and all it has at once; `deleted` names it until `forget` has removed its rows.

    Raises NotFound.
    """
    row = await db.fetchrow(
        """
        UPDATE shops SET deleted_at = now(), updated_at = now() WHERE id = $1 AND deleted_at IS NULL
        RETURNING id, name, created_at, updated_at, suspended_at
        """,
        shop_id,
    )
    _found(row, shop_id)


async def deleted(db: Db, limit: int) -> list[UUID]:
    """Shops whose collections and files still have to go."""
    rows = await db.fetch("SELECT id FROM shops WHERE deleted_at IS NOT NULL ORDER BY deleted_at, id LIMIT $1", limit)
    return [row["id"] for row in rows]


async def forget(db: Db, shop_id: UUID) -> None:
    """Removes the rows of a deleted shop, after its collections and files have gone. A live shop stays as it is.

    With a pool the big tables go in slices, so a crash leaves less to do the next time.
    """
    if not await db.fetchval("SELECT deleted_at IS NOT NULL FROM shops WHERE id = $1", shop_id):
        return
    while (
        await _forget_photos(db, shop_id) or await _forget_products(db, shop_id) or await _forget_prompts(db, shop_id)
    ):
        continue
    await db.execute(
        """
        WITH answers AS (DELETE FROM idempotency WHERE shop_id = $1)
        DELETE FROM shops WHERE id = $1 AND deleted_at IS NOT NULL
        """,
        shop_id,
    )


async def _forget_photos(db: Db, shop_id: UUID) -> bool:
    """Jobs and embeddings go with them. True when some went."""
    gone = await db.execute(
        "DELETE FROM photos WHERE id = ANY(ARRAY(SELECT id FROM photos WHERE shop_id = $1 LIMIT $2))",
        shop_id,
        FORGOTTEN_AT_ONCE,
    )
    return gone != "DELETE 0"


async def _forget_products(db: Db, shop_id: UUID) -> bool:
    gone = await db.execute(
        "DELETE FROM products WHERE id = ANY(ARRAY(SELECT id FROM products WHERE shop_id = $1 LIMIT $2))",
        shop_id,
        FORGOTTEN_AT_ONCE,
    )
    return gone != "DELETE 0"


async def _forget_prompts(db: Db, shop_id: UUID) -> bool:
    gone = await db.execute(
        "DELETE FROM prompts WHERE id = ANY(ARRAY(SELECT id FROM prompts WHERE shop_id = $1 LIMIT $2))",
        shop_id,
        FORGOTTEN_AT_ONCE,
    )
    return gone != "DELETE 0"


def _found(row: asyncpg.Record | None, shop_id: UUID) -> Shop:
    if row is None:
        raise NotFound(f"no shop {shop_id}")
    return Shop(**row)
