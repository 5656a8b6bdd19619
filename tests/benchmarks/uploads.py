"""Photos per second from POST to ready over HTTP, beside the bare model in the same run."""

import asyncio
import io
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from db.index import Index
from deployments.settings import MINI
from models import clip
from models.checkpoint import Checkpoint, find
from models.photo import prepare
from tests.benchmarks import report
from tests.benchmarks.instances import fitmatch
from tests.e2e.client import Shop, open_shop
from tests.e2e.instance import Running

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "photos"
BATCH = 32
BARE_ROUNDS = 5


@dataclass(frozen=True)
class Uploads:
    """Seconds are wall clock; `bare_*` is one process that does nothing else, before and after the upload."""

    circumstances: str
    photos: int
    clients: int
    acknowledged_s: float
    ready_s: float
    post_p50_ms: float
    post_p95_ms: float
    bare_prepare_per_s: float
    bare_model_per_s: float
    agree: bool
    """Chroma holds each ready photo once and nothing else."""

    @property
    def ready_per_s(self) -> float:
        return self.photos / self.ready_s

    @property
    def model_share(self) -> float:
        """Of the time from the first POST to the last ready, how much the bare model alone would have taken."""
        return self.ready_per_s / self.bare_model_per_s


def photos(count: int) -> list[bytes]:
    """Distinct JPEGs of the sample photos: crops that shift by a pixel each round."""
    files = sorted(SAMPLES.glob("*.jpg"))
    return [_variant(files[i % len(files)], i // len(files)) for i in range(count)]


def _variant(file: Path, shift: int) -> bytes:
    with Image.open(file) as opened:
        width, height = opened.size
        buffer = io.BytesIO()
        opened.convert("RGB").crop((shift, shift, width, height)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


def bare(checkpoint: Checkpoint, data: Sequence[bytes]) -> tuple[float, float]:
    """Photos per second of preparation (one process) and of the image tower, medians of rounds of one batch."""
    tower = clip.image_tower(checkpoint, device="cpu")
    prepares: list[float] = []
    models: list[float] = []
    for _ in range(BARE_ROUNDS):
        start = time.perf_counter()
        pixels = np.stack([prepare(each, tower.side) for each in data[:BATCH]])
        middle = time.perf_counter()
        tower.embed_photos(pixels)
        prepares.append(BATCH / (middle - start))
        models.append(BATCH / (time.perf_counter() - middle))
    return statistics.median(prepares), statistics.median(models)


def upload(http: httpx.Client, data: Sequence[bytes], clients: int) -> tuple[float, float, list[float]]:
    """Seconds until the last 202 and until the last ready, and the milliseconds of each POST. Nothing may fail."""
    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as threads:
        posts = list(threads.map(lambda i: _post(http, i, data[i]), range(len(data))))
    acknowledged_s = time.perf_counter() - start
    while (index := http.get("/v1/index").raise_for_status().json())["ready"] < len(data):
        if index["failed"]:
            raise SystemExit(f"{index['failed']} photos failed")
        time.sleep(0.1)
    return acknowledged_s, time.perf_counter() - start, posts


def _post(http: httpx.Client, number: int, photo: bytes) -> float:
    start = time.perf_counter()
    answer = http.post(
        "/v1/products",
        data={"name": f"product {number}", "external_id": f"bench-{number}"},
        files={"photo": ("photo.jpg", photo, "image/jpeg")},
    )
    if answer.status_code != 202:
        raise SystemExit(f"POST answered {answer.status_code}: {answer.text[:300]}")
    return (time.perf_counter() - start) * 1000


def agree(running: Running, shop: Shop) -> bool:
    """Compares the ids in the shop's collection with its ready photos over HTTP."""
    return asyncio.run(_ids_in_chroma(running.chroma_url, shop)) == sorted(_ready_photos(shop.http))


async def _ids_in_chroma(chroma_url: str, shop: Shop) -> list[str]:
    index = Index(chroma_url)
    names = [name for name in await index.names() if shop.id.removeprefix("shp_") in name]
    ids = [f"pho_{photo_id.hex}" for name in names for photo_id in await index.ids(name)]
    await index.close()
    return sorted(ids)


def _ready_photos(http: httpx.Client) -> list[str]:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = http.get("/v1/products", params={"limit": 200} | ({"cursor": cursor} if cursor else {})).json()
        found += [photo["id"] for product in page["data"] for photo in product["photos"] if photo["status"] == "ready"]
        cursor = page.get("next_cursor")
    return found


def measure(*, quick: bool, clients: int = 8) -> Uploads:
    """The bare model before and after, the upload in between."""
    checkpoint = find(str(MINI))
    data = photos(300 if quick else 1000)
    with fitmatch() as running:
        shop = open_shop(running.url, running.operator_token, "benchmark")
        before = bare(checkpoint, data)
        acknowledged_s, ready_s, posts = upload(shop.http, data, clients)
        after = bare(checkpoint, data)
        in_step = agree(running, shop)
    return Uploads(
        circumstances=report.circumstances(checkpoint, quick=quick),
        photos=len(data),
        clients=clients,
        acknowledged_s=acknowledged_s,
        ready_s=ready_s,
        post_p50_ms=statistics.median(posts),
        post_p95_ms=statistics.quantiles(posts, n=20)[-1],
        bare_prepare_per_s=(before[0] + after[0]) / 2,
        bare_model_per_s=(before[1] + after[1]) / 2,
        agree=in_step,
    )


def section(found: Uploads) -> str:
    rows = [
        ["photos/s from the first POST to the last ready", f"{found.ready_per_s:.1f}"],
        ["photos/s acknowledged", f"{found.photos / found.acknowledged_s:.1f}"],
        ["POST p50 / p95", f"{found.post_p50_ms:.0f} / {found.post_p95_ms:.0f} ms"],
        [f"bare image tower, batches of {BATCH}", f"{found.bare_model_per_s:.1f} photos/s"],
        ["bare preparation, one process", f"{found.bare_prepare_per_s:.1f} photos/s"],
        ["**share of the time that the bare model would have taken**", f"{found.model_share:.0%}"],
        ["Chroma's ids and Postgres' ready photos", "agree" if found.agree else "DIFFER"],
    ]
    return f"""## Uploading over HTTP
{found.circumstances}

{found.photos} distinct photos (short side about 256 px) by {found.clients} parallel clients, one product each, real
Postgres, Chroma and Ray Serve from `make run`'s configuration. All became `ready`. The bare rates are medians of one
process on the same machine that does nothing else, before and after: it shares the cores with nobody, the system's
model shares them with clients, Gateway, decoders, Postgres and Chroma.

{report.table(["", ""], rows)}
"""
