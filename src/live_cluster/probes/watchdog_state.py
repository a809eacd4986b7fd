"""Is this server's watchdog armed? Asked by `status`, hence without starting anything."""

from __future__ import annotations

from live_cluster.model.watchdog_view import Watchdog

SETTINGS = "/etc/default/sbd"
PID_FILE = "/run/sbd.pid"
_MARK = "# live-cluster begin"


def watchdog_of(settings: str, process: str) -> Watchdog | None:
    """From the text of SETTINGS and the name of the process in PID_FILE; None where we have set nothing up."""
    _, mark, block = settings.partition(_MARK)
    if not mark:
        return None
    pairs = (line.partition("=") for line in block.splitlines())
    values = {name: value.strip('"') for name, equals, value in pairs if equals}
    return Watchdog(
        device=values.get("SBD_WATCHDOG_DEV", ""),
        disk=values.get("SBD_DEVICE", ""),
        armed=process.strip().startswith("sbd"),
    )
