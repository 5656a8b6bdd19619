"""What was read from Postgres a moment ago, for those who ask for the same again."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Whoever asks while a key is being read waits for that reading and shares its end; failures are not kept."""

    def __init__(
        self, read: Callable[[Key], Coroutine[Any, Any, Value]], *, kept_s: float, entries_max: int = 1
    ) -> None:
        self._read = read
        self._kept_s = kept_s
        self._entries_max = entries_max
        self._entries: OrderedDict[Key, tuple[asyncio.Task[Value], float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    async def of(self, key: Key) -> Value:
        """At most `kept_s` old. Raises what `read` raises."""
        reading, until = self._entries.get(key, (None, 0.0))
        if reading is None or until <= time.monotonic() or _failed(reading):
            reading = asyncio.create_task(self._read(key))
            self._keep(key, reading)
        return await asyncio.shield(reading)  # the first to ask may leave; the others still wait

    def _keep(self, key: Key, reading: "asyncio.Task[Value]") -> None:
        reading.add_done_callback(_failed)
        self._entries[key] = reading, time.monotonic() + self._kept_s
        self._entries.move_to_end(key)
        while len(self._entries) > self._entries_max:
            self._entries.popitem(last=False)


def _failed(reading: "asyncio.Task[Any]") -> bool:
    """Also notices the failure of a reading that nobody waits for any more."""
    return reading.done() and (reading.cancelled() or reading.exception() is not None)
