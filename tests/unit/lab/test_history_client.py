"""The client speaks PostgreSQL's protocol; what did not end well is never taken for an acknowledgement."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest

from live_lab import history_client
from live_lab.history_client import Connection, NotDone


def message(kind: bytes, content: bytes = b"") -> bytes:
    return kind + struct.pack(">I", len(content) + 4) + content


def row(*fields: bytes | None) -> bytes:
    parts = [struct.pack(">i", -1) if one is None else struct.pack(">i", len(one)) + one for one in fields]
    return message(b"D", struct.pack(">H", len(fields)) + b"".join(parts))


def told(kind: bytes, severity: bytes, text: bytes) -> bytes:
    return message(kind, b"V" + severity + b"\0C57P01\0M" + text + b"\0\0")


READY = message(b"Z", b"I")
DONE = message(b"C", b"INSERT 0 1\0")
WELCOME = message(b"R", struct.pack(">I", 0)) + message(b"S", b"server_version\x0015\0") + READY


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The other end of the one connection that the client gets."""
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(history_client.socket, "create_connection", lambda *_, **__: theirs)
    with ours:
        yield ours


def asked(server: socket.socket, answer: bytes) -> list[list[str | None]]:
    server.sendall(WELCOME + answer)
    server.shutdown(socket.SHUT_WR)
    connection = Connection("10.0.0.1", patience_s=60.0)
    try:
        return connection.ask("SELECT 1")
    finally:
        connection.close()


def test_it_introduces_itself_and_reads_all_rows(server: socket.socket) -> None:
    assert asked(server, row(b"1", None) + row(b"", b"two") + DONE + READY) == [["1", None], ["", "two"]]
    sent = server.recv(65536)
    assert b"user\0lab_history\0database\0lab_history\0" in sent
    assert sent.endswith(message(b"Q", b"SELECT 1\0"))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        pytest.param(
            told(b"N", b"WARNING", b"canceling wait") + DONE + READY, "canceling wait", id="warning"
        ),
        pytest.param(told(b"E", b"ERROR", b"read-only") + READY, "ERROR 57P01 read-only", id="error"),
        pytest.param(told(b"E", b"FATAL", b"terminating"), "terminating", id="end of the session"),
        pytest.param(row(b"1") + DONE, "connection closed", id="no end"),
        pytest.param(row(b"1")[:-1], "connection closed", id="half an answer"),
    ],
)
def test_what_did_not_end_well_is_not_done(server: socket.socket, answer: bytes, reason: str) -> None:
    with pytest.raises(NotDone, match=reason):
        asked(server, answer)


def test_a_notice_is_no_warning(server: socket.socket) -> None:
    assert asked(server, told(b"N", b"NOTICE", b"skipping") + row(b"1") + DONE + READY) == [["1"]]


def test_a_server_that_refuses_the_session_says_why(server: socket.socket) -> None:
    server.sendall(told(b"E", b"FATAL", b"sorry, too many clients already"))
    with pytest.raises(NotDone, match="too many clients"):
        Connection("10.0.0.1", patience_s=60.0)
