"""Money, as `{"amount": "49.90", "currency": "EUR"}`."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.text import given

Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]


class Money(BaseModel):
    """An amount in a currency."""

    model_config = given({"amount": "49.90", "currency": "EUR"})

    amount: Decimal = Field(
        ge=0, max_digits=14, decimal_places=2, description="Decimal text with at most two places", examples=["49.90"]
    )
    currency: Currency = Field(description="ISO 4217", examples=["EUR"])
