"""A NAS's port, asked for real."""

from __future__ import annotations

import socket

from live_cluster.probes.nas import Reaching


def test_a_port_answers_or_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert Reaching("127.0.0.1", port).succeeded()
    assert not Reaching("127.0.0.1", port).succeeded()
