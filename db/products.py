"""Products: what a shop sells, with the state of their photos."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from db import filters, jobs
from db.errors import Changed, NotFound, Taken
from db.filters import Filter
from db.ids import new_id
from db.postgres import Db
from db.product import COLUMNS, FROM, STATUS, STATUSES, TERMS, Availability, Fields, Product, Status, of_row, values

__all__ = ["Availability", "Fields", "Product", "Status"]

OF_PHOTOS_IN_STATUS = """
    p.id IN (SELECT f.product_id FROM photos f WHERE f.shop_id = $1 AND f.status = ${} AND f.deleted_at IS NULL)
"""
ASKED = """
    WITH asked AS MATERIALIZED (
        SELECT f.shop_id, f.product_id, array_agg(f.id) AS ids
        FROM unnest($2::uuid[]) AS wanted (id)
        CROSS JOIN LATERAL (SELECT * FROM photos WHERE id = wanted.id OFFSET 0) f
        WHERE f.shop_id = $1 AND f.status = 'ready' AND f.deleted_at IS NULL
        GROUP BY f.shop_id, f.product_id
    )
"""
FROM_ASKED = " ".join(
    (
        "FROM asked CROSS JOIN LATERAL (SELECT * FROM products WHERE id = asked.product_id OFFSET 0) p",
        TERMS,
        "WHERE p.shop_id = asked.shop_id AND p.deleted_at IS NULL AND",
    )
)
"""The fences (OFFSET 0) make Postgres look up each photo and product by its id alone. Of a shop that has grown since
the last ANALYZE it believes that it has no rows, and would read all of that shop's, for each photo."""
LITERALLY = str.maketrans({character: f"\\{character}" for character in "\\%_"})
"""Escapes what ILIKE would take for more than itself."""
NUMBER_MAX = 2**63


async def add(db: Db, shop_id: UUID, fields: Fields) -> UUID:
    """The id of the new product; photos are added in the same transaction by `photos.add`.

    Raises Taken (external_id), NotFound (a term that is not the shop's).
    """
    product_id = new_id()
    try:
        await db.execute(
            """
            INSERT INTO products (id, shop_id, name, external_id, group_id, description, category_id, style_id,
                age_group_id, gender, brand, colours, sizes, materials, price, sale_price, currency, availability, url,
                tags, attributes)
            VALUES ($2, $1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
            """,
            shop_id,
            product_id,
            *values(fields),
        )
    except asyncpg.IntegrityConstraintViolationError as error:
        raise _refused(error, fields) from error
    return product_id


async def get(db: Db, shop_id: UUID, product_id: UUID) -> Product:
    """Raises NotFound, also for a deleted product and another shop's."""
    row = await db.fetchrow(
        " ".join(("SELECT", COLUMNS, FROM, "WHERE p.shop_id = $1 AND p.id = $2 AND p.deleted_at IS NULL")),
        shop_id,
        product_id,
    )
    if row is None:
        raise NotFound(f"no product {product_id}")
    return of_row(row)


async def id_of_external(db: Db, shop_id: UUID, external_id: str) -> UUID:
    """Raises NotFound."""
    row = await db.fetchrow(
        "SELECT id FROM products WHERE shop_id = $1 AND external_id = $2 AND deleted_at IS NULL", shop_id, external_id
    )
    if row is None:
        raise NotFound(f"no product with the external id {external_id!r}")
    return row["id"]


async def id_of_number(db: Db, shop_id: UUID, number: int) -> UUID:
    """By the seed's ImageID. Raises NotFound."""
    row = await db.fetchrow(
        "SELECT id FROM products WHERE shop_id = $1 AND number = $2 AND deleted_at IS NULL",
        shop_id,
        number if 0 < number < NUMBER_MAX else 0,
    )
    if row is None:
        raise NotFound(f"no image {number}")
    return row["id"]


@dataclass(frozen=True)
class Listing:
    """Which products a list shows: `words` are looked for in name, description, brand and external_id.

    Without regard to case, each of the words somewhere in them.
    """

    filter: Filter | None = None
    status: Status | None = None
    words: str | None = None


