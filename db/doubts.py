"""What the reconciler asks of Postgres: photos whose rows, jobs and records in Chroma do not fit together."""

from uuid import UUID

from db.postgres import Db


async def ghosts(db: Db, shop_id: UUID, photo_ids: list[UUID]) -> list[UUID]:
    """Of these ids from Chroma, those that no ready photo of the shop and no job stands for."""
    rows = await db.fetch(
        """
        SELECT g.id FROM unnest($2::uuid[]) AS g (id)
        WHERE NOT EXISTS (SELECT 1 FROM photos p WHERE p.id = g.id AND p.shop_id = $1
                          AND p.status = 'ready' AND p.deleted_at IS NULL)
            AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.photo_id = g.id AND j.shop_id = $1)
        """,
        shop_id,
        photo_ids,
    )
    return [row["id"] for row in rows]


async def settled(db: Db, shop_id: UUID, *, checkpoint: str, after: UUID | None, limit: int) -> list[UUID]:
    """Live, ready, embedded photos without a job, in the order of their ids: the collection should hold each."""
    rows = await db.fetch(
        """
        SELECT p.id FROM photos p
        WHERE p.shop_id = $1 AND p.status = 'ready' AND p.deleted_at IS NULL AND ($2::uuid IS NULL OR p.id > $2)
            AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.photo_id = p.id)
            AND EXISTS (SELECT 1 FROM embeddings e WHERE e.photo_id = p.id AND e.checkpoint = $4)
        ORDER BY p.id LIMIT $3
        """,
        shop_id,
        after,
        limit,
        checkpoint,
    )
    return [row["id"] for row in rows]


async def stranded(db: Db, shop_id: UUID, checkpoint: str, *, limit: int) -> list[UUID]:
    """Photos that need a job and have none: on their way in or out, or without an embedding of this checkpoint."""
    rows = await db.fetch(
        """
        SELECT p.id FROM photos p
        WHERE p.shop_id = $1 AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.photo_id = p.id)
            AND (p.deleted_at IS NOT NULL OR p.status IN ('queued', 'embedding')
                 OR (p.status = 'ready' AND NOT EXISTS (
                     SELECT 1 FROM embeddings e WHERE e.photo_id = p.id AND e.checkpoint = $2)))
        ORDER BY p.id LIMIT $3
        """,
        shop_id,
        checkpoint,
        limit,
    )
    return [row["id"] for row in rows]


async def unshown(db: Db, shop_id: UUID, content_hashes: list[str]) -> list[str]:
    """Of these files, those that no photo row of the shop names."""
    rows = await db.fetch(
        """
        SELECT f.content_hash FROM unnest($2::text[]) AS f (content_hash)
        WHERE NOT EXISTS (SELECT 1 FROM photos p WHERE p.shop_id = $1 AND p.content_hash = f.content_hash)
        """,
        shop_id,
        content_hashes,
    )
    return [row["content_hash"] for row in rows]


async def forget_products(db: Db, shop_id: UUID) -> int:
    """Removes deleted products that have no photo left; how many."""
    rows = await db.fetch(
        """
        DELETE FROM products p WHERE p.shop_id = $1 AND p.deleted_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM photos WHERE product_id = p.id) RETURNING p.id
        """,
        shop_id,
    )
    return len(rows)
