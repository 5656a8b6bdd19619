"""Every state of the storefront by day and night, on a desk and on a phone: as axe-core sees it, and as pictures."""

import pytest
from playwright.async_api import FilePayload, Page, expect

from tests.browser.conftest import Open
from tests.browser.looks import LOOKS, Shoot, expect_accessible
from tests.browser.pages import ask, expect_loaded, field, found
from tests.browser.shop import Filled
from tests.e2e.client import sample

PICTURES = {
    ("start", "desk_dark"),
    ("suggestions", "phone_light"),
    ("results", "desk_light"),
    ("results", "phone_dark"),
    ("filters", "desk_dark"),
    ("filters", "phone_light"),
    ("product", "desk_light"),
    ("product", "phone_dark"),
    ("photo", "desk_light"),
    ("photo", "phone_light"),
}
"""What docs/images shows; the others are looked at by axe alone."""


@pytest.mark.screenshots
@pytest.mark.parametrize("look", LOOKS)
async def test_every_state_is_accessible_and_fits_the_window(
    filled: Filled, visit: Open, look: str, shoot: Shoot
) -> None:
    page = (await visit(filled.page, **LOOKS[look], touch=look.startswith("phone"))).page

    for state in (start, suggestions, results, filters, nothing_fits, product, product_page, photo, refused):
        await state(page, filled)
        if (state.__name__, look) in PICTURES:
            await shoot(page, f"storefront-{state.__name__}-{look.replace('_', '-')}")
        await expect_accessible(page)
        assert await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


@pytest.mark.parametrize("look", LOOKS)
async def test_the_page_follows_day_and_night_and_the_window(filled: Filled, visit: Open, look: str) -> None:
    page = (await visit(f"{filled.page}&q=jeans", **LOOKS[look])).page
    await expect(found(page)).to_have_count(24)

    columns = await page.locator("#results").evaluate("e => getComputedStyle(e).gridTemplateColumns.split(' ').length")
    paper = await page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor.match(/\\d+/g).map(Number)")

    assert columns == (2 if look.startswith("phone") else 4)
    assert (sum(paper) > 600) == look.endswith("light")


async def start(page: Page, _: Filled) -> None:
    await expect(page.locator("#examples a").first).to_be_visible()


async def suggestions(page: Page, _: Filled) -> None:
    await field(page).fill("warm s")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("option", selected=True)).to_be_visible()


async def results(page: Page, _: Filled) -> None:
    await ask(page, "dress for a party")
    await expect_first_photos(page)


async def filters(page: Page, _: Filled) -> None:
    toggle = page.get_by_role("button", name="Filters")
    if await toggle.is_visible():
        await toggle.click()
    for name in ("dress", "In stock"):
        await page.get_by_role("checkbox", name=name).check()
    await page.get_by_label("to", exact=True).fill("70")
    await page.get_by_label("to", exact=True).press("Enter")
    await expect(page.get_by_role("list", name="Filters that are on").get_by_role("button")).to_have_count(3)
    await expect_first_photos(page)
    await page.evaluate("scrollTo(0, 0)")
    await page.mouse.move(0, 0)


async def nothing_fits(page: Page, _: Filled) -> None:
    await page.get_by_label("to", exact=True).fill("1")
    await page.get_by_label("to", exact=True).press("Enter")
    await expect(page.get_by_role("heading", name="No product fits these filters")).to_be_visible()
    await page.get_by_role("button", name="Clear all filters").click()
    await expect(found(page)).to_have_count(24)


async def product(page: Page, _: Filled) -> None:
    done = page.get_by_role("button", name="Show products")
    if await done.is_visible():
        await done.click()
    await found(page).first.click()
    await expect_loaded(page.locator("#product-photo").get_by_role("img"))
    await expect_loaded(page.locator("#similar .card").first.get_by_role("img"))


async def product_page(page: Page, filled: Filled) -> None:
    shown = filled.shop.recommend("black shoes", 1)[0]
    await page.goto(f"{filled.url}/?product={shown['product_id']}")
    await expect(page.locator("main").get_by_role("heading", name=shown["name"])).to_be_visible()
    await expect_loaded(page.locator("#similar .card").first.get_by_role("img"))


async def photo(page: Page, filled: Filled) -> None:
    await page.goto(filled.url)
    await page.get_by_role("button", name="Show a photo").click()
    await expect_accessible(page)
    shown = next(one for one in filled.products if one.category == "shirt")
    chosen: FilePayload = {"name": "shirt.jpg", "mimeType": "image/jpeg", "buffer": sample(shown.external_id)}
    await page.get_by_label("Choose a photo").set_input_files(chosen)
    await expect_first_photos(page)
    await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    await page.mouse.move(0, 0)


async def refused(page: Page, _: Filled) -> None:
    await ask(page, "!?!")
    await page.get_by_role("button", name="Remove your photo").click()
    await expect(page.get_by_role("alert")).to_be_visible()


async def expect_first_photos(page: Page) -> None:
    await expect(page.locator("#results[aria-busy=false] .card").first).to_be_visible()
    for place in range(min(6, await found(page).count())):
        await expect_loaded(found(page).nth(place).get_by_role("img"))
