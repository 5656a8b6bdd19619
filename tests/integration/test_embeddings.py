from uuid import UUID

import numpy as np

from db import embeddings, terms
from db.filters import In
from db.ids import new_id
from db.postgres import Pool
from tests.integration import rows
from tests.integration.rows import CHECKPOINT


async def kept(pool: Pool, shop: UUID, count: int, *, seed: int = 0, products: int = 1) -> list[UUID]:
    photos = [photo for _ in range(products) for photo in await rows.ready(pool, shop, count // products)]
    await embeddings.add(pool, CHECKPOINT, [shop] * count, photos, rows.embeddings(count, seed=seed))
    return photos


async def test_an_embedding_comes_back_as_it_was_but_for_float16(pool: Pool) -> None:
    photos = await kept(pool, await rows.shop(pool), 3)

    found = await embeddings.of_photos(pool, CHECKPOINT, [*photos, new_id()])

    assert set(found) == set(photos)
    np.testing.assert_allclose(np.stack([found[photo] for photo in photos]), rows.embeddings(3), atol=1e-3)
    assert found[photos[0]].dtype == np.float32


async def test_a_kept_embedding_stays_and_a_gone_photo_is_passed_over(pool: Pool) -> None:
    shop = await rows.shop(pool)
    [photo] = await kept(pool, shop, 1)
    [other] = await rows.ready(pool, shop)

    await embeddings.add(pool, CHECKPOINT, [shop] * 3, [photo, new_id(), other], rows.embeddings(3, seed=1))

    found = await embeddings.of_photos(pool, CHECKPOINT, [photo, other])
    np.testing.assert_allclose(found[photo], rows.embeddings(1)[0], atol=1e-3)
    np.testing.assert_allclose(found[other], rows.embeddings(3, seed=1)[2], atol=1e-3)
    assert await pool.fetchval("SELECT count(*) FROM embeddings") == 2


async def test_checkpoints_are_kept_apart(pool: Pool) -> None:
    [photo] = await kept(pool, await rows.shop(pool), 1)

    assert await embeddings.of_photos(pool, "another", [photo]) == {}


async def test_a_shops_chunks_hold_its_live_ready_photos_only(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    photos = await kept(pool, shop, 7)
    await kept(pool, other, 2)
    await rows.delete(pool, photos[0])
    await pool.execute("UPDATE photos SET status = 'failed' WHERE id = $1", photos[1])

    chunks = [chunk async for chunk in embeddings.of_shop(pool, shop, CHECKPOINT, photos_max=2)]

    assert [len(ids) for ids, _ in chunks] == [2, 2, 1]
    assert [photo for ids, _ in chunks for photo in ids] == sorted(photos[2:])
    assert all(matrix.shape == (len(ids), 32) for ids, matrix in chunks)


async def test_the_exact_search_finds_the_shops_own_nearest(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    photos = await kept(pool, shop, 30, products=30)
    await kept(pool, other, 30, products=30)
    wanted = rows.embeddings(30)[4]

    found = await embeddings.nearest(pool, shop, CHECKPOINT, wanted, None, 5)

    assert found[0].photo_id == photos[4]
    assert found[0].cosine > 0.999
    assert [one.photo_id for one in found] == [photos[i] for i in np.argsort(-(rows.embeddings(30) @ wanted))[:5]]


async def test_the_exact_search_keeps_to_the_filter_and_to_what_is_live(pool: Pool) -> None:
    shop = await rows.shop(pool)
    hats, others = await kept(pool, shop, 5, products=5), await kept(pool, shop, 5)
    hat = await terms.add(pool, shop, "category", name="hat", description="")
    await pool.execute(
        "UPDATE products SET category_id = $1 WHERE id IN (SELECT product_id FROM photos WHERE id = ANY($2))",
        hat.id,
        hats,
    )
    await rows.delete(pool, hats[1])

    found = await embeddings.nearest(pool, shop, CHECKPOINT, rows.embeddings(1)[0], In("category", ("HAT",)), 10)

    assert {one.photo_id for one in found} == {hats[0], *hats[2:]}
    assert not {one.photo_id for one in found} & set(others)
