"""Builders of photos that shops really send, and of files that are none."""

import struct
import zlib
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

RED, BLUE, WHITE = (220, 30, 30), (30, 30, 220), (255, 255, 255)


def saved(photo: Image.Image, format: str, **options: object) -> bytes:
    stream = BytesIO()
    photo.save(stream, format, **options)
    return stream.getvalue()


def scene(width: int = 96, height: int = 128) -> Image.Image:
    """Colour gradients with a bright corner: any turn, flip or swapped channel shows."""
    down, across = np.mgrid[0:height, 0:width]
    red, green = 255 * across / width, 255 * down / height
    pixels = np.stack([red, green, np.where((down < height / 3) & (across < width / 4), 255, 40)], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def plain(mode: str, colour: object, size: tuple[int, int] = (64, 64)) -> Image.Image:
    return Image.new(mode, size, colour)  # pyright: ignore[reportArgumentType]


@cache
def noise(width: int = 256, height: int = 256) -> Image.Image:
    """Compresses badly, so that half of its file is half of its rows."""
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (height, width, 3), dtype=np.uint8))


@cache
def noise_as(format: str) -> bytes:
    return saved(noise(), format)


def cut_in_half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def png(width: int, height: int, *, bits: int, colour_type: int, rows: bytes, extra: bytes = b"") -> bytes:
    """Written by hand, for what Pillow does not write. Each row starts with its filter byte."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + extra
        + png_chunk(b"IDAT", zlib.compress(rows, 6))
        + png_chunk(b"IEND", b"")
    )


def png_chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@cache
def png_of_400_megapixels() -> bytes:
    """20,000 by 20,000 pixels of one bit in 48 KB."""
    side = 20_000
    return png(side, side, bits=1, colour_type=0, rows=bytes(side * (side // 8 + 1)))


def png_of_16_bits_rgb(colour: tuple[int, int, int], side: int = 64) -> bytes:
    row = b"\0" + struct.pack(">HHH", *(part * 257 for part in colour)) * side
    return png(side, side, bits=16, colour_type=2, rows=row * side)


def png_with_damaged_pixels() -> bytes:
    whole = bytearray(saved(noise(), "PNG"))
    start = whole.index(b"IDAT") + 200
    whole[start : start + 400] = b"\x55" * 400
    return bytes(whole)


@cache
def png_with_text_bomb() -> bytes:
    """10 MB of text in a chunk of 10 KB, before the pixels."""
    text = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10_000_000), 9))
    return png(64, 64, bits=8, colour_type=0, rows=bytes(65 * 64), extra=text)


def jpeg_with_damaged_header() -> bytes:
    whole = bytearray(saved(scene(), "JPEG"))
    start = whole.index(b"\xff\xc0")  # start of frame: its length becomes impossible
    whole[start + 2 : start + 4] = b"\x00\x03"
    return bytes(whole)


def jpeg_of_bytes(size: int) -> bytes:
    """A good photo with as many bytes behind its end as it takes."""
    photo = saved(scene(), "JPEG")
    return photo + bytes(size - len(photo))


def turned(photo: Image.Image, orientation: int) -> bytes:
    """A JPEG whose pixels lie as a camera held that way stores them, with the tag that says so."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = photo.transpose(undo[orientation]) if orientation in undo else photo
    return saved(stored, "JPEG", quality=95, subsampling=0, exif=exif)


def animated(format: str) -> bytes:
    """First red, then blue."""
    return saved(plain("RGB", RED), format, save_all=True, append_images=[plain("RGB", BLUE)], duration=100, loop=0)


def profile_with_red_and_blue_swapped() -> bytes:
    """sRGB under another name whose red is blue: only a converted photo shows it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    renamed = profile.replace("sRGB".encode("utf-16-be"), "odd!".encode("utf-16-be"))
    return renamed.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data)).convert("RGB")


def enlarged(data: bytes, times: int) -> bytes:
    photo = opened(data)
    large = photo.resize((photo.width * times, photo.height * times), Image.Resampling.BICUBIC)
    return saved(large, "JPEG", quality=90)


def as_png(data: bytes) -> bytes:
    """The same pixels where no decoder can take a shortcut."""
    return saved(opened(data), "PNG", compress_level=1)
