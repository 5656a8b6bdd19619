"""Photos and prompts through HTTP: FitMatch, what people build themselves and infinity-emb, in turn in one run.

One server runs at a time, all with the same weights on the same cores as the clients. Figures are medians of rounds.
"""

import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

from models.checkpoint import Checkpoint
from tests.benchmarks import bare, infinity, load, report, servers, serving_text, uploads, weights
from tests.benchmarks.bare import Bare
from tests.benchmarks.clients import REPEATED, Answers
from tests.benchmarks.found import Level, Round, Serving, Split, Weights, median
from tests.benchmarks.insight import Insight
from tests.benchmarks.servers import Server

CLIENTS = (1, 8, 32, 64)
SPLIT_CLIENTS = (1, 32)
BESIDE_IMPORT = 8
"""Clients that ask while photos are imported."""


@dataclass(frozen=True)
class Plan:
    rounds: int
    warm_up_s: float
    seconds: float
    """Of each load, after the warm-up."""
    photos: int


FULL = Plan(rounds=3, warm_up_s=2, seconds=10, photos=300)
QUICK = Plan(rounds=1, warm_up_s=1, seconds=3, photos=100)


def measure(*, quick: bool) -> Serving:
    plan = QUICK if quick else FULL
    missing = ""
    try:
        infinity.install()
    except infinity.NotInstalled as error:
        missing = str(error)
    large, small = weights.vit_b_32(), weights.mini()
    return Serving(
        circumstances=report.circumstances(large, small, quick=quick),
        rounds=plan.rounds,
        seconds=plan.seconds,
        uploaders=uploads.UPLOADERS,
        infinity_missing=missing,
        weights=(_all(large, plan, with_infinity=not missing), _ours(small, plan)),
    )


section = serving_text.section
draw = serving_text.draw


def _all(checkpoint: Checkpoint, plan: Plan, *, with_infinity: bool) -> Weights:
    """Round after round, every server in turn: what else the machine does meets them all."""
    kinds = [servers.fitmatch, servers.afternoon, *([infinity.infinity] if with_infinity else [])]
    rounds: list[Round] = []
    limits: list[tuple[Bare, Bare]] = []
    for _ in range(plan.rounds):
        limits.append((bare.transformers(checkpoint), bare.replicas(checkpoint)))
        for start in kinds:
            with start(checkpoint) as server:
                rounds.append(_round(server, plan))
    reference, replicas = median(limits)
    return Weights("ViT-B/32", reference, replicas, _by_server(rounds))


def _ours(checkpoint: Checkpoint, plan: Plan) -> Weights:
    rounds: list[Round] = []
    limits: list[Bare] = []
    for _ in range(plan.rounds):
        limits.append(bare.replicas(checkpoint))
        with servers.fitmatch(checkpoint) as server:
            rounds.append(_round(server, plan))
    return Weights("mini", None, median(limits), _by_server(rounds))


def _round(server: Server, plan: Plan) -> Round:
    _tell(f"{server.name} is ready after {server.start_s:.1f} s")
    photos = uploads.timed(server, plan.photos) if server.upload else None
    if photos:
        _tell(f"{photos.per_s:.1f} photos/s")
    asker = _Asker(server, plan)
    splits = [asker.split(clients) for clients in SPLIT_CLIENTS] if server.metrics_url else []
    levels = [asker.level(clients, repeated=repeated) for repeated, clients in product((False, True), CLIENTS)]
    beside = None
    if server.upload:
        with uploads.importing(server, first=2 * plan.photos):
            beside = asker.level(BESIDE_IMPORT, repeated=False)
    return Round(server.name, server.start_s, server.memory(), photos, levels, beside, splits)


class _Asker:
    """Hands out prompts: the first ones are those that are repeated, each of the others is asked once."""

    def __init__(self, server: Server, plan: Plan) -> None:
        self._server = server
        self._plan = plan
        self._next = REPEATED

    def ask(self, clients: int, *, repeated: bool) -> tuple[Answers, float]:
        """And the server's seconds of processor time."""
        wanted = self._server.load(
            clients=clients,
            warm_up_s=self._plan.warm_up_s,
            seconds=self._plan.seconds,
            first=0 if repeated else self._next,
            repeated=repeated,
        )
        answers, cpu_s = load.run(wanted, self._server.cpu_s)
        self._next += answers.asked
        return answers, cpu_s

    def level(self, clients: int, *, repeated: bool) -> Level:
        answers, cpu_s = self.ask(clients, repeated=repeated)
        p50, p95, p99 = (answers.percentile_ms(percent) for percent in (50, 95, 99))
        _tell(f"{clients} clients, {'repeated' if repeated else 'new'}: {answers.per_s:.1f}/s, p50 {p50:.0f} ms")
        return Level(clients, repeated, answers.per_s, p50, p95, p99, 1000 * cpu_s / len(answers.latencies_ms))

    def split(self, clients: int) -> Split:
        """New prompts: what the answers and Ray's metrics say of their time."""
        insight = Insight(self._server.metrics_url)
        answers, _ = self.ask(clients, repeated=False)
        said = {name: statistics.median(values) for name, values in answers.timings_ms.items()}
        inside = insight.after(answers.asked)
        return Split(clients, answers.percentile_ms(50), said["embed"], said["search"], said["total"], inside)


def _tell(what: str) -> None:
    """On standard error: a run takes minutes."""
    print(f"{datetime.now(UTC):%H:%M:%S} {what}", file=sys.stderr, flush=True)


def _by_server(rounds: Sequence[Round]) -> Mapping[str, Round]:
    names = dict.fromkeys(each.server for each in rounds)
    return {name: median([each for each in rounds if each.server == name]) for name in names}
