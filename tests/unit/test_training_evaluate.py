from collections.abc import Sequence

import numpy as np
import pytest

from models.training.evaluate import CATEGORY_PROMPTS, accuracy, combination_pairs, precision
from models.training.labels import CATEGORIES, COLOURS, Label


def label(category: str, colour: str) -> Label:
    return Label("validation", "x.jpg", category, colour, "", "plain", "", "casual", "adult", category)


RED_DRESSES = [label("dress", "red")] * 5
PINK_DRESSES = [label("dress", "pink")] * 5


def test_only_pairs_with_five_photos_are_asked_for() -> None:
    assert combination_pairs([*RED_DRESSES, *PINK_DRESSES[:4]]) == [("red", "dress")]


def test_a_perfect_ranking_scores_one() -> None:
    def rank(prompt: str, count: int) -> Sequence[Label]:
        wanted = next((category for category, words in CATEGORY_PROMPTS.items() if words == prompt), "dress")
        return [label(wanted, "red")] * count

    found = precision(rank, RED_DRESSES)

    assert (found.category_at_10, found.combination_at_5, found.combinations) == (1.0, 1.0, 1)


def test_neighbour_colours_count_half_and_other_garments_nothing() -> None:
    answer = [
        label("dress", "red"),
        label("dress", "pink"),
        label("skirt", "red"),
        label("dress", "blue"),
        label("hat", "pink"),
    ]

    found = precision(lambda _prompt, count: answer[:count], RED_DRESSES)

    assert found.combination_at_5 == pytest.approx(1 / 5)
    assert found.combination_at_5_with_neighbours == pytest.approx(1.5 / 5)


def test_accuracy_takes_the_nearest_prompt() -> None:
    labels = [label("dress", "navy"), label("hat", "red")]
    categories, colours = np.eye(len(CATEGORIES), 40, dtype=np.float32), np.eye(len(COLOURS), 40, 20, dtype=np.float32)
    photos = np.stack(
        [
            categories[CATEGORIES.index("dress")] + colours[COLOURS.index("black")],
            categories[CATEGORIES.index("shirt")] + colours[COLOURS.index("red")],
        ]
    )

    found = accuracy(photos, labels, categories, colours)

    assert (found.category, found.colour, found.colour_with_neighbours) == (0.5, 0.5, 0.75)
