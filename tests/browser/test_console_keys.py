"""The console's keys: made, shown once, changed, rotated with both working, and ended."""

import asyncio
import re

import httpx
import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import STEP_MS_MAX, Open
from tests.browser.console import expect_no_sideways_scroll, open_console, row
from tests.browser.looks import LOOKS, Shoot, expect_accessible
from tests.browser.shop import address, rename
from tests.e2e.client import Shop, bearer, json
from tests.e2e.instance import Running

PICTURED = ("desk_light", "phone_dark")
KEPT = "JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, location.href, document.cookie])"


async def test_a_new_key_is_shown_once_and_then_nowhere(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/keys")
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.get_by_role("button", name="New secret key").click()
    await page.get_by_label("Name", exact=True).fill("import job")
    await page.get_by_role("button", name="Create").click()

    dialog = page.get_by_role("dialog", name="The new key")
    await expect(dialog).to_contain_text("the only time")
    key = await dialog.get_by_label("Key").input_value()
    await dialog.get_by_role("button", name="Copy").click()
    await expect(dialog.get_by_role("status")).to_have_text("Copied.")
    await dialog.get_by_role("button", name="Done").click()

    assert await page.evaluate("navigator.clipboard.readText()") == key
    assert status_of(empty, key) == 200
    await expect(row(page, "import job")).to_contain_text(f"fm_sk_…{key[-4:]}")
    await expect(row(page, "import job")).to_contain_text("never")
    await expect_nowhere(page, key)
    await page.reload()
    await expect(row(page, "import job")).to_be_visible()
    await expect_nowhere(page, key)


async def test_a_key_that_was_not_copied_does_not_go_with_escape(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/keys")
    await page.get_by_role("button", name="New secret key").click()
    await page.get_by_label("Name", exact=True).fill("import job")
    await page.get_by_role("button", name="Create").click()
    dialog = page.get_by_role("dialog", name="The new key")
    await expect(dialog.get_by_label("Key")).to_be_focused()

    await page.keyboard.press("Escape")

    await expect(dialog.get_by_role("status")).to_contain_text("has not been copied")
    await dialog.get_by_role("button", name="Done").click()
    await expect(dialog).to_have_count(0)
    await expect(page.get_by_role("button", name="New secret key")).to_be_focused()


async def test_a_key_whose_dialog_is_left_while_it_is_made_is_shown(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/keys")
    left = asyncio.Event()

    async def hold(route: Route) -> None:
        await left.wait()
        await route.continue_()

    await page.route("**/v1/keys", hold)
    await page.get_by_role("button", name="New secret key").click()
    await page.get_by_label("Name", exact=True).fill("import job")
    await page.get_by_role("button", name="Create").click()

    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    left.set()

    await expect(page.get_by_role("dialog", name="The new key").get_by_label("Key")).to_have_value(
        re.compile("^fm_sk_")
    )


async def test_a_publishable_key_opens_the_storefront_of_this_server(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/keys")
    await page.get_by_role("button", name="New publishable key").click()
    await page.get_by_label("Name", exact=True).fill("web shop")
    await page.get_by_label("Pages that may use it").fill("https://shop.example\nhttps://www.shop.example")
    await expect(page.get_by_label("The storefront on this server")).to_be_checked()
    await page.get_by_role("button", name="Create").click()

    await expect(page.get_by_role("link", name="Open the storefront with it")).to_be_visible()
    made = key_of(empty, "web shop")
    assert made["allowed_origins"] == ["https://shop.example", "https://www.shop.example", address(empty)]
    async with page.context.expect_page() as opening:
        await page.get_by_role("link", name="Open the storefront with it").click()
    storefront = await opening.value
    await expect(storefront).to_have_url(f"{address(empty)}/")
    key = await dialog_of(page).get_by_label("Key").input_value()
    assert status_of(empty, key, "/v1/storefront", Origin=address(empty)) == 200


async def test_what_is_wrong_with_an_origin_is_told_at_its_field(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/keys")
    await page.get_by_role("button", name="New publishable key").click()
    await page.get_by_label("Name", exact=True).fill("web shop")
    pages = page.get_by_label("Pages that may use it")
    await pages.fill("https://shop.example/path")

    await page.get_by_role("button", name="Create").click()

    await expect(pages).to_be_focused()
    await expect(pages).to_have_accessible_description(re.compile("without a path or wildcard"))


async def test_name_pages_and_last_day_of_a_key_can_be_changed(empty: Shop, visit: Open) -> None:
    wanted = {"name": "web shop", "kind": "publishable", "allowed_origins": ["https://old.example"]}
    made = json(empty.http.post("/v1/keys", json=wanted), 201)
    page = await open_console(visit, empty, "/keys")
    await page.get_by_role("button", name="Edit web shop").click()
    dialog = page.get_by_role("dialog", name="Edit web shop")
    await expect(dialog.get_by_label("The storefront on this server")).not_to_be_checked()

    await dialog.get_by_label("Name", exact=True).fill("new theme")
    await dialog.get_by_label("Pages that may use it").fill("https://new.example")
    await dialog.get_by_label("Last day").fill("2999-12-30")
    await dialog.get_by_role("button", name="Save").click()

    await expect(row(page, "new theme")).to_contain_text("https://new.example")
    changed = json(empty.http.get(f"/v1/keys/{made['id']}"))
    assert (changed["name"], changed["allowed_origins"]) == ("new theme", ["https://new.example"])
    assert changed["expires_at"].startswith("2999-12-3")
    await page.get_by_role("button", name="Edit new theme").click()
    await dialog_of(page).get_by_label("Last day").fill("")
    await dialog_of(page).get_by_role("button", name="Save").click()
    await expect(dialog_of(page)).to_have_count(0)
    assert json(empty.http.get(f"/v1/keys/{made['id']}"))["expires_at"] is None


async def test_a_rotated_key_works_until_its_grace_is_over(empty: Shop, visit: Open) -> None:
    old = json(empty.http.post("/v1/keys", json={"name": "import job", "kind": "secret"}), 201)["key"]
    page = await open_console(visit, empty, "/keys")

    await page.get_by_role("button", name="Rotate import job").click()
    await dialog_of(page).get_by_label("The old key ends").select_option("in an hour")
    await dialog_of(page).get_by_role("button", name="Rotate").click()
    dialog = page.get_by_role("dialog", name="The new key for import job")
    new = await dialog.get_by_label("Key").input_value()
    await dialog.get_by_role("button", name="Done").click()

    await expect(row(page, old[-4:])).to_contain_text("ends in 60 minutes")
    await expect(row(page, new[-4:])).to_contain_text("active")
    assert {status_of(empty, old), status_of(empty, new)} == {200}
    await expect_nowhere(page, new)


async def test_rotating_the_key_of_ones_session_shows_the_new_one_even_when_it_has_ended(
    empty: Shop, visit: Open
) -> None:
    page = await open_console(visit, empty, "/usage")
    await page.get_by_role("link", name="Keys").click()
    await expect(row(page, "first key")).to_contain_text("you signed in with it")

    await page.get_by_role("button", name="Rotate first key").click()
    await expect(dialog_of(page)).to_contain_text("your session ends too")
    await dialog_of(page).get_by_label("The old key ends").select_option("at once")
    await dialog_of(page).get_by_role("button", name="Rotate").click()
    dialog = page.get_by_role("dialog", name="The new key for first key")
    new = await dialog.get_by_label("Key").input_value()
    # Any question to the server now tells that the session is over.
    await page.go_back()
    await expect(page.get_by_text("Your session has ended")).to_be_visible()
    await expect(dialog.get_by_label("Key")).to_have_value(new)
    await dialog.get_by_role("button", name="Done").click()

    await page.go_forward()
    await page.get_by_label("Secret key or operator token").fill(new)
    await page.get_by_role("button", name="Sign in").click()
    await expect(row(page, new[-4:])).to_contain_text("you signed in with it")
    await expect(row(page, empty.key[-4:])).to_contain_text("revoked")


async def test_a_revoked_key_stays_in_the_list_until_it_is_deleted(empty: Shop, visit: Open) -> None:
    key = json(empty.http.post("/v1/keys", json={"name": "lost laptop", "kind": "secret"}), 201)["key"]
    page = await open_console(visit, empty, "/keys")

    await page.get_by_role("button", name="Revoke lost laptop").click()
    await expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    await dialog_of(page).get_by_role("button", name="Revoke").click()

    await expect(page.get_by_role("status")).to_have_text("“lost laptop” is revoked.")
    await expect(row(page, "lost laptop")).to_contain_text("revoked")
    await expect(page.get_by_role("button", name="Rotate lost laptop")).to_have_count(0)
    assert status_of(empty, key) == 401
    await page.get_by_role("button", name="Delete lost laptop").click()
    await dialog_of(page).get_by_role("button", name="Delete").click()
    await expect(row(page, "lost laptop")).to_have_count(0)


async def test_a_lost_answer_makes_no_second_key(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/keys")
    await page.get_by_role("button", name="New secret key").click()
    await page.get_by_label("Name", exact=True).fill("import job")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await page.route("**/v1/keys", lose)
    await page.get_by_role("button", name="Create").click()
    await expect(dialog_of(page)).to_contain_text("cannot be reached")
    await page.unroute("**/v1/keys")
    await page.get_by_role("button", name="Create").click()

    await expect(page.get_by_role("dialog", name="The key is lost")).to_be_visible()
    await page.get_by_role("button", name="Done").click()
    await expect(row(page, "import job")).to_have_count(1)


@pytest.mark.screenshots
@pytest.mark.parametrize("look", LOOKS)
async def test_the_keys_fit_desk_and_phone(
    fitmatch: Running, empty: Shop, visit: Open, look: str, shoot: Shoot
) -> None:
    rename(empty, fitmatch.operator_token, "Blue Door")
    origins = ["https://blue-door.example", address(empty)]
    json(empty.http.post("/v1/keys", json={"name": "web shop", "kind": "publishable", "allowed_origins": origins}), 201)
    ended = json(empty.http.post("/v1/keys", json={"name": "former theme", "kind": "publishable"}), 201)
    json(empty.http.post(f"/v1/keys/{ended['id']}/revoke"))
    page = await open_console(visit, empty, "/keys", **LOOKS[look])
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    if look in PICTURED:
        await shoot(page, f"console-{look.replace('_', '-')}-keys")

    await page.get_by_role("button", name="Rotate web shop").click()
    await expect_accessible(page)
    await dialog_of(page).get_by_role("button", name="Rotate").click()
    await expect(page.get_by_role("link", name="Open the storefront with it")).to_be_visible()
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)


def dialog_of(page: Page) -> Locator:
    return page.get_by_role("dialog")


def key_of(shop: Shop, name: str) -> dict[str, object]:
    return next(key for key in json(shop.http.get("/v1/keys"))["data"] if key["name"] == name)


def status_of(shop: Shop, key: str, path: str = "/v1/shop", **headers: str) -> int:
    return httpx.get(f"{address(shop)}{path}", headers=bearer(key) | headers).status_code


async def expect_nowhere(page: Page, key: str) -> None:
    """Neither in what the page shows, nor in any field, nor in what the browser keeps for it."""
    await expect(page.get_by_role("dialog")).to_have_count(0, timeout=STEP_MS_MAX)
    fields = await page.evaluate("[...document.querySelectorAll('input, textarea')].map((one) => one.value).join()")
    assert key not in await page.content() + fields + await page.evaluate(KEPT)
