"""The console's frame in a real browser: signing in and out, sessions that end, addresses, the overview."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Open
from tests.browser.console import expect_no_sideways_scroll, open_console, settled, sign_in
from tests.browser.looks import LOOKS, Shoot, expect_accessible
from tests.browser.shop import Filled, address, publishable_key
from tests.e2e.client import Shop, json
from tests.e2e.instance import Running


async def test_a_secret_key_opens_the_shops_console(filled: Filled, visit: Open) -> None:
    page = await open_console(visit, filled.shop)

    await expect(page.get_by_role("heading", name="a storefront")).to_be_visible()
    await expect(page.locator("#who-name")).to_have_text("a storefront")
    ready = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="ready"))
    await expect(ready).to_contain_text(str(len(filled.products)))
    await expect(page.get_by_role("listitem").filter(has_text="photos embedded")).to_contain_text(
        str(len(filled.products))
    )
    await expect(page.get_by_role("navigation", name="Console").locator("[aria-current=page]")).to_have_text("Overview")


async def test_the_operators_token_opens_the_operators_console(fitmatch: Running, visit: Open) -> None:
    page = (await visit(f"{fitmatch.url}/console")).page

    await sign_in(page, fitmatch.operator_token)

    await expect(page.locator("#who-name")).to_have_text("Operator")
    await expect(page.get_by_role("link", name="Overview")).to_have_count(0)


@pytest.mark.parametrize(
    ("key", "reason"), [("fm_sk_wrong", "not a key of this service"), ("publishable", "sign in with one of the shop's")]
)
async def test_a_key_that_opens_nothing_is_told_why(empty: Shop, visit: Open, key: str, reason: str) -> None:
    page = (await visit(f"{address(empty)}/console")).page
    await page.get_by_label("Secret key or operator token").fill(
        publishable_key(empty)[1] if key == "publishable" else key
    )

    await page.get_by_role("button", name="Sign in").click()

    await expect(page.get_by_role("alert").filter(has_text=reason)).to_be_visible()
    await expect(page.get_by_label("Secret key or operator token")).to_be_focused()
    await expect(page.get_by_role("button", name="Sign in")).to_be_enabled()


async def test_nothing_that_opens_the_shop_can_be_read_by_scripts(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty)

    (cookie,) = await page.context.cookies()

    assert (cookie.get("httpOnly"), cookie.get("sameSite")) == (True, "Strict")
    assert await page.evaluate("document.cookie") == ""
    kept = await page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, location.href])")
    assert empty.key not in kept
    assert empty.key not in await page.content()


async def test_a_request_without_the_consoles_header_is_refused(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty)

    refused = await page.evaluate(
        "fetch('/v1/categories', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{}'})"
        ".then(async (answer) => [answer.status, (await answer.json()).code])"
    )

    assert refused == [403, "not_from_the_console"]


async def test_signing_out_ends_the_session_everywhere(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty)
    kept = await page.context.cookies()

    await page.get_by_role("button", name="Sign out").click()

    await expect(page.get_by_label("Secret key or operator token")).to_be_visible()
    await expect(page.get_by_role("status")).to_have_text("You are signed out.")
    assert await page.context.cookies() == []
    await page.context.add_cookies([{"name": kept[0]["name"], "value": kept[0]["value"], "url": address(empty)}])  # pyright: ignore[reportTypedDictNotRequiredAccess]
    await page.reload()
    await expect(page.get_by_label("Secret key or operator token")).to_be_visible()


async def test_a_session_that_is_over_leads_back_to_the_same_place(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty)
    (first,) = json(empty.http.get("/v1/keys"))["data"]
    await page.goto(f"{address(empty)}/console?from=here")
    await settled(page)
    made = json(empty.http.post("/v1/keys", json={"name": "another", "kind": "secret"}), 201)
    json(empty.http.post(f"/v1/keys/{first['id']}/revoke"))

    # The overview asks for its numbers again by itself.
    await expect(page.get_by_text("Your session has ended")).to_be_visible()
    await expect(page.get_by_role("navigation", name="Console")).to_be_hidden()
    await sign_in(page, made["key"])

    await expect(page.get_by_role("heading", name="an empty storefront")).to_be_visible()
    assert page.url == f"{address(empty)}/console?from=here"


async def test_a_reload_stays_signed_in_and_in_place(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty)

    await page.reload()

    await expect(page.get_by_role("heading", name="an empty storefront")).to_be_visible()
    await expect(page.get_by_role("link", name="Upload photos")).to_be_visible()


async def test_an_address_that_leads_nowhere_says_so(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/nowhere")

    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    await page.get_by_role("link", name="To the start").click()

    await expect(page.get_by_role("heading", name="an empty storefront")).to_be_focused()
    await page.go_back()
    await expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


async def test_an_unreachable_server_can_be_asked_again(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty)
    await page.route("**/v1/index", lambda route: route.abort())
    await page.reload()
    await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")

    await page.unroute("**/v1/index")
    await page.get_by_role("button", name="Try again").click()

    await expect(page.get_by_role("heading", name="an empty storefront")).to_be_visible()


@pytest.mark.screenshots
@pytest.mark.parametrize("look", LOOKS)
async def test_signing_in_and_the_overview_fit_desk_and_phone(
    filled: Filled, visit: Open, look: str, shoot: Shoot
) -> None:
    page = (await visit(f"{filled.url}/console", **LOOKS[look])).page
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)

    await sign_in(page, filled.shop.key)
    await expect(page.get_by_role("heading", name="Products")).to_be_visible()

    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    await shoot(page, f"console-{look.replace('_', '-')}-overview")


async def test_the_console_allows_itself_nothing_but_its_own_files(filled: Filled) -> None:
    answer = filled.shop.http.get("/console/products")

    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)
