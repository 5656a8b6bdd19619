"""Ports of this machine."""

import random
import socket
from collections import deque

OURS = range(20000, 26000)
"""Below those that systems give to outgoing connections, and clear of the 10002-19999 that Ray's workers take."""

_GIVEN: deque[int] = deque(maxlen=len(OURS) // 2)
"""Lately given out in this process, perhaps not bound yet: Ray takes seconds, and five calls choose for one start."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose last connections still time out is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose(count: int = 1) -> list[int]:
    """Free ports that no call has given out before, at random: instances that start together hardly choose the same."""
    candidates = list(set(OURS) - set(_GIVEN))
    random.SystemRandom().shuffle(candidates)
    found = [port for port, _ in zip(filter(is_free, candidates), range(count), strict=False)]
    _GIVEN.extend(found)
    return found
