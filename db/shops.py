"""Shops, the tenants of a deployment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.postgres import Db


@dataclass(frozen=True)
class Shop:
    id: UUID
    name: str
    created_at: datetime
    updated_at: datetime


async def add(db: Db, name: str) -> Shop:
    """A new shop with the default taxonomy (categories, styles, age groups)."""
    raise NotImplementedError


async def get(db: Db, shop_id: UUID) -> Shop:
    """Raises NotFound, also for a deleted shop."""
    raise NotImplementedError


async def page(db: Db, *, after: UUID | None, limit: int) -> list[Shop]:
    """Live shops in the order of their ids, for the operator."""
    raise NotImplementedError


async def rename(db: Db, shop_id: UUID, name: str) -> Shop:
    raise NotImplementedError


async def delete(db: Db, shop_id: UUID) -> None:
    """Hides the shop and all it has at once; `deleted` names it until `forget` has removed its rows. Raises NotFound."""
    raise NotImplementedError


async def deleted(db: Db, limit: int) -> list[UUID]:
    """Shops whose collections and files still have to go."""
    raise NotImplementedError


async def forget(db: Db, shop_id: UUID) -> None:
    """Removes the rows of a deleted shop, after its collections and files have gone."""
    raise NotImplementedError
