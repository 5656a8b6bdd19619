"""What the children inherit, and the mark by which the next start finds those that were left behind."""

import hashlib
import os
from pathlib import Path

MARK = "FITMATCH_CHILD"
"""A variable of every child's environment. Unlike a recorded number it cannot pass to another process."""


def mark_of(part: str, folder: Path) -> str:
    """The same for every run of a part in a data folder."""
    return f"{part}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]}"


def of_child(mark: str) -> dict[str, str]:
    """Ours and the mark, without what would make programs phone home or colour their logs."""
    quiet = {"ANONYMIZED_TELEMETRY": "False", "DO_NOT_TRACK": "1", "NO_COLOR": "1"}
    # Programs that change their title would else write it over their environment, and the mark with it.
    return {**os.environ, **quiet, "SPT_NOENV": "1", MARK: mark}
