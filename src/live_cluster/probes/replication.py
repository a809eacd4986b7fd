"""What the PostgreSQL on this server says about replication."""

from __future__ import annotations

from live_cluster.model.replication import LocalDatabase, Rejoin, Standby
from live_cluster.remote.early_database import FIELD_SEPARATOR


def parse_replication(text: str) -> LocalDatabase | None:
    """This server's row and those of standbys; None where there was no answer: no database runs here."""
    rows = [line.split(FIELD_SEPARATOR) for line in text.split("\n") if line]
    if not rows or any(len(row) != 4 for row in rows):
        return None
    in_recovery, waits_for, status, lag = rows[0]
    return LocalDatabase(
        in_recovery=in_recovery == "t",
        waits_for=waits_for,
        standbys=tuple(_standby(*row) for row in rows[1:]),
        receiver_status=status,
        receiver_lag_bytes=_bytes(lag),
    )


def _standby(name: str, state: str, sync_state: str, lag: str) -> Standby:
    return Standby(name=name, state=state, sync_state=sync_state, lag_bytes=_bytes(lag))


def _bytes(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def parse_rejoin(text: str) -> Rejoin | None:
    """The database agent's rejoin.json; None while there is none, or when it is through."""
    if not text:
        return None
    # Takes 4 ms to load; on most days there is no such file.
    import json

    try:
        row = json.loads(text)
    except json.JSONDecodeError:
        return None
    state = str(row.get("state") or "")
    if state in ("", "done"):
        return None
    return Rejoin(
        state=state,
        method=str(row.get("method") or ""),
        message=str(row.get("message") or ""),
        done_bytes=_number(row.get("bytes_done")),
        total_bytes=_number(row.get("bytes_total")),
        set_aside=tuple(str(one) for one in row.get("set_aside") or ()),
    )


def parse_set_aside(text: str) -> tuple[str, ...]:
    """Where the last repair put what it took away, in the agent's rejoin.json."""
    if "set_aside" not in text:
        return ()
    import json

    try:
        row = json.loads(text)
    except json.JSONDecodeError:
        return ()
    return tuple(str(one) for one in row.get("set_aside") or ())


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
