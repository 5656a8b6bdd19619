"""Ports of this machine."""

import random
import socket

OURS = range(20000, 26000)
"""Below those that systems give to outgoing connections, and clear of the 10002-19999 that Ray's workers take."""


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
    """Different free ports, at random: instances that start together hardly ever choose the same."""
    candidates = random.SystemRandom().sample(OURS, len(OURS))
    return [port for port, _ in zip(filter(is_free, candidates), range(count), strict=False)]
