"""One event a line, as JSON: a constant message, and values as fields."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

OURS = ("fitmatch", "api", "db", "deployments", "models")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if _is_field(name)}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def _is_field(name: str) -> bool:
    """Ray marks records with private names of its own."""
    return name not in _STANDARD and not name.startswith("_")


def write(to: TextIO = sys.stderr, *, level: int = logging.INFO) -> None:
    """From now on this process writes our events to `to`, once each. Call it again to change where."""
    handler = logging.StreamHandler(to)
    handler.setFormatter(JsonLine())
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False
