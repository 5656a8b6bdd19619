"""The towers of ViT-B/32 by each CPU runtime, side by side, alone and as two replicas that share the cores.

As a program, one of them: prints what it measured.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from models import clip
from models.checkpoint import Checkpoint, find
from models.types import Embeddings
from tests.benchmarks import report, weights, words
from tests.benchmarks.bare import pixels
from tests.benchmarks.instances import KEPT
from tests.e2e.instance import ROOT

RUNTIMES = ("torch fp32", "OpenVINO f32", "OpenVINO bf16")
BATCHES = (1, 16, 32)
CASES = tuple((tower, batch) for tower in ("photos", "prompts") for batch in BATCHES)
BASE = RUNTIMES[0]
COMPARED = 16
"""Photos and prompts of which the embeddings are compared."""

Rates = dict[str, float]
"""Per second, by case."""


@dataclass(frozen=True)
class Found:
    cores: int
    one: dict[str, Rates]
    """Medians by runtime; one process with as many threads as there are cores."""
    two: dict[str, Rates]
    """The same of two processes at once with half of the threads each, added up."""
    cosines: dict[str, float]
    """The smallest to torch fp32, of photos and prompts."""
    quick: bool


def measure(*, quick: bool) -> Found:
    checkpoint = weights.vit_b_32()
    cores = os.cpu_count() or 1
    seconds, rounds = (0.3, 1) if quick else (1.0, 3)
    one: dict[str, list[Rates]] = {runtime: [] for runtime in RUNTIMES}
    two: dict[str, list[Rates]] = {runtime: [] for runtime in RUNTIMES}
    embeddings: dict[str, Embeddings] = {}
    for _ in range(rounds):
        for runtime in RUNTIMES:
            rates, found = _process(checkpoint, runtime, cores, seconds)
            one[runtime].append(rates)
            embeddings[runtime] = found
            with ThreadPoolExecutor(2) as both:
                halves = [both.submit(_process, checkpoint, runtime, max(1, cores // 2), seconds) for _ in range(2)]
                two[runtime].append({case: sum(half.result()[0][case] for half in halves) for case in rates})
    cosines = {name: float((found * embeddings[BASE]).sum(axis=1).min()) for name, found in embeddings.items()}
    return Found(cores, _medians(one), _medians(two), cosines, quick)


def section(found: Found) -> str:
    rows: list[list[str]] = []
    for runtime in RUNTIMES:
        cosine = f"{found.cosines[runtime]:.5f}"
        rows.append([runtime, *_cells(found.one[runtime], found.one[BASE]), cosine])
        rows.append([f"{runtime}, two replicas", *_cells(found.two[runtime], found.two[BASE]), ""])
    return f"""## The model on the CPU
{report.circumstances(weights.vit_b_32(), quick=found.quick)}
Photos (prepared) and prompts (3 to 7 words) a second of ViT-B/32 with random weights, and in brackets the ratio to
torch fp32 in the same kind of row. One process with {found.cores} threads, or two at once with half of them each, added
up. `cosine` is the smallest of {COMPARED} photos and as many prompts to torch fp32. Replicas use OpenVINO
([decision 6](decisions/0006-openvino-on-cpus.md)).

{report.table(["", *(f"{tower} by {batch}" for tower, batch in CASES), "cosine"], rows)}
"""


def _cells(rates: Rates, base: Rates) -> list[str]:
    return [f"{rates[_name(*case)]:.0f} ({rates[_name(*case)] / base[_name(*case)]:.1f})" for case in CASES]


def _medians(rounds: dict[str, list[Rates]]) -> dict[str, Rates]:
    return {
        runtime: {case: statistics.median(one[case] for one in found) for case in found[0]}
        for runtime, found in rounds.items()
    }


def _name(tower: str, batch: int) -> str:
    return f"{tower} {batch}"


def _process(checkpoint: Checkpoint, runtime: str, threads: int, seconds: float) -> tuple[Rates, Embeddings]:
    command = [sys.executable, "-m", "tests.benchmarks.model", str(checkpoint.folder), runtime, str(threads)]
    done = subprocess.run(
        [*command, str(seconds)], capture_output=True, text=True, cwd=ROOT, env=os.environ | KEPT, check=False
    )
    if done.returncode:
        raise SystemExit(f"{runtime} ended: {done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return told["rates"], np.array(told["embeddings"], np.float32)


def _towers(checkpoint: Checkpoint, runtime: str, threads: int) -> tuple[clip.ImageTower, clip.TextTower]:
    name, precision = runtime.split()
    if name == "OpenVINO":
        cpu = clip.Cpu(threads, "bf16" if precision == "bf16" else "f32")
        return (
            clip.image_tower(checkpoint, device="cpu", cpu=cpu),
            clip.text_tower(checkpoint, device="cpu", cpu=cpu),
        )
    import torch

    from models import clip_torch

    torch.set_num_threads(threads)
    return (
        clip_torch.load_image_tower(checkpoint, device="cpu"),
        clip_torch.load_text_tower(checkpoint, device="cpu"),
    )


def _rate(embed: Callable[[], object], batch: int, seconds: float) -> float:
    """Median of at least three, after one to warm up."""
    embed()
    took: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(took) < 3:
        start = time.perf_counter()
        embed()
        took.append(time.perf_counter() - start)
    return batch / statistics.median(took)


def main(folder: str, runtime: str, threads: str, seconds: str) -> None:
    images, texts = _towers(find(folder), runtime, int(threads))
    photos, prompts = pixels(images.side), [words.prompt(number) for number in range(max(BATCHES))]
    rates = {
        _name(tower, batch): _rate(
            (lambda batch=batch: images.embed_photos(photos[:batch]))
            if tower == "photos"
            else (lambda batch=batch: texts.embed_prompts(prompts[:batch])),
            batch,
            float(seconds),
        )
        for tower, batch in CASES
    }
    embeddings = [*images.embed_photos(photos[:COMPARED]), *texts.embed_prompts(prompts[:COMPARED])[0]]
    print(json.dumps({"rates": rates, "embeddings": [each.tolist() for each in embeddings]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
