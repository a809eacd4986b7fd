"""Clients of the database on a server of the lab: append rows, read all of them, and tell what they saw.

With nothing but the standard library, for it runs on lab servers, where no PostgreSQL client need be installed.
Its one argument is a list of orders in JSON; each gets a thread. It goes on until it is killed, or its table is
gone: then the lab has begun anew, and nobody waits for it. Each line of the output is a JSON list (times of the
machine's monotonic clock, which containers share):

    ["begun", series, number, at]                            before the row is sent
    ["acknowledged", series, number, at, timeline, started]  the commit was confirmed without a warning
    ["unknown", series, number, at, reason]
    ["read", reader, began, ended, timeline, started, [[series, first, last, [repeated, ...]], ...]]
    ["unread", reader, began, ended, reason]

A timeline of 0 says that a standby has answered. Each line is written before the next row begins, into memory of
the lab that outlives the server.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import threading
import time
from typing import Any

PORT = 5432
ROLE = "lab_history"
CONNECT_PATIENCE_S, WRITE_PATIENCE_S, READ_PATIENCE_S = 2.0, 10.0, 3.0
# After a failure, so that clients do not keep a server busy that is just coming up.
PAUSE_S = 0.25

_VERSION = 3 << 16
_HEADER = struct.Struct(">cI")
_ERA = (
    "CASE WHEN pg_is_in_recovery() THEN 0 ELSE"
    " ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer END,"
    " extract(epoch FROM pg_postmaster_start_time())"
)
# Two statements: the second one's snapshot is taken when it is certain what the server was.
_READ = """
SELECT {era};
SELECT series, min(number), max(number), array_to_json(array_agg(number) FILTER (WHERE times > 1))
FROM (SELECT series, number, times, number - row_number() OVER (PARTITION BY series ORDER BY number) AS island
      FROM (SELECT series, number, count(*) AS times FROM {table} GROUP BY series, number) AS rows) AS islands
