"""A shop's categories, styles and age groups."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from api.schemas.text import Text, Word, given, told

_TERM = {
    "id": "cat_01939f3ce3b17a0fb2f9a2f64d0a5c11",
    "name": "dress",
    "description": "",
    "product_count": 36,
    "created_at": "2026-11-22T10:00:00Z",
}

Description = Annotated[Text, StringConstraints(max_length=5000)]


class NewTerm(BaseModel):
    """A category, style or age group to create."""

    model_config = given({"name": "blouse", "description": "Light shirts"})

    name: Word = Field(description="Unique in the shop without regard to case")
    description: Description = Field(default="", description="For people")


class TermPatch(BaseModel):
    """What may change; a field that is left out stays."""

    model_config = given({"description": "Light shirts"})

    name: Word = Field(default="", description="Unique in the shop without regard to case")
    description: Description = Field(default="", description="For people")


class TermAnswer(BaseModel):
    """A category, style or age group."""

    model_config = told(_TERM)

    id: str = Field(description="`cat_…`, `sty_…` or `age_…`")
    name: str = Field(description="Unique in the shop without regard to case")
    description: str = Field(description="For people")
    product_count: int = Field(description="How many products carry it")
    created_at: datetime = Field(description="When it was created")


class TermPage(BaseModel):
    """Some of the shop's terms, oldest first."""

    model_config = told({"data": [_TERM], "has_more": False, "next_cursor": None})

    data: list[TermAnswer] = Field(description="The terms")
    has_more: bool = Field(description="Whether another page follows")
    next_cursor: str | None = Field(description="The `cursor` of the next page")
