"""From bytes to a loaded Pillow image, without trusting them."""

import struct
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageFile, UnidentifiedImageError

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

# MPO is not named here: Pillow's JPEG plugin finds it by itself.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")

# Pillow checks the size on opening and again wherever a frame inside a file names another one.
Image.MAX_IMAGE_PIXELS = MEGAPIXELS_MAX * 1_000_000
warnings.simplefilter("error", Image.DecompressionBombWarning)

# What Pillow's decoders were seen to raise on damaged files; several are programming errors by name.
_DECODER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
_ORIENTATION_TAG = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUARTER_TURNS = {5, 6, 7, 8}
_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
_OTHER_FILES = (
    ((b"<!doc", b"<html", b"<head", b"<body"), "This is a web page, not a photo"),
    ((b"<svg", b"<?xml"), "This is an SVG or XML file, not a photo"),
    ((b"%pdf",), "This is a PDF, not a photo"),
)


def open_photo(data: bytes) -> ImageFile.ImageFile:
    """Reads the header only and applies every limit that the header can break."""
    if len(data) > BYTES_MAX:
        raise PhotoTooLarge(
            f"The photo has {len(data) / 2**20:.1f} MB; at most {BYTES_MAX // 2**20} MB are taken. "
            "Save it with fewer pixels or stronger compression."
        )
    if not data:
        raise BadPhoto("The file is empty. Send the photo again.")
    with _decoding(data):
        photo = Image.open(BytesIO(data), formats=_FORMATS)
    _check_size(*photo.size)
    return photo


def orientation(photo: ImageFile.ImageFile) -> int:
    """1 to 8 as EXIF (or XMP) says; 1 where it says nothing or is broken.

    A PNG may carry EXIF behind its pixels: before `load` that one is not seen.
    """
    if photo.format == "PNG" and "exif" not in photo.info:
        return 1  # Pillow would decode the whole photo to look for it
    try:
        found: object = photo.getexif().get(_ORIENTATION_TAG, 1)
    except _DECODER_ERRORS:
        return 1
    return found if isinstance(found, int) and found in _TURNS else 1


def lies_on_its_side(photo: ImageFile.ImageFile) -> bool:
    return orientation(photo) in _QUARTER_TURNS


def load(photo: ImageFile.ImageFile, data: bytes, short_side: int) -> tuple[Image.Image, float]:
    """The first frame, upright, and its scale: JPEGs come at 1/2, 1/4 or 1/8 while the short side stays ≥ `short_side`.

    The decoder does that reduction on frequencies: a fraction of the time and memory of decoding everything.
    """
    width = photo.width
    scale = 1.0
    with _decoding(data):
        drafted = photo.draft(None, (short_side, short_side))
        if drafted is not None:
            scale = width / drafted[1][2]
        photo.load()
    turn = _TURNS.get(orientation(photo))
    return (photo if turn is None else photo.transpose(turn)), scale


def _check_size(width: int, height: int) -> None:
    if width * height > MEGAPIXELS_MAX * 1_000_000:
        raise PhotoTooManyPixels(
            f"The photo has {width} by {height} pixels; at most {MEGAPIXELS_MAX} megapixels are taken. "
            "Send a smaller version."
        )
    if min(width, height) < SIDE_MIN:
        raise PhotoTooSmall(
            f"The photo has {width} by {height} pixels; each side needs at least {SIDE_MIN}. Send a larger version."
        )


@contextmanager
def _decoding(data: bytes) -> Generator[None]:
    """Turns whatever Pillow raises into the BadPhoto that fits."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooManyPixels(
            f"The photo has too many pixels; at most {MEGAPIXELS_MAX} megapixels are taken. Send a smaller version."
        ) from error
    except _DECODER_ERRORS as error:
        found = _format(data)
        if isinstance(error, UnidentifiedImageError) and found is None:
            raise UnsupportedMediaType(_what_it_is(data)) from error
        if "truncated" in str(error).lower() or _ends_early(data, found):
            raise PhotoTruncated(
                "The photo is cut off: part of the file is missing. Upload the whole file again."
            ) from error
        raise BadPhoto(
            "The photo is damaged and cannot be read. Open it in an image editor, save it as JPEG or PNG and send that."
        ) from error


def _format(data: bytes) -> str | None:
    """What the first bytes promise; None for everything outside the allow-list."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:12] in {b"ftypavif", b"ftypavis"}:
        return "AVIF"
    # "BM" alone starts many a text; the header's size follows at byte 14.
    if data[:2] == b"BM" and data[15:18] == b"\0\0\0":
        return "BMP"
    return next((name for signature, name in _SIGNATURES.items() if data.startswith(signature)), None)


def _ends_early(data: bytes, found: str | None) -> bool:
    """True where a format marks its end or its length and the file stops before."""
    match found:
        case "JPEG":
            return b"\xff\xd9" not in data[-64:]
        case "PNG":
            return b"IEND" not in data[-64:]
        case "GIF":
            return b"\x3b" not in data[-8:]
        case "WEBP":
            return int.from_bytes(data[4:8], "little") + 8 > len(data)
        case "BMP":
            return int.from_bytes(data[2:6], "little") > len(data)
        case _:
            return False


def _what_it_is(data: bytes) -> str:
    start = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    what = next(
        (text for starts, text in _OTHER_FILES if start.startswith(starts)), "This is not a photo that can be read"
    )
    return f"{what}. Send a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF; {', '.join(sorted(set(MEDIA_TYPES.values())))}."
