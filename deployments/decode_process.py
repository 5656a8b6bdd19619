"""Prepares photos in a process that its owner may kill at any time: `python -m deployments.decode_process`.

Says READY, then reads (length, side) and that many bytes from stdin and answers (kind, length) and the payload. Ends
with stdin, so that it never outlives its owner. The answer is pixels or JSON, never a pickle: what decodes hostile
bytes is not trusted.
"""

import json
import os
import resource
import signal
import struct
import sys
from contextlib import suppress
from typing import BinaryIO

from models.photo import BadPhoto, prepare

REQUEST = struct.Struct("<II")
ANSWER = struct.Struct("<BI")
PIXELS, BAD_PHOTO, FAULT, READY = range(4)
MEMORY_BYTES_MAX = 4 * 1024**3
"""Ten times what the largest allowed photo takes: a runaway decoder dies alone, before it takes the machine along."""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the owner decides
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    # Whatever a library prints must not end up among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _answer(answers, READY, b"")
    while header := sys.stdin.buffer.read(REQUEST.size):
        length, side = REQUEST.unpack(header)
        _answer(answers, *_prepared(sys.stdin.buffer.read(length), side))


def _prepared(data: bytes, side: int) -> tuple[int, bytes]:
    try:
        return PIXELS, prepare(data, side).tobytes()
    except BadPhoto as error:
        return BAD_PHOTO, json.dumps({"code": error.code, "detail": str(error)}).encode()
    except (Exception, MemoryError) as error:  # noqa: BLE001 - decoders raise anything; the owner logs it
        return FAULT, f"{type(error).__name__}: {error}".encode()


def _answer(answers: BinaryIO, kind: int, payload: bytes) -> None:
    answers.write(ANSWER.pack(kind, len(payload)) + payload)
    answers.flush()


if __name__ == "__main__":
    main()
