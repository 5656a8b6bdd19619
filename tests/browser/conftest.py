"""A real Chromium whose pages are watched, and shops of the running system for them to look at."""

import itertools
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, ViewportSize, async_playwright, expect

from tests.browser.looks import Shoot, shooting
from tests.browser.shop import Filled, fill
from tests.e2e.client import Shop, open_shop
from tests.e2e.instance import Running

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
MISSING = (
    "The browser tier needs Chromium: `apt-get install chromium` on Debian and Ubuntu, `brew install --cask chromium` "
    "on macOS, or set FITMATCH_CHROMIUM to the program."
)
STEP_MS_MAX = 15_000
ADDRESSES = (f"203.0.113.{number}" for number in itertools.cycle(range(1, 255)))
"""Of visitors, as a proxy tells them: one address may try to sign in twenty times a minute."""
"""Of a step and of what it shows: long enough for a machine that does much else."""
expect.set_options(timeout=STEP_MS_MAX)


@dataclass
class Watched:
    """A page and what a visitor would never see of it: the console, and which hosts it talks to."""

    page: Page
    complaints: list[str] = field(default_factory=list[str])
    hosts: set[str] = field(default_factory=set[str])

    def note_console(self, message: ConsoleMessage) -> None:
        # The browser writes a line for every refused request; the page shows those itself.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.complaints.append(message.text)

    def note_request(self, request: Request) -> None:
        # A blob is what the page itself has made.
        if not request.url.startswith("blob:"):
            self.hosts.add(urlsplit(request.url).netloc)


Open = Callable[..., Awaitable[Watched]]


@pytest.fixture(scope="session", autouse=True)
def chromium() -> str:
    """The program. Without it the tier fails in CI, where it must run; elsewhere it is skipped."""
    found = os.environ.get("FITMATCH_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None and os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    if found is None:
        pytest.skip(MISSING)
    return found


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=list(SWITCHES))
        yield launched
        await launched.close()


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Open]:
    """Opens an address as a new visitor. Afterwards no page may have complained or called another host."""
    opened: list[Watched] = []

    async def visit(
        address: str,
        *,
        width: int = 1280,
        height: int = 860,
        scheme: Literal["light", "dark"] = "light",
        touch: bool = False,
    ) -> Watched:
        window: ViewportSize = {"width": width, "height": height}
        context = await browser.new_context(
            viewport=window,
            color_scheme=scheme,
            reduced_motion="reduce",
            locale="en-GB",
            has_touch=touch,
            is_mobile=touch,
            extra_http_headers={"X-Forwarded-For": next(ADDRESSES)},
        )
        context.set_default_timeout(STEP_MS_MAX)
        watched = Watched(await context.new_page())
        watched.page.on("console", watched.note_console)
        watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        watched.page.on("request", watched.note_request)
        opened.append(watched)
        await watched.page.goto(address)
        return watched

    yield visit
    for watched in opened:
        await watched.page.context.close()
    for watched in opened:
        assert watched.complaints == []
        assert watched.hosts == {urlsplit(watched.page.url).netloc}


@pytest.fixture
def shoot(tmp_path: Path) -> Shoot:
    """`await shoot(page, "console-keys")`: a WebP in FITMATCH_SCREENSHOTS (`make screenshots`: docs/images)."""
    folder = Path(os.environ.get("FITMATCH_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    return shooting(folder)


@pytest.fixture(scope="session")
def filled(fitmatch: Running) -> Iterator[Filled]:
    """Read only."""
    shop = open_shop(fitmatch.url, fitmatch.operator_token, "a storefront")
    yield fill(shop)
    shop.http.close()


@pytest.fixture
def empty(fitmatch: Running) -> Iterator[Shop]:
    shop = open_shop(fitmatch.url, fitmatch.operator_token, "an empty storefront")
    yield shop
    shop.http.close()
