"""Fencing by watchdog as `status` sees it on this server."""

from __future__ import annotations

from live_cluster.record import Record


class Watchdog(Record):
    """What sbd(8) was set up with by us, and whether it runs: only then is the watchdog armed."""

    device: str
    disk: str = ""
    armed: bool = False
