"""What PostgreSQL answers to the agent's statements: each expression of a select list has its value here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from simulation.data import SEGMENT_BYTES, history_text
from simulation.engine import SimulationError
from simulation.postgres import Server
from simulation.replication import Sender

SEPARATOR = "\x1f"
DATA_BYTES = 1 << 30
# What a data directory must not be set to, if it is to keep its promise.
_CAREFUL = {"fsync": ("on",), "full_page_writes": ("on",), "synchronous_commit": ("on", "remote_apply")}


@dataclass(slots=True)
class Asked:
    """One statement's server, and the peer's connection that the statement is about."""

    server: Server
    link: Sender | None


def lsn(position: int) -> str:
    """PostgreSQL's notation of a position."""
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def _flag(value: bool) -> str:
    return "t" if value else "f"


def _received(server: Server) -> str:
    received = server.receiver.received if server.receiver is not None else 0
    return lsn(max(received, server.data.end) if server.in_recovery else server.data.end)


def _waldir(server: Server) -> str:
    return " ".join(server.data.segments())


def _waits(server: Server) -> str:
    return " ".join(f"{waiter.pid}@{waiter.since:.6f}" for waiter in server.waiters)


def _unsafe(server: Server) -> str:
    found = [
        f"{name}={'off' if name != 'synchronous_commit' else server.setting(name)}"
        for name, allowed in _CAREFUL.items()
        if server.setting(name) not in allowed
    ]
    roles = [
        f"{name}={value}" for name, value in server.data.role_settings.items() if name == "synchronous_commit"
    ]
    return " ".join([*found, *roles])


def _histories(server: Server, timeline: int) -> str:
    return history_text(server.head.disk, server.path, timeline).replace("\n", ";")


def _sync_state(asked: Asked) -> str:
    if asked.link is None:
        return ""
    return "sync" if asked.server.synchronous_sender() is asked.link else _potential(asked)


def _potential(asked: Asked) -> str:
    assert asked.link is not None
    return "potential" if asked.server.names.strip('"') == asked.link.name else "async"


def _timeline(server: Server) -> int:
    """Of a standby that of its stream, or else that of its last restart point."""
    if not server.in_recovery:
        return server.data.timeline
    return server.target_timeline if _streams(server) else server.data.control.timeline


def _receiver_history(server: Server) -> str:
    return _histories(server, server.target_timeline) if server.target_timeline > 1 else ""


