"""What a shopper's line has to carry, and that nothing jumps while it does."""

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.looks import PHONE
from tests.browser.pages import found
from tests.browser.shop import Filled

PAGE_KB_MAX = 100
"""The page itself: markup, styles, scripts, font, drawings, and the API's answers."""
PHOTOS_KB_MAX = 300
SHIFT_MAX = 0.02
"""Web Vitals call up to 0.1 good."""
COUNT_SHIFTS = """
    window.shift = 0;
    new PerformanceObserver((list) => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) window.shift += one.value;
    }).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("window", [{}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("words", ["", "&q=red+dress"], ids=["start", "results"])
async def test_a_page_is_light_and_nothing_jumps(
    filled: Filled, visit: Open, window: dict[str, int], words: str
) -> None:
    page = (await visit(f"{filled.url}/docs/problems", **window)).page
    weight = await Weight.of(page)
    await page.add_init_script(COUNT_SHIFTS)

    await page.goto(filled.page + words)
    await expect(found(page).nth(23) if words else page.locator("#examples a").first).to_be_visible()
    await page.wait_for_load_state("networkidle")

    own, photos, shift = weight.kilobytes(photos=False), weight.kilobytes(photos=True), await page.evaluate("shift")
    print(
        f"page: {own:.0f} kB in {weight.count(photos=False)} requests; "
        f"{weight.count(photos=True)} photos: {photos:.0f} kB; layout shift {shift:.4f}"
    )
    assert own <= PAGE_KB_MAX
    assert photos <= PHOTOS_KB_MAX
    assert shift <= SHIFT_MAX


class Weight:
    """What came over the line, by the browser's own count of bytes with headers."""

    def __init__(self) -> None:
        self._addresses: dict[str, str] = {}
        self._bytes: dict[str, int] = {}

    @classmethod
    async def of(cls, page: Page) -> "Weight":
        weight = cls()
        session = await page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", weight._note)
        session.on("Network.loadingFinished", weight._weigh)
        await session.send("Network.enable")
        return weight

    def kilobytes(self, *, photos: bool) -> float:
        return sum(self._bytes[one] for one in self._those(photos=photos)) / 1000

    def count(self, *, photos: bool) -> int:
        return len(self._those(photos=photos))

    def _those(self, *, photos: bool) -> list[str]:
        return [one for one in self._bytes if ("/v1/photos/" in self._addresses.get(one, "")) == photos]

    def _note(self, event: dict[str, Any]) -> None:
        self._addresses[event["requestId"]] = event["request"]["url"]

    def _weigh(self, event: dict[str, Any]) -> None:
        self._bytes[event["requestId"]] = event["encodedDataLength"]
