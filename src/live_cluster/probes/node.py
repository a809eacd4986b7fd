"""What every server is asked before a plan is made: one round of read-only requests, and their parsers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from itertools import zip_longest

from live_cluster.model.facts import Listener, NetworkAddress, NodeFacts, ServerName
from live_cluster.probes.interfaces import parse_interfaces
from live_cluster.probes.local_tools import INTERFACES
from live_cluster.remote.requests import (
    ClockReading,
    Command,
    CommandResult,
    FileState,
    ReadClock,
    ReadFile,
    Reply,
    Request,
)

# Needed only where the product has a file storage.
FILE_SERVER = "samba"
PACKAGES = ("corosync", "pacemaker", "postgresql", "resource-agents", FILE_SERVER, "live-cluster")
MOUNT_POINTS = ("/", "/etc", "/var", "/run")

ADDRESSES = Command(argv=INTERFACES)
DEFAULT_ROUTE = Command(argv=("ip", "-json", "-4", "route", "show", "default"))
PACKAGE_LIST = Command(
    argv=("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status} ${Version}\\n", *PACKAGES)
)
FREE_SPACE = Command(argv=("df", "--block-size=1", "--output=target,avail", *MOUNT_POINTS))
LISTENERS = Command(argv=("ss", "-H", "-n", "-l", "-t", "-u", "-p"))
OS_RELEASE = ReadFile(path="/etc/os-release")
CLOCK = ReadClock()

_LISTENER = re.compile(
    r'^(?P<protocol>tcp|udp)\s.*?:(?P<port>\d+)\s+\S+\s+(?:users:\(\("(?P<process>[^"]*)")?'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What of the product is looked for on a server: units, paths, and our file in the firewall's folder."""

    units: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    fragment: str = ""


def firewall_question(fragment: str) -> Command:
    """All that the firewall loads: ours and what stands beside it."""
    return Command(argv=("find", fragment.rpartition("/")[0], "-type", "f", "-exec", "cat", "{}", "+"))


def unit_list(units: Sequence[str]) -> Command:
    """The load state of each unit, in the order of the names."""
    return Command(argv=("systemctl", "show", "--property=Id,LoadState", "--", *units))


def path_list(paths: Sequence[str]) -> Command:
    """Prints the names of the paths that exist."""
    return Command(argv=("stat", "--format=%n", "--", *paths))


def ping(address: IPv4Address) -> Command:
    """Ends with the first reply; asks once a second, for five seconds: the first question may get lost to ARP."""
    return Command(argv=("ping", "-n", "-q", "-c", "1", "-w", "5", str(address)), timeout_s=30)


def node_requests(signs: Signs, *, is_head: bool = True) -> tuple[Request, ...]:
    """All requests of one server, made at the same time; there are many media servers, so they are asked less."""
    common: tuple[Request, ...] = (CLOCK, ADDRESSES, FREE_SPACE, OS_RELEASE)
    wanted: tuple[Request, ...] = (DEFAULT_ROUTE, PACKAGE_LIST, LISTENERS) if is_head else ()
    if signs.fragment:
        wanted += (firewall_question(signs.fragment),)
    if signs.units:
        wanted += (unit_list(signs.units),)
    if signs.paths:
        wanted += (path_list(signs.paths),)
    return common + wanted


def node_facts(server: ServerName, replies: Mapping[Request, Reply], signs: Signs) -> NodeFacts:
    """The answers of one server as a value."""
    release = _shell_values(_file(replies[OS_RELEASE]).text)
    clock = replies[CLOCK]
    assert isinstance(clock, ClockReading)
    units, paths = signs.units, signs.paths
    existing = set(_text(replies[path_list(paths)]).splitlines()) if paths else set()
    return NodeFacts(
        server=server,
        system=release.get("ID", ""),
        system_version=release.get("VERSION_ID", ""),
        addresses=addresses(_text(replies[ADDRESSES])),
        interfaces=parse_interfaces(_text(replies[ADDRESSES])),
        gateway=gateway(_text(replies.get(DEFAULT_ROUTE))),
        packages=packages(_text(replies.get(PACKAGE_LIST))),
        missing_units=missing_units(_text(replies[unit_list(units)]), units) if units else (),
        missing_paths=tuple(path for path in paths if path not in existing),
        clock_offset_s=_certain_offset(clock),
        free_bytes=free_space(_text(replies[FREE_SPACE])),
        listeners=listeners(_text(replies.get(LISTENERS))),
        firewall=_text(replies[firewall_question(signs.fragment)]) if signs.fragment else "",
    )


def addresses(text: str) -> tuple[NetworkAddress, ...]:
    """IPv4 addresses in the output of `ip -json -details address show`, without those of the loopback interface."""
    found = []
    for link in json.loads(text or "[]"):
        for entry in link.get("addr_info", []):
            if entry.get("family") == "inet" and "LOOPBACK" not in link.get("flags", []):
                interface = IPv4Interface(f"{entry['local']}/{entry['prefixlen']}")
                found.append(NetworkAddress(nic=link["ifname"], interface=interface))
    return tuple(found)


def gateway(text: str) -> IPv4Address | None:
    """The first default route's gateway in `ip -json route show default`."""
    for route in json.loads(text or "[]"):
        if "gateway" in route:
            return IPv4Address(route["gateway"])
    return None


def packages(text: str) -> tuple[tuple[str, str], ...]:
    """(name, version) of what is installed completely."""
    rows = (line.split() for line in text.splitlines())
    return tuple((row[0], row[2]) for row in rows if len(row) == 3 and row[1] == "installed")


def missing_units(text: str, units: Sequence[str]) -> tuple[str, ...]:
    """Those of `units` that systemd cannot load, in the output of `systemctl show` (a block for each, in order)."""
    states = [_shell_values(block).get("LoadState") for block in text.split("\n\n") if block.strip()]
    pairs = zip_longest(units, states[: len(units)])
    return tuple(unit for unit, state in pairs if state != "loaded")


def free_space(text: str) -> tuple[tuple[str, int], ...]:
    """(mount point, free bytes), each mount point once."""
    rows = (line.rsplit(maxsplit=1) for line in text.splitlines()[1:])
    return tuple({row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}.items())


def listeners(text: str) -> tuple[Listener, ...]:
    """Who listens where, in the output of ss(8)."""
    found = (_LISTENER.match(line) for line in text.splitlines())
    return tuple(
        Listener(protocol=one["protocol"], port=int(one["port"]), process=one["process"] or "")
        for one in found
        if one
    )


def _certain_offset(clock: ClockReading) -> float:
    """The part of the difference that the time on the way cannot explain."""
    offset = clock.offset_s
    certain = max(0.0, abs(offset) - clock.uncertainty_s)
    return certain if offset >= 0 else -certain


def _shell_values(text: str) -> dict[str, str]:
    """NAME=value lines, quotes taken off (os-release(5))."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: value.strip().strip('"') for name, value in pairs}


def _file(reply: Reply) -> FileState:
    return reply if isinstance(reply, FileState) else FileState(exists=False)


def _text(reply: Reply | None) -> str:
    return reply.text if isinstance(reply, CommandResult) else ""
