"""A checker of the database: clients append rows and read, beside the application, and their history is judged.

Its rows lie in a database of their own, of a role of their own; nothing of the product's data is touched, and both
are removed afterwards. Who may log in stands in one more line of pg_hba.conf on both heads.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from live_lab import history_client
from live_lab.audits import DATABASE_ADDRESS, is_primary, psql
from live_lab.errors import LabError
from live_lab.history import Era, History, Island, Judgement, Read, Row, Write, judge
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.process import Background
from live_lab.wait import wait_until

PROGRAM = Path(history_client.__file__).read_text("utf-8")
ROLE = history_client.ROLE
_ACCESS = f"host {ROLE} {ROLE} 10.81.0.0/24 trust"
# On the disk at once: a row may take the disk away.
_ADD_ACCESS = f"""for file in /etc/postgresql/*/main/pg_hba.conf; do
    grep -qxF '{_ACCESS}' "$file" || echo '{_ACCESS}' >>"$file"
    sync "$file"
done"""
_REMOVE_ACCESS = f"""for file in /etc/postgresql/*/main/pg_hba.conf; do
    sed -i '\\|^{_ACCESS}$|d' "$file"
    sync "$file"
done"""
_REMOVE = f"DROP DATABASE IF EXISTS {ROLE} WITH (FORCE);\nDROP ROLE IF EXISTS {ROLE};\n"
# A table of its own for each run: clients that a killed run has left behind find theirs gone, and end.
_CREATE = f"""{_REMOVE}
CREATE ROLE {ROLE} LOGIN;
CREATE DATABASE {ROLE} OWNER {ROLE};
\\connect {ROLE}
CREATE TABLE {{table}} (series text NOT NULL, number integer NOT NULL);
ALTER TABLE {{table}} OWNER TO {ROLE};
"""
_END_SESSIONS = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'"
_SESSIONS = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{ROLE}'"
_REPLAY_DEADLINE_S = 300.0
_WRITES_PER_SECOND, _READS_PER_SECOND = 8.0, 4.0


@dataclass(slots=True)
class _Client:
    """The program on one host, with all that it has been told to do there."""

    host: Host
    work: Background
    lines: tuple[list[Any], ...] = ()

    def told(self) -> tuple[list[Any], ...]:
        """Every whole line so far."""
        if "Traceback" in self.work.stderr:
            raise LabError(f"a client of the database on {self.host.name} failed:\n{self.work.stderr}")
        complete = self.work.stdout.rpartition("\n")[0]
        return tuple(json.loads(line) for line in complete.splitlines())


class Checker:
    """Clients of one run: on the media server at all addresses of the database, and beside each server."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._clients: list[_Client] = []
        self._given_up_s: float | None = None
        self.healed_s: float | None = None
        self._table = f"noted_{uuid4().hex[:8]}"
        _prepare(lab, self._table)
        self.start_missing()

    # -- clients --------------------------------------------------------------------------------------------

    def start_missing(self) -> None:
        """Clients on every host that runs and has none, because it had no power, or was told to leave."""
        for host in self._places():
            running = any(client.host is host and client.work.is_running for client in self._clients)
            if host.is_running and not running:
                argv = ("python3", "-c", PROGRAM, json.dumps(self._orders(host)))
                self._clients.append(_Client(host, host.start(argv)))

    def _places(self) -> Iterator[Host]:
        """Virtual machines have clocks of their own, so that nothing is measured there."""
        yield self._lab.media[0]
        yield from (head for head in self._lab.heads if not head.plan.is_machine)

    def _orders(self, host: Host) -> list[dict[str, Any]]:
        own = {head.name: head.addresses["bond0"] for head in self._lab.heads}
        if host.name in own:
            orders = [_write(host, own[host.name]), _read(host, own[host.name], kept=False)]
        else:
            orders = [_write(host, DATABASE_ADDRESS), _write(host, DATABASE_ADDRESS)]
            orders += [_read(host, DATABASE_ADDRESS, kept=kept) for kept in (False, True)]
            for address in own.values():
                orders += [_write(host, address), _read(host, address, kept=True)]
        return [{**order, "table": self._table} for order in orders]

    def leave(self, host: Host) -> None:
        """Ends what runs on this host: it belongs to no unit, and an orderly reboot would wait for it for 90 s."""
        for client in self._clients:
            if client.host is host:
                client.work.kill()

    def stop(self) -> None:
        """Ends all clients."""
        for client in self._clients:
            client.work.kill()

    def wait_for_more(self, *, deadline_s: float, count: int = 20) -> None:
        """Until so many more rows were acknowledged, and as many reads answered by a primary."""
        before = self._least_done()
        wait_until(
            lambda: self._least_done() >= before + count,
            deadline_s=deadline_s,
            what=f"{count} more rows and reads of the checker (so far {before})",
            every_s=0.5,
        )

    def _least_done(self) -> int:
        """Rows acknowledged, or reads answered by a primary, whichever are fewer."""
        lines = self._lines()
        rows = sum(1 for line in lines if line[0] == "acknowledged")
        return min(rows, sum(1 for line in lines if line[0] == "read" and line[4]))

    def _lines(self) -> list[list[Any]]:
        return [line for client in self._clients for line in client.told()]

    def give_up(self, now_s: float) -> None:
        """What was begun so far is no longer counted: an administrator has decided to give it up."""
        self._given_up_s = now_s

    # -- afterwards -----------------------------------------------------------------------------------------

    def history(self, *, deadline_s: float) -> History:
        """Everything that was seen, with what both heads have in the end; ends all clients."""
        self.stop()
        recorded = read_history(self._lines())
        return replace(
            recorded,
            tables=_tables(self._lab, self._table, deadline_s),
            healed_s=self.healed_s,
            given_up_s=self._given_up_s,
        )

    def judge(self, *, deadline_s: float) -> Judgement:
        """What is wrong with it."""
        return judge(self.history(deadline_s=deadline_s))

    def save(self, directory: Path) -> None:
        """What the clients told, as they told it, for those who want to know more about a violation."""
        directory.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(line) + "\n" for line in self._lines())
        (directory / "history.jsonl").write_text(text, encoding="utf-8")


