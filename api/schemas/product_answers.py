"""Products as callers get them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.money import Money
from api.schemas.problem import Problem
from api.schemas.products import EXAMPLE, AttributeValue, Availability
from api.schemas.text import told

_ADDRESS = "https://fitmatch.example/v1/photos/pho_01939f3ce3b17a0fb2f9a2f64d0a5c11/content?size=medium&expires=…"
_PHOTO = {
    "id": "pho_01939f3ce3b17a0fb2f9a2f64d0a5c11",
    "url": _ADDRESS,
    "thumbnail_url": _ADDRESS.replace("medium", "thumb"),
    "original_url": _ADDRESS.replace("medium", "original"),
    "position": 0,
    "width": 800,
    "height": 1000,
    "status": "ready",
    "error": None,
}
PRODUCT = {
    "id": "prd_01939f3ce3b17a0fb2f9a2f64d0a5c11",
    "group_id": None,
    "gender": None,
    "brand": None,
    "sizes": [],
    "materials": [],
    "sale_price": None,
    "tags": [],
    "attributes": {},
    "photos": [_PHOTO],
    "status": "ready",
    "auto_tags": {},
    "created_at": "2026-11-22T10:00:00Z",
    "updated_at": "2026-11-22T10:00:00Z",
    **EXAMPLE,
}


class PhotoError(BaseModel):
    """Why a photo could not be embedded."""

    model_config = told({"code": "photo_truncated", "detail": "The file ends in the middle of the photo."})

    code: str = Field(description="Stable; decide by this one")
    detail: str = Field(description="For people")


class PhotoAnswer(BaseModel):
    """A product's photo. The addresses are signed, change every five minutes and work for at least ten."""

    model_config = told(_PHOTO)

    id: str = Field(description="`pho_…`")
    url: str = Field(description="At most 960 pixels wide or high")
    thumbnail_url: str = Field(description="At most 320 pixels wide or high")
    original_url: str = Field(description="In the uploaded size, encoded anew without metadata")
    position: int = Field(description="Order among the product's photos")
    width: int = Field(description="Pixels, upright")
    height: int = Field(description="Pixels, upright")
    status: Literal["queued", "embedding", "ready", "failed"] = Field(description="Where its embedding stands")
    error: PhotoError | None = Field(description="When it failed")


class AutoTag(BaseModel):
    """A tag that was read from the photos."""

    model_config = told({"value": "red", "confidence": 0.93})

    value: str = Field(description="The tag")
    confidence: float = Field(description="0 to 1")


class ProductAnswer(BaseModel):
    """A product."""

    model_config = told(PRODUCT)

    id: str = Field(description="`prd_…`")
    external_id: str | None = Field(description="The shop's own id")
    group_id: str | None = Field(description="Variants of one product share it")
    name: str = Field(description="What people call it")
    description: str = Field(description="For people")
    category: str | None = Field(description="Name of the category")
    style: str | None = Field(description="Name of the style")
    age_group: str | None = Field(description="Name of the age group")
    gender: str | None = Field(description="Whom it is made for")
    brand: str | None = Field(description="Who made it")
    colours: list[str] = Field(description="As the shop wrote them")
    sizes: list[str] = Field(description="As the shop wrote them")
    materials: list[str] = Field(description="As the shop wrote them")
    price: Money | None = Field(description="What it costs")
    sale_price: Money | None = Field(description="What it costs for now")
    availability: Availability = Field(description="Whether it can be bought")
    url: str | None = Field(description="Its page in the shop")
    tags: list[str] = Field(description="As the shop wrote them")
    attributes: dict[str, AttributeValue] = Field(description="As the shop wrote them")
    photos: list[PhotoAnswer] = Field(description="In their order")
    status: Literal["queued", "embedding", "ready", "partial", "failed"] = Field(
        description="`ready` when all photos answer prompts, `partial` when some do and the others failed"
    )
    auto_tags: dict[str, list[AutoTag]] = Field(default={}, description="What was read from the photos")
    created_at: datetime = Field(description="When it was created")
    updated_at: datetime = Field(description="When it last changed")


class ProductPage(BaseModel):
    """Some of the shop's products, newest first."""

    model_config = told({"data": [PRODUCT], "has_more": False, "next_cursor": None})

    data: list[ProductAnswer] = Field(description="The products")
    has_more: bool = Field(description="Whether another page follows")
    next_cursor: str | None = Field(description="The `cursor` of the next page")


class BatchResult(BaseModel):
    """What became of one entry."""

    model_config = told({"index": 0, "status": 201, "id": PRODUCT["id"], "error": None})

    index: int = Field(description="Place of the entry in the request, from 0")
    status: int = Field(description="The HTTP status that the entry would have had alone")
    id: str | None = Field(default=None, description="The product, unless it failed")
    error: Problem | None = Field(default=None, description="Why it failed")


class BatchAnswer(BaseModel):
    """What became of each entry, in the order of the request."""

    model_config = told({"results": [{"index": 0, "status": 201, "id": PRODUCT["id"], "error": None}]})

    results: list[BatchResult] = Field(description="One for each entry")
