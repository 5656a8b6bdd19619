"""Odd photos over HTTP: each gets a clear answer, at the upload or as its status, and the queue never stalls."""

from collections.abc import Iterator

import pytest
from PIL import Image

from tests.e2e.client import Shop, json, open_shop, sample
from tests.e2e.conftest import Running
from tests.unit import odd_photos

REFUSED = {
    "text": (b"Dear shop, this is no photo at all." * 10, 415, "unsupported_media_type"),
    "html": (b"<!doctype html><title>photo</title>" * 10, 415, "unsupported_media_type"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>', 415, "unsupported_media_type"),
    "empty": (b"", 422, None),
    "one pixel": (odd_photos.saved(Image.new("RGB", (1, 1)), "PNG"), 422, "photo_too_small"),
    "400 megapixels in 48 KB": (odd_photos.png_of_400_megapixels(), 422, "photo_too_many_pixels"),
    "21 MB": (odd_photos.jpeg_of_bytes(21 * 1024 * 1024), 413, "photo_too_large"),
}
FAILED = {
    "truncated": (odd_photos.cut_in_half(odd_photos.saved(odd_photos.noise(), "JPEG")), "photo_truncated"),
    "damaged": (odd_photos.png_with_damaged_pixels(), "photo_unreadable"),
}
READY = {
    "animated GIF": odd_photos.animated("GIF"),
    "animated WebP": odd_photos.animated("WEBP"),
    "CMYK": odd_photos.saved(odd_photos.scene().convert("CMYK"), "JPEG"),
    "16 bit": odd_photos.png_of_16_bits_rgb((255, 0, 0)),
    "16 bit grey": odd_photos.saved(Image.new("I;16", (64, 64), 30000), "PNG"),
    "transparent": odd_photos.saved(Image.new("RGBA", (64, 64), (255, 0, 0, 80)), "PNG"),
    "palette": odd_photos.saved(odd_photos.scene().quantize(16), "PNG"),
    "AVIF": odd_photos.saved(odd_photos.scene(), "AVIF"),
    "EXIF-rotated": odd_photos.turned(odd_photos.scene(), 6),
    "TIFF": odd_photos.saved(odd_photos.scene(), "TIFF"),
    "BMP": odd_photos.saved(odd_photos.scene(), "BMP"),
}


@pytest.fixture(scope="module")
def shop(fitmatch: Running) -> Iterator[Shop]:
    made = open_shop(fitmatch.url, fitmatch.operator_token, "odd photos")
    yield made
    made.http.close()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_usable_photo_is_refused_at_the_upload(shop: Shop, name: str) -> None:
    photo, status, code = REFUSED[name]

    answer = shop.http.post("/v1/products", data={"name": name}, files={"photo": ("photo.jpg", photo)})

    problem = json(answer, status)
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert code is None or problem["code"] == code
    assert len(problem["detail"]) > 20


def test_odd_photos_settle_each_in_its_own_way_and_hold_up_nobody(shop: Shop) -> None:
    odd = {name: photo for name, (photo, _) in FAILED.items()} | READY
    ids = {name: shop.upload(photo, name=name)["id"] for name, photo in odd.items()}
    ids["good"] = shop.upload(sample("DR-001"), name="good")["id"]

    shop.wait_until_settled()

    for name, product_id in ids.items():
        product = json(shop.http.get(f"/v1/products/{product_id}"))
        if name in FAILED:
            error = product["photos"][0]["error"]
            assert (product["status"], error["code"]) == ("failed", FAILED[name][1])
            assert len(error["detail"]) > 20
        else:
            assert product["status"] == "ready", name


def test_what_is_served_carries_no_metadata(shop: Shop) -> None:
    product = shop.upload(odd_photos.turned(odd_photos.scene(), 8), name="turned")
    shop.wait_until_settled()

    photo = json(shop.http.get(f"/v1/products/{product['id']}"))["photos"][0]
    served = shop.http.get(photo["url"])

    assert served.status_code == 200
    assert served.headers["content-type"] == "image/webp"
    assert b"Exif" not in served.content
