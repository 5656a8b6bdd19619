"""A photo's bytes: what they are, prepared for CLIP, and rendered for a page. Pillow only; safe to run in a killable process."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from models.types import Pixels

Size = Literal["thumb", "medium", "original"]

BYTES_MAX = 20 * 1024 * 1024
MEGAPIXELS_MAX = 50
SIDE_MIN = 32


class BadPhoto(Exception):
    """The bytes cannot be used as a photo; the message tells the shop what to do."""

    code: ClassVar[str] = "photo_unreadable"


class PhotoTruncated(BadPhoto):
    code = "photo_truncated"


class PhotoTooLarge(BadPhoto):
    """More bytes than BYTES_MAX."""

    code = "photo_too_large"


class PhotoTooManyPixels(BadPhoto):
    code = "photo_too_many_pixels"


class PhotoTooSmall(BadPhoto):
    code = "photo_too_small"


class UnsupportedMediaType(BadPhoto):
    """Not one of JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF."""

    code = "unsupported_media_type"


@dataclass(frozen=True)
class Header:
    """What a photo's header says, without decoding it."""

    media_type: str
    width: int
    height: int
    """After EXIF orientation."""


def inspect(data: bytes) -> Header:
    """Cheap enough for the upload path: reads the header only. Raises a BadPhoto."""
    raise NotImplementedError


def prepare(data: bytes, side: int) -> Pixels:
    """uint8[3, S, S] as CLIP prepares it, before normalisation. Raises a BadPhoto.

    First frame, EXIF orientation, ICC and CMYK/16-bit to sRGB, alpha over white, short side bicubic to S, centre crop.
    """
    raise NotImplementedError


def render(data: bytes, size: Size) -> bytes:
    """A WebP (thumb 320 px, medium 960 px long side) or JPEG/PNG-free-of-metadata re-encoding (original, as WebP quality 90). Raises a BadPhoto."""
    raise NotImplementedError
