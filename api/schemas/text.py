"""The two kinds of body, each with one example, and text that Postgres can hold."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("The NUL character cannot be stored; leave it out.")
    if LONE_SURROGATE.search(text):  # pydantic finds them too, but not in every member of a union
        raise ValueError("Half of a surrogate pair is no character; leave it out.")
    return text


_SAID: dict[str, Any] = {"pattern": r"^[^\x00]*$"}
"""The rule for readers of the API reference; `_storable` keeps it, in words."""

Text = Annotated[str, AfterValidator(_storable), Field(json_schema_extra=_SAID)]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=250, strip_whitespace=True),
    AfterValidator(_storable),
    Field(json_schema_extra=_SAID),
]
Word = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, strip_whitespace=True),
    AfterValidator(_storable),
    Field(json_schema_extra=_SAID),
]


def given(example: dict[str, Any]) -> ConfigDict:
    """For what a caller sends: a field that is not known is refused by name, not passed over."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": example})


def told(example: dict[str, Any]) -> ConfigDict:
    """For what a caller gets."""
    return ConfigDict(frozen=True, json_schema_extra={"example": example})