async def page(db: Db, shop_id: UUID, listing: Listing, *, after: UUID | None, limit: int) -> list[Product]:
    """Live products, newest first; `after` is the id of the last one of the page before."""
    conditions = ["p.shop_id = $1", "p.deleted_at IS NULL", "p.id < $2"]
    arguments: list[object] = [shop_id, after or UUID(int=2**128 - 1), limit]
    if listing.status is not None:
        arguments.append(listing.status)
        conditions.append(f"{STATUS} = ${len(arguments)}")
    if listing.status is not None and listing.status != "ready":
        # A product under way or failed has such a photo, and of those there are few.
        arguments.append("failed" if listing.status == "partial" else listing.status)
        conditions.append(OF_PHOTOS_IN_STATUS.format(len(arguments)))
    if listing.words:
        arguments.append([f"%{word.translate(LITERALLY)}%" for word in listing.words.split()])
        conditions.append(
            f"concat_ws(' ', p.name, p.description, p.brand, p.external_id) ILIKE ALL (${len(arguments)})"
        )
    fitting, more = filters.where(listing.filter, len(arguments) + 1)
    where = " AND ".join([*conditions, fitting])
    rows = await db.fetch(
        " ".join(("SELECT", COLUMNS, FROM, "WHERE", where, "ORDER BY p.id DESC LIMIT $3")), *arguments, *more
    )
    return [of_row(row) for row in rows]


async def change(db: Db, shop_id: UUID, product_id: UUID, fields: Fields, *, revision: int | None) -> None:
    """Replaces all fields. Raises NotFound, Taken, Changed when `revision` is given and not the row's."""
    try:
        row = await db.fetchrow(
            """
            UPDATE products SET name = $3, external_id = $4, group_id = $5, description = $6, category_id = $7,
                style_id = $8, age_group_id = $9, gender = $10, brand = $11, colours = $12, sizes = $13,
                materials = $14, price = $15, sale_price = $16, currency = $17, availability = $18, url = $19,
                tags = $20, attributes = $21, revision = revision + 1, updated_at = now()
            WHERE shop_id = $1 AND id = $2 AND deleted_at IS NULL AND ($22::integer IS NULL OR revision = $22)
            RETURNING id
            """,
            shop_id,
            product_id,
            *values(fields),
            revision,
        )
    except asyncpg.IntegrityConstraintViolationError as error:
        raise _refused(error, fields) from error
    if row is None:
        raise await _why_not(db, shop_id, product_id)


async def delete(db: Db, shop_id: UUID, product_id: UUID, *, revision: int | None = None) -> None:
    """Hides the product and its photos at once and writes a job for each photo. Run it in a transaction.

    Raises NotFound, Changed. The row goes when its last photo has left Chroma; without photos it goes now.
    """
    row = await db.fetchrow(
        """
        UPDATE products SET deleted_at = now(), updated_at = now(), revision = revision + 1
        WHERE shop_id = $1 AND id = $2 AND deleted_at IS NULL AND ($3::integer IS NULL OR revision = $3)
        RETURNING id
        """,
        shop_id,
        product_id,
        revision,
    )
    if row is None:
        raise await _why_not(db, shop_id, product_id)
    # A statement of its own: it sees a photo whose transaction the one above has waited for.
    hidden = await db.fetch(
        """
        UPDATE photos SET deleted_at = now() WHERE shop_id = $1 AND product_id = $2 AND deleted_at IS NULL
        RETURNING id
        """,
        shop_id,
        product_id,
    )
    if hidden:
        await jobs.add(db, shop_id, [photo["id"] for photo in hidden])
    else:
        await _forget_without_photos(db, shop_id, product_id)


async def bump(db: Db, shop_id: UUID, product_id: UUID, *, revision: int | None = None) -> None:
    """A new revision, for a change of its photos. Raises NotFound, Changed."""
    row = await db.fetchrow(
        """
        UPDATE products SET revision = revision + 1, updated_at = now()
        WHERE shop_id = $1 AND id = $2 AND deleted_at IS NULL AND ($3::integer IS NULL OR revision = $3)
        RETURNING id
        """,
        shop_id,
        product_id,
        revision,
    )
    if row is None:
        raise await _why_not(db, shop_id, product_id)


