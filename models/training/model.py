"""Both towers together: what is trained, kept and exported."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.training.dataset import Photo, Pixels, centre_crops
from models.training.encoder import PhotoTower, PromptTower
from models.training.evaluate import CATEGORY_PROMPTS, Accuracy, Precision, accuracy, colour_prompts, precision
from models.training.labels import Label
from models.training.losses import Temperatures
from models.training.tokenizer import build_tokenizer

SIDE = 192


class Encoder(nn.Module):
    """Both towers and what only the training needs."""

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.photo = PhotoTower()
        self.prompt = PromptTower(vocabulary_size)
        self.temperatures = Temperatures()


@dataclass(frozen=True)
class Result:
    """What an epoch reached on the validation photos."""

    epoch: int
    accuracy: Accuracy
    precision: Precision

    @property
    def score(self) -> float:
        """The mean of the four figures with a target: what chooses the epoch."""
        a, p = self.accuracy, self.precision
        return (a.category + a.colour_with_neighbours + p.category_at_10 + p.combination_at_5_with_neighbours) / 4


def measure(encoder: Encoder, tokenizer: Tokenizer, photos: list[Photo], epoch: int) -> Result:
    labels = [photo.label for photo in photos]
    with torch.inference_mode():
        seen = _embed_photos(encoder, centre_crops(photos, SIDE))
        named = embed_prompts(encoder, tokenizer, list(CATEGORY_PROMPTS.values())).numpy()
        coloured = embed_prompts(encoder, tokenizer, colour_prompts()).numpy()

    def rank(prompt: str, count: int) -> list[Label]:
        with torch.inference_mode():
            scores = seen @ embed_prompts(encoder, tokenizer, [prompt])[0].numpy()
        return [labels[index] for index in np.argsort(-scores)[:count]]

    return Result(epoch, accuracy(seen, labels, named, coloured), precision(rank, labels))


def embed_prompts(encoder: Encoder, tokenizer: Tokenizer, prompts: list[str]) -> Tensor:
    """float32[N, D] of prompts padded to the longest of them."""
    ids = [encoding.ids for encoding in tokenizer.encode_batch(prompts)]
    longest = max(len(row) for row in ids)
    eos = tokenizer.get_vocab_size() - 1
    padded = torch.tensor([row + [eos] * (longest - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in ids])
    return encoder.prompt(padded, mask)


def save(encoder: Encoder, result: Result, path: Path) -> None:
    """Whole or not at all, so that an export beside the running training never reads half a file."""
    part = path.with_suffix(".part")
    torch.save({"encoder": encoder.state_dict(), "result": asdict(result)}, part)
    part.replace(path)


def load(path: Path) -> tuple[Encoder, Result]:
    stored = torch.load(path, weights_only=True)
    encoder = Encoder(build_tokenizer().get_vocab_size())
    encoder.load_state_dict(stored["encoder"])
    result = stored["result"]
    reached = Result(result["epoch"], Accuracy(**result["accuracy"]), Precision(**result["precision"]))
    return encoder.eval(), reached


def _embed_photos(encoder: Encoder, pixels: Pixels) -> NDArray[np.float32]:
    parts = [encoder.photo(torch.from_numpy(part)) for part in np.array_split(pixels, max(1, len(pixels) // 64))]
    return torch.cat(parts).numpy()
