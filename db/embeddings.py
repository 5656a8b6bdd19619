"""Embeddings of photos, kept as float16 so that Chroma can be rebuilt without a model."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from db.filters import Filter, where
from db.postgres import Db

ROWS_MAX = 2000
"""What the exact search reads at once: 1 MB at 256 dimensions."""


async def add(
    db: Db, checkpoint: str, shop_ids: list[UUID], photo_ids: list[UUID], embeddings: NDArray[np.float32]
) -> None:
    """float32[N, D] in the order of the ids.

    A photo's embedding that is already kept stays; a photo row that is gone is passed over.
    """
    await db.execute(
        """
        INSERT INTO embeddings (photo_id, checkpoint, shop_id, embedding)
        SELECT p.id, $1, p.shop_id, n.embedding
        FROM unnest($2::uuid[], $3::uuid[], $4::bytea[]) AS n (shop_id, photo_id, embedding)
            JOIN photos p ON p.id = n.photo_id AND p.shop_id = n.shop_id
        FOR KEY SHARE OF p
        ON CONFLICT (photo_id, checkpoint) DO NOTHING
        """,
        checkpoint,
        shop_ids,
        photo_ids,
        [row.tobytes() for row in embeddings.astype("<f2")],
    )


async def of_photos(db: Db, checkpoint: str, photo_ids: list[UUID]) -> dict[UUID, NDArray[np.float32]]:
    """Those that are kept, float32[D] each."""
    rows = await db.fetch(
        "SELECT photo_id, embedding FROM embeddings WHERE checkpoint = $1 AND photo_id = ANY($2)", checkpoint, photo_ids
    )
    return {row["photo_id"]: np.frombuffer(row["embedding"], "<f2").astype(np.float32) for row in rows}


async def of_shop(
    db: Db, shop_id: UUID, checkpoint: str, *, photos_max: int = 1000
) -> AsyncIterator[tuple[list[UUID], NDArray[np.float32]]]:
    """All of a shop's live, ready photos in chunks: ids and float32[N, D]."""
    after = UUID(int=0)
    while rows := await db.fetch(
        """
        SELECT e.photo_id, e.embedding FROM embeddings e JOIN photos p ON p.id = e.photo_id
        WHERE e.shop_id = $1 AND e.checkpoint = $2 AND e.photo_id > $3 AND p.status = 'ready' AND p.deleted_at IS NULL
        ORDER BY e.photo_id LIMIT $4
        """,
        shop_id,
        checkpoint,
        after,
        photos_max,
    ):
        photo_ids = [row["photo_id"] for row in rows]
        yield photo_ids, _matrix(rows)
        after = photo_ids[-1]


async def nearest(
    db: Db, shop_id: UUID, checkpoint: str, embedding: NDArray[np.float32], condition: Filter | None, k: int
) -> list[tuple[UUID, float]]:
    """Exact search among the shop's ready photos that fit: (photo id, cosine), best first, the best of each product.

    However many photos a product has, `k` products come back where there are as many.
    """
    clause, arguments = where(condition, 5)
    statement = _FITTING.format(clause=clause)
    query = (embedding / (np.linalg.norm(embedding) or 1.0)).astype(np.float32)
    best: dict[UUID, tuple[UUID, float]] = {}
    after = UUID(int=0)
    while rows := await db.fetch(statement, shop_id, checkpoint, after, ROWS_MAX, *arguments):
        found = [*best.items(), *_best_of_each(rows, _matrix(rows) @ query, k)]
        best = {}
        for product_id, one in sorted(found, key=lambda entry: -entry[1][1]):
            if len(best) < k:
                best.setdefault(product_id, one)
        after = rows[-1]["photo_id"]
    return list(best.values())


def _best_of_each(
    rows: Sequence[asyncpg.Record], cosines: NDArray[np.float32], k: int
) -> list[tuple[UUID, tuple[UUID, float]]]:
    """Of the `k` nearest products among the rows: product id, (photo id, cosine)."""
    best: dict[UUID, tuple[UUID, float]] = {}
    for i in np.argsort(-cosines):
        if len(best) >= k:
            break
        best.setdefault(rows[i]["product_id"], (rows[i]["photo_id"], float(cosines[i])))
    return list(best.items())


# The clause comes from db.filters: closed field names and parameters, no values.
_FITTING = """
    SELECT e.photo_id, e.embedding, p.id AS product_id FROM embeddings e
        JOIN photos ph ON ph.id = e.photo_id AND ph.status = 'ready' AND ph.deleted_at IS NULL
        JOIN products p ON p.id = ph.product_id AND p.deleted_at IS NULL
        LEFT JOIN terms c ON c.id = p.category_id
        LEFT JOIN terms s ON s.id = p.style_id
        LEFT JOIN terms a ON a.id = p.age_group_id
    WHERE e.shop_id = $1 AND e.checkpoint = $2 AND e.photo_id > $3 AND ({clause})
    ORDER BY e.photo_id LIMIT $4
"""


def _matrix(rows: Sequence[asyncpg.Record]) -> NDArray[np.float32]:
    """float32[N, D], unit length again after the rounding to float16."""
    matrix = np.frombuffer(b"".join(row["embedding"] for row in rows), "<f2").astype(np.float32)
    matrix = matrix.reshape(len(rows), -1)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
