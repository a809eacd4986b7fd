"""Faults by load: connections used up, floods, large transactions."""

from __future__ import annotations

import json

from live_lab.audits import DATABASE_ADDRESS, is_primary, psql
from live_lab.checker import PROGRAM, ROLE
from live_lab.errors import LabError
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.topology import LINKS
from live_lab.wait import wait_until

_CLIENT = "/run/live-lab-client.py"
_FLOOD, _TRANSACTION = "live-lab-flood", "live-lab-transaction"
# More than a server takes, whatever it has been told to take.
_CONNECTIONS = 700
_BYTES_OF_ROW = 1000
_BURST = (
    "CREATE TABLE IF NOT EXISTS burst (number integer); INSERT INTO burst SELECT generate_series(1, {count})"
)
_IN_FLIGHT = (
    "CREATE TABLE in_flight AS"
    " SELECT number, repeat(md5(number::text), 30) FROM generate_series(1, {count}) AS number;"
    " SELECT pg_sleep(86400)"
)
_ASLEEP = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%in_flight%'"
_DEADLINE_S = 300.0

# Of a shell on the host: what was started is ended.
STOP = f"systemctl stop {_FLOOD} {_TRANSACTION}"


def use_connections(host: Host) -> None:
    """The role of an application takes all connections that the server gives to it, and keeps them."""
    _begin_flood(host, "hold", DATABASE_ADDRESS)


def flood(lab: Lab, host: Host, family: str) -> None:
    """Connections that say nothing, more than the server takes; over `ipv6` to the primary's own link."""
    if family == "ipv4":
        address = DATABASE_ADDRESS
    elif family == "ipv6":
        (primary,) = (head for head in lab.heads if head.is_running and is_primary(head))
        address = f"{_link_address(primary)}%{LINKS[0]}"
    else:
        raise LabError(f"a flood comes over ipv4 or ipv6, not {family!r}")
    _begin_flood(host, "stay-silent", address)


def _link_address(host: Host) -> str:
    shown = host.run(("ip", "-6", "-json", "address", "show", "dev", LINKS[0], "scope", "link")).stdout
    return str(json.loads(shown)[0]["addr_info"][0]["local"])


def _begin_flood(host: Host, mode: str, address: str) -> None:
    host.write(_CLIENT, PROGRAM)
    words = ("python3", _CLIENT, mode, address, str(_CONNECTIONS))
    host.run(("systemd-run", "--quiet", "--collect", f"--unit={_FLOOD}", *words))


def begin_transaction(host: Host, megabytes: str) -> None:
    """A transaction that has written so much, and does not end."""
    text = _IN_FLIGHT.format(count=int(megabytes) * 1_000_000 // _BYTES_OF_ROW)
    words = ("runuser", "-u", "postgres", "--", "psql", "-X", "-d", ROLE, "-c", text)
    host.run(("systemd-run", "--quiet", "--collect", f"--unit={_TRANSACTION}", *words))
    wait_until(
        lambda: psql(host, _ASLEEP, database="postgres") == "1",
        deadline_s=_DEADLINE_S,
        what=f"a transaction on {host.name} has written {megabytes} MB",
    )


def burst(host: Host, count: str) -> None:
    """So many rows at once, for WAL that nobody else has."""
    psql(host, _BURST.format(count=int(count)), database=ROLE, check=True)
