"""A filter on products, as a small tree of frozen dataclasses, and its constant SQL."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, TypeAlias
from uuid import UUID

Field = Literal[
    "category", "style", "age_group", "availability", "price", "brand", "gender", "group_id", "tags", "colours"
]


@dataclass(frozen=True)
class In:
    """The product's field is one of the values (names or ids of terms, without regard to case); for lists: shares one.

    `group_id` is exact.
    """

    field: Field
    values: tuple[str, ...]


@dataclass(frozen=True)
class Between:
    """`gte <= price <= lte`, gt/lt exclusive; a missing bound is open. Products without a price do not match."""

    field: Literal["price"]
    gte: Decimal | None = None
    lte: Decimal | None = None
    gt: Decimal | None = None
    lt: Decimal | None = None


@dataclass(frozen=True)
class And:
    clauses: tuple["Filter", ...]


@dataclass(frozen=True)
class Or:
    clauses: tuple["Filter", ...]


@dataclass(frozen=True)
class Not:
    clause: "Filter"


Filter: TypeAlias = In | Between | And | Or | Not


def where(condition: Filter | None, first: int) -> tuple[str, list[object]]:
    """SQL over `products p` LEFT JOIN terms c, s, a (category, style, age_group), and its arguments from `$first` on.

    Values never enter the text; only field names from the closed list above do. The SQL is never null:
    a product without the field is outside `In` and `Between`, and so inside their `Not`.
    """
    arguments: list[object] = []
    return _text(condition, first, arguments), arguments


PREFIXES: dict[str, str] = {"category": "cat_", "style": "sty_", "age_group": "age_"}
"""Of the ids of terms, as the API writes them; 32 hex digits follow."""

# `{}` is the place of the parameter.
ONE_OF: dict[Field, str] = {
    "category": "(c.id = ANY({1}::uuid[]) OR lower(c.name) IN (SELECT lower(v) FROM unnest({0}::text[]) v))",
    "style": "(s.id = ANY({1}::uuid[]) OR lower(s.name) IN (SELECT lower(v) FROM unnest({0}::text[]) v))",
    "age_group": "(a.id = ANY({1}::uuid[]) OR lower(a.name) IN (SELECT lower(v) FROM unnest({0}::text[]) v))",
    "availability": "p.availability IN (SELECT lower(v) FROM unnest({0}::text[]) v)",
    "brand": "lower(p.brand) IN (SELECT lower(v) FROM unnest({0}::text[]) v)",
    "gender": "lower(p.gender) IN (SELECT lower(v) FROM unnest({0}::text[]) v)",
    "group_id": "p.group_id = ANY({0}::text[])",
    "price": "coalesce(p.sale_price, p.price) = ANY({0}::numeric[])",
    "tags": "EXISTS (SELECT FROM unnest(p.tags) t JOIN unnest({0}::text[]) v ON lower(t) = lower(v))",
    "colours": "EXISTS (SELECT FROM unnest(p.colours) t JOIN unnest({0}::text[]) v ON lower(t) = lower(v))",
}
BOUNDS: dict[str, str] = {
    "gte": "coalesce(p.sale_price, p.price) >= {0}::numeric",
    "lte": "coalesce(p.sale_price, p.price) <= {0}::numeric",
    "gt": "coalesce(p.sale_price, p.price) > {0}::numeric",
    "lt": "coalesce(p.sale_price, p.price) < {0}::numeric",
}


def id_of(field: str, text: str) -> UUID | None:
    """The id that `cat_…`, `sty_…` or `age_…` writes; None when it does not write one of this field."""
    digits = text.removeprefix(PREFIXES[field])
    return UUID(hex=digits) if digits != text and re.fullmatch("[0-9a-f]{32}", digits) else None


def _text(condition: Filter | None, first: int, arguments: list[object]) -> str:
    match condition:
        case None:
            return "true"
        case In():
            values = _arguments(condition)
            return f"({_placed(ONE_OF[condition.field], first, arguments, values)} IS TRUE)"
        case Between():
            limits = [(text, getattr(condition, name)) for name, text in BOUNDS.items()]
            parts = [_placed(text, first, arguments, [limit]) for text, limit in limits if limit is not None]
            return f"({' AND '.join(parts) or 'coalesce(p.sale_price, p.price) IS NOT NULL'}) IS TRUE"
        case And():
            return f"({' AND '.join(['true', *(_text(clause, first, arguments) for clause in condition.clauses)])})"
        case Or():
            return f"({' OR '.join(['false', *(_text(clause, first, arguments) for clause in condition.clauses)])})"
        case Not():
            return f"(NOT {_text(condition.clause, first, arguments)})"


def _placed(text: str, first: int, arguments: list[object], values: list[object]) -> str:
    numbers = [f"${first + len(arguments) + offset}" for offset in range(len(values))]
    arguments.extend(values)
    return text.format(*numbers)


def _arguments(condition: In) -> list[object]:
    if condition.field == "price":
        return [[price for price in map(_price, condition.values) if price is not None]]
    if condition.field in PREFIXES:
        ids = [id_of(condition.field, value) for value in condition.values]
        return [list(condition.values), [term_id for term_id in ids if term_id is not None]]
    return [list(condition.values)]


def _price(text: str) -> Decimal | None:
    """None for what is no number: it equals no price."""
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    return price if price.is_finite() else None
