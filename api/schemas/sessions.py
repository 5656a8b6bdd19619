"""Signing in to the console."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from api.schemas.shops import SHOP, ShopAnswer
from api.schemas.text import Text, given, told


class SignIn(BaseModel):
    """Who signs in."""

    model_config = given({"key": "fm_sk_…"})

    key: Annotated[Text, Field(min_length=1, max_length=500)] = Field(
        description="A secret key, or the operator's token"
    )


class SessionAnswer(BaseModel):
    """Who is signed in."""

    model_config = told(
        {
            "kind": "shop",
            "shop": SHOP,
            "key_id": "key_01939f3ce3b17a0fb2f9a2f64d0a5c11",
            "expires_at": "2026-11-22T18:00:00Z",
        }
    )

    kind: Literal["shop", "operator"] = Field(description="Whose console it is")
    shop: ShopAnswer | None = Field(description="The shop; null for the operator")
    key_id: str | None = Field(description="`key_…` that signed in: the session ends with it; null for the operator")
    expires_at: datetime = Field(description="When it ends by itself")
