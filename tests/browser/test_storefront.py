"""The storefront in a real browser, on the running system: prompts, the key, and what can go wrong."""

import asyncio
import re

from playwright.async_api import Route, expect

from tests.browser.conftest import Open
from tests.browser.pages import ask, count, expect_loaded, field, found, names, tab_to
from tests.browser.shop import Filled, address, publishable_key
from tests.e2e.client import Shop, bearer, json, sample


async def test_a_prompt_shows_the_shops_products_best_first(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await ask(page, "red dress")

    await expect(found(page)).to_have_count(24)
    await expect(count(page)).to_have_text("24 products for “red dress”, best first")
    best_first = filled.shop.recommend("red dress", 24)
    assert await names(found(page)) == [product["name"] for product in best_first]
    assert best_first[0]["category"] == "dress"


async def test_words_typed_before_the_page_has_started_stay(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    typed = asyncio.Event()

    async def hold(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    await page.route("**/static/app.js", hold)
    await page.reload(wait_until="commit")
    await field(page).fill("red dress")
    typed.set()
    await page.wait_for_load_state()

    await expect(page.get_by_role("link", name="a storefront")).to_be_visible()
    await expect(field(page)).to_have_value("red dress")


async def test_a_card_shows_the_photo_the_name_and_the_price(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await ask(page, "jeans")

    card = found(page).first
    name = await card.locator(".name").text_content() or ""
    await expect(card.locator(".price")).to_contain_text(f"€{filled.named(name).price}")
    await expect(card.get_by_role("img")).to_have_attribute("alt", f"Photo of {name}")
    await expect_loaded(card.get_by_role("img"))


async def test_back_and_forward_walk_through_prompts_and_products(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "red dress")
    await expect(count(page)).to_contain_text("“red dress”, best")
    await ask(page, "jeans")
    await expect(count(page)).to_contain_text("“jeans”, best")
    await found(page).first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()

    await page.go_back()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.go_back()
    await expect(field(page)).to_have_value("red dress")
    await expect(count(page)).to_contain_text("“red dress”")
    await page.go_forward()
    await page.go_forward()

    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(count(page)).to_contain_text("“jeans”")


async def test_the_page_works_by_keyboard_alone(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await field(page).focus()
    await page.keyboard.type("winter jacket")
    await page.keyboard.press("Enter")
    await expect(found(page)).to_have_count(24)
    await tab_to(page, found(page).first)
    await page.keyboard.press("Enter")
    await expect(page.locator("#similar .card").first).to_be_visible()
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(found(page).first).to_be_focused()


async def test_the_key_leaves_the_address_bar(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.page}&q=jeans")).page

    await expect(found(page)).to_have_count(24)

    assert page.url == f"{filled.url}/?q=jeans"
    await page.reload()
    await expect(found(page)).to_have_count(24)


async def test_without_a_key_the_page_says_how_to_get_one(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.url}/")).page

    wanted = page.get_by_role("region", name="Publishable key")
    await expect(wanted).to_contain_text('"kind": "publishable"')
    await wanted.get_by_label("Publishable key").fill(filled.key)
    await wanted.get_by_role("button", name="Use this key").click()
    await ask(page, "red dress")

    await expect(found(page)).to_have_count(24)


async def test_a_secret_key_is_refused_and_not_kept(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.url}/?key=fm_sk_notforbrowsers")).page

    wanted = page.get_by_role("region", name="Publishable key")
    await wanted.get_by_label("Publishable key").fill("fm_sk_notforbrowsers")
    await wanted.get_by_role("button", name="Use this key").click()

    await expect(wanted.get_by_role("alert")).to_contain_text("secret key")
    assert page.url == f"{filled.url}/"
    assert await page.evaluate("sessionStorage.length") == 0


async def test_an_empty_shop_says_so(empty: Shop, visit: Open) -> None:
    _, key = publishable_key(empty)
    page = (await visit(f"{address(empty)}/?key={key}")).page

    await ask(page, "red dress")

    await expect(page.get_by_role("heading", name="Nothing to show yet")).to_be_visible()
    await expect(count(page)).to_have_text("No products.")


async def test_a_revoked_key_is_told_in_the_servers_words(empty: Shop, visit: Open) -> None:
    key_id, key = publishable_key(empty)
    json(empty.http.post(f"/v1/keys/{key_id}/revoke"))
    refused = empty.http.post("/v1/recommendations", headers=bearer(key), json={"prompt": "jeans"})
    page = (await visit(f"{address(empty)}/?key={key}")).page

    await ask(page, "jeans")

    await expect(page.get_by_role("region", name="Publishable key")).to_contain_text(refused.json()["detail"])
    assert refused.status_code == 401


async def test_a_prompt_that_the_server_refuses_shows_its_reason(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await ask(page, "!?!")

    await expect(page.get_by_role("alert")).to_contain_text("The prompt holds no words.")
    await expect(page.get_by_role("button", name="Try again")).to_be_enabled()
    await expect(page.locator("#notice")).to_contain_text("Request")


async def test_a_busy_server_is_left_alone_for_as_long_as_it_says(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    busy = {"title": "Overloaded", "detail": "Come back.", "code": "overloaded"}

    async def refuse(route: Route) -> None:
        await route.fulfill(status=503, headers={"Retry-After": "2"}, json=busy)

    await page.route("**/v1/recommendations", refuse)
    await ask(page, "jeans")
    again = page.get_by_role("button", name="Try again")
    await expect(again).to_be_disabled()
    await expect(again).to_have_text("Try again in 2 s")
    await expect(page.get_by_role("alert")).to_contain_text("Many people are asking right now.")
    await page.unroute("**/v1/recommendations")

    await expect(again).to_be_enabled()
    await again.click()

    await expect(found(page)).to_have_count(24)


async def test_who_was_offline_gets_the_answer_when_the_connection_is_back(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await expect(page.locator("#examples a").first).to_be_visible()
    await page.context.set_offline(offline=True)
    await expect(page.get_by_text("You are offline. What was found stays here")).to_be_visible()
    await ask(page, "jeans")
    await expect(page.get_by_role("alert")).to_contain_text("asks again by itself")
    await expect(page.get_by_role("button", name="Try again")).to_have_count(0)

    await page.context.set_offline(offline=False)

    await expect(found(page)).to_have_count(24)
    await expect(page.locator("#offline")).to_be_hidden()


async def test_the_start_page_shows_the_shop_by_its_name_and_categories(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await expect(page).to_have_title("a storefront")
    await expect(page.locator(".wordmark")).to_have_text("a storefront")
    tiles = page.get_by_role("list", name="What this shop has").get_by_role("link")
    words = await tiles.locator(".example-name").all_text_contents()
    assert (words[0], {*words}) == ("dress", {"dress", "outwear", "pants", "shirt", "shoes"})
    await expect(tiles.first).to_contain_text("8 products")
    await tiles.filter(has_text="shoes").click()

    await expect(found(page)).to_have_count(6)
    assert {filled.named(name).category for name in await names(found(page))} == {"shoes"}


async def test_an_unreachable_server_can_be_asked_again(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await page.route("**/v1/recommendations", lambda route: route.abort())
    await ask(page, "jeans")
    await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")

    await page.unroute("**/v1/recommendations")
    await page.get_by_role("button", name="Try again").click()

    await expect(found(page)).to_have_count(24)


async def test_waiting_is_shown_and_announced(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    # Never answered: the page stays as it is while it waits.
    await page.route("**/v1/recommendations", lambda _: None)

    await ask(page, "jeans")

    await expect(count(page)).to_have_text("Looking for “jeans”…")
    await expect(page.locator("#results[aria-busy=true] .skeleton").first).to_be_visible()


async def test_a_products_words_are_never_markup(empty: Shop, visit: Open) -> None:
    name = "<img src=x onerror=document.title='broken'>"
    empty.upload(sample("DR-002"), name=name)
    empty.wait_until_settled()
    _, key = publishable_key(empty)
    page = (await visit(f"{address(empty)}/?key={key}")).page

    await ask(page, "<b>dress</b>")
    await found(page).first.click()

    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await expect(page.get_by_text("Nothing else in this shop comes close.")).to_be_visible()
    await expect(page.locator("#product-price")).to_have_text("")
    assert await page.title() == f"{name} · an empty storefront"


async def test_the_page_allows_itself_nothing_but_its_own_files(filled: Filled) -> None:
    answer = filled.shop.http.get("/")

    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)
