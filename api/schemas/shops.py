"""Shops, as the operator and their own keys see them."""

from datetime import datetime

from pydantic import BaseModel, Field

from api.schemas.text import Name, given, told

_SHOP = {
    "id": "shp_01939f3ce3b17a0fb2f9a2f64d0a5c11",
    "name": "Blue Door",
    "created_at": "2026-11-22T10:00:00Z",
    "updated_at": "2026-11-22T10:00:00Z",
}


class NewShop(BaseModel):
    """A shop to create or to rename."""

    model_config = given({"name": "Blue Door"})

    name: Name = Field(description="What people call it")


class ShopAnswer(BaseModel):
    """A shop."""

    model_config = told(_SHOP)

    id: str = Field(description="`shp_…`")
    name: str = Field(description="What people call it")
    created_at: datetime = Field(description="When it was created")
    updated_at: datetime = Field(description="When it was last renamed")


class CreatedShop(ShopAnswer):
    """A new shop with its first secret key."""

    model_config = told({**_SHOP, "key": "fm_sk_…"})

    key: str | None = Field(description="Shown this once; null when the answer is a replay")


class ShopPage(BaseModel):
    """Some shops, oldest first."""

    model_config = told({"data": [_SHOP], "has_more": False, "next_cursor": None})

    data: list[ShopAnswer] = Field(description="The shops")
    has_more: bool = Field(description="Whether another page follows")
    next_cursor: str | None = Field(description="The `cursor` of the next page")
