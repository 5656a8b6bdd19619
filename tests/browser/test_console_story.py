"""From an empty deployment to a shop whose shoppers find something, without a terminal."""

import httpx
from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.console import drop, settled, sign_in, summary
from tests.browser.pages import ask, expect_loaded, found
from tests.e2e.client import READY_S_MAX, bearer, samples
from tests.e2e.instance import Running


async def test_a_shop_is_created_filled_searched_and_its_key_rotated(fitmatch: Running, visit: Open) -> None:
    page = (await visit(f"{fitmatch.url}/console")).page

    await sign_in(page, fitmatch.operator_token)
    key = await create_shop(page, "Story Boutique")
    await page.get_by_role("button", name="Sign out").click()

    await sign_in(page, key)
    await expect(page.get_by_role("heading", name="Story Boutique")).to_be_visible()
    await fill_with(page, {f"{name}.jpg": photo for name, photo in samples("DR", 10).items()})

    storefront = await open_storefront(page)
    await expect(storefront).to_have_title("Story Boutique")
    await ask(storefront, "red dress")
    await expect(found(storefront)).to_have_count(10)
    await expect_loaded(found(storefront).first.get_by_role("img"))
    await storefront.close()

    new = await rotate(page, "first key")
    assert (status_of(fitmatch, key), status_of(fitmatch, new)) == (401, 200)
    await sign_in(page, new)
    await page.get_by_role("link", name="Prompts").click()
    await expect(page.get_by_role("table").get_by_text("red dress")).to_be_visible()


async def create_shop(page: Page, name: str) -> str:
    """Its first key."""
    await page.get_by_role("link", name="Shops").click()
    await page.get_by_role("button", name="New shop").click()
    await page.get_by_role("dialog").get_by_label("Name").fill(name)
    await page.get_by_role("dialog").get_by_role("button", name="Create").click()
    key = await page.get_by_role("dialog", name=f"The first key of {name}").get_by_label("Key").input_value()
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_role("status")).to_have_text(f"“{name}” is created.")
    return key


async def fill_with(page: Page, photos: dict[str, bytes]) -> None:
    """Returns when shoppers find them all."""
    await page.get_by_role("link", name="Upload photos").click()
    await settled(page)
    await drop(page, photos)
    await page.get_by_role("button", name=f"Upload {len(photos)} photos").click()
    told = f"{len(photos)} of {len(photos)} photos uploaded, {len(photos)} found by shoppers."
    await expect(summary(page)).to_have_text(told, timeout=READY_S_MAX * 1000)


async def open_storefront(page: Page) -> Page:
    """With a publishable key made for it."""
    await page.get_by_role("link", name="Keys").click()
    await page.get_by_role("button", name="New publishable key").click()
    await page.get_by_role("dialog").get_by_label("Name", exact=True).fill("web shop")
    await page.get_by_role("button", name="Create").click()
    async with page.context.expect_page() as opening:
        await page.get_by_role("link", name="Open the storefront with it").click()
    await page.get_by_role("button", name="Done").click()
    return await opening.value


async def rotate(page: Page, name: str) -> str:
    """The new key; the old one, and with it the session, ends at once."""
    await page.get_by_role("button", name=f"Rotate {name}").click()
    await page.get_by_role("dialog").get_by_label("The old key ends").select_option("at once")
    await page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
    new = await page.get_by_role("dialog", name=f"The new key for {name}").get_by_label("Key").input_value()
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_text("Your session has ended")).to_be_visible()
    return new


def status_of(fitmatch: Running, key: str) -> int:
    return httpx.get(f"{fitmatch.url}/v1/shop", headers=bearer(key)).status_code
