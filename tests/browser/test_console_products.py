"""A shop's products in the console: the list, a product's page, its photos, and the words that sort them."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.console import expect_no_sideways_scroll, open_console, settled
from tests.browser.looks import LOOKS, Shoot, expect_accessible
from tests.browser.pages import expect_loaded
from tests.browser.shop import Filled
from tests.e2e.client import READY_S_MAX, Shop, json, sample
from tests.unit import odd_photos

READY_MS_MAX = READY_S_MAX * 1000
PICTURED = ("desk_dark", "phone_light")
TORN = odd_photos.cut_in_half(odd_photos.saved(odd_photos.noise(), "JPEG"))


async def test_the_list_shows_what_each_product_is(filled: Filled, visit: Open) -> None:
    page = await open_console(visit, filled.shop, "/products")

    await expect(rows(page)).to_have_count(len(filled.products))
    newest = filled.products[-1]
    first = rows(page).first
    await expect(first.get_by_role("link", name=newest.name)).to_be_visible()
    await expect(first).to_contain_text("ready")
    await expect(first).to_contain_text(newest.category)
    await expect(first).to_contain_text(f"{newest.price} {newest.currency}")
    await expect_loaded(first.locator("img"))


async def test_a_search_is_an_address(filled: Filled, visit: Open) -> None:
    page = await open_console(visit, filled.shop, "/products")
    wanted = filled.products[3]

    await page.get_by_role("searchbox", name="Search products").fill(wanted.external_id)
    await page.keyboard.press("Enter")

    await expect(rows(page)).to_have_count(1)
    await expect(rows(page)).to_contain_text(wanted.name)
    await expect(page.get_by_role("searchbox", name="Search products")).to_be_focused()
    await page.reload()
    await expect(rows(page)).to_have_count(1)
    await page.get_by_role("link", name="failed 0").click()
    await expect(page.get_by_role("heading", name="No product is like that")).to_be_visible()
    await page.get_by_role("link", name="All products").click()
    await expect(rows(page)).to_have_count(len(filled.products))


async def test_a_long_list_has_pages(filled: Filled, visit: Open) -> None:
    # 50 on a page is more than this shop has: the server is asked for ten.
    page = (await visit(f"{filled.url}/console")).page
    await page.route(
        "**/v1/products?limit=50*", lambda route: route.continue_(url=route.request.url.replace("=50", "=10"))
    )
    await page.goto(f"{filled.url}/console/products")
    await page.get_by_label("Secret key or operator token").fill(filled.shop.key)
    await page.keyboard.press("Enter")
    await expect(rows(page)).to_have_count(10)
    names = await rows(page).locator("th").all_text_contents()

    await page.unroute("**/v1/products?limit=50*")
    await page.get_by_role("link", name="Next page").click()

    await expect(rows(page)).to_have_count(len(filled.products) - 10)
    assert not set(names) & set(await rows(page).locator("th").all_text_contents())
    await page.get_by_role("link", name="First page").click()
    await expect(rows(page)).to_have_count(len(filled.products))


async def test_rows_follow_their_photos(empty: Shop, visit: Open) -> None:
    empty.upload(sample("DR-001"), name="A dress")
    empty.upload(TORN, name="A torn one")

    page = await open_console(visit, empty, "/products")

    await expect(row(page, "A dress")).to_contain_text("ready", timeout=READY_MS_MAX)
    await expect(row(page, "A torn one")).to_contain_text("failed", timeout=READY_MS_MAX)
    await expect(row(page, "A torn one")).to_contain_text("part of the file is missing")
    await page.get_by_role("link", name="Overview").click()
    await page.get_by_role("link", name="failed").click()
    await expect(rows(page)).to_have_count(1)


async def test_what_is_changed_is_saved_and_nothing_else(empty: Shop, visit: Open) -> None:
    made = empty.upload(sample("DR-001"), name="A dress", price="49.90 EUR", tags="new,summer", brand="Blue Door")
    page = await open_console(visit, empty, f"/products/{made['id']}")

    await page.get_by_label("Name", exact=True).fill("A red dress")
    await page.get_by_label("Price", exact=True).fill("39.50")
    await page.get_by_label("Colours").fill("red, white")
    await page.get_by_label("Category").fill("gala")
    await page.get_by_label("Brand").fill("")
    async with page.expect_request(lambda request: request.method == "PATCH") as sent:
        await page.get_by_role("button", name="Save").click()

    assert sorted((await sent.value).post_data_json or {}) == ["brand", "category", "colours", "name", "price"]
    await expect(page.get_by_role("status").last).to_have_text("Saved.")
    await expect(page.get_by_role("heading", name="A red dress")).to_be_visible()
    product = json(empty.http.get(f"/v1/products/{made['id']}"))
    assert (product["price"]["amount"], product["colours"], product["brand"]) == ("39.50", ["red", "white"], None)
    assert (product["category"], product["tags"]) == ("gala", ["new", "summer"])


async def test_a_refused_field_says_so_itself(empty: Shop, visit: Open) -> None:
    made = empty.upload(sample("DR-001"), name="A dress")
    page = await open_console(visit, empty, f"/products/{made['id']}")

    await page.get_by_label("Price", exact=True).fill("a lot")
    await page.get_by_role("button", name="Save").click()

    price = page.get_by_label("Price", exact=True)
    await expect(price).to_be_focused()
    await expect(price).to_have_attribute("aria-invalid", "true")
    await expect(price).to_have_accessible_description("Input should be a valid decimal")


async def test_what_somebody_else_changed_is_offered(empty: Shop, visit: Open) -> None:
    made = empty.upload(sample("DR-001"), name="A dress")
    empty.wait_until_settled()
    page = await open_console(visit, empty, f"/products/{made['id']}")
    json(empty.http.patch(f"/v1/products/{made['id']}", json={"name": "Their dress", "brand": "Theirs"}))

    await page.get_by_label("Name", exact=True).fill("My dress")
    await page.get_by_role("button", name="Save").click()

    dialog = page.get_by_role("dialog", name="Somebody else changed it")
    await expect(dialog.get_by_role("row", name="Name Their dress My dress")).to_be_visible()
    await dialog.get_by_role("button", name="Take theirs").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Their dress")

    json(empty.http.patch(f"/v1/products/{made['id']}", json={"brand": "Theirs again"}))
    await page.get_by_label("Name", exact=True).fill("My dress")
    await page.get_by_role("button", name="Save").click()
    await dialog.get_by_role("button", name="Save mine").click()
    await expect(page.get_by_role("heading", name="My dress")).to_be_visible()
    product = json(empty.http.get(f"/v1/products/{made['id']}"))
    assert (product["name"], product["brand"]) == ("My dress", "Theirs again")


async def test_photos_are_added_tried_again_and_deleted(empty: Shop, visit: Open) -> None:
    made = empty.upload(TORN, name="A dress")
    empty.wait_until_settled()
    page = await open_console(visit, empty, f"/products/{made['id']}")
    await expect(photos(page)).to_contain_text("part of the file is missing")

    await page.get_by_role("button", name="Try what failed again").click()
    await expect(photos(page)).to_contain_text("part of the file is missing", timeout=READY_MS_MAX)
    await page.get_by_label("Brand").fill("not saved yet")
    await page.locator(".drop input").set_input_files(
        [{"name": "dress.jpg", "mimeType": "image/jpeg", "buffer": sample("DR-001")}]
    )
    await expect(photos(page)).to_have_count(2)
    await expect(photos(page).last).to_contain_text("ready", timeout=READY_MS_MAX)
    await expect_loaded(photos(page).last.locator("img"))
    await page.get_by_role("button", name="Delete photo 1").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()

    await expect(photos(page)).to_have_count(1)
    # What this page did itself is no conflict, and what was being written is still there.
    await expect(page.get_by_label("Brand")).to_have_value("not saved yet")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status").last).to_have_text("Saved.")
    product = json(empty.http.get(f"/v1/products/{made['id']}"))
    assert (product["status"], len(product["photos"]), product["brand"]) == ("ready", 1, "not saved yet")


async def test_a_photo_that_cannot_be_taken_is_told(empty: Shop, visit: Open) -> None:
    made = empty.upload(sample("DR-001"), name="A dress")
    page = await open_console(visit, empty, f"/products/{made['id']}")

    await page.locator(".drop input").set_input_files(
        [{"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"These are no pixels."}]
    )

    await expect(page.get_by_role("alert").filter(has_text="no photo in a known format")).to_be_visible()
    await expect(photos(page)).to_have_count(1)


async def test_a_product_is_deleted_only_after_a_question(empty: Shop, visit: Open) -> None:
    made = empty.upload(sample("DR-001"), name="A dress")
    page = await open_console(visit, empty, f"/products/{made['id']}")

    await page.get_by_role("button", name="Delete product").click()
    await page.get_by_role("dialog", name="Delete A dress?").get_by_role("button", name="Cancel").click()
    assert json(empty.http.get(f"/v1/products/{made['id']}"))["id"] == made["id"]
    await page.get_by_role("button", name="Delete product").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()

    await expect(page.get_by_role("heading", name="No products yet")).to_be_visible()
    await expect(page.get_by_role("status").last).to_have_text("“A dress” is deleted.")
    assert empty.http.get(f"/v1/products/{made['id']}").status_code == 404


async def test_a_product_that_is_gone_says_so(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/products/prd_01939f3ce3b17a0fb2f9a2f64d0a5c11")

    await expect(page.get_by_role("alert")).to_contain_text("There is no such thing")


async def test_a_products_words_are_never_markup(empty: Shop, visit: Open) -> None:
    name = "<img src=x onerror=document.title='broken'>"
    made = empty.upload(sample("DR-002"), name=name, description=name)
    page = await open_console(visit, empty, "/products")
    await expect(page.get_by_role("link", name=name)).to_be_visible()

    await page.goto(f"{page.url}/{made['id']}")

    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    assert await page.title() == f"{name} · FitMatch console"


@pytest.mark.screenshots
@pytest.mark.parametrize("look", LOOKS)
async def test_products_fit_desk_and_phone(filled: Filled, visit: Open, look: str, shoot: Shoot) -> None:
    page = await open_console(visit, filled.shop, "/products", **LOOKS[look])
    await expect_loaded(rows(page).first.locator("img"))
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    await shoot(page, f"console-{look.replace('_', '-')}-products")

    await rows(page).first.get_by_role("link").click()
    await settled(page)
    await expect_loaded(photos(page).first.locator("img"))
    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    if look in PICTURED:
        await shoot(page, f"console-{look.replace('_', '-')}-product")


def rows(page: Page) -> Locator:
    return page.get_by_role("table", name="Products").locator("tbody tr")


def row(page: Page, name: str) -> Locator:
    return rows(page).filter(has_text=name)


def photos(page: Page) -> Locator:
    return page.get_by_role("list", name="Photos of the product").get_by_role("listitem")
