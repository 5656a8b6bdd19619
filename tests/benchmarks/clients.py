"""Closed-loop clients: each asks again as soon as it has its answer.

As a program, so that they share no interpreter with anything: reads a Load from standard input, writes a line when it
is warm and begins to measure, and then its Answers as JSON.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

import aiohttp

from tests.benchmarks import words

REQUEST_S_MAX = 60.0
REPEATED = 32
"""So many different prompts are asked again and again when prompts are repeated."""
MARK = "%PROMPT%"


@dataclass(frozen=True)
class Load:
    """`body` is JSON with MARK in the prompt's place; prompts are `words.prompt` from `first` on."""

    url: str
    body: Mapping[str, Any]
    clients: int
    warm_up_s: float
    seconds: float
    first: int
    headers: Mapping[str, str] = field(default_factory=dict)
    repeated: bool = False


@dataclass(frozen=True)
class Answers:
    """`asked` includes the warm-up and is what the next load's `first` must pass; timings are what answers said."""

    latencies_ms: Sequence[float]
    seconds: float
    asked: int
    errors: Sequence[str]
    timings_ms: Mapping[str, Sequence[float]]

    @property
    def per_s(self) -> float:
        return len(self.latencies_ms) / self.seconds

    def percentile_ms(self, percent: float) -> float:
        import numpy as np  # not in the clients' process: it would take longer to start than to warm up

        return float(np.percentile(self.latencies_ms, percent))


class _Clients:
    def __init__(self, load: Load) -> None:
        self._load = load
        self._before, self._behind = json.dumps(load.body).split(json.dumps(MARK))
        self._numbers: Iterator[int] = count(load.first)
        self._stop = 0.0
        self._least = 0
        self.latencies_ms: list[float] = []
        self.errors: list[str] = []
        self.timings_ms: dict[str, list[float]] = {}
        self.asked = 0

    async def ask_for(self, seconds: float, session: aiohttp.ClientSession, *, least: int = 0) -> float:
        """The seconds until the last answer, at `least` so many. What was measured before is forgotten, but errors."""
        self.latencies_ms.clear()
        self.timings_ms.clear()
        start = time.perf_counter()
        self._stop = start + seconds
        self._least = least
        await asyncio.gather(*(self._ask_until_the_end(session) for _ in range(self._load.clients)))
        return time.perf_counter() - start

    async def _ask_until_the_end(self, session: aiohttp.ClientSession) -> None:
        while time.perf_counter() < self._stop or self.asked < self._least:
            number = next(self._numbers)
            if self._load.repeated:
                number = self._load.first + number % REPEATED
            body = f"{self._before}{json.dumps(words.prompt(number))}{self._behind}"
            self.asked += 1
            start = time.perf_counter()
            try:
                async with session.post(self._load.url, data=body) as answer:
                    text = await answer.read()
            except (aiohttp.ClientError, TimeoutError) as error:
                self.errors.append(repr(error))
                continue
            self.latencies_ms.append((time.perf_counter() - start) * 1000)
            if answer.status != 200:
                self.errors.append(f"{answer.status}: {text[:300].decode(errors='replace')}")
            self._note(answer.headers.get("Server-Timing", ""))

    def _note(self, timing: str) -> None:
        """`embed;dur=8.1, search;dur=4.0`"""
        for part in filter(None, timing.split(", ")):
            name, _, milliseconds = part.partition(";dur=")
            self.timings_ms.setdefault(name, []).append(float(milliseconds))


async def generate(load: Load, warm: Callable[[], None] = lambda: None) -> Answers:
    """In this process."""
    timeout = aiohttp.ClientTimeout(total=REQUEST_S_MAX)
    headers = {"content-type": "application/json", **load.headers}
    connector = aiohttp.TCPConnector(limit=load.clients)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers, connector=connector) as session:
        clients = _Clients(load)
        await clients.ask_for(load.warm_up_s, session, least=REPEATED if load.repeated else 0)
        warm()
        seconds = await clients.ask_for(load.seconds, session)
    return Answers(clients.latencies_ms, seconds, clients.asked, clients.errors, clients.timings_ms)


if __name__ == "__main__":
    _given = Load(**json.loads(sys.stdin.readline()))
    print(json.dumps(asdict(asyncio.run(generate(_given, warm=lambda: print("warm", flush=True))))), flush=True)
