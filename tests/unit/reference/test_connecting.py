"""Why another server could not be reached, without the system's numbers."""

import errno
import socket

import pytest

from ivcs_server.connecting import why


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            socket.gaierror(-3, "Temporary failure in name resolution"),
            "(Temporary failure in name resolution)",
        ),
        (TimeoutError("timed out"), "it does not answer"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "Connection refused: nothing"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "No route to host"),
        (OSError("broken"), "broken"),
        (OSError(), "OSError"),
    ],
)
def test_the_reason_is_for_people(error: OSError, said: str) -> None:
    assert said in why(error)
    assert "Errno" not in why(error)
