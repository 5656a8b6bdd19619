"""What the towers are asked for: match captions, name attributes, and answer questions."""

import math
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.training import captions
from models.training.captions import Caption
from models.training.labels import (
    AGE_GROUPS,
    CATEGORIES,
    COLOURS,
    MATERIALS,
    PATTERNS,
    STYLES,
    Label,
    colour_shares,
    colour_truth,
)

ATTRIBUTE_WEIGHTS = {"category": 1.0, "colour": 1.5, "pattern": 0.5, "material": 0.3, "style": 0.3, "age_group": 0.3}


class Temperatures(nn.Module):
    """One scale for softmax, one scale and bias for the yes-or-no question (as in SigLIP)."""

    def __init__(self) -> None:
        super().__init__()
        self.softmax = nn.Parameter(torch.tensor(math.log(15.0)))
        self.yes_no = nn.Parameter(torch.tensor(math.log(12.0)))
        self.bias = nn.Parameter(torch.tensor(-4.0))


def caption_targets(labels: list[Label], texts: list[Caption]) -> Tensor:
    """float32[N photos, N captions]: how far each caption is true of each photo."""
    return torch.tensor(
        [[_truth(photo, told, text) for told, text in zip(labels, texts, strict=True)] for photo in labels]
    )


def caption_loss(similarity: Tensor, targets: Tensor, scale: Tensor) -> Tensor:
    """Contrastive in both directions; each photo's own caption counts most, others that fit it count too."""
    weights = targets * 0.5 + torch.eye(len(targets)) * 0.5
    logits = similarity * scale.exp().clamp(max=50)
    to_captions = functional.cross_entropy(logits, weights / weights.sum(1, keepdim=True))
    to_photos = functional.cross_entropy(logits.T, (weights / weights.sum(0, keepdim=True)).T)
    return (to_captions + to_photos) / 2


def attribute_prompts(rng: Random) -> dict[str, list[str]]:
    """A prompt for every value of every attribute, in words drawn anew each time."""
    garment = rng.choice(("{}", "{}", "{} clothes", "a {} garment", "{} clothing", "something {}"))
    tables = {
        "colour": (COLOURS, captions.COLOUR_WORDS),
        "pattern": (PATTERNS, captions.PATTERN_WORDS),
        "material": (MATERIALS, captions.MATERIAL_WORDS),
        "style": (STYLES, captions.STYLE_WORDS),
        "age_group": (AGE_GROUPS, captions.AGE_WORDS),
    }
    prompts = {name: [garment.format(rng.choice(words[v])) for v in values] for name, (values, words) in tables.items()}
    template = rng.choice(captions.TEMPLATES)
    prompts["category"] = [template.format(rng.choice(captions.CATEGORY_WORDS[value])) for value in CATEGORIES]
    return prompts


def attribute_targets(labels: list[Label], attribute: str) -> Tensor:
    """float32[N, values]; a row of zeros where the label says nothing."""
    values = {
        "category": CATEGORIES, "colour": COLOURS, "pattern": PATTERNS,
        "material": MATERIALS, "style": STYLES, "age_group": AGE_GROUPS,
    }[attribute]  # fmt: skip
    if attribute == "colour":
        return torch.tensor([[colour_shares(label).get(value, 0.0) for value in values] for label in labels])
    return torch.tensor([[float(getattr(label, attribute) == value) for value in values] for label in labels])


def attribute_loss(similarity: Tensor, targets: Tensor, scale: Tensor) -> Tensor:
    logits = similarity * scale.exp().clamp(max=50)
    said = targets.sum(1).clamp(min=1e-6)
    return (functional.cross_entropy(logits, targets, reduction="none") * (said > 0.5)).sum() / len(targets)


def question_loss(similarity: Tensor, targets: Tensor, temperatures: Temperatures) -> Tensor:
    """Every pair of photo and question on its own, so that scores of one prompt compare across photos."""
    logits = similarity * temperatures.yes_no.exp().clamp(max=50) + temperatures.bias
    return functional.binary_cross_entropy_with_logits(logits, targets, reduction="sum") / len(targets)


def _truth(photo: Label, told: Label, text: Caption) -> float:
    truth = 1.0
    for field in text.fields:
        if field == "colour":
            truth *= colour_truth(photo, told.colour)
        elif field == "colour2":
            truth *= float(told.colour2 in (photo.colour, photo.colour2))
        elif field == "category":
            truth *= 1.0 if photo.noun == told.noun else 0.4 * (photo.category == told.category)
        else:
            truth *= float(getattr(photo, field) == getattr(told, field))
    return truth
