"""The console's taxonomy: the shop's own words, and what becomes of products when one goes."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.console import expect_no_sideways_scroll, open_console
from tests.browser.looks import LOOKS, expect_accessible
from tests.browser.shop import Filled
from tests.e2e.client import Shop, json, sample


async def test_a_word_is_added_changed_and_deleted(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/taxonomy")

    await page.get_by_role("button", name="Add a category").click()
    dialog = page.get_by_role("dialog", name="New category")
    await dialog.get_by_label("Name").fill("blouse")
    await dialog.get_by_label("Description").fill("Light shirts")
    await dialog.get_by_role("button", name="Add").click()
    await expect(row(page, "Categories", "blouse")).to_contain_text("Light shirts")
    await page.get_by_role("button", name="Change blouse").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("tunic")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(row(page, "Categories", "tunic")).to_be_visible()
    await page.get_by_role("button", name="Delete tunic").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()

    await expect(page.get_by_role("status")).to_have_text("“tunic” is deleted.")
    await expect(row(page, "Categories", "tunic")).to_have_count(0)


async def test_a_name_that_is_taken_is_told_in_the_dialog(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/taxonomy")
    await page.get_by_role("button", name="Add a category").click()
    dialog = page.get_by_role("dialog", name="New category")

    await dialog.get_by_label("Name").fill("DRESS")
    await dialog.get_by_role("button", name="Add").click()

    refused = empty.http.post("/v1/categories", json={"name": "DRESS"})
    assert refused.status_code == 409
    await expect(dialog.get_by_role("alert")).to_have_text(refused.json()["detail"])
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="Add a category")).to_be_focused()


async def test_a_word_in_use_goes_when_its_products_get_another(empty: Shop, visit: Open) -> None:
    made = empty.upload(sample("DR-001"), name="A dress", category="dress")
    page = await open_console(visit, empty, "/taxonomy")

    await page.get_by_role("button", name="Delete dress").click()
    dialog = page.get_by_role("dialog", name="Delete dress?")
    await expect(dialog).to_contain_text("1 product carries it")
    await dialog.get_by_label("New category").select_option("skirt")
    await dialog.get_by_role("button", name="Move them and delete").click()

    await expect(row(page, "Categories", "skirt")).to_contain_text("1")
    assert json(empty.http.get(f"/v1/products/{made['id']}"))["category"] == "skirt"
    await row(page, "Categories", "skirt").get_by_role("link", name="1").click()
    await expect(page.get_by_role("link", name="A dress")).to_be_visible()
    await expect(page.get_by_role("link", name="All, not only skirt")).to_be_visible()


async def test_a_word_that_came_into_use_meanwhile_asks_too(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/taxonomy")
    empty.upload(sample("DR-001"), name="A dress", style="casual")

    await page.get_by_role("button", name="Delete casual").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()

    await expect(page.get_by_role("dialog")).to_contain_text("Products carry it")
    await page.get_by_role("dialog").get_by_label("New style").select_option("formal")
    await page.get_by_role("dialog").get_by_role("button", name="Move them and delete").click()
    await expect(row(page, "Styles", "casual")).to_have_count(0)


@pytest.mark.parametrize("look", LOOKS)
async def test_the_taxonomy_fits_desk_and_phone(filled: Filled, visit: Open, look: str) -> None:
    page = await open_console(visit, filled.shop, "/taxonomy", **LOOKS[look])

    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    await page.get_by_role("button", name="Add a style").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect_accessible(page)


def row(page: Page, family: str, name: str) -> Locator:
    return (
        page.get_by_role("table", name=family)
        .get_by_role("row")
        .filter(has=page.get_by_role("rowheader", name=name, exact=True))
    )
