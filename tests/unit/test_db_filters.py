"""Filters: their SQL never holds a value."""

from decimal import Decimal
from uuid import UUID

import pytest

from db.filters import And, Between, Field, In, Not, Or, where

HOSTILE = "x'); DROP TABLE shops; --"
FIELDS: tuple[Field, ...] = (
    "category",
    "style",
    "age_group",
    "availability",
    "price",
    "brand",
    "gender",
    "group_id",
    "tags",
    "colours",
)


@pytest.mark.parametrize("field", FIELDS)
def test_values_never_enter_the_text(field: Field):
    hostile, harmless = where(In(field, (HOSTILE,)), 3), where(In(field, ("dress",)), 3)

    assert hostile[0] == harmless[0]
    assert "DROP" not in hostile[0]


def test_arguments_are_numbered_from_the_first_on():
    text, arguments = where(
        And((In("brand", ("a",)), Or((In("tags", ("b",)), Not(Between("price", lte=Decimal(9))))))), 4
    )

    assert arguments == [["a"], ["b"], Decimal(9)]
    assert [f"${number}" in text for number in (3, 4, 5, 6, 7)] == [False, True, True, True, False]


def test_no_filter_fits_everything():
    assert where(None, 1) == ("true", [])


def test_an_id_of_the_field_becomes_a_uuid_and_another_fields_does_not():
    _, arguments = where(In("category", ("cat_" + "0" * 31 + "7", "sty_" + "0" * 32, "cat_7", "dress")), 1)

    assert arguments[1] == [UUID(int=7)]


def test_a_price_that_is_no_number_equals_no_price():
    assert where(In("price", ("cheap", "nan", "9.90")), 1)[1] == [[Decimal("9.90")]]
