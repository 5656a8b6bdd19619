"""The console as a person uses it: signing in, and waiting for what a view shows."""

import base64

from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.shop import address
from tests.e2e.client import Shop

DROP = """([target, photos]) => {
  const data = new DataTransfer();
  for (const [name, bytes] of Object.entries(photos)) {
    data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type: "image/jpeg" }));
  }
  for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
  }
}"""


async def sign_in(page: Page, key: str) -> None:
    """Returns when the view that the address names is there."""
    await page.get_by_label("Secret key or operator token").fill(key)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await settled(page)


async def open_console(visit: Open, shop: Shop, path: str = "", **look: object) -> Page:
    """A view of the shop's console, signed in with its secret key."""
    page = (await visit(f"{address(shop)}/console{path}", **look)).page
    await sign_in(page, shop.key)
    return page


async def settled(page: Page) -> None:
    """The view has been fetched."""
    await expect(page.locator("main .skeleton")).to_have_count(0)
    await expect(page.locator("main :is(h1, h2)").first).to_be_visible()


async def expect_no_sideways_scroll(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def row(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


async def drop(page: Page, photos: dict[str, bytes]) -> None:
    """As a person drags files from a folder: what the page gets is a DataTransfer with them."""
    texts = {name: base64.b64encode(photo).decode() for name, photo in photos.items()}
    target = await page.locator(".drop").element_handle()
    await page.evaluate(DROP, [target, texts])


def summary(page: Page) -> Locator:
    return page.locator(".upload-summary")
