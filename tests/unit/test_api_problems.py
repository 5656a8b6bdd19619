"""The table of problems and its documentation agree."""

import re
from pathlib import Path

from api import errors
from api.problem_page import render
from api.problems import CODES, EDGE, KINDS, of
from models.photo import BadPhoto, PhotoTooLarge

DOCUMENT = Path(__file__).parents[2] / "docs" / "problems.md"


def test_every_code_is_documented_with_its_status() -> None:
    documented = re.findall(r"^## `(\w+)`\n\n(\d{3})\. (.+)", DOCUMENT.read_text(), re.MULTILINE)

    assert {code: int(status) for code, status, _ in documented} == {
        code: kind.status for code, kind in (KINDS | EDGE).items()
    }


def test_every_code_has_a_place_on_the_page() -> None:
    page = render(DOCUMENT.read_text())

    assert all(f'<h2 id="{code}">' in page for code in KINDS | EDGE)
    assert "<script" not in page


def test_every_error_of_requests_is_in_the_table() -> None:
    raised = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)}

    assert raised <= set(CODES)


def test_every_code_of_the_table_is_a_kind() -> None:
    assert set(CODES.values()) <= set(KINDS)


def test_every_fault_of_a_photo_is_a_kind() -> None:
    faults = [BadPhoto, *BadPhoto.__subclasses__()]

    assert PhotoTooLarge in faults
    assert all((problem := of(fault("no"))) is not None and problem.code in KINDS for fault in faults)


def test_an_unknown_error_is_no_problem_of_the_caller() -> None:
    assert of(KeyError("mine")) is None
