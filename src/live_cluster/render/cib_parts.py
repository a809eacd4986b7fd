"""Resources that several groups have: a floating address, a systemd service."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address

from live_cluster.render.cib_elements import Operation, Primitive

# Seconds that a service of the application has to end.
SERVICE_STOP_S = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FloatingAddress:
    """An address that moves with its group, its prefix length and the interface it belongs to."""

    address: IPv4Address
    prefix: int
    nic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A clustered systemd unit and the id of its resource."""

    resource: str
    unit: str


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


def service_unit(service: Service) -> Primitive:
    """A systemd service that is restarted in place."""
    # Pacemaker looks at a systemd job every tenth of the timeout, at most every 2 s: a start takes 2.2 s with a
    # timeout of 100 s and 0.8 s with 5 s (measured). Slow starts under load matter more than that second. Stops are
    # another matter: before a killed ivcs-server starts again, those after it in the group stop one by one. A stop
    # that takes longer than its 5 s is no reason to leave a service alone for ever, as Pacemaker does without
    # fencing: it goes on. Systemd kills the service a second earlier anyway (plan/service_steps.py: ends_in_time);
    # where that was too late, the alert sees to it that Pacemaker looks (packaging/live-cluster/alert).
    # A look costs one question to systemd over D-Bus, and no process.
    return Primitive(
        id=service.resource,
        agent=f"systemd:{service.unit}",
        operations=(
            Operation(name="monitor", interval="1s", timeout="60s"),
            Operation(name="start", timeout="60s"),
            Operation(name="stop", timeout=f"{SERVICE_STOP_S}s", on_fail="ignore"),
        ),
        # Restarting a service in place is quicker than moving the whole stack, database included.
        meta={
            "migration-threshold": "10",
            "failure-timeout": "30s",
            # One that is still on its way down elsewhere is stopped there, and the one that serves goes on.
            "multiple-active": "stop_unexpected",
        },
    )
