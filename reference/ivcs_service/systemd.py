"""What systemd wants to hear from a service of Type=notify."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> None:
    """Sends for example READY=1; without systemd nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        sender.sendall(state.encode())
