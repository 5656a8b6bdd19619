"""`make bench`: runs the sections that are named, all by default, and writes each into docs/benchmarks.md.

A section is a module here with `measure(*, quick) -> found`, `section(found) -> str` in Markdown, beginning with its
heading, and, where it has charts, `draw(found, folder)`. A section measures on servers that it starts itself, one
after the other, so that each can be run alone.
"""

import argparse
import importlib
import sys
import time
from pathlib import Path
from typing import Any, Protocol

from tests.benchmarks import report
from tests.benchmarks.instances import SCRATCH
from tests.e2e.instance import ROOT

SECTIONS = {"serving": "serving", "model": "model", "search": "search", "storage": "storage"}
"""In the report's order: what `--only` calls a section, and its module."""

DOCS = ROOT / "docs"


class Module(Protocol):
    def measure(self, *, quick: bool) -> Any: ...
    def section(self, found: Any) -> str: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help=f"fewer rounds; the report goes to {SCRATCH.name}/")
    parser.add_argument("--only", type=names, default=list(SECTIONS), help=f"of {','.join(SECTIONS)}")
    arguments = parser.parse_args()
    folder = SCRATCH if arguments.quick else DOCS
    folder.mkdir(exist_ok=True)
    started = time.monotonic()
    for name in arguments.only:
        begun = time.monotonic()
        print(run(name, folder, quick=arguments.quick), flush=True)
        print(f"{name} took {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
    print(f"written: {folder / 'benchmarks.md'}, in {time.monotonic() - started:.0f} s")


def names(text: str) -> list[str]:
    chosen = [name.strip() for name in text.split(",")]
    if unknown := set(chosen) - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"no section {', '.join(sorted(unknown))}: there are {', '.join(SECTIONS)}")
    return chosen


def run(name: str, folder: Path, *, quick: bool) -> str:
    """Written at once: a section that fails takes none of those before it along."""
    module: Module = importlib.import_module(f"tests.benchmarks.{SECTIONS[name]}")
    found = module.measure(quick=quick)
    text = module.section(found)
    if draw := getattr(module, "draw", None):
        (folder / "images").mkdir(exist_ok=True)
        draw(found, folder / "images")
    path = folder / "benchmarks.md"
    before = path.read_text() if path.exists() else "# Benchmarks\n"
    path.write_text(report.merge(before, {name: text}, list(SECTIONS)))
    return text


if __name__ == "__main__":
    main()
