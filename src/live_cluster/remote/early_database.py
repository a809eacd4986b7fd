"""One question to this server's own PostgreSQL, as its superuser, without psql and without a library.

For `status` alone: becoming postgres and psql take 7 ms of the processor, loading psycopg 60 ms, crm_mon 20 ms.
What is spoken is PostgreSQL's protocol 3.0 ("Frontend/Backend Protocol" in its manual): start-up, one simple query,
rows as text. Everything else asks through psql.
"""

from __future__ import annotations

# The module socket takes 4 ms to load.
import _socket
import os
import pwd
import select

from live_cluster.remote.early import Answer

# No value of an application's name, a state or a setting can hold it.
FIELD_SEPARATOR = "\x1f"

SOCKET = "/var/run/postgresql/.s.PGSQL.5432"
ACCOUNT = "postgres"
_PROTOCOL_3 = 196608
_ROW, _ERROR, _AUTHENTICATION, _READY = b"D", b"E", b"R", b"Z"
_ACCEPTED = 0


class Question:
    """A query under way."""

    __slots__ = ("_connection",)

    def __init__(self, connection: _socket.socket, sql: str) -> None:
        self._connection = connection
        # Peer authentication needs no word from us, so the query need not wait for the greeting.
        connection.sendall(_startup() + _message(b"Q", sql.encode() + b"\0") + _message(b"X", b""))

    def finish(self, *, timeout_s: float = 60) -> Answer:
        """Rows as lines, NULL as nothing; no output and exit code 1 where the answer is an error or breaks off."""
        waiting = select.poll()
        waiting.register(self._connection, select.POLLIN)
        received = bytearray()
        while waiting.poll(timeout_s * 1000):
            try:
                chunk = self._connection.recv(1 << 16)
            except OSError:
                break
            if not chunk:
                break
            received += chunk
        self._connection.close()
        return _answer(bytes(received))


def ask_early(sql: str, *, path: str = SOCKET, account: str = ACCOUNT) -> Question | None:
    """Ask without waiting; None where no PostgreSQL takes a connection. Needs root, to come as `account`."""
    try:
        owner = pwd.getpwnam(account).pw_uid
    except KeyError:
        return None
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    # A frozen server's queue of connections is full at some time, and connecting would wait for ever.
    connection.settimeout(0)
    self = os.geteuid()
    try:
        # The kernel notes who connects at the moment of connecting (unix(7), SO_PEERCRED).
        os.seteuid(owner)
        try:
            connection.connect(path)
        finally:
            os.seteuid(self)
        return Question(connection, sql)
    except OSError:
        connection.close()
        return None


def _startup() -> bytes:
    words = (
        "user",
        ACCOUNT,
        "database",
        ACCOUNT,
        "client_encoding",
        "UTF8",
        "options",
        "-c statement_timeout=3s",
    )
    body = _PROTOCOL_3.to_bytes(4, "big") + b"".join(word.encode() + b"\0" for word in words) + b"\0"
    return (len(body) + 4).to_bytes(4, "big") + body


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def _answer(received: bytes) -> Answer:
    lines = []
    ready = 0
    at = 0
    while at + 5 <= len(received):
        kind, length = received[at : at + 1], int.from_bytes(received[at + 1 : at + 5], "big")
        body = received[at + 5 : at + 1 + length]
        at += 1 + length
        if kind == _ERROR or (kind == _AUTHENTICATION and int.from_bytes(body[:4], "big") != _ACCEPTED):
            return Answer(1, b"", body)
        if kind == _ROW:
            lines.append(FIELD_SEPARATOR.join(_fields(body)) + "\n")
        ready += kind == _READY
    # Once after the greeting, once after the query.
    if ready < 2:
        return Answer(1, b"", b"")
    return Answer(0, "".join(lines).encode(), b"")


def _fields(row: bytes) -> list[str]:
    fields = []
    at = 2
    for _ in range(int.from_bytes(row[:2], "big")):
        length = int.from_bytes(row[at : at + 4], "big", signed=True)
        at += 4
        fields.append(row[at : at + max(0, length)].decode(errors="replace"))
        at += max(0, length)
    return fields
