"""From compared photos to recommended products: one photo each, best first."""

import math
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Photo = TypeVar("Photo")
Product = TypeVar("Product", bound=Hashable)


@dataclass(frozen=True)
class Scored(Generic[Photo, Product]):
    """A photo, whose product it shows, and the cosine of its embedding and what was asked."""

    photo: Photo
    product: Product
    similarity: float


def best(
    scored: Iterable[Scored[Photo, Product]],
    num_results: int,
    *,
    min_score: float | None = None,
    group_of: Callable[[Product], Hashable | None] | None = None,
) -> list[Scored[Photo, Product]]:
    """Each product by its most similar photo, the most similar product first, at most `num_results` of them.

    `group_of` names the group of variants a product belongs to (None: no group); then each group appears once.
    Equal similarities keep the order they came in, so the same candidates always give the same list.
    """
    ordered = sorted((one for one in scored if _counts(one.similarity, min_score)), key=lambda one: -one.similarity)
    seen: set[tuple[str, Hashable]] = set()
    chosen: list[Scored[Photo, Product]] = []
    for one in ordered:
        if len(chosen) >= num_results:
            break
        place = _place(one.product, group_of)
        if place not in seen:
            seen.add(place)
            chosen.append(one)
    return chosen


def _counts(similarity: float, min_score: float | None) -> bool:
    """NaN has no place in an order; a record with one is as good as missing."""
    return not math.isnan(similarity) and (min_score is None or similarity >= min_score)


def _place(product: Product, group_of: Callable[[Product], Hashable | None] | None) -> tuple[str, Hashable]:
    """Tagged, so that a group named like a product stays apart from it."""
    group = group_of(product) if group_of else None
    return ("product", product) if group is None else ("group", group)
