"""The demo page in a real browser, on the running system."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.looks import LOOKS, Shoot, expect_accessible
from tests.browser.shop import Filled, address, publishable_key
from tests.e2e.client import Shop, bearer, json, sample


async def test_a_prompt_shows_the_shops_products_best_first(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await ask(page, "red dress")

    cards = page.locator("#results .card")
    await expect(cards).to_have_count(24)
    await expect(page.get_by_role("status").first).to_have_text("24 products for “red dress”, best first")
    names = await cards.locator(".name").all_text_contents()
    assert filled.named(names[0]).category == "dress"
    scores = [float(text.removeprefix("score ")) for text in await cards.locator(".score").all_text_contents()]
    assert len(scores) == 24
    assert scores == sorted(scores, reverse=True)


async def test_a_card_shows_the_photo_the_name_and_the_price(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await ask(page, "jeans")

    card = page.locator("#results .card").first
    name = await card.locator(".name").text_content() or ""
    await expect(card.locator(".price")).to_contain_text(f"€{filled.named(name).price}")
    await expect(card.get_by_role("img")).to_have_attribute("alt", f"Photo of {name}")
    await expect_loaded(card.get_by_role("img"))


@pytest.mark.screenshots
@pytest.mark.parametrize("look", LOOKS)
async def test_the_page_fits_desk_and_phone_by_day_and_night(
    filled: Filled, visit: Open, look: str, shoot: Shoot
) -> None:
    page = (await visit(filled.page, **LOOKS[look])).page
    await shoot(page, f"{look}_start")
    await expect_accessible(page)

    await ask(page, "winter jacket")
    await expect_loaded(page.locator("#results .card").first.get_by_role("img"))
    await shoot(page, f"{look}_results")
    await expect_accessible(page)
    await page.locator("#results .card").first.click()
    await expect_loaded(page.locator("#similar .card").first.get_by_role("img"))
    await shoot(page, f"{look}_product")
    await expect_accessible(page)

    assert await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert await page.evaluate("product.scrollWidth - product.clientWidth") == 0
    columns = await page.locator("#results").evaluate(
        "grid => getComputedStyle(grid).gridTemplateColumns.split(' ').length"
    )
    assert columns >= (2 if look.startswith("phone") else 4)
    paper = await page.locator("body").evaluate(
        "body => getComputedStyle(body).backgroundColor.match(/\\d+/g).map(Number)"
    )
    assert (sum(paper) > 600) == look.endswith("light")


async def test_a_product_opens_with_similar_products(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "black leather shoes")
    card = page.locator("#results .card").first
    name = await card.locator(".name").text_content() or ""

    await card.click()

    dialog = page.get_by_role("dialog", name=name)
    await expect(dialog.get_by_role("heading", name=name)).to_be_focused()
    await expect_loaded(dialog.locator("#product-photo").get_by_role("img"))
    await expect(dialog.get_by_text(filled.named(name).description)).to_be_visible()
    await expect(dialog.locator("#similar .card")).to_have_count(12)
    similar = await dialog.locator("#similar .name").all_text_contents()
    assert name not in similar
    assert [filled.named(one).category for one in similar[:3]].count("shoes") >= 2
    await expect_loaded(dialog.locator("#similar .card").first.get_by_role("img"))


async def test_closing_a_product_returns_to_its_card(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "striped shirt")
    card = page.locator("#results .card").nth(2)
    await card.click()
    await page.locator("#similar .card").first.click()
    await expect(page).to_have_url(re.compile("product="))

    await page.get_by_role("button", name="Close").click()

    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(card).to_be_focused()
    await expect(page).to_have_url(f"{filled.url}/?q=striped+shirt")


async def test_back_and_forward_walk_through_prompts_and_products(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "red dress")
    await page.get_by_role("link", name="jeans", exact=True).click()
    await expect(page.get_by_role("status").first).to_contain_text("“jeans”")
    await page.locator("#results .card").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()

    await page.go_back()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await page.go_back()
    await expect(page.get_by_role("searchbox")).to_have_value("red dress")
    await expect(page.get_by_role("status").first).to_contain_text("“red dress”")
    await page.go_forward()
    await page.go_forward()

    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(page.get_by_role("status").first).to_contain_text("“jeans”")


async def test_an_address_with_prompt_and_product_shows_both(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "red dress")
    await page.locator("#results .card").nth(1).click()
    name = await page.locator("#product-name").text_content() or ""
    # As a link from elsewhere would: without what this entry of the history remembers.
    await page.evaluate("history.replaceState(null, '')")

    await page.reload()

    await expect(page.get_by_role("dialog", name=name)).to_be_visible()
    await expect(page.get_by_role("searchbox", include_hidden=True)).to_have_value("red dress")


async def test_the_page_works_by_keyboard_alone(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page

    await page.get_by_role("searchbox").focus()
    await page.keyboard.type("winter jacket")
    await page.keyboard.press("Enter")
    await expect(page.locator("#results .card")).to_have_count(24)
    await tab_to(page, page.locator("#results .card").first)
    await page.keyboard.press("Enter")
    await expect(page.locator("#similar .card").first).to_be_visible()
    await page.keyboard.press("Escape")

    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.locator("#results .card").first).to_be_focused()


async def test_the_key_leaves_the_address_bar(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.page}&q=jeans")).page

    await expect(page.locator("#results .card")).to_have_count(24)

    assert page.url == f"{filled.url}/?q=jeans"
    await page.reload()
    await expect(page.locator("#results .card")).to_have_count(24)


async def test_without_a_key_the_page_says_how_to_get_one(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.url}/")).page

    wanted = page.get_by_role("region", name="Publishable key")
    await expect(wanted).to_contain_text('"kind": "publishable"')
    await wanted.get_by_label("Publishable key").fill(filled.key)
    await wanted.get_by_role("button", name="Use this key").click()
    await ask(page, "red dress")

    await expect(page.locator("#results .card")).to_have_count(24)


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
    await expect(page.get_by_role("status").first).to_have_text("No products.")


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

    await expect(page.get_by_role("alert").get_by_role("button", name="Try again")).to_be_visible()
    await expect(page.get_by_role("alert")).to_contain_text("Request")


async def test_an_unreachable_server_can_be_asked_again(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await page.route("**/v1/recommendations", lambda route: route.abort())
    await ask(page, "jeans")
    await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")

    await page.unroute("**/v1/recommendations")
    await page.get_by_role("button", name="Try again").click()

    await expect(page.locator("#results .card")).to_have_count(24)


async def test_waiting_is_shown_and_announced(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    # Never answered: the page stays as it is while it waits.
    await page.route("**/v1/recommendations", lambda _: None)

    await ask(page, "jeans")

    await expect(page.get_by_role("status").first).to_have_text("Looking for “jeans”…")
    await expect(page.locator("#results[aria-busy=true] .skeleton").first).to_be_visible()


async def test_a_products_words_are_never_markup(empty: Shop, visit: Open) -> None:
    name = "<img src=x onerror=document.title='broken'>"
    empty.upload(sample("DR-002"), name=name)
    empty.wait_until_settled()
    _, key = publishable_key(empty)
    page = (await visit(f"{address(empty)}/?key={key}")).page

    await ask(page, "<b>dress</b>")
    await page.locator("#results .card").first.click()

    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await expect(page.get_by_text("Nothing else in this shop comes close.")).to_be_visible()
    await expect(page.locator("#product-price")).to_have_text("")
    assert await page.title() == f"{name} · FitMatch"


async def test_the_page_allows_itself_nothing_but_its_own_files(filled: Filled) -> None:
    answer = filled.shop.http.get("/")

    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", answer.text)


async def ask(page: Page, prompt: str) -> None:
    """Returns when the page is about this prompt, answered or not."""
    await page.get_by_role("searchbox", name="Show me").fill(prompt)
    await page.get_by_role("button", name="Find products").click()
    await expect(page).to_have_title(f"{prompt} · FitMatch")


async def tab_to(page: Page, target: Locator) -> None:
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await target.evaluate("element => element === document.activeElement"):
            return
    pytest.fail("the keyboard does not reach it")


async def expect_loaded(photo: Locator) -> None:
    """A broken photo would be replaced by a drawing, so this waits for real pixels."""
    await expect(photo).to_have_js_property("complete", True)  # noqa: FBT003
    assert await photo.evaluate("photo => photo.naturalWidth") > 0