@contextmanager
def checker(lab: Lab) -> Iterator[Checker]:
    """A checker at work on a pair that is whole; its traces are removed unless something has failed."""
    found = Checker(lab)
    try:
        yield found
    finally:
        found.stop()
    remove(lab)


def _write(host: Host, address: str) -> dict[str, Any]:
    name = f"{host.name}-{uuid4().hex[:6]}"
    return {"kind": "write", "name": name, "address": address, "per_second": _WRITES_PER_SECOND, "kept": True}


def _read(host: Host, address: str, *, kept: bool) -> dict[str, Any]:
    name = f"{host.name} at {address} over {'one connection' if kept else 'fresh connections'}"
    return {"kind": "read", "name": name, "address": address, "per_second": _READS_PER_SECOND, "kept": kept}


def read_history(lines: Iterable[Sequence[Any]]) -> History:
    """The history that clients told, without what is there in the end."""
    writes: dict[Row, Write] = {}
    reads: list[Read] = []
    for kind, *words in lines:
        if kind == "read":
            reader, began_s, ended_s, timeline, started_s, shown = words
            islands = tuple(
                Island(series=series, first=first, last=last, repeated=tuple(repeated))
                for series, first, last, repeated in shown
            )
            era = Era(timeline, started_s) if timeline else None
            reads.append(Read(reader=reader, began_s=began_s, ended_s=ended_s, era=era, shown=islands))
        elif kind == "begun":
            row = (words[0], words[1])
            writes[row] = Write(row=row, began_s=words[2])
        elif kind == "acknowledged":
            row, era = (words[0], words[1]), Era(words[3], words[4])
            writes[row] = replace(writes[row], ended_s=words[2], era=era)
    return History(writes=tuple(writes.values()), reads=tuple(reads), tables={})


def _prepare(lab: Lab, table: str) -> None:
    """Role, database and an empty table, and the right to log in at either head."""
    for head in lab.heads:
        head.run(("sh", "-c", _ADD_ACCESS))
        psql(head, "SELECT pg_reload_conf()", database="postgres")
    primary = next((head for head in lab.heads if is_primary(head)), None)
    if primary is None:
        raise LabError("no head is primary: the checker has no place for its rows")
    psql(primary, _CREATE.format(table=table), database="postgres", check=True)
    wait_until(
        lambda: all(_has_table(head, table) for head in lab.heads),
        deadline_s=_REPLAY_DEADLINE_S,
        what="both heads have the checker's table",
    )


def remove(lab: Lab) -> None:
    """Takes role, database and access away as far as the heads answer; the next run replaces what is left."""
    for head in lab.heads:
        if head.is_running:
            if is_primary(head):
                psql(head, _REMOVE, database="postgres")
            head.run(("sh", "-c", _REMOVE_ACCESS), check=False)
            psql(head, "SELECT pg_reload_conf()", database="postgres")


def _tables(lab: Lab, table: str, deadline_s: float) -> dict[str, Counter[Row]]:
    """The rows of each head that answers, once nobody writes any more and the standby has replayed everything."""
    heads = [head for head in lab.heads if head.is_running]
    primary = next((head for head in heads if is_primary(head)), None)
    if primary is not None:
        _end_sessions(primary, deadline_s)
        end = psql(primary, "SELECT pg_current_wal_flush_lsn()", database="postgres")
        for standby in (head for head in heads if head is not primary):
            _wait_for_replay(standby, end, deadline_s)
    return {head.name: _rows(head, table) for head in heads if _has_table(head, table)}


def _end_sessions(primary: Host, deadline_s: float) -> None:
    """Also those that their clients have left while they wait for the standby."""
    psql(primary, _END_SESSIONS, database="postgres")
    wait_until(
        lambda: psql(primary, _SESSIONS, database="postgres") == "0",
        deadline_s=deadline_s,
        what=f"the checker's sessions on {primary.name} have ended",
    )


def _wait_for_replay(standby: Host, end: str, deadline_s: float) -> None:
    """Nothing where no standby answers."""
    replayed = f"SELECT coalesce(pg_last_wal_replay_lsn() >= '{end}', false)"
    if psql(standby, replayed, database="postgres"):
        wait_until(
            lambda: psql(standby, replayed, database="postgres") != "f",
            deadline_s=deadline_s,
            what=f"{standby.name} has replayed everything",
        )


def _has_table(head: Host, table: str) -> bool:
    return psql(head, f"SELECT to_regclass('{table}') IS NOT NULL", database=ROLE) == "t"


def _rows(head: Host, table: str) -> Counter[Row]:
    text = psql(head, f"SELECT series || ' ' || number FROM {table}", database=ROLE, check=True)
    return Counter(map(_row, text.splitlines()))


def _row(line: str) -> Row:
    series, number = line.rsplit(" ", 1)
    return series, int(number)
