"""Faults that a packet filter makes: some packets to a host are lost, others are not; and addresses held twice."""

from __future__ import annotations

import re

from live_lab.errors import LabError
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.topology import LINKS

_COMMENT = ("-m", "comment", "--comment", "live-lab-loss")
_LOSS = ("-m", "statistic", "--mode", "random", "--probability", "0.1")
_WHAT = re.compile(r"(?P<protocol>all|icmp|(?P<ported>tcp|udp):(?P<port>\d+(:\d+)?))(@(?P<link>bond[01]))?")
_TAKEN_ADDRESS = "10.81.0.100"

# Of a shell on the host: no rule of ours is left.
UNBLOCK = (
    "iptables --wait --list-rules INPUT | sed --quiet '/live-lab-loss/s/^-A/-D/p'"
    " | xargs --no-run-if-empty --max-lines=1 iptables --wait"
)


def lose_packets(host: Host) -> None:
    """One of ten packets to this host is lost."""
    _drop(host, _LOSS)


def block(host: Host, what: str) -> None:
    """Whatever comes in of this kind is lost, from whom ever: `all`, `icmp`, `tcp:5432`; `…@bond0`: there only."""
    for match in matches(what):
        _drop(host, match)


def block_peer(lab: Lab, host: Host, what: str) -> None:
    """The same, of what comes from the other head."""
    (peer,) = (head for head in lab.heads if head is not host)
    for match in matches(what):
        for address in peer.addresses.values():
            _drop(host, ("--source", address, *match))


def unblock(host: Host) -> None:
    """Nothing that comes in is lost any more."""
    host.run(("sh", "-c", UNBLOCK))


def matches(what: str) -> list[tuple[str, ...]]:
    """Words of iptables(8) for packets of one kind; those of a port go both to it and come from it."""
    found = _WHAT.fullmatch(what)
    if found is None:
        raise LabError(
            f"{what!r} is no kind of packets: all, icmp, tcp:PORT, udp:PORT:LAST; then maybe @bond0 or @bond1"
        )
    link = ("--in-interface", found["link"]) if found["link"] else ()
    if found["ported"]:
        ports = (("--destination-port", found["port"]), ("--source-port", found["port"]))
        return [(*link, "--protocol", found["ported"], *port) for port in ports]
    return [(*link, *(() if found["protocol"] == "all" else ("--protocol", found["protocol"])))]


def _drop(host: Host, match: tuple[str, ...]) -> None:
    host.run(("iptables", "--wait", "--insert", "INPUT", *match, *_COMMENT, "--jump", "DROP"))


def take_address(host: Host) -> None:
    """This host claims the public address for itself, and says so to everybody."""
    host.run(("ip", "address", "add", f"{_TAKEN_ADDRESS}/24", "dev", LINKS[0]))
    host.run(("arping", "-q", "-U", "-c", "3", "-I", LINKS[0], _TAKEN_ADDRESS))


def give_address_back(host: Host) -> None:
    """The address is no longer here; nothing where it was not."""
    host.run(("ip", "address", "delete", f"{_TAKEN_ADDRESS}/24", "dev", LINKS[0]), check=False)
