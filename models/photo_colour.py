"""Whatever colours a decoder hands out, as eight-bit sRGB over white."""

from io import BytesIO
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

# Printing profiles reach 2 MB; beyond that it is not worth the little-cms work.
_PROFILE_BYTES_MAX = 4 * 1024 * 1024
_SMOOTH = {"RGB", "RGBA", "L", "LA", "CMYK", "LAB"}
_NEAREST_SMOOTH = {"1": "L", "PA": "RGBA", "RGBa": "RGBA", "La": "LA"}
_DEEP = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
_RANGES = (1.0, 255.0, 65_535.0)
_SRGB = ImageCms.createProfile("sRGB")
_LAB = ImageCms.createProfile("LAB")


def eight_bit(photo: Image.Image) -> Image.Image:
    """A mode that Pillow can resize smoothly: RGB, RGBA, L, LA, CMYK or LAB."""
    if photo.mode in _DEEP:
        return _from_deep(photo)
    if photo.mode in {"RGB", "L", "P"} and "transparency" in photo.info:
        return photo.convert("RGBA")
    if photo.mode in _SMOOTH:
        return photo
    return photo.convert(_NEAREST_SMOOTH.get(photo.mode, "RGB"))


def over_white_srgb(photo: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB from what `eight_bit` returns. Cheap after resizing, and there a profile's conversion is nearly the same.

    A broken profile, or one of another colour space than the photo's, is ignored.
    """
    colours = _without_alpha(photo)
    converted = _by_profile(colours, profile)
    if "A" not in photo.getbands() or photo.mode == "LAB":
        return converted
    white = Image.new("RGB", photo.size, (255, 255, 255))
    white.paste(converted, mask=photo.getchannel("A"))
    return white


def _from_deep(photo: Image.Image) -> Image.Image:
    """Sixteen bits lose the lower eight; other numbers have the smallest usual range that holds them."""
    if photo.mode.startswith("I;16"):
        return _grey(np.asarray(photo).astype(np.uint16) >> 8)
    values = np.nan_to_num(np.asarray(photo, dtype=np.float32), copy=True, nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    limit = next((limit for limit in _RANGES if top <= limit), top)
    return _grey(np.clip(values * (255.0 / limit), 0, 255).round())


def _grey(values: NDArray[np.generic]) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8))


def _without_alpha(photo: Image.Image) -> Image.Image:
    return photo.convert({"RGBA": "RGB", "LA": "L"}.get(photo.mode, photo.mode))


def _by_profile(photo: Image.Image, profile: bytes | None) -> Image.Image:
    if photo.mode == "LAB":
        return cast(Image.Image, ImageCms.profileToProfile(photo, _LAB, _SRGB, outputMode="RGB"))
    if not profile or len(profile) > _PROFILE_BYTES_MAX:
        return photo.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        # Nearly every profile says sRGB; converting it to itself would only round.
        if photo.mode == "RGB" and "sRGB" in ImageCms.getProfileDescription(source):
            return photo
        return cast(Image.Image, ImageCms.profileToProfile(photo, source, _SRGB, outputMode="RGB"))
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return photo.convert("RGB")
