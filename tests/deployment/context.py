"""What `docker build` would send of this repository, by the rules of .dockerignore."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.e2e.instance import ROOT


def files() -> list[str]:
    """Of what git tracks."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in tracked.splitlines() if (ROOT / name).is_file() and not leaves_out(name)]


def leaves_out(name: str) -> bool:
    """The last rule that fits a file or a folder above it decides."""
    path = Path(name)
    paths = [name, *(str(above) for above in path.parents if above != Path())]
    fitting = [out for pattern, out in _rules() if any(pattern.fullmatch(each) for each in paths)]
    return bool(fitting) and fitting[-1]


def copy(folder: Path) -> None:
    for name in files():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)


@cache
def _rules() -> list[tuple[re.Pattern[str], bool]]:
    """Each with whether it leaves out or lets in again."""
    text = (ROOT / ".dockerignore").read_text()
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(_pattern(line.removeprefix("!")), not line.startswith("!")) for line in lines]


def _pattern(rule: str) -> re.Pattern[str]:
    parts = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(parts.get(part) or re.escape(part) for part in re.split(r"(\*\*/|\*\*|\*|\?)", rule)))
