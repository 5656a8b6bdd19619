"""The report's sections: each stands between two marks, so that a rerun of one leaves the others as they are."""

import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from models.checkpoint import Checkpoint

MATRIX_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8", "neon", "bf16")
"""What of a CPU's flags decides how fast a model runs on it."""


def merge(report: str, sections: Mapping[str, str], order: Sequence[str]) -> str:
    """The report with these sections replaced or added; all outside of the marks stays.

    A section that was not there goes behind the nearest one before it in `order`, else in front of the first section.
    """
    for name in order:
        if name in sections:
            report = _put(report, name, sections[name].strip(), order)
    return report


def _put(report: str, name: str, text: str, order: Sequence[str]) -> str:
    block = f"{_begin(name)}\n{text}\n{_end(name)}"
    if (start := report.find(_begin(name))) >= 0:
        stop = report.index(_end(name)) + len(_end(name))
        return report[:start] + block + report[stop:]
    for before in reversed(order[: order.index(name)]):
        if _end(before) in report:
            stop = report.index(_end(before)) + len(_end(before))
            return f"{report[:stop]}\n\n{block}{report[stop:]}"
    after = re.search(r"^(<!-- bench: |## )", report, re.MULTILINE)
    start = after.start() if after else len(report)
    return f"{report[:start]}{block}\n\n{report[start:]}"


def _begin(name: str) -> str:
    return f"<!-- bench: {name} -->"


def _end(name: str) -> str:
    return f"<!-- /bench: {name} -->"


def circumstances(*checkpoints: Checkpoint | str, quick: bool) -> str:
    """One line on when and on what a section was measured; every section carries its own."""
    flags = ", ".join(cpu_flags()) or "no flags known"
    names = ", ".join(f"`{each if isinstance(each, str) else each.id}`" for each in checkpoints)
    return (
        f"*{'A quick run' if quick else 'A full run'} on {datetime.now(UTC):%Y-%m-%d}: {os.cpu_count()} cores "
        f"({platform.machine()}: {flags}), no GPU, Python {platform.python_version()}; {names}.*"
    )


def cpu_flags() -> list[str]:
    """Those of MATRIX_FLAGS that Linux reports; empty elsewhere."""
    info = Path("/proc/cpuinfo")
    present = set(info.read_text().split()) if info.exists() else set[str]()
    return [flag for flag in MATRIX_FLAGS if flag in present]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Markdown; the first column to the left, figures to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
