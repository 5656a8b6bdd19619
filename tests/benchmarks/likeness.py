"""Embeddings of a large catalogue, made of those of few real photos; and prompts as shoppers type them."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models import clip
from models.checkpoint import Checkpoint
from models.photo import prepare
from models.training.captions import make_caption
from models.training.labels import read_labels
from models.types import Embeddings

SAMPLES = Path(__file__).parent.parent.parent / "samples" / "photos"
BATCH = 32
NEIGHBOURS = 12
MIXED_MAX = 0.5
NOISE_MAX = 0.35
"""Length of the noise beside an embedding of length 1. The nearest of 100,000 are then as near (cosine 0.965) as those
of 300, 1,000 and 3,409 real photos (0.887, 0.917, 0.938) let expect."""


def photos(checkpoint: Checkpoint) -> Embeddings:
    """float32[N, D] of the sample photos."""
    tower = clip.image_tower(checkpoint, device="cpu")
    return np.concatenate([tower.embed_photos(pixels) for pixels in _prepared(tower.side)])


def _prepared(side: int) -> Iterator[NDArray[np.uint8]]:
    files = sorted(SAMPLES.glob("*.jpg"))
    for first in range(0, len(files), BATCH):
        yield np.stack([prepare(file.read_bytes(), side) for file in files[first : first + BATCH]])


def prompts(checkpoint: Checkpoint, count: int) -> Embeddings:
    """float32[N, D] of different captions of the validation photos."""
    rng = random.Random(5)
    labels = read_labels("validation")
    texts: dict[str, None] = {}
    while len(texts) < count:
        texts.setdefault(make_caption(rng.choice(labels), rng).text)
    embedded, _ = clip.text_tower(checkpoint, device="cpu").embed_prompts(list(texts))
    return embedded


def multiplied(embeddings: Embeddings, count: int, *, seed: int = 0) -> Embeddings:
    """float32[count, D]: each of a real one, mixed with one of its nearest (at most half of it) and with noise."""
    rng = np.random.default_rng(seed)
    nearest = np.argsort(-(embeddings @ embeddings.T), axis=1)[:, 1 : NEIGHBOURS + 1]
    of = rng.integers(len(embeddings), size=count)
    other = nearest[of, rng.integers(NEIGHBOURS, size=count)]
    mixed = rng.uniform(0, MIXED_MAX, (count, 1)).astype(np.float32)
    noise = rng.standard_normal((count, embeddings.shape[1]), np.float32) / np.sqrt(embeddings.shape[1])
    noise *= rng.uniform(0.3, 1, (count, 1)) * NOISE_MAX
    made = embeddings[of] * (1 - mixed) + embeddings[other] * mixed + noise
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)
