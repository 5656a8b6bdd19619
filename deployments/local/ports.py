"""Ports of this machine."""

import socket

RAY_WORKER_PORTS = range(10002, 20000)
"""Ray's workers listen anywhere in here by default; a port of ours must not lie in it."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def choose(count: int = 1) -> list[int]:
    """Different free ports, as the system gives them out; held until all are known, so that none comes twice."""
    held: list[socket.socket] = []
    try:
        ports: list[int] = []
        while len(ports) < count:
            probe = socket.socket()
            held.append(probe)
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            if port not in RAY_WORKER_PORTS:
                ports.append(port)
        return ports
    finally:
        for probe in held:
            probe.close()