# Expression (its text with single blanks) and value. The first pattern that is found counts.
_COLUMNS: tuple[tuple[str, Callable[[Asked], str]], ...] = (
    # The peer's connection, as the primary sees it.
    (r"link\.pid", lambda asked: str(asked.link.pid if asked.link else 0)),
    (r"link\.state", lambda asked: asked.link.state if asked.link else ""),
    (r"link\.sync_state", _sync_state),
    (r"link\.flush_lsn", lambda asked: lsn(asked.link.flushed if asked.link else 0)),
    (r"link\.replay_lsn", lambda asked: lsn(asked.link.replayed if asked.link else 0)),
    (r"link\.reply_time", lambda asked: f"{asked.link.reply_moment():.6f}" if asked.link else ""),
    (
        r"count\(\*\) FROM pg_stat_replication WHERE application_name",
        lambda asked: str(sum(one.name == asked.server.head.peer.name for one in asked.server.senders)),
    ),
    (r"string_agg.*wait_event = 'SyncRep'", lambda asked: _waits(asked.server)),
    (r"count.*wait_event = 'SyncRep'", lambda asked: str(len(asked.server.waiters))),
    (r"min\(.*wait_event = 'SyncRep'", lambda asked: _oldest_wait(asked.server)),
    # Any server, as the other head asks it.
    (r"^timeline$", lambda asked: str(_timeline(asked.server))),
    (r"^position$", lambda asked: _received(asked.server)),
    (r"^CASE WHEN timeline = 1", lambda asked: _histories(asked.server, _timeline(asked.server))),
    # Settings in force.
    (r"'fsync'.*'synchronous_commit'", lambda asked: _unsafe(asked.server)),
    (r"^current_setting\('primary_conninfo'\) <> ''$", lambda asked: _flag(asked.server.conninfo != "")),
    (r"pg_size_bytes\(current_setting\('wal_segment_size'\)\)", lambda asked: str(SEGMENT_BYTES)),
    (r"^current_setting\('(\w+)'\)$", lambda asked: ""),
    # Positions and timelines.
    (
        r"to_hex\(\(SELECT timeline_id FROM pg_control_checkpoint",
        lambda asked: (
            f"{(asked.server.data.control if asked.server.in_recovery else asked.server.data).timeline:08x}"
        ),
    ),
    (
        r"pg_current_wal_insert_lsn",
        lambda asked: lsn(0 if asked.server.in_recovery else asked.server.data.end),
    ),
    (
        r"pg_current_wal_flush_lsn",
        lambda asked: lsn(0 if asked.server.in_recovery else asked.server.data.end),
    ),
    (r"^\(SELECT redo_lsn FROM pg_control_checkpoint", lambda asked: lsn(asked.server.data.control.redo)),
    (r"pg_last_wal_receive_lsn", lambda asked: _received(asked.server)),
    (r"pg_last_wal_replay_lsn", lambda asked: lsn(asked.server.data.end)),
    (r"SELECT pid::text FROM pg_stat_wal_receiver", lambda asked: _receiver_pid(asked.server)),
    (r"SELECT status FROM pg_stat_wal_receiver", lambda asked: "streaming" if _streams(asked.server) else ""),
    (r"^coalesce\(received_tli, 0\)$", lambda asked: str(asked.server.target_timeline)),
    (r"received_tli > 1 THEN", lambda asked: _receiver_history(asked.server)),
    (r"^pg_is_in_recovery\(\)$", lambda asked: _flag(asked.server.in_recovery)),
    (r"system_identifier FROM pg_control_system", lambda asked: asked.server.data.system),
    (
        r"greatest\(checkpoint\.timeline_id, recovery\.min_recovery_end_timeline",
        lambda asked: str(
            max(asked.server.data.control.timeline, asked.server.data.control.recovery_timeline)
        ),
    ),
    (r"string_agg\(entry\.name", lambda asked: _waldir(asked.server)),
    # The primary as its standby asks it.
    (r"^'f'$", lambda asked: "f"),
    (r"^name$", lambda asked: f"{asked.server.data.timeline:08X}" + "0" * 16),
    (
        r"min\(substr\(entry\.name, 9\)\)",
        lambda asked: min(name[8:] for name in asked.server.data.segments()),
    ),
    (r"sum\(pg_database_size\(oid\)\)", lambda asked: str(DATA_BYTES)),
    (r"pg_read_binary_file.*\.history", lambda asked: _histories(asked.server, asked.server.data.timeline)),
)


def _oldest_wait(server: Server) -> str:
    return str(max((server.loop.now - waiter.since for waiter in server.waiters), default=0.0))


def _streams(server: Server) -> bool:
    return server.receiver is not None and server.receiver.streams


def _receiver_pid(server: Server) -> str:
    return str(server.receiver.pid) if _streams(server) and server.receiver is not None else ""


@lru_cache(maxsize=256)
def _columns(sql: str) -> tuple[Callable[[Asked], str], ...]:
    text = " ".join(sql.split())
    if not text.startswith("SELECT "):
        raise SimulationError(f"unknown statement: {text[:80]}")
    return tuple(_value_of(expression) for expression in _split(text.removeprefix("SELECT ")))


def _split(text: str) -> list[str]:
    """The expressions of a select list."""
    depth, begin, found = 0, 0, []
    quoted = False
    for place, sign in enumerate(text):
        quoted = quoted != (sign == "'")
        depth += 0 if quoted else (sign == "(") - (sign == ")")
        if depth or quoted:
            continue
        if sign == ",":
            found.append(text[begin:place])
            begin = place + 1
        elif text.startswith(" FROM ", place):
            return [one.strip() for one in [*found, text[begin:place]]]
    return [one.strip() for one in [*found, text[begin:]]]


def _value_of(expression: str) -> Callable[[Asked], str]:
    setting = re.fullmatch(r"current_setting\('(\w+)'\)", expression)
    if setting is not None:
        name = setting.group(1)
        return lambda asked: asked.server.setting(name)
    for pattern, value in _COLUMNS:
        if re.search(pattern, expression):
            return value
    raise SimulationError(f"the model of PostgreSQL does not know: {expression}")


def select(server: Server, sql: str) -> str:
    """The one line that a look at the server returns."""
    if "FROM pg_stat_wal_receiver" in " ".join(sql.split())[-40:] and not _streams(server):
        return ""
    peer = server.head.peer.name
    links = [one for one in server.senders if one.name == peer]
    prefers_sync = "ORDER BY sync_state" in sql
    counted = server.synchronous_sender()

    def rank(link: Sender) -> tuple[bool, bool, float]:
        return (prefers_sync and link is counted, link.state == "streaming", link.reply_moment())

    asked = Asked(server, max(links, key=rank, default=None))
    return SEPARATOR.join(value(asked) for value in _columns(sql)) + "\n"
