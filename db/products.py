"""Products: what a shop sells, with the state of their photos."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from db.filters import Filter
from db.photos import Photo
from db.postgres import Db

Availability = Literal["in_stock", "out_of_stock", "preorder"]
Status = Literal["queued", "embedding", "ready", "partial", "failed"]


@dataclass(frozen=True)
class Fields:
    """What the shop says of a product. `category`, `style`, `age_group` are ids of its terms."""

    name: str
    external_id: str | None = None
    group_id: str | None = None
    description: str = ""
    category_id: UUID | None = None
    style_id: UUID | None = None
    age_group_id: UUID | None = None
    gender: str | None = None
    brand: str | None = None
    colours: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    materials: tuple[str, ...] = ()
    price: Decimal | None = None
    sale_price: Decimal | None = None
    currency: str | None = None
    availability: Availability = "in_stock"
    url: str | None = None
    tags: tuple[str, ...] = ()
    attributes: dict[str, Any] | None = None


@dataclass(frozen=True)
class Product:
    id: UUID
    shop_id: UUID
    number: int
    """The seed's integer ImageID."""
    fields: Fields
    category: str | None
    style: str | None
    age_group: str | None
    """Names of the terms."""
    photos: tuple[Photo, ...]
    """Live ones, by position."""
    revision: int
    created_at: datetime
    updated_at: datetime

    @property
    def status(self) -> Status:
        """ready or failed when all photos are, partial when some are ready and some failed and none is under way; else the least advanced. No photos: ready."""
        raise NotImplementedError


async def add(db: Db, shop_id: UUID, fields: Fields) -> UUID:
    """The id of the new product; photos are added in the same transaction by `photos.add`. Raises Taken (external_id)."""
    raise NotImplementedError


async def get(db: Db, shop_id: UUID, product_id: UUID) -> Product:
    """Raises NotFound, also for a deleted product and another shop's."""
    raise NotImplementedError


async def id_of_external(db: Db, shop_id: UUID, external_id: str) -> UUID:
    """Raises NotFound."""
    raise NotImplementedError


async def id_of_number(db: Db, shop_id: UUID, number: int) -> UUID:
    """By the seed's ImageID. Raises NotFound."""
    raise NotImplementedError


@dataclass(frozen=True)
class Listing:
    """Which products a list shows: `words` are looked for in name, description, brand and external_id, without regard to case."""

    filter: Filter | None = None
    status: Status | None = None
    words: str | None = None


async def page(db: Db, shop_id: UUID, listing: Listing, *, after: UUID | None, limit: int) -> list[Product]:
    """Live products, newest first; `after` is the id of the last one of the page before."""
    raise NotImplementedError


async def change(db: Db, shop_id: UUID, product_id: UUID, fields: Fields, *, revision: int | None) -> None:
    """Replaces all fields. Raises NotFound, Taken, Changed when `revision` is given and not the row's."""
    raise NotImplementedError


async def delete(db: Db, shop_id: UUID, product_id: UUID, *, revision: int | None = None) -> None:
    """Hides the product and its photos at once and writes a job for each photo. Run it in a transaction. Raises NotFound, Changed."""
    raise NotImplementedError


async def bump(db: Db, shop_id: UUID, product_id: UUID, *, revision: int | None = None) -> None:
    """A new revision, for a change of its photos. Raises NotFound, Changed."""
    raise NotImplementedError


async def of_photos(db: Db, shop_id: UUID, photo_ids: list[UUID], condition: Filter | None) -> dict[UUID, Product]:
    """Photo id → product, for those photos that are live and ready, whose product is live and fits `condition`. One statement."""
    raise NotImplementedError


@dataclass(frozen=True)
class Counts:
    products: int
    photos: int
    ready: int
    queued: int
    """Queued or being embedded."""
    failed: int


async def counts(db: Db, shop_id: UUID) -> Counts:
    raise NotImplementedError
