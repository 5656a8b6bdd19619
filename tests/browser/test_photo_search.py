"""A shopper shows a photo instead of words, or beside them."""

import base64
import io
import json
from typing import Any

import pytest
from PIL import ExifTags, Image
from playwright.async_api import FilePayload, Page, expect

from tests.browser.conftest import Open
from tests.browser.looks import PHONE
from tests.browser.pages import count, expect_loaded, field, found, names
from tests.browser.shop import Filled
from tests.e2e.client import sample

JPEG = b"\xff\xd8\xff"


async def test_a_chosen_photo_finds_the_product_that_it_shows(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    shoes = next(product for product in filled.products if product.category == "shoes")

    await choose(page, file(sample(shoes.external_id)))

    await expect(count(page)).to_have_text("24 products for your photo, best first")
    assert (await names(found(page)))[0] == shoes.name
    await expect_loaded(page.get_by_role("img", name="Your photo"))
    assert page.url == f"{filled.url}/"


async def test_words_and_filters_go_beside_the_photo(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await keep_what_is_sent(page)
    await choose(page, file(sample("DR-002")))
    await expect(found(page)).to_have_count(24)

    await field(page).fill("in blue")
    await field(page).press("Enter")
    await expect(count(page)).to_have_text("24 products for your photo and “in blue”, best first")
    await page.get_by_role("checkbox", name="shoes").check()
    await expect(found(page)).to_have_count(6)

    wish, photo = await sent(page)
    assert (wish["prompt"], wish["filter"]) == ("in blue", {"and": [{"category": {"in": ["shoes"]}}]})
    assert photo.startswith(JPEG)


async def test_the_photo_can_be_removed_and_back_brings_it_again(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await choose(page, file(sample("DR-002")))
    await expect(found(page)).to_have_count(24)

    await page.get_by_role("button", name="Remove your photo").click()
    await expect(page.get_by_role("img", name="Your photo")).to_be_hidden()
    await expect(found(page)).to_have_count(0)
    await page.go_back()

    await expect(page.get_by_role("img", name="Your photo")).to_be_visible()
    await expect(count(page)).to_have_text("24 products for your photo, best first")


async def test_a_product_opens_over_the_results_of_a_photo(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await choose(page, file(sample("DR-002")))
    await found(page).nth(1).click()
    await expect(page.get_by_role("dialog")).to_be_visible()

    await page.get_by_role("button", name="Close").click()

    await expect(count(page)).to_have_text("24 products for your photo, best first")
    await expect(found(page).nth(1)).to_be_focused()


async def test_a_large_photo_is_sent_small_upright_and_without_its_place(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await keep_what_is_sent(page)

    await choose(page, file(sideways_photo(3000, 2000)))
    await expect(found(page)).to_have_count(24)

    _, jpeg = await sent(page)
    with Image.open(io.BytesIO(jpeg)) as seen:
        assert (seen.format, seen.size) == ("JPEG", (683, 1024))
        assert not seen.getexif()
        # What was blue on the left lies on top once the photo is upright.
        red, _, blue = seen.convert("RGB").getpixel((340, 100))  # pyright: ignore[reportGeneralTypeIssues]
        assert blue > 200 > red


async def test_a_photo_is_dropped_anywhere_on_the_page(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await expect(page.locator("#examples a").first).to_be_visible()

    await send(page, "dragenter", sample("DR-002"))
    await expect(page.get_by_text("Drop the photo")).to_be_visible()
    await send(page, "drop", sample("DR-002"))

    await expect(page.get_by_text("Drop the photo")).to_be_hidden()
    await expect(count(page)).to_have_text("24 products for your photo, best first")


async def test_a_photo_is_pasted(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await field(page).focus()

    await send(page, "paste", sample("DR-002"))

    await expect(count(page)).to_have_text("24 products for your photo, best first")


async def test_a_phone_offers_its_camera(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page, **PHONE, touch=True)).page

    await page.get_by_role("button", name="Show a photo").click()

    await expect(page.get_by_text("Take a photo")).to_be_visible()
    camera = page.get_by_label("Take a photo")
    await expect(camera).to_have_attribute("capture", "environment")
    await camera.set_input_files(file(sample("DR-002")))
    await expect(found(page)).to_have_count(24)


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (b"", "This file is empty."),
        (b"Dear shop, this is no photo." * 10, "This file is no photo that your browser can read."),
        (sample("DR-002")[:200], "This file is no photo that your browser can read."),
    ],
)
async def test_what_is_no_photo_is_told_and_not_sent(filled: Filled, visit: Open, photo: bytes, words: str) -> None:
    page = (await visit(filled.page)).page

    await choose(page, file(photo))

    await expect(page.locator("#photo-told")).to_contain_text(words)
    await expect(page.get_by_role("button", name="Show a photo")).to_have_attribute("aria-expanded", "true")
    await expect(page.get_by_role("img", name="Your photo")).to_be_hidden()


async def test_a_photo_that_is_too_narrow_is_told(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await choose(page, file(png(4000, 40)))

    await expect(page.locator("#photo-told")).to_have_text(
        "This photo is too small or too narrow to see anything in it."
    )


async def test_the_servers_own_refusal_is_told_in_a_shoppers_words(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    refusal = {"title": "Unreadable", "detail": "Truncated at byte 12.", "code": "photo_truncated"}
    await page.route("**/v1/recommendations", lambda route: route.fulfill(status=422, json=refusal))

    await choose(page, file(sample("DR-002")))

    await expect(page.get_by_role("alert")).to_contain_text("Only a part of the photo arrived. Try again.")


async def choose(page: Page, chosen: FilePayload) -> None:
    await page.get_by_role("button", name="Show a photo").click()
    await page.get_by_label("Choose a photo").set_input_files(chosen)


def file(data: bytes) -> FilePayload:
    return {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": data}


async def keep_what_is_sent(page: Page) -> None:
    """The browser shows its files to nobody afterwards, so they are looked at on their way."""
    await page.evaluate(
        """() => {
            const send = window.fetch;
            window.fetch = (path, request) => {
                if (request.body instanceof FormData) window.sent = request.body;
                return send(path, request);
            };
        }"""
    )


async def sent(page: Page) -> tuple[dict[str, Any], bytes]:
    """The last form: what was wished, and the photo."""
    wish, photo = await page.evaluate(
        """async () => {
            const bytes = new Uint8Array(await window.sent.get("photo").arrayBuffer());
            return [await window.sent.get("request").text(), Array.from(bytes)];
        }"""
    )
    return json.loads(wish), bytes(photo)


async def send(page: Page, kind: str, photo: bytes) -> None:
    """The browser's own event, as dragging or pasting a file makes it."""
    await page.evaluate(
        """([kind, base64]) => {
            const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "dress.jpg", { type: "image/jpeg" }));
            const given = { bubbles: true, cancelable: true, dataTransfer: transfer, clipboardData: transfer };
            const made = kind === "paste" ? new ClipboardEvent(kind, given) : new DragEvent(kind, given);
            (document.activeElement ?? document.body).dispatchEvent(made);
        }""",
        [kind, base64.b64encode(photo).decode()],
    )


def sideways_photo(width: int, height: int) -> bytes:
    """Blue on its left half, and to be turned by a quarter, clockwise; it says where it was taken."""
    photo = Image.new("RGB", (width, height), "red")
    photo.paste("blue", (0, 0, width // 2, height))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 0.0)
    out = io.BytesIO()
    photo.save(out, "JPEG", exif=exif)
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "PNG")
    return out.getvalue()
