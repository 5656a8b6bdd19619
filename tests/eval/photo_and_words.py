"""`python -m tests.eval.photo_and_words`: how much a photo should weigh beside words (docs/decisions/0005).

Each validation photo is shown with "in {another colour}" and the others are the shop. Relevant: the photo's garment in
the words' colour, for pairs that at least five photos show.
"""

from collections import Counter
from pathlib import Path

import numpy as np

from deployments.settings import MINI
from models import clip
from models.checkpoint import find
from models.photo import prepare
from models.training.labels import Label, read_labels
from models.types import Embeddings

PHOTOS = Path(__file__).with_name("photos")
WEIGHTS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
SHOWN_MIN = 5
FIRST = 10
BATCH = 32


def main() -> None:
    labels = read_labels("validation")
    shop = _photos(labels)
    questions = _questions(labels)
    words = _words([f"in {colour}" for _, colour in questions])
    print(f"{len(questions)} questions, share of the first {FIRST}\nphoto  garment  colour  both")
    for weight in WEIGHTS:
        shares = [
            _shares(labels, shop, asked, colour, weight * shop[asked] + (1 - weight) * said)
            for (asked, colour), said in zip(questions, words, strict=True)
        ]
        garment, in_colour, both = np.mean(shares, axis=0)
        print(f"{weight:5.1f}  {garment:7.3f}  {in_colour:6.3f}  {both:4.3f}")


def _questions(labels: list[Label]) -> list[tuple[int, str]]:
    shown = Counter((label.category, label.colour) for label in labels)
    return [
        (place, colour)
        for place, label in enumerate(labels)
        for (category, colour), count in sorted(shown.items())
        if category == label.category and colour != label.colour and count >= SHOWN_MIN
    ]


def _shares(labels: list[Label], shop: Embeddings, asked: int, colour: str, wanted: Embeddings) -> tuple[float, ...]:
    """Of the first ten without the photo itself: right garment, right colour, both."""
    order = [place for place in np.argsort(-(shop @ wanted)) if place != asked][:FIRST]
    garment = [labels[place].category == labels[asked].category for place in order]
    in_colour = [labels[place].colour == colour for place in order]
    return tuple(float(np.mean(each)) for each in (garment, in_colour, np.logical_and(garment, in_colour)))


def _photos(labels: list[Label]) -> Embeddings:
    tower = clip.image_tower(find(str(MINI)), device="cpu")
    files = [PHOTOS.joinpath(*Path(label.file).parts[1:]) for label in labels]
    pixels = [prepare(file.read_bytes(), tower.side) for file in files]
    batches = [np.stack(pixels[first : first + BATCH]) for first in range(0, len(pixels), BATCH)]
    return np.concatenate([tower.embed_photos(batch) for batch in batches])


def _words(prompts: list[str]) -> Embeddings:
    known = sorted(set(prompts))
    vectors, _ = clip.text_tower(find(str(MINI)), device="cpu").embed_prompts(known)
    return vectors[[known.index(prompt) for prompt in prompts]]


if __name__ == "__main__":
    main()
