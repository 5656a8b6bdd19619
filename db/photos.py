"""Photo rows. A photo is immutable; its status says where its embedding stands."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from db.postgres import Db

Status = Literal["queued", "embedding", "ready", "failed"]


@dataclass(frozen=True)
class Photo:
    id: UUID
    shop_id: UUID
    product_id: UUID
    position: int
    content_hash: str
    bytes: int
    width: int
    height: int
    status: Status
    error_code: str | None
    error_detail: str | None
    created_at: datetime


@dataclass(frozen=True)
class NewPhoto:
    """A stored file that a product is to show."""

    content_hash: str
    bytes: int
    width: int
    height: int


async def add(db: Db, shop_id: UUID, product_id: UUID, new: list[NewPhoto]) -> list[UUID]:
    """Photo rows after the product's last position, and their jobs, each with its fair turn. Run it in a transaction."""
    raise NotImplementedError


async def get(db: Db, shop_id: UUID, photo_id: UUID) -> Photo:
    """A live photo of a live product. Raises NotFound."""
    raise NotImplementedError


async def delete(db: Db, shop_id: UUID, product_id: UUID, photo_id: UUID) -> None:
    """Hides the photo at once and writes its job. Run it in a transaction. Raises NotFound."""
    raise NotImplementedError


async def retry(db: Db, shop_id: UUID, product_id: UUID) -> int:
    """Queues the product's failed photos again; how many there were. Run it in a transaction."""
    raise NotImplementedError


async def ready(db: Db, photo_ids: list[UUID]) -> None:
    """Marks them as answering queries."""
    raise NotImplementedError


async def failed(db: Db, photo_id: UUID, *, code: str, detail: str) -> None:
    raise NotImplementedError


async def forget(db: Db, photo_id: UUID) -> bool:
    """Removes the row of a deleted photo, and its product's when that is deleted and was its last photo.

    True when no other photo of the shop shows the same file, which may then go.
    """
    raise NotImplementedError
