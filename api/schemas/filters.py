"""The filter grammar, read into `db.filters`."""

from decimal import Decimal
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, Field, StringConstraints, model_validator

from api.errors import FieldProblem, InvalidFields
from api.schemas.products import Availability
from api.schemas.text import Text, given
from db import filters

CLAUSES_MAX = 50
DEPTH_MAX = 8

Value = Annotated[Text, StringConstraints(min_length=1, max_length=250)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
FIELDS = tuple(field for field in get_args(filters.Field) if field != "price")


class OneOf(BaseModel):
    """One of the values; for lists: shares one."""

    model_config = given({"in": ["dress", "skirt"]})

    in_: list[Value] = Field(alias="in", min_length=1, max_length=100, description="Names or ids")


class OneOfAvailability(BaseModel):
    """One of the availabilities."""

    model_config = given({"in": ["in_stock", "preorder"]})

    in_: list[Availability] = Field(alias="in", min_length=1, max_length=3, description="Any of these")


class Bounds(BaseModel):
    """Between the bounds that are given."""

    model_config = given({"lte": 80})

    gte: Amount | None = Field(default=None, description="At least")
    lte: Amount | None = Field(default=None, description="At most")
    gt: Amount | None = Field(default=None, description="More than")
    lt: Amount | None = Field(default=None, description="Less than")

    @model_validator(mode="after")
    def some(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name at least one of gte, lte, gt, lt")
        return self


Match = Value | OneOf


class Clause(BaseModel):
    """Exactly one of `and`, `or`, `not`, or the name of a field."""

    model_config = given({"and": [{"category": {"in": ["dress"]}}, {"price": {"lte": 80}}]})

    and_: list["Clause"] | None = Field(default=None, alias="and", min_length=1, description="All of these hold")
    or_: list["Clause"] | None = Field(default=None, alias="or", min_length=1, description="One of these holds")
    not_: "Clause | None" = Field(default=None, alias="not", description="This does not hold")
    category: Match | None = Field(default=None, description="Names or ids, without regard to case")
    style: Match | None = Field(default=None, description="Names or ids, without regard to case")
    age_group: Match | None = Field(default=None, description="Names or ids, without regard to case")
    brand: Match | None = Field(default=None, description="Without regard to case")
    gender: Match | None = Field(default=None, description="Without regard to case")
    group_id: Match | None = Field(default=None, description="Variants of one product share it")
    tags: Match | None = Field(default=None, description="The product has one of these")
    colours: Match | None = Field(default=None, description="The product has one of these")
    availability: Availability | OneOfAvailability | None = Field(default=None, description="Whether it can be bought")
    price: Bounds | None = Field(default=None, description="Products without a price do not match")

    @model_validator(mode="after")
    def exactly_one(self) -> Self:
        if len(self.model_fields_set) != 1 or self._only() is None:
            raise ValueError("a clause holds exactly one of and, or, not or a field; join several with and")
        return self

    def _only(self) -> object:
        return getattr(self, next(iter(self.model_fields_set)))


def parse(clause: Clause | None, pointer: Literal["/filter"] = "/filter") -> filters.Filter | None:
    """Raises InvalidFields past CLAUSES_MAX or DEPTH_MAX."""
    if clause is None:
        return None
    if _count(clause, 1) > CLAUSES_MAX:
        raise InvalidFields(
            (FieldProblem(pointer, "too_many_clauses", f"A filter has at most {CLAUSES_MAX} clauses."),)
        )
    return _read(clause)


def _count(clause: Clause, depth: int) -> int:
    if depth > DEPTH_MAX:
        raise InvalidFields((FieldProblem("/filter", "too_deep", f"A filter is nested at most {DEPTH_MAX} deep."),))
    inner = [*(clause.and_ or ()), *(clause.or_ or ()), *((clause.not_,) if clause.not_ else ())]
    return 1 + sum(_count(one, depth + 1) for one in inner)


def _read(clause: Clause) -> filters.Filter:
    if clause.and_:
        return filters.And(tuple(_read(one) for one in clause.and_))
    if clause.or_:
        return filters.Or(tuple(_read(one) for one in clause.or_))
    if clause.not_:
        return filters.Not(_read(clause.not_))
    if clause.price:
        return filters.Between("price", clause.price.gte, clause.price.lte, clause.price.gt, clause.price.lt)
    field = next(field for field in FIELDS if getattr(clause, field) is not None)
    wanted: str | OneOf | OneOfAvailability = getattr(clause, field)
    return filters.In(field, (wanted,) if isinstance(wanted, str) else tuple(wanted.in_))
