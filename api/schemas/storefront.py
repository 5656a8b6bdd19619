"""What a shop's start page needs."""

from decimal import Decimal

from pydantic import BaseModel, Field

from api.schemas.money import Currency
from api.schemas.text import told


class StorefrontShop(BaseModel):
    """The key's shop."""

    model_config = told({"name": "Blue Door"})

    name: str = Field(description="What people call it")


class TermChoice(BaseModel):
    """A category, style or age group to choose from."""

    model_config = told({"name": "dress", "product_count": 120})

    name: str = Field(description="What a filter takes")
    product_count: int = Field(description="Products that carry it")


class PriceRange(BaseModel):
    """What products cost in one currency; a `sale_price` counts instead of the `price`, as in filters."""

    model_config = told({"currency": "EUR", "min": "9.90", "max": "249.00"})

    currency: Currency = Field(description="ISO 4217")
    min: Decimal = Field(description="The cheapest")
    max: Decimal = Field(description="The dearest")


class AvailabilityCounts(BaseModel):
    """How many products can be bought."""

    model_config = told({"in_stock": 280, "out_of_stock": 15, "preorder": 5})

    in_stock: int = Field(default=0, description="Now")
    out_of_stock: int = Field(default=0, description="Not now")
    preorder: int = Field(default=0, description="Later, ordered now")


_AGE_GROUP = {"name": "adult", "product_count": 290}


class StorefrontAnswer(BaseModel):
    """Counts only what can be recommended: products with a photo that is ready. Lists hold at most 100, most first."""

    model_config = told(
        {
            "shop": {"name": "Blue Door"},
            "categories": [{"name": "dress", "product_count": 120}, {"name": "hat", "product_count": 30}],
            "styles": [{"name": "casual", "product_count": 210}],
            "age_groups": [_AGE_GROUP],
            "prices": [{"currency": "EUR", "min": "9.90", "max": "249.00"}],
            "availability": {"in_stock": 280, "out_of_stock": 15, "preorder": 5},
            "popular_prompts": ["red dress", "warm coat"],
        }
    )

    shop: StorefrontShop = Field(description="Whose storefront it is")
    categories: list[TermChoice] = Field(description="Those with products")
    styles: list[TermChoice] = Field(description="Those with products")
    age_groups: list[TermChoice] = Field(description="Those with products")
    prices: list[PriceRange] = Field(description="One for each currency; products without a price do not count")
    availability: AvailabilityCounts = Field(description="Products by whether they can be bought")
    popular_prompts: list[str] = Field(
        description="At most 12, most asked first: on at least three of the last 30 days, with results; "
        "nothing over 60 characters, with digits or with @"
    )
