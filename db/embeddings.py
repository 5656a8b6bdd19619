"""Embeddings of photos, kept as float16 so that Chroma can be rebuilt without a model."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import numpy as np
from numpy.typing import NDArray

from db.filters import Filter, where
from db.postgres import Db, Pool
from db.product import FROM

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


@dataclass(frozen=True)
class Near:
    """A product by its photo that is most like what was asked."""

    photo_id: UUID
    product_id: UUID
    cosine: float


async def nearest(
    db: Pool, shop_id: UUID, checkpoint: str, embedding: NDArray[np.float32], condition: Filter | None, k: int
) -> list[Near]:
    """Exact search among the shop's ready photos that fit: the `k` best products, best first, each once.

    Reads the photos of the products that fit, and no others, at most `ROWS_MAX` at a time.
    """
    clause, arguments = where(condition, 3)
    query = (embedding / (np.linalg.norm(embedding) or 1.0)).astype(np.float32)
    best: list[Near] = []
    async with db.acquire() as connection, connection.transaction(readonly=True):
        cursor = await connection.cursor(_FITTING.format(clause=clause), shop_id, checkpoint, *arguments)
        while rows := await cursor.fetch(ROWS_MAX):
            cosines = _matrix(rows) @ query
            nearer = (Near(rows[i]["photo_id"], rows[i]["product_id"], float(cosines[i])) for i in np.argsort(-cosines))
            # Among the best of these rows alone must be all that get into the whole's best.
            best = _best_of_each(sorted([*best, *_best_of_each(nearer, k)], key=lambda one: -one.cosine), k)
    return best


def _best_of_each(ordered: Iterable[Near], k: int) -> list[Near]:
    """The first `k` products, each once, of a list that is best first."""
    found: dict[UUID, Near] = {}
    for one in ordered:
        if len(found) >= k:
            break
        found.setdefault(one.product_id, one)
    return list(found.values())


# The clause comes from db.filters: closed field names and parameters, no values. The fences make Postgres look for the
# products first and then for each one's own photos and embeddings, by these ids alone: with a filter there are few of
# these, and of a shop that has grown since the last ANALYZE it believes that there are none, and would read all of the
# shop's for each.
_FITTING = " ".join(
    (
        "SELECT f.id AS photo_id, e.embedding, p.id AS product_id",
        FROM,
        """
        CROSS JOIN LATERAL (SELECT * FROM photos WHERE product_id = p.id OFFSET 0) f
        CROSS JOIN LATERAL (
            SELECT embedding FROM embeddings WHERE photo_id = f.id AND checkpoint = $2 OFFSET 0
        ) e
    WHERE p.shop_id = $1 AND p.deleted_at IS NULL AND f.shop_id = $1 AND f.status = 'ready' AND f.deleted_at IS NULL
        AND ({clause})
    """,
    )
)


def _matrix(rows: Sequence[asyncpg.Record]) -> NDArray[np.float32]:
    """float32[N, D], unit length again after the rounding to float16."""
    matrix = np.frombuffer(b"".join(row["embedding"] for row in rows), "<f2").astype(np.float32)
    matrix = matrix.reshape(len(rows), -1)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
