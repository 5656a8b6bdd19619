"""Decodes photos outside of this process: a decoder that hangs or crashes takes one photo with it and nothing else."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

import numpy as np

from deployments.decode_process import ANSWER, BAD_PHOTO, PIXELS, REQUEST
from models.photo import BadPhoto
from models.types import Pixels

PHOTO_S_MAX = 20.0
"""A 50-megapixel photo takes one or two."""
START_S_MAX = 60.0
"""Python and Pillow are loaded in 0.3 s on an idle machine; not the photo's fault when it takes longer."""
ANSWER_BYTES_MAX = 16 * 1024 * 1024


class DecoderFault(Exception):
    """The decoder crashed, hung or failed at something that is not the photo's known fault."""


class Decoders:
    """So many processes, one photo each at a time. Plain pipes instead of multiprocessing: its children import Ray's
    worker again, a second and 100 MB each."""

    def __init__(self, count: int, *, photo_s_max: float = PHOTO_S_MAX) -> None:
        self._threads = ThreadPoolExecutor(count, "decode")
        self._decoders = [_Decoder(photo_s_max) for _ in range(count)]
        self._idle: SimpleQueue[_Decoder] = SimpleQueue()
        for decoder in self._decoders:
            self._idle.put(decoder)

    async def prepare(self, data: bytes, side: int) -> Pixels:
        """uint8[3, S, S]. Raises a BadPhoto with the code, or DecoderFault."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._prepare, data, side)

    def _prepare(self, data: bytes, side: int) -> Pixels:
        decoder = self._idle.get()
        try:
            return decoder.prepare(data, side)
        finally:
            self._idle.put(decoder)

    @property
    def pids(self) -> list[int]:
        """Of those that run; each starts with its first photo."""
        return [decoder.process.pid for decoder in self._decoders if decoder.process]

    def close(self) -> None:
        for decoder in self._decoders:
            decoder.kill()
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Decoder:
    def __init__(self, photo_s_max: float) -> None:
        self._photo_s_max = photo_s_max
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self, data: bytes, side: int) -> Pixels:
        try:
            if self.process is None:
                self.process = _start()
                with _killed_after(START_S_MAX, self.process):
                    _ask(self.process, b"")
            with _killed_after(self._photo_s_max, self.process):
                kind, answer = _ask(self.process, REQUEST.pack(len(data), side) + data)
        except (OSError, EOFError, ValueError) as error:
            self.kill()
            raise DecoderFault("the photo's decoder crashed or took too long") from error
        if kind == PIXELS:
            return np.frombuffer(answer, np.uint8).reshape(3, side, side)
        if kind == BAD_PHOTO:
            raise _bad_photo(answer)
        raise DecoderFault(answer.decode(errors="replace"))

    def kill(self) -> None:
        process, self.process = self.process, None
        if process:
            process.kill()
            process.wait()


def _start() -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "deployments.decode_process"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


@contextmanager
def _killed_after(seconds: float, process: "subprocess.Popen[bytes]") -> Generator[None]:
    late = threading.Timer(seconds, process.kill)
    late.start()
    try:
        yield
    finally:
        late.cancel()


def _ask(process: "subprocess.Popen[bytes]", request: bytes) -> tuple[int, bytes]:
    """Raises OSError or EOFError when the process is gone."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(request)
    process.stdin.flush()
    header = process.stdout.read(ANSWER.size)
    if len(header) < ANSWER.size:
        raise EOFError
    kind, length = ANSWER.unpack(header)
    answer = process.stdout.read(min(length, ANSWER_BYTES_MAX))
    if len(answer) < length:
        raise EOFError
    return kind, answer


def _bad_photo(answer: bytes) -> BadPhoto:
    told = json.loads(answer)
    kinds = {kind.code: kind for kind in (BadPhoto, *BadPhoto.__subclasses__())}
    return kinds.get(told["code"], BadPhoto)(told["detail"])