async def of_photos(db: Db, shop_id: UUID, photo_ids: list[UUID], condition: Filter | None) -> dict[UUID, Product]:
    """Photo id → product, for those photos that are live and ready, whose product is live and fits `condition`.

    One statement.
    """
    fitting, more = filters.where(condition, 3)
    rows = await db.fetch(
        " ".join((ASKED, "SELECT", COLUMNS, ", asked.ids AS asked", FROM_ASKED, fitting)),
        shop_id,
        photo_ids,
        *more,
    )
    products = [(of_row(row), row["asked"]) for row in rows]
    return {photo_id: product for product, asked in products for photo_id in asked}


async def fitting(db: Db, shop_id: UUID, photo_ids: list[UUID], condition: Filter | None) -> dict[UUID, UUID]:
    """Photo id → product id, of those that `of_photos` would tell, and cheaper."""
    clause, more = filters.where(condition, 3)
    rows = await db.fetch(
        " ".join((ASKED, "SELECT p.id, asked.ids AS asked", FROM_ASKED, clause)),
        shop_id,
        photo_ids,
        *more,
    )
    return {photo_id: row["id"] for row in rows for photo_id in row["asked"]}


@dataclass(frozen=True)
class Counts:
    products: int
    photos: int
    ready: int
    queued: int
    """Queued or being embedded."""
    failed: int


async def counts(db: Db, shop_id: UUID) -> Counts:
    rows = await db.fetch(
        """
        SELECT
            (SELECT count(*) FROM products WHERE shop_id = $1 AND deleted_at IS NULL) AS products,
            count(*) AS photos,
            count(*) FILTER (WHERE status = 'ready') AS ready,
            count(*) FILTER (WHERE status IN ('queued', 'embedding')) AS queued,
            count(*) FILTER (WHERE status = 'failed') AS failed
        FROM photos WHERE shop_id = $1 AND deleted_at IS NULL
        """,
        shop_id,
    )
    return Counts(**rows[0])


async def statuses(db: Db, shop_id: UUID) -> dict[Status, int]:
    """Live products by status, as `Product.status` has it.

    Put together without a join: of a shop that has grown since the last ANALYZE Postgres believes that it has no rows,
    and joining 100,000 products with their photos took it minutes.
    """
    rows = await db.fetch(
        """
        SELECT status, count(*) AS products FROM (
            SELECT CASE WHEN bool_or(status = 'queued') THEN 'queued'
                WHEN bool_or(status = 'embedding') THEN 'embedding'
                WHEN bool_or(status = 'failed') IS NOT TRUE THEN 'ready'
                WHEN bool_or(status = 'ready') THEN 'partial' ELSE 'failed' END AS status
            FROM (
                SELECT id AS product_id, NULL AS status FROM products WHERE shop_id = $1 AND deleted_at IS NULL
                UNION ALL SELECT product_id, status FROM photos WHERE shop_id = $1 AND deleted_at IS NULL
            ) seen GROUP BY product_id
            HAVING bool_or(seen.status IS NULL)
        ) told GROUP BY status
        """,
        shop_id,
    )
    return dict.fromkeys(STATUSES, 0) | {row["status"]: row["products"] for row in rows}


async def _forget_without_photos(db: Db, shop_id: UUID, product_id: UUID) -> None:
    await db.execute(
        """
        DELETE FROM products p WHERE p.shop_id = $1 AND p.id = $2
            AND NOT EXISTS (SELECT FROM photos f WHERE f.product_id = p.id)
        """,
        shop_id,
        product_id,
    )


async def _why_not(db: Db, shop_id: UUID, product_id: UUID) -> NotFound | Changed:
    """What to raise when no row had the id and the revision."""
    row = await db.fetchrow(
        "SELECT revision FROM products WHERE shop_id = $1 AND id = $2 AND deleted_at IS NULL", shop_id, product_id
    )
    if row is None:
        return NotFound(f"no product {product_id}")
    return Changed(f"the product {product_id} has changed since it was read; it is at revision {row['revision']}")


def _refused(error: asyncpg.IntegrityConstraintViolationError, fields: Fields) -> Exception:
    if isinstance(error, asyncpg.UniqueViolationError):
        return Taken(f"another product has the external id {fields.external_id!r}")
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return NotFound("no such shop, category, style or age group")
    return error
