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


@dataclass(frozen=True)
class Asked:
    shop_id: UUID
    prompt: str
    num_results: int
    returned: int


async def add(db: Db, asked: list[Asked]) -> list[UUID]:
    """Their ids. One statement, and one commit, for all."""
    ids = [new_id() for _ in asked]
    await db.execute(
        """
        INSERT INTO prompts (id, shop_id, prompt, num_results, returned)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::integer[])
        """,
        ids,
        [one.shop_id for one in asked],
        [one.prompt for one in asked],
        [one.num_results for one in asked],
        [one.returned for one in asked],
    )
    return ids


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
