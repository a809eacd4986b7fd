"""What a row of the fault matrix may wait for on one head: a line of the server's log, or a repair."""

from __future__ import annotations

from live_lab.host import Host

_LOGS = "/var/log/postgresql/postgresql-*-main.log"
_HAS_LINE = f'tail --bytes=+"$1" {_LOGS} | grep --quiet --fixed-strings -- "$2"'
_REPAIR_UNIT = "live-cluster-rejoin.service"


def log_end(host: Host) -> int:
    """The place behind the end of the server's log."""
    return int(host.run(("sh", "-c", f"cat {_LOGS} | wc --bytes")).stdout) + 1


def logged(host: Host, place: int, text: str) -> bool:
    """Whether the server has logged a line with this text since."""
    return host.run(("sh", "-c", _HAS_LINE, "logged", str(place), text), check=False).returncode == 0


def has_repair(host: Host) -> bool:
    """Whether the agent is at work there on data that cannot follow."""
    state = host.run(("systemctl", "is-active", _REPAIR_UNIT), check=False).stdout.strip()
    return state in ("active", "activating")
