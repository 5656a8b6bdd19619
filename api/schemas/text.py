"""The two kinds of body, each with one example, and text that Postgres can hold."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, StringConstraints


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("The NUL character cannot be stored; leave it out.")
    return text


Text = Annotated[str, AfterValidator(_storable)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=250, strip_whitespace=True), AfterValidator(_storable)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True), AfterValidator(_storable)]


def given(example: dict[str, Any]) -> ConfigDict:
    """For what a caller sends: a field that is not known is refused by name, not passed over."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"example": example})


def told(example: dict[str, Any]) -> ConfigDict:
    """For what a caller gets."""
    return ConfigDict(frozen=True, json_schema_extra={"example": example})
