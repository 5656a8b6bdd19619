"""What a shopper does on the storefront, and what they wait for."""

import re

import pytest
from playwright.async_api import Locator, Page, expect


def field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Show me", include_hidden=True)


def found(page: Page) -> Locator:
    return page.locator("#results .card")


def count(page: Page) -> Locator:
    return page.locator("#count")


async def names(cards: Locator) -> list[str]:
    return await cards.locator(".name").all_text_contents()


async def ask(page: Page, prompt: str) -> None:
    """Returns when the page is about this prompt, answered or not."""
    await field(page).fill(prompt)
    await page.get_by_role("button", name="Find products").click()
    await expect(page).to_have_title(re.compile(f"^{re.escape(prompt)} · "))


async def tab_to(page: Page, target: Locator, *, tabs_max: int = 60) -> None:
    for _ in range(tabs_max):
        await page.keyboard.press("Tab")
        if await target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the keyboard does not reach it")


async def expect_loaded(photo: Locator) -> None:
    """A broken photo would be replaced by a drawing, so this waits for real pixels."""
    await expect(photo).to_have_js_property("complete", True)  # noqa: FBT003
    assert await photo.evaluate("photo => photo.naturalWidth") > 0
