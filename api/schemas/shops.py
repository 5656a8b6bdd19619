"""Shops, as the operator and their own keys see them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from api.schemas.text import Name, given, told

SHOP = {
    "id": "shp_01939f3ce3b17a0fb2f9a2f64d0a5c11",
    "name": "Blue Door",
    "status": "active",
    "created_at": "2026-11-22T10:00:00Z",
    "updated_at": "2026-11-22T10:00:00Z",
}


class NewShop(BaseModel):
    """A shop to create."""

    model_config = given({"name": "Blue Door"})

    name: Name = Field(description="What people call it")


class ShopPatch(BaseModel):
    """What may change of a shop; a field that is left out stays."""

    model_config = given({"status": "suspended"})

    name: Name = Field(default="", description="What people call it")
    status: Literal["active", "suspended"] = Field(
        default="active", description="`suspended`: its keys are refused until it is `active` again"
    )


class ShopAnswer(BaseModel):
    """A shop."""

    model_config = told(SHOP)

    id: str = Field(description="`shp_…`")
    name: str = Field(description="What people call it")
    status: Literal["active", "suspended"] = Field(
        description="A suspended shop's keys are refused; it keeps all it has"
    )
    created_at: datetime = Field(description="When it was created")
    updated_at: datetime = Field(description="When it was last changed")


class CreatedShop(ShopAnswer):
    """A new shop with its first secret key."""

    model_config = told({**SHOP, "key": "fm_sk_…"})

    key: str | None = Field(description="Shown this once; null when the answer is a replay")


class ShopPage(BaseModel):
    """Some shops, oldest first."""

    model_config = told({"data": [SHOP], "has_more": False, "next_cursor": None})

    data: list[ShopAnswer] = Field(description="The shops")
    has_more: bool = Field(description="Whether another page follows")
    next_cursor: str | None = Field(description="The `cursor` of the next page")
