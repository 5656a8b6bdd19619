"""From bytes to a loaded Pillow image, without trusting them."""

import struct
import warnings
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO

from PIL import Image, ImageFile

from models import photo_formats
from models.photo_rules import (
    BYTES_MAX,
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


def open_photo(data: bytes) -> ImageFile.ImageFile:
    """Reads the header only and applies every limit that the header can break."""
    if len(data) > BYTES_MAX:
        raise PhotoTooLarge(
            f"The photo has {len(data) / 2**20:.1f} MB; at most {BYTES_MAX // 2**20} MB are taken. "
            "Save it with fewer pixels or stronger compression."
        )
    if not data:
        raise BadPhoto("The file is empty. Send the photo again.")
    with decoding(data):
        photo = Image.open(BytesIO(data), formats=_FORMATS)
    _check_size(*photo.size)
    return photo


def orientation(photo: ImageFile.ImageFile) -> int:
    """1 to 8 as EXIF (or XMP) says; 1 where it says nothing or is broken.

    A PNG may carry EXIF behind its pixels: before `load` that one is not seen, as Pillow would decode all to find it.
    A TIFF counts as upright: Pillow turns it by itself and states the turned size from the start.
    """
    if photo.format == "TIFF" or (photo.format == "PNG" and "exif" not in photo.info):
        return 1
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
    with decoding(data):
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
def decoding(data: bytes) -> Generator[None]:
    """Turns whatever Pillow raises into the BadPhoto that fits."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoTooManyPixels(
            f"The photo has too many pixels; at most {MEGAPIXELS_MAX} megapixels are taken. Send a smaller version."
        ) from error
    except _DECODER_ERRORS as error:
        found = photo_formats.name(data)
        if found is None:
            raise UnsupportedMediaType(photo_formats.refusal(data)) from error
        if "truncated" in str(error).lower() or photo_formats.ends_early(data, found):
            raise PhotoTruncated(
                "The photo is cut off: part of the file is missing. Upload the whole file again."
            ) from error
        raise BadPhoto(
            "The photo is damaged and cannot be read. Open it in an image editor, save it as JPEG or PNG and send that."
        ) from error
