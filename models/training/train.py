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

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from models.training import losses
from models.training.captions import make_caption
from models.training.dataset import Photo, Pixels, load_photos, random_batches
from models.training.export import export
from models.training.labels import Label, missing_photos, read_labels
from models.training.model import Encoder, Result, embed_prompts, load, measure, save
from models.training.questions import answers, make_questions
from models.training.tokenizer import build_tokenizer

log = logging.getLogger("train")

# (share of the training, side): small photos first, which is cheaper and generalises as well. Never as large as the
# checkpoint's own side: random crops enlarge a garment by as much (Touvron et al. 2019, "FixRes").
SIDES = ((0.3, 128), (1.0, 160))
LEARNING_RATE, BACKBONE_RATE, WARM_UP_STEPS = 1e-3, 0.3, 80
EMA_DECAY = 0.99


@dataclass(frozen=True)
class Plan:
    """Training ends after `epochs` or `minutes`, whichever comes first; the learning rate is zero by then."""

    epochs: int
    minutes: float
    batch_size: int
    seed: int
    start: Path | None


class Clock:
    """How much of the plan is done."""

    def __init__(self, plan: Plan, photos: int) -> None:
        self.steps = 0
        self._seconds = plan.minutes * 60
        self._steps = plan.epochs * (photos // plan.batch_size)
        self._started = time.monotonic()

    def share(self) -> float:
        return min(1.0, max(self.steps / self._steps, (time.monotonic() - self._started) / self._seconds))


def train(photos: list[Photo], validation: list[Photo], plan: Plan, work: Path) -> None:
    """Writes `best.pt` (averaged weights) into `work` whenever validation improves."""
    rng = Random(plan.seed)
    torch.manual_seed(plan.seed)
    tokenizer = build_tokenizer()
    encoder = load(plan.start)[0] if plan.start else Encoder(tokenizer.get_vocab_size())
    average = copy.deepcopy(encoder).eval()
    optimizer = _optimizer(encoder)
    best: Result | None = None
    clock = Clock(plan, len(photos))
    for epoch in range(1, plan.epochs + 1):
        side = next(side for share, side in SIDES if clock.share() < share or share == 1.0)
        encoder.train()
        for batch in random_batches(photos, plan.batch_size, side, rng):
            _set_rate(optimizer, clock)
            _step(encoder, optimizer, tokenizer, batch, rng)
            clock.steps += 1
            _follow(average, encoder, min(EMA_DECAY, clock.steps / (clock.steps + 10)))
        result = measure(average, tokenizer, validation, epoch)
        log.info("epoch %d, side %d: %s", epoch, side, result)
        if best is None or result.score >= best.score:
            best = result
            save(average, result, work / "best.pt")
        if clock.share() >= 1:
            break


def _step(
    encoder: Encoder,
    optimizer: torch.optim.Optimizer,
    tokenizer: Tokenizer,
    batch: tuple[list[Label], Pixels],
    rng: Random,
) -> None:
    labels, pixels = batch
    with torch.autocast("cpu", dtype=torch.bfloat16):
        seen = encoder.photo(torch.from_numpy(pixels).contiguous(memory_format=torch.channels_last))
    loss = _loss(encoder, tokenizer, labels, seen, rng)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(encoder.parameters(), 5.0)
    optimizer.step()


def _loss(encoder: Encoder, tokenizer: Tokenizer, labels: list[Label], seen: Tensor, rng: Random) -> Tensor:
    """All prompts of a step go through the text tower in one batch."""
    texts = [make_caption(label, rng) for label in labels]
    attributes = losses.attribute_prompts(rng)
    questions = make_questions(labels, rng)
    groups = [[text.text for text in texts], [question.text for question in questions]]
    groups += list(attributes.values())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        told = embed_prompts(encoder, tokenizer, [prompt for group in groups for prompt in group])
    captions, asked, *named = (seen @ told.float().T).split([len(group) for group in groups], dim=1)
    temperatures = encoder.temperatures
    loss = losses.caption_loss(captions, losses.caption_targets(labels, texts), temperatures.softmax)
    loss = loss + 0.5 * losses.question_loss(asked, answers(labels, questions), temperatures)
    for attribute, similarity in zip(attributes, named, strict=True):
        weight = losses.ATTRIBUTE_WEIGHTS[attribute]
        wanted = losses.attribute_targets(labels, attribute)
        loss = loss + weight * losses.attribute_loss(similarity, wanted, temperatures.softmax)
    return loss


def _optimizer(encoder: Encoder) -> torch.optim.AdamW:
    groups: list[dict[str, object]] = []
    for name, parameter in encoder.named_parameters():
        rate = LEARNING_RATE * (BACKBONE_RATE if "backbone" in name else 1.0)
        decay = 0.0 if parameter.ndim < 2 or "embedding" in name else 0.05
        groups.append({"params": [parameter], "lr": rate, "peak": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups)


def _set_rate(optimizer: torch.optim.Optimizer, clock: Clock) -> None:
    factor = min(1.0, (clock.steps + 1) / WARM_UP_STEPS) * (1 + math.cos(math.pi * clock.share())) / 2
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
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments.work.mkdir(parents=True, exist_ok=True)
    parts = [read_labels("train"), read_labels("validation")]
    if missing := [file for part in parts for file in missing_photos(part, arguments.photos)]:
        raise SystemExit(f"--photos {arguments.photos} lacks {len(missing)} photos, among them {missing[0]}")
    photos, validation = (load_photos(part, arguments.photos) for part in parts)
    plan = Plan(arguments.epochs, arguments.minutes, arguments.batch_size, arguments.seed, arguments.start)
    train(photos, validation, plan, arguments.work)
    export(*load(arguments.work / "best.pt"), arguments.out)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder that holds train/ and validation/")
    parser.add_argument("--out", type=Path, default=Path("models/checkpoints/mini"))
    parser.add_argument(
        "--work", type=Path, default=Path(".fitmatch/train"), help="where the best epoch is kept meanwhile"
    )
    parser.add_argument("--epochs", type=int, default=22)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=Path, help="an earlier run's best.pt, to go on from its weights")
    return parser.parse_args()


if __name__ == "__main__":
    main()
