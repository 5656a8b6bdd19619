"""What shoppers asked, for the shop to learn from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.ids import new_id
from db.postgres import Db


@dataclass(frozen=True)
class Prompt:
    id: UUID
    shop_id: UUID
    prompt: str
    num_results: int
    returned: int
    created_at: datetime


async def add(db: Db, shop_id: UUID, prompt: str, *, num_results: int, returned: int) -> UUID:
    prompt_id = new_id()
    await db.execute(
        "INSERT INTO prompts (id, shop_id, prompt, num_results, returned) VALUES ($1, $2, $3, $4, $5)",
        prompt_id,
        shop_id,
        prompt,
        num_results,
        returned,
    )
    return prompt_id


async def page(db: Db, shop_id: UUID, *, after: UUID | None, limit: int) -> list[Prompt]:
    """Newest first."""
    rows = await db.fetch(
        """
        SELECT id, shop_id, prompt, num_results, returned, created_at FROM prompts
        WHERE shop_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3
        """,
        shop_id,
        after or UUID(int=2**128 - 1),
        limit,
    )
    return [Prompt(**row) for row in rows]
