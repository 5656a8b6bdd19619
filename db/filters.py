"""A filter on products, as a small tree of frozen dataclasses, and its constant SQL."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

Field = Literal["category", "style", "age_group", "availability", "price", "brand", "gender", "group_id", "tags", "colours"]


@dataclass(frozen=True)
class In:
    """The product's field is one of the values (names or ids of terms, without regard to case); for lists: shares one."""

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

    Values never enter the text; only field names from the closed list above do.
    """
    raise NotImplementedError
