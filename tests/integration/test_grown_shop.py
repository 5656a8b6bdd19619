"""A shop that has just imported its catalogue, before Postgres has counted what is in the tables."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from db import postgres, products
from db.postgres import Pool
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


async def test_postgres_counts_anew_when_a_hundredth_has_changed(pool: Pool) -> None:
    """The default is a tenth: of a large deployment that is more than a whole new shop."""
    found = await pool.fetch(
        """
        SELECT relname, option_value::float AS share
        FROM pg_class, pg_options_to_table(reloptions) WHERE option_name = 'autovacuum_analyze_scale_factor'
        """
    )

    assert {row["relname"]: row["share"] for row in found} == dict.fromkeys(("products", "photos", "embeddings"), 0.01)


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
