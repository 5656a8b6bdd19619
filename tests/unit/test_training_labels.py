import csv
from pathlib import Path

import pytest

from models.training.labels import (
    AGE_GROUPS,
    CATEGORIES,
    COLOURS,
    MATERIALS,
    PATTERNS,
    STYLES,
    Label,
    colour_credit,
    colour_shares,
    read_labels,
)
from tests.eval.run import PHOTOS

SAMPLES = Path(__file__).parents[2] / "samples"


def test_training_and_validation_share_no_photo() -> None:
    train, validation = (
        {label.file.split("/", 1)[1] for label in read_labels(part)} for part in ("train", "validation")
    )

    assert (len(train), len(validation)) == (3068, 341)
    assert not train & validation


def test_labels_use_the_known_words_only() -> None:
    for label in (*read_labels("train"), *read_labels("validation")):
        assert label.category in CATEGORIES
        assert label.colour in COLOURS
        assert label.colour2 in ("", *COLOURS)
        assert label.pattern in PATTERNS
        assert label.material in ("", *MATERIALS)
        assert label.style in STYLES
        assert label.age_group in AGE_GROUPS
        assert label.noun


@pytest.mark.parametrize(
    ("named", "seen", "credit"),
    [("red", "red", 1.0), ("navy", "black", 0.5), ("black", "navy", 0.5), ("red", "blue", 0.0)],
)
def test_a_neighbour_colour_counts_half(named: str, seen: str, credit: float) -> None:
    assert colour_credit(named, seen) == credit


def test_colour_shares_sum_to_one_and_the_main_colour_leads() -> None:
    shares = colour_shares(Label("train", "x.jpg", "dress", "navy", "white", "plain", "", "casual", "adult", "dress"))

    assert sum(shares.values()) == pytest.approx(1.0)
    assert max(shares, key=lambda colour: shares[colour]) == "navy"
    assert set(shares) == {"navy", "black", "blue", "white"}


def test_the_evaluation_holds_every_validation_photo() -> None:
    assert all(PHOTOS.joinpath(*label.file.split("/")[1:]).is_file() for label in read_labels("validation"))


def test_the_sample_catalogue_names_each_of_its_photos_once() -> None:
    rows = list(csv.DictReader((SAMPLES / "catalogue.csv").open(newline="", encoding="utf-8")))

    assert len(rows) == len({row["external_id"] for row in rows}) == len({row["name"] for row in rows})
    assert {row["file"] for row in rows} == {f"photos/{photo.name}" for photo in (SAMPLES / "photos").iterdir()}
    assert {row["category"] for row in rows} == set(CATEGORIES)
