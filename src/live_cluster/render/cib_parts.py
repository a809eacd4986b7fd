"""Resources that several groups have: a floating address, a systemd service."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.render.cib_elements import Operation, Primitive


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingAddress:
    """An address that moves with its group, its prefix length and the interface it belongs to."""

    address: IPv4Address
    prefix: int
    nic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A clustered systemd unit and the id of its resource.

    The time-outs are Pacemaker's, in seconds: more than systemd takes at the worst. `must_run_once`: a stop that
    has failed holds everything up, or has its server fenced.
    """

    resource: str
    unit: str
    stop_timeout_s: int
    start_timeout_s: int
    must_run_once: bool


def floating_address(identity: str, floating: FloatingAddress) -> Primitive:
    """An address that its neighbours learn of at once when it has moved."""
    return Primitive(
        id=identity,
        agent="ocf:heartbeat:IPaddr2",
        parameters={
            "ip": str(floating.address),
            "cidr_netmask": str(floating.prefix),
            "nic": floating.nic,
            # Neighbours learn the new place of the address from these; the default waits 200 ms between them.
            "arp_count": "3",
            "arp_interval": "100",
        },
        operations=(
            Operation(name="monitor", interval="5s", timeout="20s"),
            Operation(name="start", timeout="30s"),
            Operation(name="stop", timeout="30s"),
        ),
    )


def service_unit(service: Service, *, fenced: bool) -> Primitive:
    """A systemd service that is restarted in place; `fenced`: there are means to switch a server off."""
    # Pacemaker looks at a systemd job every tenth of the timeout, at most every 2 s: a start takes 2.2 s with a
    # timeout of 100 s and 0.8 s with 5 s (measured). Slow starts under load matter more than that second.
    # systemd ends what does not stop (or start) in its own time, before Pacemaker gives up waiting
    # (plan/service_times.py). Where that was too late, a service that may run twice is taken for stopped: it is no
    # reason to leave all alone. The alert sees to it that Pacemaker looks (packaging/live-cluster/alert).
    # A look costs one question to systemd over D-Bus, and no process.
    surely_once = "fence" if fenced else "block"
    return Primitive(
        id=service.resource,
        agent=f"systemd:{service.unit}",
        operations=(
            Operation(name="monitor", interval="1s", timeout="60s"),
            Operation(name="start", timeout=f"{service.start_timeout_s}s"),
            Operation(
                name="stop",
                timeout=f"{service.stop_timeout_s}s",
                on_fail=surely_once if service.must_run_once else "ignore",
            ),
        ),
        # Restarting a service in place is quicker than moving the whole stack, database included. After so many
        # failures it rests for as long as the time-out.
        meta={
            "migration-threshold": "10",
            "failure-timeout": "30s",
            # Where it cannot run, everything else stays; a rule decides about the one move (cib_constraints.py).
            "critical": "false",
            # One that is still on its way down elsewhere is stopped there, and the one that serves goes on.
            "multiple-active": "stop_unexpected",
        },
    )
