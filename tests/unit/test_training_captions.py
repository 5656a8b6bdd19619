from random import Random

import pytest

from models.training import captions
from models.training.captions import garment_words, make_caption
from models.training.labels import (
    AGE_GROUPS,
    CATEGORIES,
    COLOURS,
    MATERIALS,
    PATTERNS,
    STYLES,
    Label,
    read_labels,
)

LABEL = Label("train", "x.jpg", "shoes", "navy", "white", "striped", "leather", "sport", "kids", "sneakers")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (CATEGORIES, captions.CATEGORY_WORDS),
        (COLOURS, captions.COLOUR_WORDS),
        (PATTERNS, captions.PATTERN_WORDS),
        (MATERIALS, captions.MATERIAL_WORDS),
        (STYLES, captions.STYLE_WORDS),
        (AGE_GROUPS, captions.AGE_WORDS),
    ],
)
def test_every_label_value_has_words(values: tuple[str, ...], words: dict[str, tuple[str, ...]]) -> None:
    assert set(words) == set(values)


def test_a_caption_says_what_its_fields_claim() -> None:
    rng = Random(3)
    tables = {"colour": captions.COLOUR_WORDS, "pattern": captions.PATTERN_WORDS, "style": captions.STYLE_WORDS}

    made = [make_caption(LABEL, rng) for _ in range(300)]

    for caption in made:
        for field in caption.fields & tables.keys():
            assert any(word in caption.text for word in tables[field][getattr(LABEL, field)]), caption


def test_a_garment_is_called_by_noun_category_and_synonym() -> None:
    rng = Random(3)

    words = {garment_words(LABEL, rng) for _ in range(200)}

    assert {"sneakers", "shoes", "trainers", "footwear"} <= words


def test_captions_differ_from_epoch_to_epoch() -> None:
    rng = Random(3)

    assert len({make_caption(LABEL, rng).text for _ in range(100)}) > 60


def test_every_training_label_makes_a_caption() -> None:
    rng = Random(3)

    assert all(make_caption(label, rng).text.strip() for label in read_labels("train"))
