"""What is left out of scripts and styles on their way."""

import re
from pathlib import Path

import pytest

from api.routes.pages import STATIC, without_comments

KEPT = b"""
const accepted = "image/*";  // stays: the line is code
const link = "https://example.org/*";
"""


def test_only_lines_that_are_comments_are_left_out() -> None:
    text = b"/* a\n   b */\n  // c\n/** d */\n" + KEPT + b"a { b: c; /* stays */ }\n"

    assert without_comments(text) == KEPT + b"a { b: c; /* stays */ }\n"


@pytest.mark.parametrize("file", sorted(STATIC.rglob("*.js")), ids=lambda file: file.name)
def test_no_line_of_code_is_lost(file: Path) -> None:
    text = file.read_bytes()
    code = [line.strip() for line in text.splitlines() if line.strip()]
    left = [line.strip() for line in without_comments(text).splitlines() if line.strip()]

    inside = False
    expected: list[bytes] = []
    for line in code:
        starts = line.startswith(b"/*")
        if not (inside or starts or line.startswith(b"//")):
            expected.append(line)
        inside = (inside or starts) and not re.search(rb"\*/$", line)
    assert left == expected
