"""Everything by which a head knows that the other one lives, tried one by one on each network between them.

A filter that lets some of it through and not the rest makes a living head look dead, or the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from live_cluster.commands.check import Finding, Tools
from live_cluster.messages import message
from live_cluster.model.membership import Link
from live_cluster.model.network_scheme import Ring

_PORTS = {"ssh": 22, "postgresql": 5432}
_ANSWER_S = 3
# bash(1), Redirections: opens a connection, and says nothing over it.
_CONNECT = "exec 3<>/dev/tcp/$1/$2"
_TIMED_OUT = 124


def check_protocols(ring: Ring, state: str, links: Sequence[Link], tools: Tools) -> Iterator[Finding]:
    """One finding; none where nothing at all gets through, which is a cable and told as such."""
    found = {
        "icmp": "passes" if state in ("passes", "unlinked", "lost") else "silent",
        **_arp(ring, tools),
        **_corosync(ring, links),
        **{name: _tcp(ring.peer, port, tools) for name, port in _PORTS.items()},
    }
    if all(one == "silent" for one in found.values()):
        return
    blocked = [name for name, one in found.items() if one != "passes"]
    passing = [name for name, one in found.items() if one == "passes"]
    yield Finding(
        subject=message("check-network-protocols", number=ring.number),
        good=not blocked,
        detail=message("check-protocols-pass", peer=ring.peer, names=_words(passing))
        if not blocked
        else message(
            "check-protocols-blocked", peer=ring.peer, names=_words(blocked), passing=_words(passing)
        ),
        facts={
            "check": "network-protocols",
            "ring": ring.number,
            "address": ring.address,
            "peer": ring.peer,
            "protocols": found,
        },
    )


_NAMES = {
    "icmp": "ICMP echo",
    "arp": "ARP",
    "corosync": "UDP 5405 (Corosync)",
    "ssh": "TCP 22 (SSH)",
    "postgresql": "TCP 5432 (PostgreSQL)",
}


def _words(names: Sequence[str]) -> str:
    return ", ".join(_NAMES[one] for one in names) or "-"


def _arp(ring: Ring, tools: Tools) -> dict[str, str]:
    """Nothing where the peer is behind a router: there is no ARP between them then."""
    route = tools.run(("ip", "-4", "route", "get", ring.peer, "from", ring.address), timeout_s=30)
    if " via " in route.text or not ring.interface:
        return {}
    argv = ("arping", "-q", "-f", "-c", "3", "-w", str(_ANSWER_S), "-I", ring.interface, ring.peer)
    return {"arp": "passes" if tools.run(argv, timeout_s=30).returncode == 0 else "silent"}


def _corosync(ring: Ring, links: Sequence[Link]) -> dict[str, str]:
    """Nothing where Corosync does not run here."""
    talks = [link.connected for link in links if link.number == ring.number]
    return {"corosync": "passes" if all(talks) else "silent"} if talks else {}


def _tcp(peer: str, port: int, tools: Tools) -> str:
    argv = ("timeout", str(_ANSWER_S), "bash", "-c", _CONNECT, "connect", peer, str(port))
    code = tools.run(argv, timeout_s=30).returncode
    return {0: "passes", _TIMED_OUT: "silent"}.get(code, "refused")
