"""What of the benchmarks could be wrong without anybody noticing: the report's upkeep and the arithmetic."""

import argparse

import pytest

from tests.benchmarks import report
from tests.benchmarks.__main__ import SECTIONS, names

ORDER = ["model", "prompts", "photos"]
REPORT = """# Benchmarks
Ratios hold.

<!-- bench: photos -->
## Photos
8 photos/s
<!-- /bench: photos -->

## Measured by tests
The start page is 76 kB.
"""


def test_a_rerun_of_one_section_leaves_all_others_as_they_are() -> None:
    both = report.merge(REPORT, {"prompts": "## Prompts\n12"}, ORDER)

    again = report.merge(both, {"photos": "## Photos\n9 photos/s"}, ORDER)

    assert again == both.replace("8 photos", "9 photos")
    assert "## Prompts\n12\n<!-- /bench: prompts -->" in again
    assert again.endswith("## Measured by tests\nThe start page is 76 kB.\n")


def test_sections_stand_in_the_reports_order_whichever_was_measured_first() -> None:
    text = report.merge(REPORT, {"prompts": "## Prompts"}, ORDER)
    text = report.merge(text, {"model": "## Model"}, ORDER)

    titles = [line for line in text.splitlines() if line.startswith("## ")]

    assert titles == ["## Model", "## Prompts", "## Photos", "## Measured by tests"]


def test_a_first_run_makes_the_report() -> None:
    text = report.merge("# Benchmarks\n", {"photos": "## Photos\nnew\n", "model": "## Model"}, ORDER)

    assert text.index("# Benchmarks") < text.index("## Model") < text.index("## Photos\nnew\n")


def test_only_sections_that_exist_can_be_named() -> None:
    assert names(", ".join(SECTIONS)) == list(SECTIONS)
    with pytest.raises(argparse.ArgumentTypeError, match="no section clouds"):
        names("clouds")
