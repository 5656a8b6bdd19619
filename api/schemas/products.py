"""Products as shops write them."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from api.schemas.money import Money
from api.schemas.text import Name, Text, Word, given

Availability = Literal["in_stock", "out_of_stock", "preorder"]
ExternalId = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
Words = Annotated[list[Word], Field(max_length=50)]
Number = Annotated[float, Field(allow_inf_nan=False)]
"""JSON has no other, and jsonb takes no other; Python's parser lets NaN and 1e999 in."""
Scalar = Annotated[Text, StringConstraints(max_length=1000)] | bool | int | Number
AttributeValue = Scalar | Annotated[list[Annotated[Text, StringConstraints(max_length=1000)]], Field(max_length=50)]

EXAMPLE = {
    "external_id": "SKU-1",
    "name": "Red summer dress",
    "description": "Light cotton, knee length.",
    "category": "dress",
    "style": "casual",
    "age_group": "adult",
    "colours": ["red"],
    "price": {"amount": "49.90", "currency": "EUR"},
    "availability": "in_stock",
    "url": "https://shop.example/p/SKU-1",
}


class PhotoSource(BaseModel):
    """A photo by address: not fetched yet; upload photos as multipart instead."""

    model_config = given({"url": "https://shop.example/p/SKU-1.jpg"})

    url: Text = Field(max_length=2000, description="Where the photo is")


class ProductFields(BaseModel):
    """Everything that a shop may say of a product but its name."""

    model_config = given(EXAMPLE)

    external_id: ExternalId | None = Field(default=None, description="The shop's own id, unique in the shop")
    group_id: ExternalId | None = Field(default=None, description="Variants of one product share it")
    description: Annotated[Text, StringConstraints(max_length=5000)] = Field(default="", description="For people")
    category: Word | None = Field(default=None, description="Name or id; a name that is new is added to the taxonomy")
    style: Word | None = Field(default=None, description="Name or id; a name that is new is added to the taxonomy")
    age_group: Word | None = Field(default=None, description="Name or id; a name that is new is added to the taxonomy")
    gender: Word | None = Field(default=None, description="Whom it is made for")
    brand: Word | None = Field(default=None, description="Who made it")
    colours: Words = Field(default=[], description="At most 50")
    sizes: Words = Field(default=[], description="At most 50")
    materials: Words = Field(default=[], description="At most 50")
    price: Money | None = Field(default=None, description="What it costs")
    sale_price: Money | None = Field(default=None, description="What it costs for now, in the currency of `price`")
    availability: Availability = Field(default="in_stock", description="Whether it can be bought")
    url: Annotated[Text, StringConstraints(max_length=2000)] | None = Field(
        default=None, description="Its page in the shop"
    )
    tags: Words = Field(default=[], description="At most 50")
    attributes: dict[Word, AttributeValue] = Field(
        default={}, max_length=50, description="At most 50 scalars or lists of strings"
    )

    @model_validator(mode="after")
    def one_currency(self) -> Self:
        if self.price and self.sale_price and self.price.currency != self.sale_price.currency:
            raise ValueError("price and sale_price must have the same currency")
        return self


class ProductWrite(ProductFields):
    """A product to create, or to replace another with."""

    name: Name = Field(description="At most 250 characters")
    photos: list[PhotoSource] = Field(
        default=[], max_length=10, description="Not fetched yet: leave it out and upload photos as multipart"
    )


class ProductPatch(ProductFields):
    """What may change of a product; a field that is left out stays."""

    model_config = given({"price": {"amount": "39.90", "currency": "EUR"}})

    name: Name = Field(default="", description="At most 250 characters")


class UpsertEntry(ProductFields):
    """Creates the product, or replaces the fields of the one with this `external_id`. Its photos stay."""

    model_config = given({"op": "upsert", **EXAMPLE})

    op: Literal["upsert"] = Field(description="What to do")
    name: Name = Field(description="At most 250 characters")


class PatchEntry(ProductFields):
    """Changes the given fields of one product."""

    model_config = given({"op": "patch", "id": "ext:SKU-1", "price": {"amount": "39.90", "currency": "EUR"}})

    op: Literal["patch"] = Field(description="What to do")
    id: Text = Field(max_length=204, description="`prd_…` or `ext:…`")
    name: Name = Field(default="", description="At most 250 characters")


class DeleteEntry(BaseModel):
    """Deletes one product."""

    model_config = given({"op": "delete", "id": "ext:SKU-1"})

    op: Literal["delete"] = Field(description="What to do")
    id: Text = Field(max_length=204, description="`prd_…` or `ext:…`")


Entry = Annotated[UpsertEntry | PatchEntry | DeleteEntry, Field(discriminator="op")]
