"""What a PostgreSQL may answer over its socket, spoken by a stand-in; tests/lab/test_status.py asks real ones."""

import os
import pwd
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from live_cluster.remote.early_database import FIELD_SEPARATOR, ask_early

MYSELF = pwd.getpwuid(os.geteuid()).pw_name
READY = b"Z" + struct.pack("!I", 5) + b"I"
GREETING = b"R" + struct.pack("!II", 8, 0) + b"S" + struct.pack("!I", 8) + b"a\0b\0" + READY
PASSWORD_WANTED = b"R" + struct.pack("!II", 8, 10)


def row(*fields: bytes | None) -> bytes:
    cells = b"".join(
        struct.pack("!i", -1) if one is None else struct.pack("!i", len(one)) + one for one in fields
    )
    body = struct.pack("!H", len(fields)) + cells
    return b"D" + struct.pack("!I", len(body) + 4) + body


def error(text: bytes) -> bytes:
    body = b"SERROR\0M" + text + b"\0\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


Serve = Callable[[bytes], tuple[Path, list[bytes]]]


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """Answers one client with these bytes and keeps what it sent."""

    def begin(answer: bytes) -> tuple[Path, list[bytes]]:
        path, heard = tmp_path / "socket", []
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()

        def serve_one() -> None:
            client, _ = listener.accept()
            heard.append(client.recv(1 << 16))
            client.sendall(answer)
            client.close()
            listener.close()

        threading.Thread(target=serve_one, daemon=True).start()
        return path, heard

    return begin


def asked(path: Path, sql: str = "select 1") -> tuple[int, str]:
    question = ask_early(sql, path=str(path), account=MYSELF)
    assert question is not None
    answer = question.finish(timeout_s=60)
    return answer.returncode, answer.text


def test_rows_become_lines_and_null_becomes_nothing(serve: Serve) -> None:
    path, heard = serve(GREETING + row(b"t", None, "имя".encode()) + row(b"", b"1") + READY)
    assert asked(path, "select 'ж'") == (0, f"t{FIELD_SEPARATOR}{FIELD_SEPARATOR}имя\n{FIELD_SEPARATOR}1\n")
    assert heard[0][4:8] == struct.pack("!I", 196608)
    assert b"user\0postgres\0database\0postgres\0" in heard[0]
    # The query, then the word that ends the session.
    assert "select 'ж'\0X".encode() in heard[0]


def test_an_answer_without_rows_is_an_answer(serve: Serve) -> None:
    assert asked(serve(GREETING + READY)[0]) == (0, "")


@pytest.mark.parametrize(
    "answer",
    [
        error(b"the database system is starting up"),
        PASSWORD_WANTED,
        GREETING + row(b"t") + error(b"canceling statement due to statement timeout") + READY,
        GREETING + row(b"t"),
        GREETING[:7],
        b"",
    ],
    ids=["not yet", "password", "cancelled", "broken off", "broken off early", "closed"],
)
def test_anything_else_is_no_answer(serve: Serve, answer: bytes) -> None:
    assert asked(serve(answer)[0]) == (1, "")


def test_a_server_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        question = ask_early("select 1", path=str(path), account=MYSELF)
        assert question is not None
        assert question.finish(timeout_s=0.1).returncode == 1


def test_a_full_queue_of_connections_does_not_hold_us(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(0)
        held = []
        while (question := ask_early("select 1", path=str(path), account=MYSELF)) is not None:
            held.append(question)
            assert len(held) < 100
        assert [one.finish(timeout_s=0).returncode for one in held] == [1] * len(held)


@pytest.mark.parametrize("account", [MYSELF, "no-such-account"])
def test_nobody_listens(tmp_path: Path, account: str) -> None:
    assert ask_early("select 1", path=str(tmp_path / "nothing"), account=account) is None
