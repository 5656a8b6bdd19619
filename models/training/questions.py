"""Short prompts with a yes or no for every photo: colour + garment, attribute + garment, everyday words."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from torch import Tensor, tensor

from models.training import captions
from models.training.labels import CATEGORIES, COLOURS, Label, colour_truth

COLOUR_QUESTIONS, ATTRIBUTE_QUESTIONS, GARMENT_QUESTIONS = 72, 32, 32

ATTRIBUTES = {
    "pattern": captions.PATTERN_WORDS,
    "material": captions.MATERIAL_WORDS,
    "style": captions.STYLE_WORDS,
    "age_group": captions.AGE_WORDS,
}


@dataclass(frozen=True)
class Question:
    """A prompt and how far it is true of a photo."""

    text: str
    truth: Callable[[Label], float]


def make_questions(labels: list[Label], rng: Random) -> list[Question]:
    """Half of them after the batch, so that many have a yes; the others at random."""
    questions: list[Question] = []
    for index in range(COLOUR_QUESTIONS):
        label = rng.choice(labels) if index % 2 else None
        colour = label.colour if label else rng.choice(COLOURS)
        questions.append(_about_colour(colour, label.category if label else rng.choice(CATEGORIES), rng))
    for index in range(ATTRIBUTE_QUESTIONS):
        field = rng.choice(list(ATTRIBUTES))
        label = rng.choice(labels)
        value = getattr(label, field) if index % 2 else ""
        questions.append(_about(field, value or rng.choice(list(ATTRIBUTES[field])), label.category, rng))
    return questions + [_about_garment(word, rng) for word in rng.sample(_garment_words(), GARMENT_QUESTIONS)]


def answers(labels: list[Label], questions: list[Question]) -> Tensor:
    """float32[N photos, N questions]."""
    return tensor([[question.truth(label) for question in questions] for label in labels])


def _about_colour(colour: str, category: str, rng: Random) -> Question:
    garment = rng.choice(captions.CATEGORY_WORDS[category])
    text = captions.coloured(rng.choice(captions.COLOUR_WORDS[colour]), garment, rng)
    return Question(_framed(text, rng), lambda label: colour_truth(label, colour) * (label.category == category))


def _about(field: str, value: str, category: str, rng: Random) -> Question:
    text = f"{rng.choice(ATTRIBUTES[field][value])} {rng.choice(captions.CATEGORY_WORDS[category])}"
    return Question(
        _framed(text, rng), lambda label: float(getattr(label, field) == value and label.category == category)
    )


def _garment_words() -> list[str]:
    """Without the words of a whole category: "hat" is true of more than the caps whose synonym it is."""
    whole = {word for words in captions.CATEGORY_WORDS.values() for word in words}
    return sorted({word for words in captions.NOUN_WORDS.values() for word in words} - whole)


def _about_garment(word: str, rng: Random) -> Question:
    parts = [part for part, words in captions.NOUN_WORDS.items() if word in words]
    return Question(_framed(word, rng), lambda label: float(any(part in label.noun for part in parts)))


def _framed(text: str, rng: Random) -> str:
    return rng.choice(captions.TEMPLATES).format(text)
