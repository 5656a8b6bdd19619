"""Photo rows. A photo is immutable; its status says where its embedding stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from db import jobs
from db.errors import NotFound
from db.ids import new_id
from db.postgres import Connection, Db

Status = Literal["queued", "embedding", "ready", "failed"]


@dataclass(frozen=True)
class Photo:
    id: UUID
    shop_id: UUID
    product_id: UUID
    position: int
    content_hash: str
    bytes: int
    width: int
    height: int
    status: Status
    error_code: str | None
    error_detail: str | None
    created_at: datetime


@dataclass(frozen=True)
class NewPhoto:
    """A stored file that a product is to show."""

    content_hash: str
    bytes: int
    width: int
    height: int


async def add(db: Db, shop_id: UUID, product_id: UUID, new: list[NewPhoto]) -> list[UUID]:
    """Photo rows after the product's last position, and their jobs, each with its fair turn. Run it in a transaction.

    Raises NotFound for a product that is deleted or another shop's.
    """
    # The lock keeps two uploads to one product from taking the same positions.
    if not await db.fetchval(
        "SELECT 1 FROM products WHERE shop_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE",
        shop_id,
        product_id,
    ):
        raise NotFound(f"no product {product_id}")
    photo_ids = [new_id() for _ in new]
    await db.execute(
        """
        INSERT INTO photos (id, shop_id, product_id, position, content_hash, bytes, width, height)
        SELECT n.id, $1, $2, last.position + n.n, n.content_hash, n.bytes, n.width, n.height
        FROM unnest($3::uuid[], $4::text[], $5::integer[], $6::integer[], $7::integer[])
            WITH ORDINALITY AS n (id, content_hash, bytes, width, height, n),
            (SELECT coalesce(max(position), -1) AS position FROM photos
             WHERE shop_id = $1 AND product_id = $2 AND deleted_at IS NULL) AS last
        """,
        shop_id,
        product_id,
        photo_ids,
        [photo.content_hash for photo in new],
        [photo.bytes for photo in new],
        [photo.width for photo in new],
        [photo.height for photo in new],
    )
    await jobs.add(db, shop_id, photo_ids)
    return photo_ids


async def get(db: Db, shop_id: UUID, photo_id: UUID) -> Photo:
    """A live photo of a live product of a live shop: signed addresses outlive keys. Raises NotFound."""
    row = await db.fetchrow(
        """
        SELECT p.id, p.shop_id, p.product_id, p.position, p.content_hash, p.bytes, p.width, p.height, p.status,
            p.error_code, p.error_detail, p.created_at
        FROM photos p
            JOIN products ON products.id = p.product_id AND products.deleted_at IS NULL
            JOIN shops ON shops.id = p.shop_id AND shops.deleted_at IS NULL
        WHERE p.shop_id = $1 AND p.id = $2 AND p.deleted_at IS NULL
        """,
        shop_id,
        photo_id,
    )
    if row is None:
        raise NotFound(f"no photo {photo_id}")
    return Photo(**row)


async def delete(db: Db, shop_id: UUID, product_id: UUID, photo_id: UUID) -> None:
    """Hides the photo at once and writes its job. Run it in a transaction. Raises NotFound."""
    hidden = await db.fetchval(
        """
        UPDATE photos SET deleted_at = now()
        WHERE shop_id = $1 AND product_id = $2 AND id = $3 AND deleted_at IS NULL RETURNING id
        """,
        shop_id,
        product_id,
        photo_id,
    )
    if hidden is None:
        raise NotFound(f"no photo {photo_id}")
    await jobs.add(db, shop_id, [photo_id])


async def retry(db: Db, shop_id: UUID, product_id: UUID) -> int:
    """Queues the product's failed photos again; how many there were. Run it in a transaction."""
    rows = await db.fetch(
        """
        UPDATE photos SET status = 'queued', error_code = NULL, error_detail = NULL
        WHERE shop_id = $1 AND product_id = $2 AND status = 'failed' AND deleted_at IS NULL RETURNING id
        """,
        shop_id,
        product_id,
    )
    if rows:
        await jobs.add(db, shop_id, [row["id"] for row in rows])
    return len(rows)


async def hold(db: Connection, photo_ids: list[UUID]) -> set[UUID]:
    """Locks those that are live until the transaction ends.

    Photos before jobs, as every deletion does it. Never waits: a row that is being deleted is passed over.
    """
    rows = await db.fetch(
        "SELECT id FROM photos WHERE id = ANY($1) AND deleted_at IS NULL FOR NO KEY UPDATE SKIP LOCKED", photo_ids
    )
    return {row["id"] for row in rows}


async def ready(db: Db, photo_ids: list[UUID]) -> None:
    """Marks them as answering queries."""
    await db.execute(
        """
        UPDATE photos SET status = 'ready', ready_at = now(), error_code = NULL, error_detail = NULL
        WHERE id = ANY($1) AND deleted_at IS NULL
        """,
        photo_ids,
    )


async def failed(db: Db, photo_id: UUID, *, code: str, detail: str) -> None:
    await db.execute(
        """
        UPDATE photos SET status = 'failed', error_code = $2, error_detail = $3
        WHERE id = $1 AND deleted_at IS NULL
        """,
        photo_id,
        code,
        detail,
    )


async def forget(db: Db, photo_id: UUID) -> bool:
    """Removes the row of a deleted photo, and its product's when that is deleted and was its last photo.

    True when no other photo of the shop shows the same file, which may then go. Run it in a transaction.
    """
    gone = await db.fetchrow(
        "DELETE FROM photos WHERE id = $1 AND deleted_at IS NOT NULL RETURNING shop_id, product_id, content_hash",
        photo_id,
    )
    if gone is None:
        return False
    await db.execute(
        """
        DELETE FROM products WHERE id = $1 AND deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM photos WHERE product_id = $1)
        """,
        gone["product_id"],
    )
    return not await db.fetchval(
        "SELECT EXISTS (SELECT 1 FROM photos WHERE shop_id = $1 AND content_hash = $2)",
        gone["shop_id"],
        gone["content_hash"],
    )


async def live(db: Db, photo_ids: list[UUID]) -> set[UUID]:
    """Those that are not deleted, whatever their status."""
    rows = await db.fetch("SELECT id FROM photos WHERE id = ANY($1) AND deleted_at IS NULL", photo_ids)
    return {row["id"] for row in rows}
