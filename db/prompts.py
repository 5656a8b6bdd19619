"""What shoppers asked, for the shop to learn from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

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
    raise NotImplementedError


async def page(db: Db, shop_id: UUID, *, after: UUID | None, limit: int) -> list[Prompt]:
    """Newest first."""
    raise NotImplementedError
