"""Photos in memory, and batches of random or centred crops of them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from models.training.labels import Label

Pixels = NDArray[np.uint8]
SHORT_SIDE = 256


@dataclass(frozen=True)
class Photo:
    label: Label
    image: Image.Image


def load_photos(labels: list[Label], folder: Path) -> list[Photo]:
    """Decoded RGB with a short side of at most 256 px: about 0.3 MB of memory each."""
    with ThreadPoolExecutor(max_workers=2) as threads:
        return list(threads.map(_load, labels, repeat(folder)))


def centre_crops(photos: list[Photo], side: int) -> Pixels:
    """uint8[N, 3, S, S]: short side bicubic, centre crop, as CLIP prepares photos."""
    return np.stack([_centre_crop(photo.image, side) for photo in photos])


def random_batches(
    photos: list[Photo], batch_size: int, side: int, rng: Random
) -> Iterator[tuple[list[Label], Pixels]]:
    """One epoch in random order, the next batch prepared while the model works on this one; the rest is dropped."""
    order = rng.sample(range(len(photos)), len(photos))
    starts = range(0, len(photos) - batch_size + 1, batch_size)
    with ThreadPoolExecutor(max_workers=1) as thread:
        pending = [
            thread.submit(_random_batch, [photos[i] for i in order[start : start + batch_size]], side, rng.random())
            for start in starts
        ]
        while pending:
            yield pending.pop(0).result()


def _random_batch(photos: list[Photo], side: int, seed: float) -> tuple[list[Label], Pixels]:
    rng = Random(seed)
    return [photo.label for photo in photos], np.stack([_random_crop(photo.image, side, rng) for photo in photos])


def _random_crop(image: Image.Image, side: int, rng: Random) -> Pixels:
    """Crop, flip, small rotation, a little brightness; never hue, which is what the colour words are about."""
    if rng.random() < 0.5:
        image = image.rotate(rng.uniform(-12, 12), resample=Image.Resampling.BILINEAR, fillcolor=_edge(image))
    width, height = image.size
    area = min(width, height) ** 2 * rng.uniform(0.5, 1.1)
    aspect = rng.uniform(0.85, 1.18)
    w, h = min(width, (area * aspect) ** 0.5), min(height, (area / aspect) ** 0.5)
    left, top = (width - w) * rng.betavariate(2, 2), (height - h) * rng.betavariate(2, 2)
    crop = image.resize((side, side), Image.Resampling.BICUBIC, box=(left, top, left + w, top + h))
    if rng.random() < 0.5:
        crop = crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.5:
        crop = ImageEnhance.Brightness(crop).enhance(rng.uniform(0.88, 1.12))
    return np.asarray(crop).transpose(2, 0, 1)


def _centre_crop(image: Image.Image, side: int) -> Pixels:
    scale = side / min(image.size)
    width, height = (max(side, int(length * scale)) for length in image.size)
    resized = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - side) // 2, (height - side) // 2
    return np.asarray(resized.crop((left, top, left + side, top + side))).transpose(2, 0, 1)


def _load(label: Label, folder: Path) -> Photo:
    return Photo(label, _decode(folder / label.file))


def _decode(path: Path) -> Image.Image:
    with Image.open(path) as image:
        rgb = image.convert("RGB")
    scale = SHORT_SIDE / min(rgb.size)
    return rgb if scale >= 1 else rgb.resize((round(rgb.width * scale), round(rgb.height * scale)))


def _edge(image: Image.Image) -> tuple[int, int, int]:
    red, green, blue = np.asarray(image)[2, 2]
    return int(red), int(green), int(blue)
