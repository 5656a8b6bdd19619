"""The limit: the bare model in one process that has the machine to itself, at its best batch size.

As a program: takes a checkpoint's folder and writes what it measured to standard output.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from models import clip
from models.checkpoint import Checkpoint, find
from tests.benchmarks import words
from tests.benchmarks.instances import KEPT
from tests.e2e.instance import ROOT

BATCHES = (1, 8, 16, 32)
SECONDS = 1.5
"""For each tower and batch size, after one batch to warm up."""


@dataclass(frozen=True)
class Bare:
    """Per second, best of the batch sizes. Photos are prepared already; prompts are words."""

    photos_per_s: float
    photos_batch: int
    prompts_per_s: float
    prompts_batch: int


def replicas(checkpoint: Checkpoint) -> Bare:
    """What our replicas compute with, in a process of its own."""
    return _measured(checkpoint, "replicas")


def transformers(checkpoint: Checkpoint) -> Bare:
    """CLIPModel in torch, float32: the reference, whatever our replicas use."""
    return _measured(checkpoint, "transformers")


def _measured(checkpoint: Checkpoint, which: str) -> Bare:
    command = [sys.executable, "-m", "tests.benchmarks.bare", which, str(checkpoint.folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | KEPT, check=False)
    if done.returncode:
        raise SystemExit(f"the bare model ended: {done.stderr[-2000:]}")
    return Bare(**json.loads(done.stdout.splitlines()[-1]))


def _of_replicas(checkpoint: Checkpoint) -> Bare:
    texts = clip.text_tower(checkpoint, device="cpu")
    images = clip.image_tower(checkpoint, device="cpu")
    prompts = _best(lambda number, batch: texts.embed_prompts(_prompts(number, batch)))
    photos = pixels(images.side)
    best = _best(lambda _, batch: images.embed_photos(photos[:batch]))
    return Bare(*best, *prompts)


def _of_transformers(checkpoint: Checkpoint) -> Bare:
    import torch
    from transformers import CLIPModel, CLIPTokenizer

    model = CLIPModel.from_pretrained(checkpoint.folder).eval()
    tokenizer = CLIPTokenizer.from_pretrained(checkpoint.folder)
    photos = torch.from_numpy(pixels(checkpoint.side).astype(np.float32) / 255)

    def embed(number: int, batch: int) -> None:
        model.get_text_features(**tokenizer(_prompts(number, batch), padding=True, return_tensors="pt"))

    with torch.inference_mode():
        prompts = _best(embed)
        best = _best(lambda _, batch: model.get_image_features(pixel_values=photos[:batch]))
    return Bare(*best, *prompts)


def _best(work: Callable[[int, int], object]) -> tuple[float, int]:
    """`work` takes the number of its first prompt and the batch size; per second, and the size that gave it."""
    return max((_rate(work, batch), batch) for batch in BATCHES)


def _rate(work: Callable[[int, int], object], batch: int) -> float:
    work(0, batch)
    seconds: list[float] = []
    while sum(seconds) < SECONDS or len(seconds) < 3:
        start = time.perf_counter()
        work(batch * (1 + len(seconds)), batch)
        seconds.append(time.perf_counter() - start)
    return batch / statistics.median(seconds)


def _prompts(first: int, count: int) -> list[str]:
    return [words.prompt(number) for number in range(first, first + count)]


def pixels(side: int) -> np.ndarray:
    """uint8[32, 3, S, S]: what a model computes takes as long whatever it sees."""
    return np.random.default_rng(7).integers(0, 256, (max(BATCHES), 3, side, side), dtype=np.uint8)


if __name__ == "__main__":
    _work = {"replicas": _of_replicas, "transformers": _of_transformers}[sys.argv[1]]
    print(json.dumps(asdict(_work(find(str(Path(sys.argv[2])))))))
