"""Photos as shops send them: prepared, or refused with the code and the sentence that fit."""

import pickle
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from models import photo
from models.photo import BadPhoto, Header, inspect, prepare, render
from tests.unit import odd_photos as odd
from tests.unit.odd_photos import BLUE, RED, WHITE, plain, saved

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")


def mean_colour(data: bytes) -> tuple[int, int, int]:
    red, green, blue = prepare(data, 32).mean(axis=(1, 2)).round().astype(int)
    return int(red), int(green), int(blue)


def near(colour: tuple[int, int, int], wanted: tuple[int, int, int], within: int = 6) -> bool:
    return all(abs(one - other) <= within for one, other in zip(colour, wanted, strict=True))


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_of_the_contract_is_read(format: str) -> None:
    data = saved(odd.scene(90, 60), format)

    assert inspect(data) == Header(f"image/{format.lower()}", 90, 60)
    assert prepare(data, 48).shape == (3, 48, 48)
    assert prepare(data, 48).dtype == np.uint8


REFUSED: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "text": (lambda: b"BMX bikes and other words, no photo at all", "unsupported_media_type", "no photo"),
    "html": (lambda: b"\n<!DOCTYPE html><html>Not found</html>", "unsupported_media_type", "web page"),
    "svg": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported_media_type", "SVG"),
    "pdf": (lambda: b"%PDF-1.7 ...", "unsupported_media_type", "PDF"),
    "heic": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99), "unsupported_media_type", "HEIC"),
    "jpeg 2000": (lambda: saved(odd.scene(), "JPEG2000"), "unsupported_media_type", "JPEG, PNG, WebP"),
    "postscript": (lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unsupported_media_type", "JPEG"),
    "empty": (lambda: b"", "photo_unreadable", "empty"),
    "damaged pixels": (odd.png_with_damaged_pixels, "photo_unreadable", "damaged"),
    "damaged header": (odd.jpeg_with_damaged_header, "photo_unreadable", "damaged"),
    "text bomb": (odd.png_with_text_bomb, "photo_unreadable", "damaged"),
    "too many bytes": (lambda: odd.jpeg_of_bytes(photo.BYTES_MAX + 1), "photo_too_large", "at most 20 MB"),
    "400 megapixels": (odd.png_of_400_megapixels, "photo_too_many_pixels", "50 megapixels"),
    "51 megapixels": (
        lambda: odd.png(51_000, 1_000, bits=1, colour_type=0, rows=bytes(1_000 * 6_376)),
        "photo_too_many_pixels",
        "51000 by 1000",
    ),
    "one pixel": (lambda: saved(plain("RGB", RED, (1, 1)), "PNG"), "photo_too_small", "1 by 1"),
    "too narrow": (lambda: saved(plain("RGB", RED, (31, 400)), "PNG"), "photo_too_small", "at least 32"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_its_code(name: str) -> None:
    build, code, words = REFUSED[name]

    with pytest.raises(BadPhoto, match=words) as refused:
        prepare(build(), 64)

    assert refused.value.code == code


@pytest.mark.parametrize("name", ["text", "heic", "empty", "too many bytes", "400 megapixels", "one pixel"])
def test_the_header_alone_is_enough_to_refuse_at_the_door(name: str) -> None:
    build, code, _ = REFUSED[name]

    with pytest.raises(BadPhoto) as refused:
        inspect(build())

    assert refused.value.code == code


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
@pytest.mark.parametrize("format", FORMATS)
def test_a_photo_that_was_cut_off_is_called_truncated(format: str, share: float) -> None:
    whole = odd.noise_as(format)

    with pytest.raises(photo.PhotoTruncated, match="Upload the whole file again"):
        prepare(whole[: int(len(whole) * share)], 64)


@pytest.mark.parametrize("options", [{"compression": "tiff_lzw"}, {"compression": "jpeg"}], ids=str)
def test_a_compressed_tiff_that_was_cut_off_is_called_truncated(options: dict[str, str]) -> None:
    with pytest.raises(photo.PhotoTruncated):
        prepare(odd.cut_in_half(saved(odd.noise(), "TIFF", **options)), 64)


def test_the_limits_themselves_are_allowed() -> None:
    assert prepare(odd.jpeg_of_bytes(photo.BYTES_MAX), 64).shape == (3, 64, 64)
    assert prepare(saved(plain("RGB", RED, (32, 32)), "PNG"), 64).shape == (3, 64, 64)


@pytest.mark.parametrize("size", [(32, 60_000), (200_000, 32)], ids=str)
def test_an_endless_strip_is_prepared_from_its_middle(size: tuple[int, int]) -> None:
    strip = plain("RGB", BLUE, size)
    strip.paste(plain("RGB", RED, (64, 64)), (size[0] // 2 - 32, size[1] // 2 - 32))
    data = saved(strip, "PNG")

    assert near(mean_colour(data), RED)
    assert max(Image.open(BytesIO(render(data, "original"))).size) <= 16_383


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_the_first_frame_of_an_animation_counts(format: str) -> None:
    assert near(mean_colour(odd.animated(format)), RED)


def test_the_first_of_several_jpegs_in_one_file_counts() -> None:
    data = saved(plain("RGB", RED), "MPO", save_all=True, append_images=[plain("RGB", BLUE)])

    assert inspect(data).media_type == "image/jpeg"
    assert near(mean_colour(data), RED)


def palette(**options: object) -> bytes:
    photo = plain("P", 0)
    photo.putpalette([*RED, *BLUE])
    return saved(photo, "PNG", **options)


def grey(value: float, kind: type[np.generic], format: str) -> bytes:
    return saved(Image.fromarray(np.full((64, 64), value, kind)), format)


COLOURS: dict[str, tuple[Callable[[], bytes], tuple[int, int, int]]] = {
    "palette": (palette, RED),
    "one bit": (lambda: saved(plain("1", 1), "PNG"), WHITE),
    "grey": (lambda: saved(plain("L", 77), "JPEG"), (77, 77, 77)),
    "CMYK JPEG": (lambda: saved(plain("CMYK", (0, 230, 230, 30)), "JPEG"), (225, 22, 22)),
    "CMYK TIFF": (lambda: saved(plain("CMYK", (0, 230, 230, 30)), "TIFF"), (225, 22, 22)),
    "LAB TIFF": (lambda: saved(plain("LAB", (138, 209, 198)), "TIFF"), (255, 0, 0)),
    "YCbCr TIFF": (lambda: saved(plain("YCbCr", (100, 90, 200)), "TIFF"), (200, 61, 32)),
    "16-bit RGB PNG": (lambda: odd.png_of_16_bits_rgb(RED), RED),
    "16-bit grey PNG": (lambda: grey(120 * 257, np.uint16, "PNG"), (120, 120, 120)),
    "16-bit grey TIFF": (lambda: grey(120 * 257, np.uint16, "TIFF"), (120, 120, 120)),
    "32-bit TIFF": (lambda: grey(120 * 257, np.int32, "TIFF"), (120, 120, 120)),
    "float TIFF": (lambda: grey(120 / 255, np.float32, "TIFF"), (120, 120, 120)),
    "float TIFF of nothing": (lambda: grey(float("nan"), np.float32, "TIFF"), (0, 0, 0)),
    "clear": (lambda: saved(plain("RGBA", (*RED, 0)), "PNG"), WHITE),
    "half clear": (lambda: saved(plain("RGBA", (*RED, 128)), "PNG"), (237, 142, 142)),
    "clear grey": (lambda: saved(plain("LA", (0, 0)), "PNG"), WHITE),
    "clear palette": (lambda: palette(transparency=0), WHITE),
    "clear GIF": (lambda: saved(plain("P", 0), "GIF", transparency=0), WHITE),
    "clear colour": (lambda: saved(plain("RGB", RED), "PNG", transparency=RED), WHITE),
    "clear WebP": (lambda: saved(plain("RGBA", (*RED, 0)), "WEBP", lossless=True), WHITE),
    "own profile": (
        lambda: saved(plain("RGB", RED), "JPEG", icc_profile=odd.profile_with_red_and_blue_swapped()),
        BLUE,
    ),
    "broken profile": (lambda: saved(plain("RGB", RED), "JPEG", icc_profile=b"nonsense" * 20), RED),
    "profile of other colours": (
        lambda: saved(plain("CMYK", (0, 230, 230, 30)), "JPEG", icc_profile=odd.profile_with_red_and_blue_swapped()),
        (225, 22, 22),
    ),
}


@pytest.mark.parametrize("name", COLOURS)
def test_colours_arrive_as_srgb_over_white(name: str) -> None:
    build, wanted = COLOURS[name]

    assert near(mean_colour(build()), wanted)
    shown = np.asarray(Image.open(BytesIO(render(build(), "medium"))).convert("RGB")).mean(axis=(0, 1)).round()
    assert near((int(shown[0]), int(shown[1]), int(shown[2])), wanted, within=10)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_prepared_upright(orientation: int) -> None:
    upright = odd.scene(96, 128)

    data = odd.turned(upright, orientation)

    assert inspect(data) == Header("image/jpeg", 96, 128)
    assert np.abs(prepare(data, 64).astype(int) - prepare(saved(upright, "PNG"), 64)).mean() < 3
    assert Image.open(BytesIO(render(data, "original"))).size == (96, 128)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_a_turned_photo_is_upright_in_other_formats_too(format: str) -> None:
    upright, exif = odd.scene(96, 128), Image.Exif()
    exif[0x0112] = 6

    data = saved(upright.transpose(Image.Transpose.ROTATE_90), format, exif=exif)

    assert (inspect(data).width, inspect(data).height) == (96, 128)
    assert np.abs(prepare(data, 64).astype(int) - prepare(saved(upright, "PNG"), 64)).mean() < 5


def test_broken_exif_is_ignored() -> None:
    data = saved(odd.scene(96, 128), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff broken")

    assert inspect(data) == Header("image/jpeg", 96, 128)
    assert prepare(data, 64).shape == (3, 64, 64)


@pytest.mark.parametrize(("size", "long_side"), [("thumb", 320), ("medium", 960), ("original", 1500)])
def test_what_is_served_is_a_webp_of_its_size_without_metadata(size: photo.Size, long_side: int) -> None:
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    data = saved(odd.scene(1000, 1500), "JPEG", exif=exif, comment=b"secret")

    page = Image.open(BytesIO(render(data, size)))

    assert (page.format, max(page.size)) == ("WEBP", long_side)
    assert not page.getexif()
    assert {"exif", "xmp", "icc_profile", "comment"}.isdisjoint(page.info)


def test_a_small_photo_is_not_blown_up_for_a_page() -> None:
    assert Image.open(BytesIO(render(saved(odd.scene(96, 128), "PNG"), "medium"))).size == (96, 128)


def test_preparing_twice_gives_the_same_bytes() -> None:
    data = saved(odd.scene(700, 900), "JPEG")

    assert np.array_equal(prepare(data, 96), prepare(data, 96))


def test_a_refusal_survives_the_way_between_processes() -> None:
    error = photo.PhotoTruncated("cut off")

    again = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert (type(again), str(again), again.code) == (photo.PhotoTruncated, "cut off", "photo_truncated")
