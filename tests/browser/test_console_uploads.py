"""Photos on their way into a shop through the console: many at once, progress, waits, failures, second tries."""

import asyncio

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.console import drop, expect_no_sideways_scroll, open_console, settled, sign_in, summary
from tests.browser.looks import LOOKS, Shoot, expect_accessible
from tests.e2e.client import READY_S_MAX, Shop, json, open_shop, sample, samples
from tests.e2e.instance import Running
from tests.unit import odd_photos

READY_MS_MAX = READY_S_MAX * 1000
PRODUCTS = "**/v1/products"
AT_ONCE = 3
PICTURED = ("desk_light", "phone_dark")
TORN = odd_photos.cut_in_half(odd_photos.saved(odd_photos.noise(), "JPEG"))


async def test_ten_photos_are_dropped_named_and_found(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")
    photos = {f"{name}.jpg": photo for name, photo in samples("DR", 10).items()}

    await drop(page, photos)
    await expect(rows(page)).to_have_count(10)
    await page.get_by_label("Name of DR-001.jpg").fill("Turquoise fringe dress")
    await page.get_by_label("Category of all of them").select_option("dress")
    await page.get_by_role("button", name="Upload 10 photos").click()

    await expect(summary(page)).to_have_text("10 of 10 photos uploaded, 10 found by shoppers.", timeout=READY_MS_MAX)
    made = json(empty.http.get("/v1/products"))["data"]
    assert {product["name"] for product in made} == {"Turquoise fringe dress", *(f"DR-{n:03}" for n in range(2, 11))}
    assert {(product["category"], product["status"]) for product in made} == {("dress", "ready")}
    assert len(empty.recommend("dress")) == 10


async def test_a_photo_is_named_after_its_file_in_words(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")

    await choose(page, {"red_summer-dress.JPEG": sample("DR-002"), "SKU-17.jpg": sample("DR-003")})

    await expect(page.get_by_label("Name of red_summer-dress.JPEG")).to_have_value("red summer dress")
    await expect(page.get_by_label("Name of SKU-17.jpg")).to_have_value("SKU-17")
    await page.get_by_role("button", name="Take out SKU-17.jpg").click()
    await expect(rows(page)).to_have_count(1)
    await expect(page.get_by_role("button", name="Upload 1 photo", exact=True)).to_be_visible()


async def test_a_photo_that_fails_says_why_and_the_others_go_on(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")
    await choose(page, {"notes.jpg": b"These are no pixels.", "torn.jpg": TORN, "good.jpg": sample("DR-004")})

    await page.get_by_role("button", name="Upload 3 photos").click()

    # Seen at the upload, or only when it is embedded: the reason stands beside the photo.
    await expect(row(page, "notes")).to_contain_text("no photo in a known format")
    await expect(row(page, "torn")).to_contain_text("part of the file is missing", timeout=READY_MS_MAX)
    await expect(row(page, "good")).to_contain_text("ready", timeout=READY_MS_MAX)
    await expect(summary(page)).to_have_text("2 of 3 photos uploaded, 1 found by shoppers, 2 failed.")
    await row(page, "notes").get_by_role("button", name="Take out notes.jpg").click()
    await page.get_by_role("button", name="Clear those that are done").click()
    await expect(rows(page)).to_have_count(0)


async def test_a_lost_answer_makes_no_second_product(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")
    keys: list[str] = []

    async def lose_the_first(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) == 1:
            await route.fetch()
            await route.abort()
        else:
            await route.continue_()

    await page.route(PRODUCTS, lose_the_first)
    await choose(page, {"dress.jpg": sample("DR-005")})
    await page.get_by_role("button", name="Upload 1 photo").click()
    await expect(row(page, "dress")).to_contain_text("cannot be reached")

    await row(page, "dress").get_by_role("button", name="Try again").click()

    await expect(row(page, "dress")).to_contain_text("ready", timeout=READY_MS_MAX)
    assert keys[0] == keys[1]
    assert len(json(empty.http.get("/v1/products"))["data"]) == 1


async def test_a_busy_service_is_asked_again_when_it_said(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")
    asked_at: list[float] = []

    async def busy_at_first(route: Route) -> None:
        asked_at.append(asyncio.get_running_loop().time())
        if len(asked_at) == 1:
            problem = '{"title": "The service is busy", "status": 503, "detail": "Busy.", "code": "overloaded"}'
            await route.fulfill(status=503, headers={"Retry-After": "2"}, body=problem)
        else:
            await route.continue_()

    await page.route(PRODUCTS, busy_at_first)
    await choose(page, {"dress.jpg": sample("DR-006")})
    await page.get_by_role("button", name="Upload 1 photo").click()

    await expect(summary(page)).to_contain_text("The service is busy")
    await expect(summary(page)).to_contain_text("1 of 1 photo uploaded")
    assert 2 <= asked_at[1] - asked_at[0] < 4


async def test_no_more_than_three_photos_are_sent_at_once(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")
    held: list[Route] = []

    async def hold(route: Route) -> None:
        if len(held) < AT_ONCE:
            held.append(route)
        else:
            await route.continue_()

    await page.route(PRODUCTS, hold)
    await choose(page, {f"{name}.jpg": photo for name, photo in samples("SH", 5).items()})
    await page.get_by_role("button", name="Upload 5 photos").click()

    await expect(page.locator(".upload progress")).to_have_count(AT_ONCE)
    await expect(rows(page).filter(has_text="waits")).to_have_count(2)
    assert len(held) == AT_ONCE
    for route in held:
        await route.continue_()
    await expect(summary(page)).to_contain_text("5 of 5 photos uploaded")


async def test_progress_is_shown_while_a_photo_leaves(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")
    network = await page.context.new_cdp_session(page)
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 400_000}
    await network.send("Network.emulateNetworkConditions", slow)
    await choose(page, {"large.bmp": odd_photos.saved(odd_photos.noise(1000), "BMP")})

    await page.get_by_role("button", name="Upload 1 photo").click()

    half_way = (
        "() => [...document.querySelectorAll('.upload progress')].some(({ value }) => value > 0.1 && value < 0.9)"
    )
    await page.wait_for_function(half_way)
    await expect(summary(page)).to_contain_text("1 of 1 photo uploaded", timeout=READY_MS_MAX)


async def test_uploads_go_on_while_another_view_is_looked_at(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")
    await choose(page, {f"{name}.jpg": photo for name, photo in samples("SH", 4).items()})
    await page.get_by_role("button", name="Upload 4 photos").click()

    await page.get_by_role("link", name="Taxonomy").click()
    await settled(page)
    await page.go_back()

    await expect(summary(page)).to_have_text("4 of 4 photos uploaded, 4 found by shoppers.", timeout=READY_MS_MAX)


async def test_photos_chosen_for_one_shop_never_reach_another(empty: Shop, fitmatch: Running, visit: Open) -> None:
    other = open_shop(fitmatch.url, fitmatch.operator_token, "another shop")
    page = await open_console(visit, empty, "/upload")
    await choose(page, {"dress.jpg": sample("DR-007")})
    await page.get_by_role("button", name="Sign out").click()

    await sign_in(page, other.key)
    await page.get_by_role("link", name="Upload photos").click()

    await expect(page.get_by_role("heading", name="Upload photos")).to_be_visible()
    await expect(rows(page)).to_have_count(0)
    other.http.close()


async def test_a_session_that_ends_only_interrupts_the_uploads(empty: Shop, visit: Open) -> None:
    page = await open_console(visit, empty, "/upload")
    another = json(empty.http.post("/v1/keys", json={"name": "another", "kind": "secret"}), 201)
    (first,) = [key for key in json(empty.http.get("/v1/keys"))["data"] if key["id"] != another["id"]]
    await choose(page, {f"{name}.jpg": photo for name, photo in samples("SH", 5).items()})
    json(empty.http.post(f"/v1/keys/{first['id']}/revoke"))

    await page.get_by_role("button", name="Upload 5 photos").click()
    await expect(page.get_by_text("Your session has ended")).to_be_visible()
    await sign_in(page, another["key"])

    await expect(summary(page)).to_have_text("5 of 5 photos uploaded, 5 found by shoppers.", timeout=READY_MS_MAX)


@pytest.mark.screenshots
@pytest.mark.parametrize("look", LOOKS)
async def test_uploading_fits_desk_and_phone(empty: Shop, visit: Open, look: str, shoot: Shoot) -> None:
    page = await open_console(visit, empty, "/upload", **LOOKS[look])
    jeans, shirt = sample("PA-001"), sample("SH-001")
    await choose(page, {"notes.jpg": b"These are no pixels.", "linen_shirt.jpg": shirt, "blue-jeans.jpg": jeans})
    await expect_accessible(page)
    await page.get_by_role("button", name="Upload 3 photos").click()
    await expect(summary(page)).to_have_text(
        "2 of 3 photos uploaded, 2 found by shoppers, 1 failed.", timeout=READY_MS_MAX
    )
    await choose(page, {f"{name}.jpg": photo for name, photo in samples("DR", 3).items()})

    await expect_accessible(page)
    await expect_no_sideways_scroll(page)
    if look in PICTURED:
        await shoot(page, f"console-{look.replace('_', '-')}-upload")


async def choose(page: Page, photos: dict[str, bytes]) -> None:
    """As the system's own dialog answers."""
    files = [{"name": name, "mimeType": "image/jpeg", "buffer": photo} for name, photo in photos.items()]
    await page.locator(".drop input").set_input_files(files)  # pyright: ignore[reportArgumentType]


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Photos").get_by_role("listitem")


def row(page: Page, name: str) -> Locator:
    return rows(page).filter(has_text=name)
