"""What people are told of Serve's reasons."""

import pytest

from deployments.local.serve_app import _error_in

CRASH = """Traceback (most recent call last):
  File "haproxy.py", line 1211, in _wait
    raise RuntimeError("…")
RuntimeError: HAProxy crashed during startup: [NOTICE] (10893) : haproxy version is 2.8.25
[ALERT] (10893) : Binding for frontend http: cannot bind socket (Address already in use)
"""


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (CRASH, "RuntimeError: HAProxy crashed during startup: [NOTICE] (10893) : haproxy version is 2.8.25 [ALERT] "),
        (
            "Traceback:\n  a line\nValueError: no such file\nmodels.BadCheckpoint: it is torn",
            "models.BadCheckpoint: it ",
        ),
        ("first\nlast but one\nlast\n", "last but one last"),
    ],
)
def test_the_last_error_is_told_to_its_end(message: str, told: str) -> None:
    assert _error_in(message).startswith(told)


def test_the_line_that_says_why_haproxy_ended_is_told() -> None:
    assert "Address already in use" in _error_in(CRASH)
