"""A shop that has just imported its catalogue, before Postgres has counted what is in the tables."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from db import embeddings, postgres, products
from db.postgres import Connection, Pool
from deployments.settings import STATEMENT_S_MAX
from tests.integration import rows

PRODUCTS = 40_000


@pytest.fixture
async def grown(pool: Pool) -> UUID:
    """`PRODUCTS` with a photo each, of which Postgres knows nothing but the tables' sizes: it has counted before."""
    for table in ("products", "photos"):
        await pool.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    for _ in range(40):
        await _import(pool, await rows.shop(pool), 250)
    await pool.execute("ANALYZE")
    shop = await rows.shop(pool)
    await _import(pool, shop, PRODUCTS)
    return shop


@pytest.fixture
async def hurried(database_dsn: str) -> AsyncIterator[Pool]:
    """Waits for a statement as long as the replicas that answer shoppers."""
    opened = await postgres.connect(database_dsn, command_timeout_s=STATEMENT_S_MAX)
    yield opened
    await opened.close()


async def test_its_products_are_told_by_status_at_once(grown: UUID, hurried: Pool) -> None:
    await hurried.execute(
        "UPDATE photos SET status = 'failed' WHERE id IN (SELECT id FROM photos WHERE shop_id = $1 LIMIT 3)", grown
    )

    assert await products.statuses(hurried, grown) == {
        "queued": 0,
        "embedding": 0,
        "ready": PRODUCTS - 3,
        "partial": 0,
        "failed": 3,
    }
    assert (await products.counts(hurried, grown)).ready == PRODUCTS - 3


async def test_in_tables_that_were_never_counted_only_the_rows_asked_for_are_read(pool: Pool) -> None:
    for table in ("products", "photos", "embeddings"):
        await pool.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    shop = await rows.shop(pool)
    await _import(pool, shop, 400)
    photo_ids = [row["id"] for row in await pool.fetch("SELECT id FROM photos LIMIT 40")]
    async with pool.acquire() as connection, _counting(connection):
        found = await products.of_photos(connection, shop, photo_ids, None)
        fitting = await products.fitting(connection, shop, photo_ids, None)
        read = await connection.fetchval(
            """
            SELECT sum(seq_tup_read + idx_tup_fetch)::int FROM pg_stat_xact_user_tables
            WHERE relname IN ('products', 'photos')
            """
        )

    assert set(found) == set(fitting) == set(photo_ids)
    assert read == 5 * len(photo_ids)  # each photo twice, its product twice, the product's photo once


async def test_exact_search_reads_each_row_once_in_tables_that_were_never_counted(pool: Pool) -> None:
    for table in ("products", "photos", "embeddings"):
        await pool.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")
    shop = await rows.shop(pool)
    await _import(pool, shop, 400)
    photo_ids = [row["id"] for row in await pool.fetch("SELECT id FROM photos")]
    vectors = rows.embeddings(400)
    await embeddings.add(pool, rows.CHECKPOINT, [shop] * 400, photo_ids, vectors)
    async with pool.acquire() as connection, _counting(connection):
        found = await embeddings.nearest(_Only(connection), shop, rows.CHECKPOINT, vectors[0], None, 5)
        read = await connection.fetchval(
            """
            SELECT sum(seq_tup_read + idx_tup_fetch)::int FROM pg_stat_xact_user_tables
            WHERE relname IN ('products', 'photos', 'embeddings')
            """
        )

    assert found[0].photo_id == photo_ids[0]
    assert read == 3 * 400


class _Only:
    """A pool of the connection that counts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Connection]:
        yield self._connection


async def test_postgres_counts_anew_when_a_hundredth_has_changed(pool: Pool) -> None:
    """The default is a tenth: of a large deployment that is more than a whole new shop."""
    found = await pool.fetch(
        """
        SELECT relname, option_name, option_value::float AS value
        FROM pg_class, pg_options_to_table(reloptions) WHERE option_name LIKE 'autovacuum_analyze_%'
        """
    )

    assert {(row["relname"], row["option_name"]): row["value"] for row in found} == {
        (table, f"autovacuum_analyze_{name}"): value
        for table in ("products", "photos", "embeddings")
        for name, value in (("scale_factor", 0.01), ("threshold", 50))
    }


@asynccontextmanager
async def _counting(connection: Connection) -> AsyncGenerator[None]:
    """A transaction whose pg_stat_xact_… knows of nothing that the connection did before."""
    await connection.execute("SELECT pg_stat_force_next_flush()")
    async with connection.transaction():
        yield


async def _import(pool: Pool, shop: UUID, count: int) -> None:
    await pool.execute(
        """
        WITH p AS (
            INSERT INTO products (id, shop_id, name) SELECT gen_random_uuid(), $1, 'x' FROM generate_series(1, $2)
            RETURNING id
        )
        INSERT INTO photos (id, shop_id, product_id, content_hash, bytes, width, height, status)
        SELECT gen_random_uuid(), $1, id, 'x', 1, 64, 64, 'ready' FROM p
        """,
        shop,
        count,
    )
