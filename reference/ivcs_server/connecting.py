"""Why another server could not be reached, for people."""

from __future__ import annotations

import os
import socket


def why(error: OSError) -> str:
    """The system's words without its numbers, and where to look."""
    if isinstance(error, socket.gaierror):
        return f"the name is not known here ({error.strerror}); see the DNS settings of both heads"
    if isinstance(error, TimeoutError):
        return "it does not answer; see address, port and the firewalls between"
    if isinstance(error, ConnectionRefusedError):
        return "Connection refused: nothing listens there; see address and port"
    said = os.strerror(error.errno) if error.errno else str(error)
    return said or type(error).__name__
