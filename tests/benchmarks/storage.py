"""What a photo, a product and a prompt take in Postgres and Chroma: made-up rows of the size that shops have."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import numpy as np
from numpy.typing import NDArray

from db import collections, embeddings, migrate
from db.chroma import VECTORS_MAX
from db.ids import new_id
from db.index import Index
from deployments.local.chroma import EmbeddedChroma
from deployments.local.postgres import EmbeddedPostgres
from tests.benchmarks import report
from tests.benchmarks.instances import scratch

DIMENSION = 512
SHOPS = 10
TABLES = ("products", "photos", "embeddings", "prompts")
DESCRIPTION = (
    "A light dress of cotton with a round neck, short sleeves and two pockets. Made in small series; wash at 30 °C."
)
CHECKPOINT = "fashion-clip@7e3ba62ce16b379a1ab479346b66f192e76f51b7"


@dataclass(frozen=True)
class Rows:
    """Bytes of one row: its own, and its part of the indexes."""

    heap: float
    indexes: float


@dataclass(frozen=True)
class Held:
    """A Chroma server with `vectors` in `collections` of one size; memory is resident, in bytes."""

    vectors: int
    collections: int
    filled: int
    reopened: int
    """After a restart, when each collection was searched once."""
    disk: int
    vectors_per_s: float
    first_search_s: float
    """Of a collection that was not opened since the restart; the median."""


@dataclass(frozen=True)
class Storage:
    circumstances: str
    rows: dict[str, Rows]
    empty: int
    """Resident bytes of a Chroma server without a vector."""
    held: list[Held]


def measure(*, quick: bool) -> Storage:
    count = 10_000 if quick else 100_000
    with scratch() as folder:
        rows = _postgres(folder, count)
        plans = [(10_000, 1)] if quick else [(10_000, 1), (100_000, 1), (100_000, SHOPS), (2_000, 200)]
        held = [_chroma(folder / f"{vectors}-{shops}", vectors, shops) for vectors, shops in plans]
        empty = EmbeddedChroma(folder / "empty")
        empty.start()
        resident = _resident(empty.pid)
        empty.stop()
    return Storage(report.circumstances(CHECKPOINT, quick=quick), rows, resident, held)


def section(found: Storage) -> str:
    rows = [
        [name, f"{each.heap:,.0f}", f"{each.indexes:,.0f}", f"{each.heap + each.indexes:,.0f}"]
        for name, each in found.rows.items()
    ]
    held = [
        [
            f"{each.vectors:,} in {each.collections:,}",
            f"{each.filled / 1e6:,.0f}",
            f"{each.reopened / 1e6:,.0f}",
            f"{(each.reopened - found.empty) / each.vectors:,.0f}",
            f"{each.disk / each.vectors:,.0f}",
            f"{each.vectors_per_s:,.0f}",
            f"{each.first_search_s * 1000:,.0f}",
        ]
        for each in found.held
    ]
    return f"""## What a photo takes
{found.circumstances}

Rows of the size that shops have (a description of {len(DESCRIPTION)} characters, one photo a product, {
        DIMENSION
    } dimensions), in
{SHOPS} shops, after a VACUUM.

{report.table(("bytes of a row in Postgres", "table", "indexes", "together"), rows)}

Chroma, {DIMENSION} dimensions, {VECTORS_MAX} a call; empty it takes {found.empty / 1e6:.0f} MB.

{
        report.table(
            (
                "vectors in collections",
                "MB when filled",
                "MB after a restart, all opened",
                "bytes of memory a vector",
                "bytes of disk a vector",
                "added/s",
                "first search of a collection, ms",
            ),
            held,
        )
    }
