"""How pages are looked at: by day and night, on a desk and on a phone; as pictures, and as axe-core sees them."""

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Page

PHONE = {"width": 390, "height": 844}
LOOKS: dict[str, dict[str, Any]] = {
    "desk_light": {"scheme": "light"},
    "desk_dark": {"scheme": "dark"},
    "phone_light": {"scheme": "light", **PHONE},
    "phone_dark": {"scheme": "dark", **PHONE},
}
SERIOUS = ("serious", "critical")
WEBP_QUALITY = 80

Shoot = Callable[..., Awaitable[None]]


def shooting(folder: Path) -> Shoot:
    async def shoot(page: Page, name: str, *, full: bool = False) -> None:
        """Writes `{name}.webp`: what is in the window, or with `full` all of the page."""
        taken = Image.open(io.BytesIO(await page.screenshot(full_page=full)))
        taken.convert("RGB").save(folder / f"{name}.webp", "WEBP", quality=WEBP_QUALITY, method=6)

    return shoot


async def expect_accessible(page: Page) -> None:
    """Fails on what axe-core calls serious or critical. It is run beside the page, so the page's CSP stays as it is."""
    answer = (await Axe().run(page)).response
    assert answer["passes"], "axe found nothing to look at"
    found = [_told(rule) for rule in answer["violations"] if rule["impact"] in SERIOUS]
    assert not found, f"{page.url}\n" + "\n".join(found)


def _told(rule: dict[str, Any]) -> str:
    where = "\n  ".join(str(node["target"]) for node in rule["nodes"])
    return f"{rule['id']} ({rule['impact']}): {rule['help']}\n  {where}"
