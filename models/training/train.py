"""`python -m models.training.train --photos DIR --out models/checkpoints/mini`: train, keep the best, export it."""

import argparse
import copy
import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.training import losses
from models.training.captions import make_caption
from models.training.dataset import Photo, Pixels, centre_crops, load_photos, random_batches
from models.training.encoder import PhotoTower, PromptTower
from models.training.evaluate import CATEGORY_PROMPTS, Accuracy, Precision, accuracy, colour_prompts, precision
from models.training.labels import Label, missing_photos, read_labels
from models.training.tokenizer import build_tokenizer

log = logging.getLogger("train")

SIDE = 192
# (share of the training, side): small photos first, which is cheaper and generalises as well.
SIDES = ((0.25, 128), (0.65, 160), (1.0, SIDE))
LEARNING_RATE, BACKBONE_RATE, WARM_UP_STEPS = 1e-3, 0.3, 80
EMA_DECAY = 0.99


class Encoder(nn.Module):
    """Both towers and what only the training needs."""

    def __init__(self, vocabulary_size: int) -> None:
        super().__init__()
        self.photo = PhotoTower()
        self.prompt = PromptTower(vocabulary_size)
        self.temperatures = losses.Temperatures()


@dataclass(frozen=True)
class Plan:
    """Training ends after `epochs` or `minutes`, whichever comes first; the learning rate is zero by then."""

    epochs: int
    minutes: float
    batch_size: int
    seed: int


@dataclass(frozen=True)
class Result:
    epoch: int
    accuracy: Accuracy
    precision: Precision

    @property
    def score(self) -> float:
        """The mean of the four figures with a target: what chooses the epoch."""
        a, p = self.accuracy, self.precision
        return (a.category + a.colour_with_neighbours + p.category_at_10 + p.combination_at_5_with_neighbours) / 4


def train(photos: list[Photo], validation: list[Photo], plan: Plan, work: Path) -> Result:
    """Writes `best.pt` (averaged weights) into `work` whenever validation improves."""
    rng = Random(plan.seed)
    torch.manual_seed(plan.seed)
    tokenizer = build_tokenizer()
    encoder = Encoder(tokenizer.get_vocab_size()).to(memory_format=torch.channels_last)
    average = copy.deepcopy(encoder).eval()
    optimizer = _optimizer(encoder)
    best: Result | None = None
    steps, started = 0, time.monotonic()
    for epoch in range(1, plan.epochs + 1):
        side = next(side for share, side in SIDES if _progress(plan, epoch - 1, started) < share or share == 1.0)
        encoder.train()
        total = 0.0
        for labels, pixels in random_batches(photos, plan.batch_size, side, rng):
            share = _progress(plan, steps * plan.batch_size / len(photos), started)
            _set_rate(optimizer, share, steps)
            total += _step(encoder, optimizer, tokenizer, (labels, pixels), rng)
            steps += 1
            _follow(average, encoder, min(EMA_DECAY, steps / (steps + 10)))
        result = measure(average, tokenizer, validation, epoch)
        log.info("epoch %d side %d loss %.3f after %.0f s: %s", epoch, side, total, time.monotonic() - started, result)
        if best is None or result.score >= best.score:
            best = result
            save(average, result, work / "best.pt")
        if _progress(plan, epoch, started) >= 1:
            break
    assert best is not None
    return best


def measure(encoder: Encoder, tokenizer: Tokenizer, photos: list[Photo], epoch: int) -> Result:
    labels = [photo.label for photo in photos]
    seen = _embed_photos(encoder, centre_crops(photos, SIDE))

    def rank(prompt: str, count: int) -> list[Label]:
        scores = seen @ embed_prompts(encoder, tokenizer, [prompt])[0].numpy()
        return [labels[index] for index in np.argsort(-scores)[:count]]

    with torch.inference_mode():
        named = embed_prompts(encoder, tokenizer, list(CATEGORY_PROMPTS.values())).numpy()
        coloured = embed_prompts(encoder, tokenizer, colour_prompts()).numpy()
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
    torch.save({"encoder": encoder.state_dict(), "result": result}, part)
    part.replace(path)


def load(path: Path) -> tuple[Encoder, Result]:
    # Our own file: it holds the Result beside the weights.
    stored = torch.load(path, weights_only=False)
    encoder = Encoder(build_tokenizer().get_vocab_size())
    encoder.load_state_dict(stored["encoder"])
    return encoder.eval(), stored["result"]


