"""Cursors, ids, signatures, filters and forms, without a server."""

from decimal import Decimal
from uuid import UUID

import pytest
from pydantic import ValidationError
from starlette.datastructures import FormData

from api import cursors, ids
from api.errors import InvalidCursor, InvalidFields
from api.limits import address_of
from api.schemas.filters import Clause, parse
from api.schemas.keys import NewKey
from api.schemas.products import ProductWrite
from api.signatures import ROUND_S, VALID_S, expiry
from api.uploads import plain
from db.errors import NotFound
from db.filters import And, Between, In, Not

ID = UUID("01939f3c-e3b1-7a0f-b2f9-a2f64d0a5c11")


def test_a_cursor_leads_back_to_its_place() -> None:
    assert cursors.decode("keys", cursors.encode("keys", ID)) == ID


@pytest.mark.parametrize("cursor", ["", "nonsense", "!", "ü", cursors.encode("shops", ID), "W10", "WzEsMl0", "e30"])
def test_a_cursor_of_something_else_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        cursors.decode("keys", cursor)


def test_an_id_is_read_with_and_without_dashes() -> None:
    assert ids.parse("prd", f"prd_{ID}") == ids.parse("prd", ids.public("prd", ID)) == ID


@pytest.mark.parametrize(
    "text", ["", "prd_", ID.hex, f"pho_{ID.hex}", f"prd_{ID.hex}0", "prd_" + "g" * 32, "prd_" + "é" * 32]
)
def test_what_is_no_id_is_answered_like_a_missing_one(text: str) -> None:
    with pytest.raises(NotFound):
        ids.parse("prd", text)


@pytest.mark.parametrize("now", [1_795_383_000.0, 1_795_383_001.5, 1_795_383_299.9])
def test_addresses_work_for_ten_to_fifteen_minutes_and_change_every_five(now: float) -> None:
    assert VALID_S - ROUND_S <= expiry(now) - now <= VALID_S
    assert expiry(now) == expiry(1_795_383_000.0)


def test_the_filter_grammar_is_read() -> None:
    clause = Clause.model_validate(
        {
            "and": [
                {"category": {"in": ["dress", "skirt"]}},
                {"price": {"gt": 10, "lte": "80.00"}},
                {"not": {"style": "x"}},
            ]
        }
    )

    assert parse(clause) == And(
        (
            In("category", ("dress", "skirt")),
            Between("price", lte=Decimal("80.00"), gt=Decimal(10)),
            Not(In("style", ("x",))),
        )
    )


@pytest.mark.parametrize(
    "clause",
    [
        {},
        {"and": []},
        {"and": None},
        {"category": "a", "style": "b"},
        {"weather": "rain"},
        {"category": {"in": []}},
        {"category": {"not_in": ["a"]}},
        {"price": {}},
        {"price": {"lte": "NaN"}},
        {"availability": "maybe"},
        {"category": "a\x00"},
    ],
)
def test_what_the_grammar_does_not_know_is_refused(clause: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Clause.model_validate(clause)


def test_filters_have_a_bound_on_clauses_and_depth() -> None:
    wide = Clause.model_validate({"or": [{"category": "a"}] * 50})
    deep: dict[str, object] = {"category": "a"}
    for _ in range(9):
        deep = {"not": deep}

    with pytest.raises(InvalidFields):
        parse(wide)
    with pytest.raises(InvalidFields):
        parse(Clause.model_validate(deep))


def test_a_form_stands_for_json() -> None:
    form = FormData(
        [
            ("name", "Dress"),
            ("colours", "red, white,"),
            ("sizes", "S"),
            ("sizes", "M, tall"),
            ("tags", '["a, b"]'),
            ("price", "49.90"),
            ("currency", "EUR"),
            ("sale_price", "39.90 EUR"),
            ("brand", ""),
            ("attributes", '{"care": ["cold"]}'),
        ]
    )

    product = ProductWrite.model_validate(plain(form))

    assert (product.colours, product.sizes, product.tags) == (["red", "white"], ["S", "M, tall"], ["a, b"])
    assert (product.price, product.brand) == (product.price and product.price.model_copy(), None)
    assert product.price is not None
    assert product.sale_price is not None
    assert (product.price.amount, product.sale_price.amount) == (Decimal("49.90"), Decimal("39.90"))
    assert product.attributes == {"care": ["cold"]}


@pytest.mark.parametrize("fields", [[("attributes", "{")], [("name", "a"), ("name", "b")], [("tags", "[1,")]])
def test_a_form_that_stands_for_nothing_is_refused(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(InvalidFields):
        plain(FormData(fields))


@pytest.mark.parametrize("origin", ["*", "null", "shop.example", "https://shop.example/", "https://*.shop.example", ""])
def test_an_origin_is_exact(origin: str) -> None:
    with pytest.raises(ValidationError):
        NewKey.model_validate({"name": "web", "kind": "publishable", "allowed_origins": [origin]})


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("8.8.8.8", "198.51.100.1", "8.8.8.8"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.3", "nonsense", "10.0.0.3"),
        ("10.0.0.3", None, "10.0.0.3"),
    ],
)
def test_only_a_proxy_near_by_is_believed_about_addresses(peer: str, forwarded: str | None, expected: str) -> None:
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []

    assert address_of({"type": "http", "client": (peer, 1), "headers": headers}) == expected
