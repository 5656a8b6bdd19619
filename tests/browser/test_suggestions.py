"""Suggestions while a shopper types: an ARIA combobox over the shop's words, popular prompts and own earlier ones."""

import asyncpg
from playwright.async_api import Locator, Page, expect

from api import ids
from tests.browser.conftest import Open
from tests.browser.pages import ask, count, field, found
from tests.browser.shop import Filled, address, publishable_key
from tests.e2e.client import Shop, sample
from tests.e2e.instance import Running
from tests.integration import rows


async def test_the_last_word_is_completed_to_what_the_shop_has(filled: Filled, visit: Open) -> None:
    page = await visit_start(filled, visit)

    await field(page).press_sequentially("red sh")

    await expect(options(page)).to_have_text(["red shirt", "red shoes"])
    await expect(page.get_by_role("group", name="In this shop")).to_be_visible()
    await expect(field(page)).to_have_attribute("aria-expanded", "true")
    await expect(page.locator("#suggestions-count")).to_have_text("2 suggestions")


async def test_arrows_walk_round_the_suggestions_and_enter_asks(filled: Filled, visit: Open) -> None:
    page = await visit_start(filled, visit)
    await field(page).press_sequentially("red sh")

    await page.keyboard.press("ArrowUp")
    await expect_active(page, "red shoes")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("[role=option][aria-selected=true]")).to_have_count(0)
    await page.keyboard.press("ArrowDown")
    await expect_active(page, "red shirt")
    await expect(field(page)).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(count(page)).to_contain_text("for “red shirt”, best first")
    await expect(page.get_by_role("listbox")).to_be_hidden()
    await expect(field(page)).to_have_value("red shirt")


async def test_escape_closes_the_suggestions_and_keeps_the_words(filled: Filled, visit: Open) -> None:
    page = await visit_start(filled, visit)
    await field(page).press_sequentially("sh")
    await expect(page.get_by_role("listbox")).to_be_visible()

    await page.keyboard.press("Escape")

    await expect(page.get_by_role("listbox")).to_be_hidden()
    await expect(field(page)).to_have_attribute("aria-expanded", "false")
    await expect(field(page)).to_have_value("sh")
    await page.keyboard.press("Enter")
    await expect(count(page)).to_contain_text("for “sh”, best first")


async def test_a_suggestion_is_taken_by_a_click(filled: Filled, visit: Open) -> None:
    page = await visit_start(filled, visit)
    await field(page).press_sequentially("blue dr")

    await page.get_by_role("option", name="blue dress").click()

    await expect(count(page)).to_contain_text("for “blue dress”, best first")
    await expect(found(page)).to_have_count(24)


async def test_leaving_the_field_closes_the_suggestions(filled: Filled, visit: Open) -> None:
    page = await visit_start(filled, visit)
    await field(page).press_sequentially("dr")
    await expect(page.get_by_role("listbox")).to_be_visible()

    await page.keyboard.press("Tab")

    await expect(page.get_by_role("listbox")).to_be_hidden()


async def test_own_prompts_are_suggested_newest_first_and_can_be_forgotten(filled: Filled, visit: Open) -> None:
    page = await visit_start(filled, visit)
    for prompt in ("warm coat", "white shoes", "Warm coat"):
        await ask(page, prompt)
        await expect(count(page)).to_contain_text(f"“{prompt}”, best first")
    await page.reload()
    await field(page).fill("")
    await field(page).click()
    mine = page.get_by_role("group", name="You asked before").get_by_role("option")
    await expect(mine).to_have_text(["Warm coat", "white shoes"])
    await field(page).press_sequentially("co")
    await expect(mine).to_have_text(["Warm coat"])

    await page.get_by_role("button", name="Forget what I asked before").click()

    await expect(mine).to_have_count(0)
    await expect(field(page)).to_be_focused()
    assert await page.evaluate("localStorage.length") == 0


async def test_what_is_asked_day_after_day_is_suggested_to_a_new_visitor(
    fitmatch: Running, empty: Shop, visit: Open
) -> None:
    empty.upload(sample("DR-001"))
    empty.wait_until_settled()
    for _ in range(3):
        empty.recommend("silk scarf")
    connection = await asyncpg.connect(fitmatch.postgres_dsn)
    await rows.one_a_day(connection, ids.parse("shp", empty.id), "silk scarf")
    await connection.close()
    _, key = publishable_key(empty)

    page = (await visit(f"{address(empty)}/?key={key}")).page
    await expect(page.locator("#shop-name")).to_have_text("an empty storefront")

    await field(page).click()
    await expect(page.get_by_role("group", name="Popular here").get_by_role("option")).to_have_text(["silk scarf"])


async def visit_start(filled: Filled, visit: Open) -> Page:
    """When the shop's words are there."""
    page = (await visit(filled.page)).page
    await expect(page.locator("#examples a").first).to_be_visible()
    return page


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Suggestions").get_by_role("option")


async def expect_active(page: Page, words: str) -> None:
    option = page.get_by_role("option", name=words, exact=True, selected=True)
    await expect(option).to_be_visible()
    await expect(field(page)).to_have_attribute("aria-activedescendant", await option.get_attribute("id") or "no id")
