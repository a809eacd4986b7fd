"""The unit tests' own rule: see conftest.py."""

import os
import socket
import subprocess  # noqa: TID251

import pytest


def test_no_process_starts() -> None:
    with pytest.raises(AssertionError, match=r"subprocess\.Popen"):
        subprocess.run(("true",), check=True)
    with pytest.raises(AssertionError, match=r"os\.system"):
        os.system("true")  # noqa: S605, TID251


def test_no_connection_is_made() -> None:
    with socket.socket(socket.AF_UNIX) as end, pytest.raises(AssertionError, match=r"socket\.connect"):
        end.connect("/run/nobody")
