"""How near answers are to comparing with every photo, what they cost, and how that grows with products and shops."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from db import migrate, postgres
from db.files import Files
from db.filters import Between
from db.index import Index
from db.postgres import Pool
from db.stores import Stores
from deployments.local.chroma import EmbeddedChroma
from deployments.local.postgres import EmbeddedPostgres
from deployments.search import Search, Wanted
from deployments.settings import MINI
from models.checkpoint import Checkpoint, find
from models.types import Embeddings
from tests import catalogue
from tests.benchmarks import likeness, report
from tests.benchmarks.instances import scratch
from tests.catalogue import Catalogue

RESULTS = 10
SHARES = (1.0, 0.5, 0.1, 0.01, 0.001)
SHOP_PRODUCTS = 200
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Behind:
    """Answers behind a filter that keeps `share` of a shop of `products`, one prompt at a time."""

    products: int
    share: float
    away: bool
    """Chroma is."""
    prompt_recall: float
    photo_recall: float
    p50_ms: float
    p95_ms: float
    exact: float
    """The share of the answers that exact search gave."""


@dataclass(frozen=True)
class Shops:
    """So many shops of `SHOP_PRODUCTS` on one Chroma, each asked once and then again."""

    shops: int
    add_per_s: float
    """Embeddings, of the shops that came last."""
    first_p50_ms: float
    again_p50_ms: float
    again_p95_ms: float
    chroma_mb: float | None
    """Resident; None where Linux does not say it."""


@dataclass(frozen=True)
class Found:
    circumstances: str
    queries: int
    answers: tuple[Behind, ...]
    shops: tuple[Shops, ...]


@dataclass(frozen=True)
class Servers:
    dsn: str
    chroma: EmbeddedChroma
    folder: Path


@dataclass(frozen=True)
class Asked:
    """float32[N, D] each: of prompts, and of photos that are like those of the catalogue."""

    prompts: Embeddings
    photos: Embeddings


def measure(*, quick: bool) -> Found:
    checkpoint = find(str(MINI))
    real = likeness.photos(checkpoint)
    queries = 25 if quick else 100
    asked = Asked(likeness.prompts(checkpoint, queries), likeness.multiplied(real, queries, seed=1))
    with _servers() as servers:
        answers, shops = asyncio.run(_measure(servers, checkpoint, real, asked, quick=quick))
    return Found(report.circumstances(checkpoint, quick=quick), 2 * queries, tuple(answers), tuple(shops))


@contextmanager
def _servers() -> Iterator[Servers]:
    """Postgres as `make run` starts it, but that what it says it has written is not waited for; a fresh Chroma."""
    with scratch() as folder:
        embedded = EmbeddedPostgres(folder / "postgres", parameters={"fsync": "off"})
        chroma = EmbeddedChroma(folder / "chroma")
        dsn = embedded.start()
        try:
            chroma.start()
            yield Servers(dsn, chroma, folder)
        finally:
            chroma.stop()
            embedded.stop()


async def _measure(
    servers: Servers, checkpoint: Checkpoint, real: Embeddings, asked: Asked, *, quick: bool
) -> tuple[list[Behind], list[Shops]]:
    await migrate.migrate(servers.dsn)
    pool = await postgres.connect(servers.dsn, command_timeout_s=60)
    stores = Stores(pool, Index(servers.chroma.url), Files(str(servers.folder / "photos")))
    # Shops first: many small ones do not find a Chroma that a large one has already filled.
    counts = (1, 20, 100) if quick else (1, 100, 500)
    shops = await _many_shops(stores, checkpoint, real, asked, counts, servers.chroma.pid)
    answers: list[Behind] = []
    for products in (1000, 5000, 20_000) if quick else (1000, 10_000, 100_000):
        shop = await catalogue.fill(stores, checkpoint.id, likeness.multiplied(real, products))
        await pool.execute("ANALYZE")  # as autovacuum does within a minute
        answers += [await _answers(Search(stores, checkpoint.id), shop, asked, share) for share in SHARES]
        answers.append(await _away(pool, checkpoint, shop, asked))
    await stores.index.close()
    await pool.close()
    return answers, shops


async def _away(pool: Pool, checkpoint: Checkpoint, shop: Catalogue, asked: Asked) -> Behind:
    """Every answer by exact search over all photos of the shop."""
    index = Index(NOWHERE, timeout_s=0.5)
    few = Asked(asked.prompts[:10], asked.photos[:10])
    found = await _answers(Search(Stores(pool, index, Files("unused")), checkpoint.id), shop, few, 1.0, away=True)
    await index.close()
    return found


async def _answers(search: Search, shop: Catalogue, asked: Asked, share: float, *, away: bool = False) -> Behind:
    condition = None if share == 1 else catalogue.cheapest(share)
    await search.run(_wanted(shop, asked.prompts[0], condition))  # opens connections and the collection
    recalls: list[float] = []
    times_ms: list[float] = []
    exact = 0
    for embedding in [*asked.prompts, *asked.photos]:
        start = time.perf_counter()
        answer, exactly = await search.run(_wanted(shop, embedding, condition))
        times_ms.append((time.perf_counter() - start) * 1000)
        right = shop.nearest(embedding, RESULTS, None if condition is None else catalogue.keeps(shop, condition))
        recalls.append(len({one.product.id for one in answer} & set(right)) / len(right))
        exact += exactly
    return Behind(
        products=len(shop.photos),
        share=share,
        away=away,
        prompt_recall=statistics.mean(recalls[: len(asked.prompts)]),
        photo_recall=statistics.mean(recalls[len(asked.prompts) :]),
        p50_ms=statistics.median(times_ms),
        p95_ms=statistics.quantiles(times_ms, n=20)[-1],
        exact=exact / len(times_ms),
    )


def _wanted(shop: Catalogue, embedding: Embeddings, condition: Between | None) -> Wanted:
    return Wanted(shop.shop_id, embedding, RESULTS, condition, None, None)


async def _many_shops(
    stores: Stores, checkpoint: Checkpoint, real: Embeddings, asked: Asked, counts: Sequence[int], chroma_pid: int
) -> list[Shops]:
    """Fills up to each count and asks every shop there is."""
    found: list[Shops] = []
    shops: list[Catalogue] = []
    for count in counts:
        start, before = time.perf_counter(), len(shops)
        while len(shops) < count:
            embeddings = likeness.multiplied(real, SHOP_PRODUCTS, seed=len(shops))
            shops.append(await catalogue.fill(stores, checkpoint.id, embeddings))
        filled_s = time.perf_counter() - start
        await stores.db.execute("ANALYZE")
        search = Search(stores, checkpoint.id)
        first, again = [await _times_ms(search, shops, asked.prompts) for _ in range(2)]
        found.append(
            Shops(
                shops=count,
                add_per_s=(count - before) * SHOP_PRODUCTS / filled_s,
                first_p50_ms=statistics.median(first),
                again_p50_ms=statistics.median(again),
                again_p95_ms=statistics.quantiles(again, n=20)[-1],
                chroma_mb=_resident_mb(chroma_pid),
            )
        )
    return found


async def _times_ms(search: Search, shops: Sequence[Catalogue], prompts: Embeddings) -> list[float]:
    """At least as many as there are prompts, over all shops in turn."""
    times: list[float] = []
    for i in range(max(len(shops), len(prompts))):
        start = time.perf_counter()
        await search.run(_wanted(shops[i % len(shops)], prompts[i % len(prompts)], None))
        times.append((time.perf_counter() - start) * 1000)
    return times


def _resident_mb(pid: int) -> float | None:
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def section(found: Found) -> str:
    dear = max(one.p50_ms for one in found.answers if one.share == 1 and not one.away)
    cheap = min(one.p50_ms for one in found.answers if one.share == 1 and not one.away)
    least = min(min(one.prompt_recall, one.photo_recall) for one in found.answers)
    return f"""## Search
{found.circumstances}

