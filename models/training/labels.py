"""What is known about each photo, and how near two colours are."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LABELS_CSV = Path(__file__).with_name("labels.csv")

CATEGORIES = ("dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt")
COLOURS = (
    "black", "white", "blue", "grey", "navy", "red", "pink", "beige",
    "green", "brown", "purple", "turquoise", "yellow", "orange", "multicolour",
)  # fmt: skip
PATTERNS = (
    "plain", "graphic", "striped", "floral", "checked", "geometric",
    "other", "dotted", "animal", "camouflage", "lace",
)  # fmt: skip
MATERIALS = ("denim", "knit", "leather", "quilted", "lace", "fur")
STYLES = ("casual", "formal", "sport", "outdoor", "party", "beach")
AGE_GROUPS = ("adult", "kids")

# Pairs that two people name differently for the same photo.
NEIGHBOURS = frozenset(
    frozenset(pair)
    for pair in (
        ("navy", "black"), ("navy", "blue"), ("beige", "white"), ("grey", "blue"), ("red", "pink"),
    )
)  # fmt: skip


@dataclass(frozen=True)
class Label:
    """One row of labels.csv. `colour2` and `material` may be empty."""

    split: str
    file: str
    category: str
    colour: str
    colour2: str
    pattern: str
    material: str
    style: str
    age_group: str
    noun: str


def read_labels(split: str, path: Path = LABELS_CSV) -> list[Label]:
    with path.open(newline="", encoding="utf-8") as rows:
        return [Label(**row) for row in csv.DictReader(rows) if row["split"] == split]


def colour_credit(named: str, seen: str) -> float:
    """1 for the same colour, a half for a neighbour, else 0."""
    if named == seen:
        return 1.0
    return 0.5 if frozenset((named, seen)) in NEIGHBOURS else 0.0


def colour_shares(label: Label) -> dict[str, float]:
    """How far each colour describes the photo: the training target, sums to 1."""
    shares = {label.colour: 1.0}
    for colour in COLOURS:
        if colour_credit(colour, label.colour) == 0.5:
            shares[colour] = 0.15
    if label.colour2:
        shares[label.colour2] = max(shares.get(label.colour2, 0.0), 0.2)
    return _normalised(shares)


def colour_truth(label: Label, colour: str) -> float:
    """How far the photo may be called that colour, asked alone."""
    credit = colour_credit(colour, label.colour)
    if credit == 1.0:
        return 1.0
    return max(0.4 * (credit == 0.5), 0.25 * (colour == label.colour2))


def missing_photos(labels: Iterable[Label], folder: Path) -> list[str]:
    return [label.file for label in labels if not (folder / label.file).is_file()]


def _normalised(shares: dict[str, float]) -> dict[str, float]:
    total = sum(shares.values())
    return {name: share / total for name, share in shares.items()}
