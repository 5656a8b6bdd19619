"""The tools of the other tests: they must see what is wrong."""

from pathlib import Path

import pytest
from PIL import Image

from tests.browser.conftest import Open
from tests.browser.looks import expect_accessible, shooting
from tests.browser.shop import Filled


async def test_a_button_without_a_name_is_found(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await expect_accessible(page)

    await page.evaluate("document.querySelector('main').append(document.createElement('button'))")

    with pytest.raises(AssertionError, match=r"button-name \(critical\)"):
        await expect_accessible(page)


async def test_a_picture_is_of_what_the_window_shows(filled: Filled, visit: Open, tmp_path: Path) -> None:
    page = (await visit(filled.page, width=400, height=300)).page

    await shooting(tmp_path)(page, "start")

    with Image.open(tmp_path / "start.webp") as picture:
        assert (picture.format, picture.size) == ("WEBP", (400, 300))
