"""What a product is, and how a row becomes one."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import asyncpg

from db.photos import Photo

Availability = Literal["in_stock", "out_of_stock", "preorder"]
Status = Literal["queued", "embedding", "ready", "partial", "failed"]

STATUSES: tuple[Status, ...] = ("queued", "embedding", "ready", "partial", "failed")


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
        """ready or failed when all photos are, partial when some are ready and some failed and none is under way;
        else the least advanced. No photos: ready. STATUS says the same in SQL."""
        seen = {photo.status for photo in self.photos}
        if "queued" in seen:
            return "queued"
        if "embedding" in seen:
            return "embedding"
        if "failed" not in seen:
            return "ready"
        return "partial" if "ready" in seen else "failed"


TERMS = """
    LEFT JOIN terms c ON c.id = p.category_id
    LEFT JOIN terms s ON s.id = p.style_id
    LEFT JOIN terms a ON a.id = p.age_group_id
"""
FROM = " ".join(("FROM products p", TERMS))
COLUMNS = """
    p.id, p.shop_id, p.number, p.name, p.external_id, p.group_id, p.description, p.category_id, p.style_id,
    p.age_group_id, p.gender, p.brand, p.colours, p.sizes, p.materials, p.price, p.sale_price, p.currency,
    p.availability, p.url, p.tags, p.attributes, p.revision, p.created_at, p.updated_at,
    c.name AS category, s.name AS style, a.name AS age_group,
    ARRAY(
        SELECT (f.id, f.shop_id, f.product_id, f.position, f.content_hash, f.bytes, f.width, f.height, f.status,
            f.error_code, f.error_detail, f.created_at)
        FROM (SELECT * FROM photos WHERE product_id = p.id OFFSET 0) f
        WHERE f.deleted_at IS NULL ORDER BY f.position, f.id
    ) AS photos
"""
"""The photos arrive as rows in an array: one statement, no join that repeats the product, no JSON to parse. The fence
(OFFSET 0) makes Postgres look them up by their product alone: before the first ANALYZE it would read all the shop's."""

STATUS = """(
    SELECT CASE
        WHEN bool_or(f.status = 'queued') THEN 'queued'
        WHEN bool_or(f.status = 'embedding') THEN 'embedding'
        WHEN bool_or(f.status = 'failed') IS NOT TRUE THEN 'ready'
        WHEN bool_or(f.status = 'ready') THEN 'partial'
        ELSE 'failed' END
    FROM photos f WHERE f.product_id = p.id AND f.deleted_at IS NULL
)"""


def values(fields: Fields) -> tuple[object, ...]:
    """From $3 on, in the order of the fields."""
    return (
        fields.name,
        fields.external_id,
        fields.group_id,
        fields.description,
        fields.category_id,
        fields.style_id,
        fields.age_group_id,
        fields.gender,
        fields.brand,
        fields.colours,
        fields.sizes,
        fields.materials,
        fields.price,
        fields.sale_price,
        fields.currency,
        fields.availability,
        fields.url,
        fields.tags,
        fields.attributes or {},
    )


def of_row(row: asyncpg.Record) -> Product:
    return Product(
        id=row["id"],
        shop_id=row["shop_id"],
        number=row["number"],
        fields=_fields(row),
        category=row["category"],
        style=row["style"],
        age_group=row["age_group"],
        photos=tuple(Photo(*photo) for photo in row["photos"]),
        revision=row["revision"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _fields(row: asyncpg.Record) -> Fields:
    return Fields(
        name=row["name"],
        external_id=row["external_id"],
        group_id=row["group_id"],
        description=row["description"],
        category_id=row["category_id"],
        style_id=row["style_id"],
        age_group_id=row["age_group_id"],
        gender=row["gender"],
        brand=row["brand"],
        colours=tuple(row["colours"]),
        sizes=tuple(row["sizes"]),
        materials=tuple(row["materials"]),
        price=row["price"],
        sale_price=row["sale_price"],
        currency=row["currency"],
        availability=row["availability"],
        url=row["url"],
        tags=tuple(row["tags"]),
        attributes=row["attributes"],
    )