GROUP BY series, island
"""
# undefined_table, invalid_catalog_name
_GONE = ("42P01", "3D000")


class NotDone(Exception):
    """The server did not do what was asked, or did not say so; the text says why, `code` with its SQLSTATE."""

    def __init__(self, text: str, code: str = "") -> None:
        super().__init__(text)
        self.code = code


class Connection:
    """A session of the role `lab_history` in the database of the same name, by the protocol of PostgreSQL."""

    def __init__(self, address: str, patience_s: float) -> None:
        self._socket = socket.create_connection((address, PORT), timeout=CONNECT_PATIENCE_S)
        self._socket.settimeout(patience_s)
        self._received = self._socket.makefile("rb")
        words = ("user", ROLE, "database", ROLE, "application_name", ROLE)
        body = struct.pack(">I", _VERSION) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
        try:
            self._socket.sendall(struct.pack(">I", len(body) + 4) + body)
            self._answers()
        except (OSError, NotDone):
            self.close()
            raise

    def ask(self, statements: str) -> list[list[str | None]]:
        """All rows of the answer; NotDone where there was an error or a warning."""
        body = statements.encode() + b"\0"
        self._socket.sendall(_HEADER.pack(b"Q", len(body) + 4) + body)
        return self._answers()

    def close(self) -> None:
        """Ends the session without a word."""
        self._received.close()
        self._socket.close()

    def _answers(self) -> list[list[str | None]]:
        rows: list[list[str | None]] = []
        complaint: NotDone | None = None
        while True:
            kind, content = self._message()
            if kind == b"D":
                rows.append(_fields(content))
            elif kind == b"E" or (kind == b"N" and _told(content, "V") == "WARNING"):
                severity, code, text = (_told(content, field) for field in "VCM")
                complaint = complaint or NotDone(f"{severity} {code} {text}", code)
                if severity == "FATAL":
                    raise complaint
            elif kind == b"Z":
                if complaint:
                    raise complaint
                return rows

    def _message(self) -> tuple[bytes, bytes]:
        header = self._received.read(_HEADER.size)
        if len(header) < _HEADER.size:
            raise NotDone("connection closed")
        kind, length = _HEADER.unpack(header)
        content = self._received.read(length - 4)
        if len(content) < length - 4:
            raise NotDone("connection closed")
        return kind, content


def _fields(content: bytes) -> list[str | None]:
    """The columns of a DataRow."""
    (count,) = struct.unpack_from(">H", content)
    fields, place = [], 2
    for _ in range(count):
        (length,) = struct.unpack_from(">i", content, place)
        place += 4
        fields.append(None if length < 0 else content[place : place + length].decode())
        place += max(length, 0)
    return fields


def _told(content: bytes, field: str) -> str:
    """One field of an error or a notice."""
    parts = content.split(b"\0")
    return next((part[1:].decode(errors="replace") for part in parts if part[:1] == field.encode()), "")


_TELLING = threading.Lock()


def _tell(*words: object) -> None:
    """One line, at once and whole, whichever thread it comes from."""
    line = json.dumps(words).encode() + b"\n"
    with _TELLING:
        os.write(1, line)


class _Client:
    """What all clients have in common: an address, a rhythm, and a connection that may have to be made anew."""

    def __init__(self, order: dict[str, Any], patience_s: float) -> None:
        self._name, self._address, self._table = (str(order[key]) for key in ("name", "address", "table"))
        self._every_s, self._is_kept = 1 / float(order["per_second"]), bool(order["kept"])
        self._patience_s = patience_s
        self._connection: Connection | None = None

    def run(self) -> None:
        """For ever, one after the other."""
        while True:
            began = time.monotonic()
            if self._once():
                time.sleep(max(0.0, began + self._every_s - time.monotonic()))
            else:
                time.sleep(PAUSE_S)

    def _once(self) -> bool:
        raise NotImplementedError

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self._address, self._patience_s)
        return self._connection

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _fail(self, error: OSError | NotDone) -> None:
        self._leave()
        if isinstance(error, NotDone) and error.code in _GONE:
            os._exit(0)


class Writer(_Client):
    """Appends the rows 1, 2, 3, ... of a series; none is tried twice."""

    def __init__(self, order: dict[str, Any]) -> None:
        super().__init__(order, WRITE_PATIENCE_S)
        self._number = 0

    def _once(self) -> bool:
        try:
            connection = self._connected()
        except (OSError, NotDone) as error:
            self._fail(error)
            return False
        self._number += 1
        row = (self._name, self._number)
        _tell("begun", *row, time.monotonic())
        try:
            statement = f"INSERT INTO {self._table} VALUES ('{self._name}', {self._number}) RETURNING {_ERA}"
            ((timeline, started),) = connection.ask(statement)
        except (OSError, NotDone) as error:
            _tell("unknown", *row, time.monotonic(), str(error))
            self._fail(error)
            return False
        _tell("acknowledged", *row, time.monotonic(), int(timeline or 0), float(started or 0))
        if not self._is_kept:
            self._leave()
        return True


class Reader(_Client):
    """Reads everything that is there, over a connection that is kept or a fresh one each time."""

    def __init__(self, order: dict[str, Any]) -> None:
        super().__init__(order, READ_PATIENCE_S)

    def _once(self) -> bool:
        began = time.monotonic()
        try:
            connection = self._connected()
            began = time.monotonic()
            (timeline, started), *islands = connection.ask(_READ.format(era=_ERA, table=self._table))
        except (OSError, NotDone) as error:
            _tell("unread", self._name, began, time.monotonic(), str(error))
            self._fail(error)
            return False
        shown = [
            [series, int(first or 0), int(last or 0), json.loads(repeated or "[]")]
            for series, first, last, repeated in islands
        ]
        era = (int(timeline or 0), float(started or 0))
        _tell("read", self._name, began, time.monotonic(), *era, shown)
        if not self._is_kept:
            self._leave()
        return True


def hold(address: str, most: int) -> None:
    """Takes as many connections as the server gives, at most so many, and keeps them without a word."""
    held: list[Connection] = []
    while True:
        try:
            while len(held) < most:
                held.append(Connection(address, READ_PATIENCE_S))
        except (OSError, NotDone) as error:
            _tell("refused", len(held), str(error))
        time.sleep(PAUSE_S)


def stay_silent(address: str, most: int) -> None:
    """Opens so many connections and says nothing on them; those that the server ends are opened again."""
    held: list[socket.socket] = []
    while True:
        held = [one for one in held if not _has_ended(one)]
        try:
            while len(held) < most:
                held.append(socket.create_connection((address, PORT), timeout=CONNECT_PATIENCE_S))
        except OSError as error:
            _tell("refused", len(held), str(error))
        time.sleep(PAUSE_S)


def _has_ended(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        ended = not connection.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        ended = True
    if ended:
        connection.close()
    return ended


def main(orders: list[dict[str, Any]]) -> None:
    """A thread for each order; the first one's end, which does not come, would be ours."""
    kinds = {"write": Writer, "read": Reader}
    threads = [threading.Thread(target=kinds[order["kind"]](order).run) for order in orders]
    for thread in threads:
        thread.start()


if __name__ == "__main__":
    if sys.argv[1] == "hold":
        hold(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1] == "stay-silent":
        stay_silent(sys.argv[2], int(sys.argv[3]))
    else:
        main(json.loads(sys.argv[1]))
