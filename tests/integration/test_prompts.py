from db import prompts
from db.postgres import Pool
from db.prompts import Asked
from tests.integration import rows


async def test_prompts_are_kept_with_the_number_asked_for(pool: Pool) -> None:
    shop = await rows.shop(pool)

    (prompt_id,) = await prompts.add(pool, [Asked(shop, "summer dress", 12, 7)])

    [prompt] = await prompts.page(pool, shop, after=None, limit=9)
    assert (prompt.id, prompt.shop_id, prompt.prompt) == (prompt_id, shop, "summer dress")
    assert (prompt.num_results, prompt.returned) == (12, 7)


async def test_pages_run_from_the_newest_to_the_oldest(pool: Pool) -> None:
    shop = await rows.shop(pool)
    made = await prompts.add(pool, [Asked(shop, str(number), 1, 0) for number in range(3)])

    first = await prompts.page(pool, shop, after=None, limit=2)
    second = await prompts.page(pool, shop, after=first[-1].id, limit=2)

    assert [prompt.id for prompt in first + second] == made[::-1]


async def test_a_shop_cannot_read_another_shops_prompts(pool: Pool) -> None:
    shop, other = await rows.shop(pool), await rows.shop(pool)
    await prompts.add(pool, [Asked(other, "secret plans", 1, 0)])

    assert await prompts.page(pool, shop, after=None, limit=9) == []
