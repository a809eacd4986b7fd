"""The lab's way into virtual machines, both ends on this machine: the only test here with connections."""

import hashlib
import socket
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from live_lab import Completed, channel
from live_lab.process import run

Call = Callable[..., Completed]
CALLER = """
import os, sys
from live_lab import channel
channel.MACHINE_ADDRESS, channel.PORT = "127.0.0.1", int(sys.argv[1])
os._exit(channel.call(["PATH=/usr/bin:/bin", "A=b c"], sys.argv[2:]))
"""


@pytest.fixture
def call() -> Iterator[Call]:
    """Calls a command through a listener that attends as the one within a machine does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def attend() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=channel._attend, args=(connection,), daemon=True).start()

    def command(*argv: str, stdin: bytes = b"") -> Completed:
        port = str(listener.getsockname()[1])
        return run((sys.executable, "-c", CALLER, port, *argv), stdin=stdin, check=False)

    with listener:
        threading.Thread(target=attend, daemon=True).start()
        yield command
        listener.shutdown(socket.SHUT_RDWR)


def test_arguments_input_output_and_exit_code(call: Call) -> None:
    done = call("sh", "-c", 'printf %s "$1"; cat; echo "$A" >&2; exit 7', "sh", "a 'b'\n*", stdin=b"x")
    assert done == Completed(returncode=7, stdout="a 'b'\n*x", stderr="b c\n")


def test_much_in_both_directions_at_once(call: Call) -> None:
    content = bytes(range(256)) * 32 * 1024
    done = call("sh", "-c", "tee /dev/stderr | sha256sum", stdin=content)
    assert done.stdout.split()[0] == hashlib.sha256(content).hexdigest()
    assert len(done.stderr) > len(content) / 2


def test_a_command_that_reads_nothing_ends_as_it_ended(call: Call) -> None:
    for _ in range(10):
        assert call("sh", "-c", "exit 3", stdin=bytes(4 * 1024 * 1024)).returncode == 3


def test_a_command_that_is_not_there(call: Call) -> None:
    for _ in range(10):
        done = call("no-such-command", stdin=b"x" * 100_000)
        assert (done.returncode, done.stderr) == (127, "lab: no-such-command: No such file or directory\n")


def test_a_signal_is_told_as_a_shell_does(call: Call) -> None:
    assert call("sh", "-c", "kill -KILL $$").returncode == 137


def test_what_a_command_leaves_behind_does_not_hold_it_up(call: Call) -> None:
    done = call("sh", "-c", "sleep 600 & echo $!")
    assert done.returncode == 0
    run(("kill", done.stdout.strip()))


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = str(unused.getsockname()[1])
    done = run((sys.executable, "-c", CALLER, port, "true"), check=False)
    assert done.returncode == channel.NO_ANSWER
    assert done.stderr.startswith(channel.NO_ANSWER_TEXT)
