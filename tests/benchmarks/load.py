"""Runs clients in a process of their own, on the same cores as the server, and reads the server's processor time."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict

from tests.benchmarks.clients import REQUEST_S_MAX, Answers, Load
from tests.e2e.instance import ROOT


def run(load: Load, cpu_s: Callable[[], float] = lambda: 0.0) -> tuple[Answers, float]:
    """The answers after the warm-up, and how much `cpu_s` grew meanwhile.

    An error of any request ends the benchmark, also while warming up: figures of failing servers mean nothing.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.clients"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(asdict(load)) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        before = cpu_s()
        found = process.stdout.readline()
        used = cpu_s() - before
        _, said = process.communicate(timeout=REQUEST_S_MAX)
    if process.returncode:
        raise SystemExit(f"the load generator ended: {said[-2000:]}")
    answers = Answers(**json.loads(found))
    if answers.errors or not answers.latencies_ms:
        raise SystemExit(f"{len(answers.errors)} requests to {load.url} failed: {answers.errors[:3]}")
    return answers, used
