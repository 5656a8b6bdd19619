"""A photo's bytes: what they are, prepared for CLIP, and rendered for a page.

Pillow only; safe to run in a killable process.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Literal, cast

import numpy as np
from PIL import Image

from models import photo_colour, photo_file
from models.photo_rules import (
    BYTES_MAX,
    MEDIA_TYPES,
    MEGAPIXELS_MAX,
    SIDE_MIN,
    BadPhoto,
    PhotoTooLarge,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    UnsupportedMediaType,
)
from models.types import Pixels

__all__ = [
    "BYTES_MAX",
    "MEGAPIXELS_MAX",
    "SIDE_MIN",
    "BadPhoto",
    "Header",
    "PhotoTooLarge",
    "PhotoTooManyPixels",
    "PhotoTooSmall",
    "PhotoTruncated",
    "Size",
    "UnsupportedMediaType",
    "inspect",
    "prepare",
    "render",
]

Size = Literal["thumb", "medium", "original"]

_LONG_SIDES = {"thumb": 320, "medium": 960, "original": 16_383}  # the last is WebP's own limit
_QUALITIES = {"thumb": 80, "medium": 85, "original": 90}
# Decoding to twice the wanted side and resizing from there keeps embeddings at cosine ≥ 0.999 of the full way.
_DRAFT_FACTOR = 2
_REDUCING_GAP = 3.0


@dataclass(frozen=True)
class Header:
    """What a photo's header says, without decoding it."""

    media_type: str
    width: int
    height: int
    """After EXIF orientation."""


def inspect(data: bytes) -> Header:
    """Cheap enough for the upload path: reads the header only. Raises a BadPhoto."""
    photo = photo_file.open_photo(data)
    width, height = photo.size
    if photo_file.lies_on_its_side(photo):
        width, height = height, width
    return Header(MEDIA_TYPES[str(photo.format)], width, height)


def prepare(data: bytes, side: int) -> Pixels:
    """uint8[3, S, S] as CLIP prepares it, before normalisation. Raises a BadPhoto.

    First frame, EXIF orientation, ICC and CMYK/16-bit to sRGB, alpha over white, short side bicubic to S, centre crop.
    """
    photo = photo_file.open_photo(data)
    profile = _profile(photo)
    width, height = photo.size
    upright, scale = photo_file.load(photo, data, side * _DRAFT_FACTOR)
    if photo_file.lies_on_its_side(photo):
        width, height = height, width
    left, top, right, bottom = (edge / scale for edge in _crop(width, height, side))
    # Only the crop is computed: resizing all of a photo of 32 by 1,000,000 pixels first would take gigabytes.
    box = left, top, min(right, upright.width), min(bottom, upright.height)
    with photo_file.decoding(data):
        plain = photo_colour.eight_bit(upright)
        square = plain.resize((side, side), Image.Resampling.BICUBIC, box, _REDUCING_GAP)
        rgb = np.asarray(photo_colour.over_white_srgb(square, profile))
    return np.ascontiguousarray(rgb.transpose(2, 0, 1))


def render(data: bytes, size: Size) -> bytes:
    """A WebP without metadata, over white. Raises a BadPhoto.

    Long side: thumb 320 px, medium 960 px, original as it is up to WebP's 16,383.
    """
    photo = photo_file.open_photo(data)
    profile = _profile(photo)
    shrink = min(1.0, _LONG_SIDES[size] / max(photo.size))
    short_side = max(1, round(min(photo.size) * shrink))
    upright, _ = photo_file.load(photo, data, short_side * _DRAFT_FACTOR if shrink < 1 else min(photo.size))
    page = BytesIO()
    with photo_file.decoding(data):
        plain = photo_colour.eight_bit(upright)
        plain.thumbnail((_LONG_SIDES[size], _LONG_SIDES[size]), Image.Resampling.LANCZOS, _REDUCING_GAP)
        photo_colour.over_white_srgb(plain, profile).save(page, "WEBP", quality=_QUALITIES[size], method=2)
    return page.getvalue()


def _profile(photo: Image.Image) -> bytes | None:
    return cast(bytes | None, photo.info.get("icc_profile"))


def _crop(width: int, height: int, side: int) -> tuple[float, float, float, float]:
    """In the photo's own pixels, what CLIP's "short side to S, then the centre" leaves over.

    The long side is rounded down and the odd pixel of the margin lies right or below, as in transformers.
    """
    short_side = min(width, height)
    resized = int(side * width / short_side), int(side * height / short_side)
    left, top = ((length - side) // 2 for length in resized)
    across, down = width / resized[0], height / resized[1]
    return left * across, top * down, (left + side) * across, (top + side) * down