"""


def _postgres(folder: Path, count: int) -> dict[str, Rows]:
    server = EmbeddedPostgres(folder / "postgres", parameters={"fsync": "off", "max_wal_size": "4GB"})
    dsn = server.start()
    try:
        return asyncio.run(_filled(dsn, count))
    finally:
        server.stop()


async def _filled(dsn: str, count: int) -> dict[str, Rows]:
    await migrate.migrate(dsn)
    db = await asyncpg.connect(dsn)
    try:
        shops = [new_id() for _ in range(SHOPS)]
        await db.copy_records_to_table("shops", records=[(each, "a shop") for each in shops], columns=("id", "name"))
        for first in range(0, count, 10_000):
            await _insert(db, shops, range(first, min(first + 10_000, count)))
        await db.execute("VACUUM ANALYZE")
        return {name: await _size(db, name, count) for name in TABLES}
    finally:
        await db.close()


async def _insert(db: asyncpg.Connection, shops: Sequence[UUID], numbers: range) -> None:
    made = [(new_id(), new_id(), shops[number % len(shops)], number) for number in numbers]
    products = [
        (
            product, shop, f"SKU-{number:08}", f"Summer dress {number} with pockets", DESCRIPTION, "Some Brand",
            ["red", "white"], ["S", "M", "L"], ["cotton"], 49, "EUR", f"https://shop.example/products/summer-dress-{number}",
        )
        for product, _, shop, number in made
    ]  # fmt: skip
    await db.copy_records_to_table(
        "products",
        records=products,
        columns=(
            "id", "shop_id", "external_id", "name", "description", "brand", "colours", "sizes", "materials", "price",
            "currency", "url",
        ),
    )  # fmt: skip
    await db.copy_records_to_table(
        "photos",
        records=[
            (photo, shop, product, uuid4().hex * 2, 90_000, 800, 1200, "ready") for product, photo, shop, _ in made
        ],
        columns=("id", "shop_id", "product_id", "content_hash", "bytes", "width", "height", "status"),
    )
    vectors = _vectors(len(made))
    for first in range(0, len(made), VECTORS_MAX):
        part = made[first : first + VECTORS_MAX]
        await embeddings.add(
            db, CHECKPOINT, [shop for _, _, shop, _ in part], [photo for _, photo, _, _ in part],
            vectors[first : first + VECTORS_MAX],
        )  # fmt: skip
    await db.copy_records_to_table(
        "prompts",
        records=[(new_id(), shop, "a light summer dress with pockets", 10, 10) for _, _, shop, _ in made],
        columns=("id", "shop_id", "prompt", "num_results", "returned"),
    )


async def _size(db: asyncpg.Connection, table: str, count: int) -> Rows:
    heap, indexes = await db.fetchrow(
        "SELECT pg_table_size($1::text::regclass), pg_indexes_size($1::text::regclass)", table
    ) or (0, 0)
    return Rows(heap / count, indexes / count)


def _vectors(count: int) -> NDArray[np.float32]:
    """float32[count, DIMENSION], unit length. Their content changes neither size nor memory."""
    random = np.random.default_rng(count)
    made = random.standard_normal((count, DIMENSION), dtype=np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def _chroma(folder: Path, vectors: int, shops: int) -> Held:
    server = EmbeddedChroma(folder)
    names = [collections.name(uuid4(), CHECKPOINT, 1) for _ in range(shops)]
    server.start()
    try:
        rate = asyncio.run(_fill(server.url, names, vectors // shops))
        filled = _resident(server.pid)
    finally:
        server.stop()
    disk = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    server.start()
    try:
        first_search_s = asyncio.run(_search(server.url, names))
        return Held(vectors, shops, filled, _resident(server.pid), disk, rate, first_search_s)
    finally:
        server.stop()


async def _fill(url: str, names: Sequence[str], each: int) -> float:
    """Vectors per second."""
    index, vectors = Index(url), _vectors(each)
    began = time.perf_counter()
    try:
        for name in names:
            await index.create(name)
            for first in range(0, each, VECTORS_MAX):
                part = vectors[first : first + VECTORS_MAX]
                await index.add(name, [new_id() for _ in part], part)
    finally:
        await index.close()
    return len(names) * each / (time.perf_counter() - began)


async def _search(url: str, names: Sequence[str]) -> float:
    index, asked, took = Index(url, timeout_s=60), _vectors(1), list[float]()
    try:
        for name in names:
            began = time.perf_counter()
            await index.search(name, asked, 10)
            took.append(time.perf_counter() - began)
    finally:
        await index.close()
    return float(np.median(took))


def _resident(pid: int) -> int:
    """Bytes. The kernel tells it in kB."""
    (line,) = (each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) * 1024
