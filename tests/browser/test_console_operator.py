"""The operator's console: shops made, found, suspended, renamed and deleted; how the deployment does."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.console import expect_no_sideways_scroll, open_console, row, settled, sign_in
from tests.browser.looks import LOOKS, Shoot, expect_accessible
from tests.browser.shop import Filled, rename
from tests.e2e.client import Shop, bearer, json, open_shop, sample
from tests.e2e.instance import Running

AGAIN_MS_MAX = 60_000
"""Totals are kept for 30 s."""
PICTURED = {"shops": ("desk_light", "phone_dark"), "deployment": ("desk_dark", "phone_light")}
BOUTIQUES = ("Amber", "Blue Door", "Harbour", "Ivory", "Mill Lane", "Olive", "Station")


async def test_a_new_shop_signs_in_with_the_key_that_is_shown_once(fitmatch: Running, visit: Open) -> None:
    page = await as_operator(visit, fitmatch, "/shops?q=Green+Door")
    await page.get_by_role("button", name="New shop").click()
    await dialog_of(page).get_by_label("Name").fill("Green Door")
    await dialog_of(page).get_by_role("button", name="Create").click()

    dialog = page.get_by_role("dialog", name="The first key of Green Door")
    key = await dialog.get_by_label("Key").input_value()
    await dialog.get_by_role("button", name="Done").click()

    await expect(page.get_by_role("status")).to_have_text("“Green Door” is created.")
    await expect(row(page, "Green Door")).to_contain_text("active")
    assert key not in await page.content()
    await page.get_by_role("button", name="Sign out").click()
    await sign_in(page, key)
    await expect(page.locator("#who-name")).to_have_text("Green Door")


async def test_a_shop_is_found_by_part_of_its_name(fitmatch: Running, visit: Open) -> None:
    for name in ("Yellow Window", "Grey Window"):
        open_shop(fitmatch.url, fitmatch.operator_token, name).http.close()
    page = await as_operator(visit, fitmatch, "/shops")
    await page.get_by_label("Search shops").fill("yellow win")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("rowheader")).to_have_text(["Yellow Window"])
    await expect(page.get_by_label("Search shops")).to_be_focused()
    await page.get_by_label("Search shops").fill("no shop has this name")
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("heading", name="No shop is called that")).to_be_visible()


async def test_the_session_of_a_suspended_shop_says_so_until_it_is_resumed(
    fitmatch: Running, empty: Shop, visit: Open
) -> None:
    name = rename(empty, fitmatch.operator_token, "Closed Door")
    shops_page = await open_console(visit, empty, "/keys")
    page = await as_operator(visit, fitmatch, "/shops?q=Closed+Door")
    await page.get_by_role("button", name=f"Suspend {name}").click()
    await dialog_of(page).get_by_role("button", name="Suspend").click()
    await expect(row(page, name)).to_contain_text("suspended")

    await shops_page.get_by_role("link", name="Usage").click()
    await expect(shops_page.get_by_role("alert")).to_contain_text("suspended")
    await shops_page.reload()
    await expect(shops_page.get_by_role("alert").filter(has_text="suspended")).to_be_visible()
    await expect(shops_page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_role("button", name=f"Resume {name}").click()
    await expect(page.get_by_role("status")).to_have_text(f"“{name}” is active again.")

    await shops_page.reload()
    await expect(shops_page.get_by_role("heading", name="Usage")).to_be_visible()


async def test_a_shop_is_deleted_only_when_its_name_was_typed(fitmatch: Running, empty: Shop, visit: Open) -> None:
    name = rename(empty, fitmatch.operator_token, "Last Door")
    page = await as_operator(visit, fitmatch, "/shops?q=Last+Door")
    await page.get_by_role("button", name=f"Delete {name}").click()
    typed = dialog_of(page).get_by_label("type its name")
    await typed.fill("Last Dor")
    await dialog_of(page).get_by_role("button", name="Delete for good").click()
    await expect(typed).to_have_accessible_description("That is not its name.")
    assert empty.http.get("/v1/shop").status_code == 200

    await typed.fill(name)
    await dialog_of(page).get_by_role("button", name="Delete for good").click()

    await expect(page.get_by_role("status")).to_have_text(f"“{name}” is deleted.")
    await expect(row(page, name)).to_have_count(0)
    operator = bearer(fitmatch.operator_token)
    assert empty.http.get(f"/v1/shops/{empty.id}", headers=operator).status_code == 404


async def test_a_shop_is_renamed(fitmatch: Running, empty: Shop, visit: Open) -> None:
    name = rename(empty, fitmatch.operator_token, "Old Door")
    page = await as_operator(visit, fitmatch, "/shops?q=+Door")

    await page.get_by_role("button", name=f"Rename {name}").click()
    await expect(dialog_of(page).get_by_label("Name")).to_have_value(name)
    await dialog_of(page).get_by_label("Name").fill("Brand New Door")
    await dialog_of(page).get_by_role("button", name="Save").click()

    await expect(row(page, "Brand New Door")).to_be_visible()
    assert json(empty.http.get("/v1/shop"))["name"] == "Brand New Door"


async def test_the_deployment_is_told_as_the_api_tells_it(fitmatch: Running, filled: Filled, visit: Open) -> None:
    told = json(filled.shop.http.get("/v1/deployment", headers=bearer(fitmatch.operator_token)))

    page = await as_operator(visit, fitmatch, "/deployment")

    for part in ("Postgres", "Chroma", "CLIP"):
        await expect(page.get_by_role("listitem").filter(has_text=part)).to_contain_text("ok")
    replicas = page.get_by_role("table", name="Replicas by deployment")
    await expect(replicas.get_by_role("rowheader")).to_have_text([one["deployment"] for one in told["replicas"]])
    gateway = replicas.get_by_role("row").filter(has_text="Gateway")
    await expect(gateway).to_contain_text("HEALTHY")
    await expect(gateway).to_contain_text(re.compile(r"(\d+) of \1"))
    index = page.get_by_role("table", name="Collections by checkpoint")
    await expect(index.get_by_role("row").filter(has_text=told["checkpoint"])).to_contain_text("embeds now")
    links = {name: address for name, address in told["links"].items() if address}
    assert set(links) >= {"ray_dashboard"}
    await expect(page.get_by_role("link", name="Ray dashboard")).to_have_attribute("href", links["ray_dashboard"])


async def test_the_deployment_is_asked_again_without_taking_the_focus(
    fitmatch: Running, empty: Shop, visit: Open
) -> None:
    page = await as_operator(visit, fitmatch, "/deployment")
    products = page.get_by_role("listitem").filter(has=page.get_by_text("products", exact=True))
    before = int((await products.locator(".figure-value").text_content() or "").replace(",", ""))
    focused = page.locator("#views").get_by_role("link", name="Shops")
    await focused.focus()

    empty.upload(sample("DR-001"))

    await expect(products.locator(".figure-value")).to_have_text(f"{before + 1:,}", timeout=AGAIN_MS_MAX)
    await expect(focused).to_be_focused()


async def test_a_deployment_that_stops_answering_is_told_with_the_last_answer(fitmatch: Running, visit: Open) -> None:
    page = await as_operator(visit, fitmatch, "/deployment")

    await page.route("**/v1/deployment", lambda route: route.abort())

    await expect(page.get_by_text("No answer since")).to_be_visible(timeout=AGAIN_MS_MAX)
    await expect(page.get_by_role("heading", name="Replicas")).to_be_visible()
    await page.unroute("**/v1/deployment")
    await expect(page.get_by_text("No answer since")).to_have_count(0, timeout=AGAIN_MS_MAX)


@pytest.mark.parametrize("path", ["/shops", "/deployment"])
async def test_a_shop_does_not_see_the_operators_views(empty: Shop, visit: Open, path: str) -> None:
    page = await open_console(visit, empty, path)

    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


@pytest.mark.screenshots
@pytest.mark.parametrize("look", LOOKS)
async def test_the_operators_views_fit_desk_and_phone(
    fitmatch: Running, filled: Filled, visit: Open, look: str, shoot: Shoot
) -> None:
    shops = [open_shop(fitmatch.url, fitmatch.operator_token, f"{name} Boutique") for name in BOUTIQUES]
    json(shops[4].http.patch(f"/v1/shops/{shops[4].id}", json={"status": "suspended"}, headers=token(fitmatch)))
    page = await as_operator(visit, fitmatch, "/shops?q=boutique", **LOOKS[look])
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    if look in PICTURED["shops"]:
        await shoot(page, f"console-{look.replace('_', '-')}-shops")

    await page.get_by_role("button", name="Delete Amber Boutique").click()
    await expect_accessible(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("link", name="Deployment", exact=True).click()
    await settled(page)
    await expect(page.get_by_role("table", name="Replicas by deployment")).to_be_visible()
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    if look in PICTURED["deployment"]:
        await shoot(page, f"console-{look.replace('_', '-')}-deployment")
    for shop in shops:
        assert shop.http.delete(f"/v1/shops/{shop.id}", headers=token(fitmatch)).status_code == 204
        shop.http.close()


async def as_operator(visit: Open, fitmatch: Running, path: str, **look: object) -> Page:
    page = (await visit(f"{fitmatch.url}/console{path}", **look)).page
    await sign_in(page, fitmatch.operator_token)
    return page


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog")


def token(fitmatch: Running) -> dict[str, str]:
    return bearer(fitmatch.operator_token)