def _step(
    encoder: Encoder,
    optimizer: torch.optim.Optimizer,
    tokenizer: Tokenizer,
    batch: tuple[list[Label], Pixels],
    rng: Random,
) -> float:
    labels, pixels = batch
    with torch.autocast("cpu", dtype=torch.bfloat16):
        seen = encoder.photo(torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last))
    loss = _loss(encoder, tokenizer, labels, seen, rng)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(encoder.parameters(), 5.0)
    optimizer.step()
    return loss.item()


def _loss(encoder: Encoder, tokenizer: Tokenizer, labels: list[Label], seen: Tensor, rng: Random) -> Tensor:
    """All prompts of a step go through the text tower in one batch."""
    texts = [make_caption(label, rng) for label in labels]
    attributes = losses.attribute_prompts(rng)
    pairs = losses.combinations(labels, rng)
    groups = [[text.text for text in texts], [losses.combination_prompt(pair, rng) for pair in pairs]]
    groups += list(attributes.values())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        told = embed_prompts(encoder, tokenizer, [prompt for group in groups for prompt in group])
    captions, combined, *named = (seen @ told.float().T).split([len(group) for group in groups], dim=1)
    temperatures = encoder.temperatures
    loss = losses.caption_loss(captions, losses.caption_targets(labels, texts), temperatures.softmax)
    targets = losses.combination_targets(labels, pairs)
    loss = loss + 0.5 * losses.yes_no_loss(combined, targets, temperatures)
    for attribute, similarity in zip(attributes, named, strict=True):
        weight = losses.ATTRIBUTE_WEIGHTS[attribute]
        wanted = losses.attribute_targets(labels, attribute)
        loss = loss + weight * losses.attribute_loss(similarity, wanted, temperatures.softmax)
    return loss


def _embed_photos(encoder: Encoder, pixels: Pixels) -> np.ndarray:
    with torch.inference_mode():
        parts = [encoder.photo(torch.from_numpy(part)) for part in np.array_split(pixels, max(1, len(pixels) // 64))]
    return torch.cat(parts).numpy()


def _optimizer(encoder: Encoder) -> torch.optim.AdamW:
    groups: list[dict[str, object]] = []
    for name, parameter in encoder.named_parameters():
        rate = LEARNING_RATE * (BACKBONE_RATE if "backbone" in name else 1.0)
        decay = 0.0 if parameter.ndim < 2 or "embedding" in name else 0.05
        groups.append({"params": [parameter], "lr": rate, "peak": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups)


def _progress(plan: Plan, epochs: float, started: float) -> float:
    return min(1.0, max(epochs / plan.epochs, (time.monotonic() - started) / (plan.minutes * 60)))


def _set_rate(optimizer: torch.optim.Optimizer, share: float, steps: int) -> None:
    factor = min(1.0, (steps + 1) / WARM_UP_STEPS) * (1 + math.cos(math.pi * share)) / 2
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor


def _follow(average: nn.Module, encoder: nn.Module, decay: float) -> None:
    with torch.no_grad():
        for slow, fast in zip(_tensors(average), _tensors(encoder), strict=True):
            if slow.is_floating_point():
                slow.lerp_(fast, 1 - decay)
            else:
                slow.copy_(fast)


def _tensors(module: nn.Module) -> Iterator[Tensor]:
    yield from module.parameters()
    yield from module.buffers()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder that holds train/ and validation/")
    parser.add_argument("--out", type=Path, default=Path("models/checkpoints/mini"))
    parser.add_argument("--work", type=Path, default=Path(".train"), help="where the best epoch is kept meanwhile")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments.work.mkdir(parents=True, exist_ok=True)
    parts = [read_labels("train"), read_labels("validation")]
    if missing := [file for part in parts for file in missing_photos(part, arguments.photos)]:
        raise SystemExit(f"--photos {arguments.photos} lacks {len(missing)} photos, among them {missing[0]}")
    photos, validation = (load_photos(part, arguments.photos) for part in parts)
    plan = Plan(arguments.epochs, arguments.minutes, arguments.batch_size, arguments.seed)
    best = train(photos, validation, plan, arguments.work)
    log.info("best: %s", best)


if __name__ == "__main__":
    main()
