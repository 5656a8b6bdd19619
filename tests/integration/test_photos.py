import pytest

from db import photos
from db.errors import NotFound
from db.photos import NewPhoto
from db.postgres import Pool
from tests.integration import rows

NEW = NewPhoto("abc", 100, 64, 48)


async def test_photos_follow_the_products_last_position(pool: Pool) -> None:
    shop = await rows.shop(pool)
    product = await rows.product(pool, shop)
    await photos.add(pool, shop, product, [NEW, NEW])

    [third] = await photos.add(pool, shop, product, [NEW])

    photo = await photos.get(pool, shop, third)
    assert (photo.position, photo.status, photo.width, photo.height) == (2, "queued", 64, 48)


async def test_a_shop_cannot_add_to_another_shops_product(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    product = await rows.product(pool, other)

    with pytest.raises(NotFound):
        await photos.add(pool, shop, product, [NEW])


async def test_a_shop_cannot_see_delete_or_retry_another_shops_photo(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    [photo] = await rows.queued(pool, other)
    product = (await photos.get(pool, other, photo)).product_id
    await photos.failed(pool, photo, code="photo_unreadable", detail="no photo")

    with pytest.raises(NotFound):
        await photos.get(pool, shop, photo)
    with pytest.raises(NotFound):
        await photos.delete(pool, shop, product, photo)
    assert await photos.retry(pool, shop, product) == 0


async def test_a_deleted_photo_is_hidden_at_once_and_has_a_job(pool: Pool) -> None:
    shop = await rows.shop(pool)
    [photo] = await rows.ready(pool, shop)

    await rows.delete(pool, photo)

    with pytest.raises(NotFound):
        await photos.get(pool, shop, photo)
    [job] = await rows.claim_all(pool)
    assert (job.photo_id, job.remove) == (photo, True)


async def test_a_failed_photo_says_why_and_can_be_retried(pool: Pool) -> None:
    shop = await rows.shop(pool)
    [photo] = await rows.ready(pool, shop)
    await photos.failed(pool, photo, code="photo_truncated", detail="the file ends early")
    failed = await photos.get(pool, shop, photo)

    assert await photos.retry(pool, shop, failed.product_id) == 1

    assert (failed.status, failed.error_code, failed.error_detail) == (
        "failed",
        "photo_truncated",
        "the file ends early",
    )
    again = await photos.get(pool, shop, photo)
    assert (again.status, again.error_code) == ("queued", None)
    assert [job.photo_id for job in await rows.claim_all(pool)] == [photo]


async def test_a_deleted_photo_never_becomes_ready(pool: Pool) -> None:
    [photo] = await rows.queued(pool, await rows.shop(pool))
    await rows.delete(pool, photo)

    await photos.ready(pool, [photo])

    assert await rows.status(pool, photo) == "queued"


async def test_only_a_deleted_photo_is_forgotten(pool: Pool) -> None:
    [photo] = await rows.ready(pool, await rows.shop(pool))

    assert not await photos.forget(pool, photo)

    assert await rows.status(pool, photo) == "ready"


async def test_forgetting_says_whether_the_file_is_still_shown(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    [first] = await rows.queued(pool, shop, content_hash="same")
    [second] = await rows.queued(pool, shop, content_hash="same")
    await rows.queued(pool, other, content_hash="same")
    await rows.delete(pool, first)
    await rows.delete(pool, second)

    assert not await photos.forget(pool, first)
    assert await photos.forget(pool, second)


async def test_a_deleted_product_goes_with_its_last_photo(pool: Pool) -> None:
    shop = await rows.shop(pool)
    first, second = await rows.queued(pool, shop, 2)
    await pool.execute("UPDATE products SET deleted_at = now()")
    await rows.delete(pool, first)
    await rows.delete(pool, second)

    await photos.forget(pool, first)
    assert await pool.fetchval("SELECT count(*) FROM products") == 1
    await photos.forget(pool, second)
    assert await pool.fetchval("SELECT count(*) FROM products") == 0


async def test_held_photos_exclude_those_being_deleted(pool: Pool) -> None:
    kept, going, gone = await rows.ready(pool, await rows.shop(pool), 3)
    await rows.delete(pool, gone)

    async with pool.acquire() as deleting, deleting.transaction(), pool.acquire() as holding, holding.transaction():
        await deleting.execute("UPDATE photos SET deleted_at = now() WHERE id = $1", going)
        held = await photos.hold(holding, [kept, going, gone])

    assert held == {kept}
