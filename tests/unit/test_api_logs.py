"""Log lines are JSON."""

import json
import logging

from api.logs import JsonLine


def line(**fields: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "fitmatch.access", "msg": "request", "levelno": 20, **fields})
    return json.loads(JsonLine().format(record))


def test_values_are_fields_and_the_message_is_constant() -> None:
    written = line(levelname="INFO", request_id="one", status=200, shop_id=None)

    assert (written["event"], written["request_id"], written["status"]) == ("request", "one", 200)
    assert set(written) == {"at", "level", "logger", "event", "request_id", "status", "shop_id"}


def test_an_exception_is_one_line_too() -> None:
    error = ValueError("two\nlines")

    text = JsonLine().format(logging.makeLogRecord({"exc_info": (type(error), error, None)}))

    assert "\n" not in text
    assert "ValueError" in json.loads(text)["trace"]
