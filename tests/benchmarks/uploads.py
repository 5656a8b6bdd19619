"""Photos from POST to the moment when a prompt can find them, and as a load beside prompts."""

import io
import threading
import time
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from PIL import Image

from tests.benchmarks.found import Photos
from tests.benchmarks.servers import Server

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "photos"
UPLOADERS = 8


def timed(server: Server, wanted: int) -> Photos:
    """From the first POST until a prompt can find the last. A few before, so that decoders and models are warm."""
    data = photos(UPLOADERS + wanted)
    _upload(server, 0, data[:UPLOADERS])
    before, start = server.cpu_s(), time.perf_counter()
    _upload(server, UPLOADERS, data[UPLOADERS:])
    seconds = time.perf_counter() - start
    cpu_s = server.cpu_s() - before
    server.check()
    return Photos(wanted / seconds, 1000 * cpu_s / wanted)


def _upload(server: Server, first: int, data: Sequence[bytes]) -> None:
    assert server.upload
    with ThreadPoolExecutor(UPLOADERS) as threads:
        list(threads.map(server.upload, count(first), data))
    while server.ready() < first + len(data):
        time.sleep(0.05)


@contextmanager
def importing(server: Server, *, first: int) -> Generator[None]:
    """As fast as UPLOADERS clients can, until left; `first` is the number of its first photo."""
    done = threading.Event()
    data = photos(256, first=first)
    numbers = count(first)
    upload = server.upload
    assert upload

    def work() -> None:
        while not done.is_set():
            number = next(numbers)
            upload(number, data[number % len(data)])

    with ThreadPoolExecutor(UPLOADERS) as threads:
        running = [threads.submit(work) for _ in range(UPLOADERS)]
        try:
            yield
        finally:
            done.set()
    for each in running:
        each.result()


def photos(wanted: int, *, first: int = 0) -> list[bytes]:
    """Distinct JPEGs of the sample photos: crops that shift by a pixel each round."""
    files = sorted(SAMPLES.glob("*.jpg"))
    return [_variant(files[i % len(files)], i // len(files)) for i in range(first, first + wanted)]


def _variant(file: Path, shift: int) -> bytes:
    with Image.open(file) as opened:
        width, height = opened.size
        buffer = io.BytesIO()
        opened.convert("RGB").crop((shift, shift, width, height)).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
