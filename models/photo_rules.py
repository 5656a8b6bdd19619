"""What a shop's photo may be: formats, limits and the reasons for which one is refused."""

from typing import ClassVar

BYTES_MAX = 20 * 1024 * 1024
MEGAPIXELS_MAX = 50
SIDE_MIN = 32

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # several JPEGs in one file, as phones write them; any reader shows the first
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}
"""Pillow's name of a format → its media type."""


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
