"""Maintenance mode as this tool switches it on: who, since when, until when."""

from __future__ import annotations

from live_cluster.record import Record


class Maintenance(Record):
    """Moments as text in UTC; `until` empty: until somebody ends it. All empty: another tool switched it on."""

    by: str = ""
    since: str = ""
    until: str = ""
