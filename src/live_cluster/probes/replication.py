"""What the PostgreSQL on this server says about replication."""

from __future__ import annotations

import json
from collections.abc import Mapping

from live_cluster.model.replication import LocalDatabase, Rejoin, Standby


def parse_replication(text: str) -> LocalDatabase | None:
    """The answer's one row; None where the database does not run here, so that psql printed nothing."""
    try:
        row = json.loads(text)
    except json.JSONDecodeError:
        return None
    receiver = row.get("receiver") or {}
    return LocalDatabase(
        in_recovery=bool(row["in_recovery"]),
        waits_for=str(row.get("waits_for") or ""),
        standbys=tuple(_standby(one) for one in row.get("standbys") or ()),
        receiver_status=str(receiver.get("status") or ""),
        receiver_lag_bytes=_number(receiver.get("lag_bytes")),
    )


def _standby(row: Mapping[str, object]) -> Standby:
    return Standby(
        name=str(row.get("name") or ""),
        state=str(row.get("state") or ""),
        sync_state=str(row.get("sync_state") or ""),
        lag_bytes=_number(row.get("lag_bytes")),
    )


def parse_rejoin(text: str) -> Rejoin | None:
    """The database agent's rejoin.json; None while there is none, or when it is through."""
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


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
