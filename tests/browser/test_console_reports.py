"""What the console tells a shop about its shoppers: their prompts, and what was used day by day."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from playwright.async_api import Page, expect

from api.ids import parse
from db import prompts
from tests.browser.conftest import Open
from tests.browser.console import expect_no_sideways_scroll, open_console, row, settled
from tests.browser.looks import LOOKS, Shoot, expect_accessible
from tests.browser.shop import rename
from tests.e2e.client import Shop, sample
from tests.e2e.instance import Running

ASKED = {
    "red summer dress for a wedding by the sea": (24, 24),
    "something warm for a walk with the dog": (24, 17),
    "dinner jacket in midnight blue": (24, 0),
    "black boots": (12, 12),
    "wide linen trousers": (24, 2),
    "a shirt like my grandfather wore": (24, 24),
    "kimono": (24, 0),
    "shoes to dance in": (12, 12),
}
"""Prompt → how many were wanted, how many found."""
PICTURED = {"prompts": ("desk_dark", "phone_light"), "usage": ("desk_light", "phone_dark")}


async def test_prompts_that_found_little_stand_out(fitmatch: Running, empty: Shop, visit: Open) -> None:
    await ask(fitmatch, empty, ASKED)

    page = await open_console(visit, empty, "/prompts")

    assert (await page.get_by_role("rowheader").all_text_contents())[0] == "shoes to dance in"
    await expect(page.get_by_text("8 prompts on this page: 2 found nothing, 1 found few.")).to_be_visible()
    assert await kind_of(page, "kimono") == "bad"
    assert await kind_of(page, "wide linen trousers") == "bad"
    assert await kind_of(page, "something warm") == "good"
    await expect(row(page, "kimono")).to_contain_text("nothing")
    await expect(row(page, "something warm")).to_contain_text("17 of 24")


async def test_older_prompts_are_on_the_next_page(fitmatch: Running, empty: Shop, visit: Open) -> None:
    await ask(fitmatch, empty, {f"prompt {number}": (10, 10) for number in range(51)})
    page = await open_console(visit, empty, "/prompts")
    await expect(page.get_by_role("rowheader")).to_have_count(50)
    await expect(row(page, "prompt 0")).to_have_count(0)

    await page.get_by_role("link", name="Next page").click()

    await expect(page.get_by_role("rowheader")).to_have_text(["prompt 0"])
    await page.reload()
    await expect(page.get_by_role("rowheader")).to_have_text(["prompt 0"])
    await page.get_by_role("link", name="First page").click()
    await expect(page.get_by_role("rowheader")).to_have_count(50)


async def test_a_shop_whose_shoppers_asked_nothing_is_told_how_they_can(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/prompts")

    await expect(page.get_by_role("heading", name="Nobody has asked yet")).to_be_visible()
    await page.get_by_role("link", name="To the keys").click()

    await expect(page.get_by_role("heading", name="Keys")).to_be_focused()


async def test_a_prompt_of_a_shopper_is_text_and_never_markup(fitmatch: Running, empty: Shop, visit: Open) -> None:
    await ask(fitmatch, empty, {"<img src=x onerror=alert(1)>": (10, 10)})

    page = await open_console(visit, empty, "/prompts")

    await expect(page.get_by_role("rowheader")).to_have_text(["<img src=x onerror=alert(1)>"])
    await expect(page.locator("main img")).to_have_count(0)


async def test_usage_is_told_in_numbers_bars_and_a_table(fitmatch: Running, empty: Shop, visit: Open) -> None:
    today = datetime.now(UTC).date()
    await ask_long_ago(fitmatch, empty, {0: 3, 2: 7, 29: 1, 30: 5})
    empty.upload(sample("DR-001"))

    page = await open_console(visit, empty, "/usage")

    await expect(page.get_by_role("listitem").filter(has_text="photos uploaded")).to_contain_text("1")
    busiest = today - timedelta(days=2)
    chart = page.get_by_role("img", name=f"11 prompts, most on {busiest.day} {busiest:%b}: 7.")
    await expect(chart.locator("rect")).to_have_count(30)
    heights = await chart.locator("rect").evaluate_all("bars => bars.map((bar) => Number(bar.getAttribute('height')))")
    assert [height > 0 for height in heights] == [True] + [False] * 26 + [True, False, True]
    assert max(heights) == heights[-3]
    photos = page.get_by_role("img", name="Photos uploaded in the last 30 days: 1 photo")
    await expect(photos.locator("rect")).to_have_count(30)
    await page.get_by_text("The same days as a table").click()
    cells = page.get_by_role("table", name="Usage by day").get_by_role("cell")
    assert [await cells.nth(at).text_content() for at in (0, 1, 4)] == ["3", "1", "7"]


@pytest.mark.screenshots
@pytest.mark.parametrize("look", LOOKS)
async def test_prompts_and_usage_fit_desk_and_phone(
    fitmatch: Running, empty: Shop, visit: Open, look: str, shoot: Shoot
) -> None:
    rename(empty, fitmatch.operator_token, "Blue Door")
    await ask(fitmatch, empty, ASKED)
    await ask_long_ago(fitmatch, empty, {day: 20 + (day * 37) % 53 - day // 2 for day in range(1, 30)})
    for name in ("DR-001", "SH-001", "PA-001"):
        empty.upload(sample(name))
    page = await open_console(visit, empty, "/prompts", **LOOKS[look])
    await expect(page.get_by_role("rowheader").first).to_be_visible()
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    if look in PICTURED["prompts"]:
        await shoot(page, f"console-{look.replace('_', '-')}-prompts")

    await page.get_by_role("link", name="Usage").click()
    await settled(page)
    await expect(page.get_by_role("img", name="Prompts in the last 30 days")).to_be_visible()
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    if look in PICTURED["usage"]:
        await shoot(page, f"console-{look.replace('_', '-')}-usage")


async def kind_of(page: Page, prompt: str) -> str | None:
    return await row(page, prompt).locator(".status").get_attribute("data-kind")


async def ask(fitmatch: Running, shop: Shop, asked: dict[str, tuple[int, int]]) -> None:
    """As the API notes them, without the time that real answers take."""
    connection = await asyncpg.connect(fitmatch.postgres_dsn)
    for prompt, (wanted, found) in asked.items():
        await prompts.add(connection, [prompts.Asked(parse("shp", shop.id), prompt, wanted, found)])
    await connection.close()


async def ask_long_ago(fitmatch: Running, shop: Shop, counts: dict[int, int]) -> None:
    """Days before today → how many prompts. Their ids are smaller than those of today, as real ones would be."""
    connection = await asyncpg.connect(fitmatch.postgres_dsn)
    for days, count in counts.items():
        await connection.execute(
            """
            INSERT INTO prompts (id, shop_id, prompt, num_results, returned, created_at)
            SELECT overlay(gen_random_uuid()::text PLACING '0000' FROM 1)::uuid, $1, 'long ago', 10, 10,
                date_trunc('day', now(), 'UTC') - make_interval(days => $2)
            FROM generate_series(1, $3)
            """,
            parse("shp", shop.id),
            days,
            count,
        )
    await connection.close()
