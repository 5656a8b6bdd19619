"""What we aim at beside what people build themselves, and how far we are."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tests.benchmarks import report
from tests.benchmarks.found import Round, Weights

CLIENTS = 32
"""Of the rates; latencies are those of one client."""


@dataclass(frozen=True)
class Aim:
    """Reached from `bound` on, or up to it where less is better."""

    what: str
    bound: float
    found: float
    less: bool = False

    @property
    def reached(self) -> bool:
        return self.found <= self.bound if self.less else self.found >= self.bound


def text(weights: Weights, ours: str, plain: str, infinity: str) -> str:
    sign = "\N{MULTIPLICATION SIGN}"
    rows = [
        [
            aim.what,
            f"{'at most' if aim.less else 'at least'} {aim.bound:g} {sign}",
            f"{aim.found:.2f} {sign}",
            "yes" if aim.reached else "no",
        ]
        for aim in aims(weights, ours, plain, infinity)
    ]
    return f"""### What we aim at, {weights.name}
{report.table([f"{ours} beside", "wanted", "found", "reached"], rows)}"""


def aims(weights: Weights, ours: str, plain: str, infinity: str) -> Iterator[Aim]:
    """Those for which this run has both sides."""
    of = weights.servers
    new = of[ours].level(CLIENTS, repeated=False)
    yield Aim(f"the bare text tower, new prompts, {CLIENTS} clients", 0.6, new.per_s / weights.replicas.prompts_per_s)
    for name, bound in ((plain, 3), (infinity, 5)):
        if name in of:
            found = new.per_s / of[name].level(CLIENTS, repeated=False).per_s
            yield Aim(f"{name}, new prompts, {CLIENTS} clients", bound, found)
    if plain in of:
        yield from _beside(of, ours, plain)
    if photos := of[ours].photos:
        yield Aim("the bare image tower, photos", 0.9, photos.per_s / weights.replicas.photos_per_s)
    if beside := of[ours].beside_import:
        alone = of[ours].level(beside.clients, repeated=False)
        yield Aim("itself without an import, p95 of new prompts", 2, beside.p95_ms / alone.p95_ms, less=True)


def _beside(of: Mapping[str, Round], ours: str, plain: str) -> Iterator[Aim]:
    repeated = [of[name].level(CLIENTS, repeated=True).per_s for name in (ours, plain)]
    yield Aim(f"{plain}, repeated prompts, {CLIENTS} clients", 5, repeated[0] / repeated[1])
    alone = [of[name].level(1, repeated=False).p50_ms for name in (ours, plain)]
    yield Aim(f"{plain}, p50 of a new prompt, 1 client", 1.5, alone[0] / alone[1], less=True)
