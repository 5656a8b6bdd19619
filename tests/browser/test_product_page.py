"""One product: over the results, and as a page of its own that can be shared."""

import re

from playwright.async_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.pages import ask, expect_loaded, field, found, names
from tests.browser.shop import Filled, address, publishable_key
from tests.e2e.client import Shop, json, sample


async def test_a_product_opens_with_similar_products(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "black leather shoes")
    card = found(page).first
    name = await card.locator(".name").text_content() or ""

    await card.click()

    dialog = page.get_by_role("dialog", name=name)
    await expect(dialog.get_by_role("heading", name=name)).to_be_focused()
    await expect_loaded(dialog.locator("#product-photo").get_by_role("img"))
    await expect(dialog.get_by_text(filled.named(name).description)).to_be_visible()
    await expect(dialog.locator("#similar .card")).to_have_count(12)
    similar = await names(dialog.locator("#similar .card"))
    assert name not in similar
    assert [filled.named(one).category for one in similar[:3]].count("shoes") >= 2
    await expect_loaded(dialog.locator("#similar .card").first.get_by_role("img"))


async def test_closing_a_product_returns_to_its_card(filled: Filled, visit: Open) -> None:
    page = (await visit(filled.page)).page
    await ask(page, "striped shirt")
    card = found(page).nth(2)
    await card.click()
    await page.locator("#similar .card").first.click()
    await expect(page).to_have_url(re.compile("product="))

    await page.get_by_role("button", name="Close").click()

    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(card).to_be_focused()
    await expect(page).to_have_url(f"{filled.url}/?q=striped+shirt")


async def test_an_address_with_prompt_and_product_shows_both(filled: Filled, visit: Open) -> None:
    product = filled.shop.recommend("red dress", 2)[1]

    page = (await visit(f"{filled.page}&q=red+dress&product={product['product_id']}")).page

    await expect(page.get_by_role("dialog", name=product["name"])).to_be_visible()
    await expect(field(page)).to_have_value("red dress")
    await page.get_by_role("button", name="Close").click()
    await expect(found(page)).to_have_count(24)


async def test_the_address_of_a_product_opens_it_as_a_page(filled: Filled, visit: Open) -> None:
    product = filled.shop.recommend("red dress", 1)[0]

    page = (await visit(f"{filled.page}&product={product['product_id']}")).page

    await expect_page_of(page, product["name"])
    await page.reload()
    await expect_page_of(page, product["name"])
    assert page.url == f"{filled.url}/?product={product['product_id']}"


async def test_from_product_page_to_product_page_and_back(filled: Filled, visit: Open) -> None:
    product = filled.shop.recommend("red dress", 1)[0]
    page = (await visit(f"{filled.page}&product={product['product_id']}")).page
    similar = page.locator("#similar .card").first
    name = await similar.locator(".name").text_content() or ""

    await similar.click()
    await expect_page_of(page, name)
    await expect(page.get_by_role("heading", name=name)).to_be_focused()
    await page.go_back()
    await expect_page_of(page, product["name"])
    await ask(page, "jeans")

    await expect(found(page)).to_have_count(24)
    await expect(page.get_by_role("heading", name=product["name"])).to_be_hidden()


async def test_all_photos_and_facts_of_a_product_are_shown(empty: Shop, visit: Open) -> None:
    photos = [("photo", (f"{name}.jpg", sample(name))) for name in ("DR-001", "DR-002", "DR-004")]
    facts = {
        "name": "Rosa dress", "brand": "Blue Door", "colours": "turquoise", "sizes": ["S", "M"], "materials": "silk",
        "price": "80", "sale_price": "60", "currency": "EUR", "availability": "preorder", "url": "https://shop.example/rosa",
    }  # fmt: skip
    product = json(empty.http.post("/v1/products", data=facts, files=photos), 202)
    assert empty.wait_until_settled()["ready"] == 3
    _, key = publishable_key(empty)

    page = (await visit(f"{address(empty)}/?key={key}&product={product['id']}")).page

    choices = page.get_by_role("list", name="Photos").get_by_role("button")
    await expect(choices).to_have_count(3)
    facts_shown = page.locator("#product-facts")
    for words in ("Blue Door", "turquoise", "S · M", "silk", "Can be ordered now, comes later"):
        await expect(facts_shown).to_contain_text(words)
    await expect(page.locator("#product-price")).to_have_text("€60.00before €80.00pre-order")
    await expect(page.get_by_role("link", name="See it in the shop")).to_have_attribute(
        "href", "https://shop.example/rosa"
    )
    large = page.locator("#product-photo").get_by_role("img")
    before = await large.get_attribute("src")
    await choices.nth(2).click()
    await expect(choices.nth(2)).to_have_attribute("aria-pressed", "true")
    await expect_loaded(large)
    assert await large.get_attribute("src") != before


async def test_a_product_that_is_gone_is_told_with_a_way_on(filled: Filled, visit: Open) -> None:
    page = (await visit(f"{filled.page}&product=prd_01939f3ce3b17a0fb2f9a2f64d0a5c11")).page

    await expect(page.get_by_role("heading", name="This product is no longer here")).to_be_visible()
    await page.get_by_role("link", name="See what there is").click()

    await expect(page.locator("#examples a").first).to_be_visible()
    await expect(page).to_have_url(f"{filled.url}/")


async def expect_page_of(page: Page, name: str) -> None:
    await expect(page.locator("main").get_by_role("heading", name=name)).to_be_visible()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page).to_have_title(f"{name} · a storefront")
    await expect(page.locator("#similar .card")).to_have_count(12)
    await expect_loaded(page.locator("#product-photo").get_by_role("img"))
