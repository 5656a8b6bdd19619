"""What is measured on the validation photos, in numpy alone: shared by the training and by `make eval`."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.training.labels import CATEGORIES, COLOURS, Label, colour_credit

Ranking = Callable[[str, int], Sequence[Label]]
"""The labels of the best photos for a prompt, best first, as many as asked for."""

CATEGORY_PROMPTS = {category: category for category in CATEGORIES} | {
    "longsleeve": "long sleeve top",
    "outwear": "jacket",
}
RELEVANT_MIN = 5


@dataclass(frozen=True)
class Accuracy:
    """Zero-shot by text, over all photos."""

    category: float
    colour: float
    colour_with_neighbours: float


@dataclass(frozen=True)
class Precision:
    """Mean precision over prompts of the first 10 (category) or 5 (colour + garment) photos."""

    category_at_10: float
    combination_at_5: float
    combination_at_5_with_neighbours: float
    combinations: int


def accuracy(
    photos: NDArray[np.float32], labels: Sequence[Label], categories: NDArray[np.float32], colours: NDArray[np.float32]
) -> Accuracy:
    """`categories` and `colours` are the prompts' embeddings in the order of CATEGORIES and COLOURS."""
    category = [CATEGORIES[index] for index in (photos @ categories.T).argmax(1)]
    colour = [COLOURS[index] for index in (photos @ colours.T).argmax(1)]
    credit = [colour_credit(named, label.colour) for named, label in zip(colour, labels, strict=True)]
    return Accuracy(
        category=_mean([named == label.category for named, label in zip(category, labels, strict=True)]),
        colour=_mean([value == 1.0 for value in credit]),
        colour_with_neighbours=_mean(credit),
    )


def precision(rank: Ranking, labels: Sequence[Label]) -> Precision:
    category = [
        _mean([label.category == wanted for label in rank(prompt, 10)]) for wanted, prompt in CATEGORY_PROMPTS.items()
    ]
    pairs = combination_pairs(labels)
    answers = [(colour, wanted, rank(combination_prompt(colour, wanted), 5)) for colour, wanted in pairs]
    earned = [
        [colour_credit(colour, label.colour) * (label.category == wanted) for label in found]
        for colour, wanted, found in answers
    ]
    return Precision(
        category_at_10=_mean(category),
        combination_at_5=_mean([_mean([credit == 1.0 for credit in row]) for row in earned]),
        combination_at_5_with_neighbours=_mean([_mean(row) for row in earned]),
        combinations=len(pairs),
    )


def combination_pairs(labels: Sequence[Label]) -> list[tuple[str, str]]:
    """(colour, category) of which at least five photos exist."""
    counts = Counter((label.colour, label.category) for label in labels)
    return sorted(pair for pair, count in counts.items() if count >= RELEVANT_MIN)


def combination_prompt(colour: str, category: str) -> str:
    return f"{colour} {CATEGORY_PROMPTS[category]}"


def colour_prompts() -> list[str]:
    return list(COLOURS)


def _mean(values: Sequence[float | bool]) -> float:
    return float(np.mean(values)) if values else 0.0
