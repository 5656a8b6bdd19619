"""Ports of this machine."""

import socket

from deployments.local import ports


def test_chosen_ports_differ_and_are_free() -> None:
    chosen = ports.choose(20)

    assert len(set(chosen)) == 20
    assert all(ports.is_free(port) for port in chosen)


def test_a_port_is_given_out_once_before_it_is_bound() -> None:
    chosen = [port for _ in range(100) for port in ports.choose(5)]

    assert len(set(chosen)) == 500


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        assert not ports.is_free(listening.getsockname()[1])
