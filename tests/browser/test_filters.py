"""Filters of the storefront: chosen, kept in the address, taken back."""

import re

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.looks import PHONE
from tests.browser.pages import ask, count, field, found, names, tab_to
from tests.browser.shop import Filled, Sample


async def test_a_category_leaves_only_its_products(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "red")

    await page.get_by_role("checkbox", name="shoes").check()

    await expect(count(page)).to_have_text("6 products for “red”, best first")
    assert {product.category for product in await shown(filled, page)} == {"shoes"}
    await expect(page).to_have_url(f"{filled.url}/?q=red&category=shoes")


async def test_choices_of_one_kind_add_up_and_of_two_kinds_narrow_down(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "red")

    for name in ("shoes", "dress"):
        await page.get_by_role("checkbox", name=name).check()
    await page.get_by_label("From").fill("50")
    await page.get_by_label("to", exact=True).fill("65,5")
    await page.keyboard.press("Tab")

    wanted = {one for one in filled.products if one.category in ("shoes", "dress") and 50 <= float(one.price) <= 65.5}
    await expect(found(page)).to_have_count(len(wanted))
    assert set(await shown(filled, page)) == wanted
    assert 0 < len(wanted) < 14


async def test_a_shared_address_shows_the_same_choice(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.page}&q=red&category=dress&availability=in_stock&price_max=60")).page

    await expect(page.get_by_role("checkbox", name="dress")).to_be_checked()
    await expect(page.get_by_role("checkbox", name="In stock")).to_be_checked()
    await expect(page.get_by_label("to", exact=True)).to_have_value("60")
    await expect(chips(page)).to_have_text(["dress", "In stock", "up to €60.00"])
    wanted = [
        one for one in filled.products
        if one.category == "dress" and one.availability == "in_stock" and float(one.price) <= 60
    ]  # fmt: skip
    await expect(found(page)).to_have_count(len(wanted))


async def test_filters_stay_for_the_next_prompt_and_back_takes_them_back(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "red")
    await page.get_by_role("checkbox", name="shirt").check()
    await expect(found(page)).to_have_count(6)

    await ask(page, "blue")
    await expect(page).to_have_url(f"{filled.url}/?q=blue&category=shirt")
    await page.go_back()
    await page.go_back()

    await expect(page.get_by_role("checkbox", name="shirt")).not_to_be_checked()
    await expect(found(page)).to_have_count(24)


async def test_a_chip_is_removed_by_keyboard_and_the_focus_goes_to_the_next(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.page}&q=red&category=dress&category=shoes&price_min=1")).page
    await expect(chips(page)).to_have_count(3)
    await field(page).focus()

    await tab_to(page, chips(page).first)
    await page.keyboard.press("Enter")

    await expect(chips(page)).to_have_text(["shoes", "from €1.00"])
    await expect(page.get_by_role("button", name="Remove filter: shoes")).to_be_focused()
    await expect(page).to_have_url(f"{filled.url}/?q=red&category=shoes&price_min=1")


async def test_all_filters_are_cleared_at_once(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.page}&q=red&category=dress&category=shoes&style=party&age_group=adult")).page
    await expect(chips(page)).to_have_count(4)

    await page.get_by_role("button", name="Clear all", exact=True).click()

    await expect(chips(page)).to_have_count(0)
    await expect(page).to_have_url(f"{filled.url}/?q=red")
    await expect(found(page)).to_have_count(24)


async def test_filters_that_nothing_fits_say_so_and_offer_ways_out(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.page}&q=red&category=dress&price_max=0.5")).page

    await expect(page.get_by_role("heading", name="No product fits these filters")).to_be_visible()
    await expect(count(page)).to_have_text("No products.")
    await page.get_by_role("button", name="Without “up to €0.50”").click()

    await expect(found(page)).to_have_count(8)


async def test_a_choice_that_the_shop_no_longer_has_can_be_taken_back(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.page}&q=red&category=cape")).page

    await expect(page.get_by_role("checkbox", name="cape")).to_be_checked()
    await page.get_by_role("button", name="Without “cape”").click()

    await expect(found(page)).to_have_count(24)


async def test_impossible_prices_are_told_and_not_asked(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "red")

    await page.get_by_label("From").fill("90")
    await page.get_by_label("to", exact=True).fill("cheap")
    await page.keyboard.press("Tab")
    await expect(page.locator("#price-wrong")).to_have_text("Write an amount such as 49.90.")
    await page.get_by_label("to", exact=True).fill("80")
    await page.keyboard.press("Tab")

    await expect(page.locator("#price-wrong")).to_have_text("“From” is more than “to”.")
    await expect(page).to_have_url(re.compile("price_min=90$"))


async def test_on_a_phone_the_filters_open_and_close(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page, **PHONE)).page
    await ask(page, "red")
    toggle = page.get_by_role("button", name="Filters")
    await expect(page.get_by_role("form", name="Filters")).to_be_hidden()

    await toggle.click()
    await page.get_by_role("checkbox", name="pants").check()
    await expect(toggle).to_have_text("Filters (1)")
    await page.get_by_role("button", name="Show products").click()
    await expect(page.get_by_role("form", name="Filters")).to_be_hidden()
    await toggle.click()
    await page.get_by_role("checkbox", name="pants").press("Escape")

    await expect(toggle).to_be_focused()
    await expect(toggle).to_have_attribute("aria-expanded", "false")
    await expect(found(page)).to_have_count(6)


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="Filters that are on").get_by_role("button")


async def shown(filled: Filled, page: Page) -> list[Sample]:
    return [filled.named(name) for name in await names(found(page))]