The {RESULTS} best of a shop by real Postgres and Chroma, against comparing with every photo of it. The catalogue's
embeddings are those of the sample photos, each mixed with a neighbour and with noise until the nearest are as near as
they would be (`tests/benchmarks/likeness.py`). {found.queries} queries a row, half of them prompts, half photos, one at
a time; the model's time is not in it. The filter is on the price and keeps that share of the shop's products; `exact`
is the share of the answers that exact search gave ([decision 7](decisions/0007-exact-when-filters-are-rare.md)).

{_answers_table(found.answers)}

The least recall is {least:.3f}. Without a filter the dearest size costs {dear / cheap:.1f} times the cheapest.

**Many shops**, {SHOP_PRODUCTS} products each, on one Chroma; `added` counts Postgres' rows and Chroma's, without the
model; `first` is a search object's first round over all shops, `again` its second.

{_shops_table(found.shops)}
"""


def _answers_table(answers: Sequence[Behind]) -> str:
    head = ["products", "keeps", "recall@10, prompts", "recall@10, photos", "p50", "p95", "exact"]
    return report.table(
        head,
        [
            [
                f"{one.products:,}",
                "all, Chroma is away" if one.away else "all" if one.share == 1 else f"{one.share:.1%}",
                f"{one.prompt_recall:.3f}",
                f"{one.photo_recall:.3f}",
                f"{one.p50_ms:.1f} ms",
                f"{one.p95_ms:.1f} ms",
                f"{one.exact:.0%}",
            ]
            for one in answers
        ],
    )


def _shops_table(shops: Sequence[Shops]) -> str:
    head = ["shops", "added per s", "first p50", "again p50", "again p95", "Chroma's memory"]
    return report.table(
        head,
        [
            [
                f"{one.shops:,}",
                f"{one.add_per_s:,.0f}",
                f"{one.first_p50_ms:.1f} ms",
                f"{one.again_p50_ms:.1f} ms",
                f"{one.again_p95_ms:.1f} ms",
                "unknown" if one.chroma_mb is None else f"{one.chroma_mb:,.0f} MB",
            ]
            for one in shops
        ],
    )
