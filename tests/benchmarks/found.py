"""What the serving benchmark finds, of one round or as medians of several."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from tests.benchmarks.bare import Bare
from tests.benchmarks.insight import Inside


@dataclass(frozen=True)
class Level:
    """One load of prompts. `cpu_ms` is all processor time of the server for one prompt, its stores included."""

    clients: int
    repeated: bool
    per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Photos:
    per_s: float
    cpu_ms: float


@dataclass(frozen=True)
class Split:
    """Medians of new prompts' milliseconds: of the client, as the answers say, and as the metrics say."""

    clients: int
    client_ms: float
    embed_ms: float
    search_ms: float
    total_ms: float
    inside: Inside


@dataclass(frozen=True)
class Round:
    """`memory` is bytes by part; `beside_import` new prompts while photos are imported."""

    server: str
    start_s: float
    memory: Mapping[str, float]
    photos: Photos | None
    levels: Sequence[Level]
    beside_import: Level | None
    splits: Sequence[Split]

    def level(self, clients: int, *, repeated: bool) -> Level:
        return next(each for each in self.levels if (each.clients, each.repeated) == (clients, repeated))


@dataclass(frozen=True)
class Weights:
    name: str
    reference: Bare | None
    replicas: Bare
    servers: Mapping[str, Round]


@dataclass(frozen=True)
class Serving:
    circumstances: str
    rounds: int
    seconds: float
    uploaders: int
    infinity_missing: str
    """Why it could not be installed; empty when it was."""
    weights: Sequence[Weights]


def median(rounds: Sequence[Any]) -> Any:
    """Of the same findings of several rounds: the median of each measure; of whole numbers the most frequent."""
    first = rounds[0]
    if isinstance(first, float):
        return statistics.median(rounds)
    if isinstance(first, int):
        return statistics.mode(rounds)
    if isinstance(first, Mapping):
        return {key: median([each[key] for each in rounds if key in each]) for key in first}
    if isinstance(first, list | tuple):
        return [median(several) for several in zip(*rounds, strict=True)]
    if is_dataclass(first):
        return type(first)(*(median([getattr(each, one.name) for each in rounds]) for one in fields(first)))
    assert all(each == first for each in rounds), rounds
    return first
