"""The servers that are measured: one at a time, each in a folder of its own that is gone afterwards."""

import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e import instance
from tests.e2e.instance import ROOT, Running

SCRATCH = ROOT / ".bench"
"""Ignored by git: what a quick run reports, and what is worth keeping between runs."""

KEPT = {"HF_HOME": str(SCRATCH / "hub")}
"""Where checkpoints that were converted for the CPU are kept (docs/decisions/0006-openvino-on-cpus.md)."""


@contextmanager
def scratch() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="fitmatch-bench-") as folder:
        Path(folder).chmod(0o711)  # Postgres may run as another user
        yield Path(folder)


@contextmanager
def fitmatch(**settings: str) -> Generator[Running]:
    """`fitmatch run` without the demo shop, as a user of `make run` gets it."""
    with scratch() as folder:
        running = instance.start(folder / "data", **KEPT, **settings)
        try:
            yield running
        finally:
            running.stop()
