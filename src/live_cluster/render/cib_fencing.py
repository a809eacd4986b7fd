"""The fencing devices in the CIB: one for each head, watched and used by the other one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from live_cluster.render.cib_elements import Element, Operation, Primitive, element

# When the heads lose sight of each other both reach for the other's power. Who shoots at the head with the primary
# waits so long before, and is dead by then. It must be longer than the slowest device takes: an IPMI controller
# answers and acts within 2 s.
PRIORITY_DELAY_S = 5
PREFIX = "fence-"
# Sends the reset over the disk that sbd(8) watches on each head.
DISK_AGENT = "fence_sbd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A stonith resource: the head whose power it cuts, the agent, its parameters (without any password)."""

    head: str
    agent: str
    parameters: Mapping[str, str]

    @property
    def id(self) -> str:
        """The resource's name."""
        return f"{PREFIX}{self.head}"


def disk_device(head: str, disk: str) -> Device:
    """The head is told over the disk to reset itself; the agent waits until it must have done so."""
    return Device(head=head, agent=DISK_AGENT, parameters={"devices": disk, "plug": head})


def properties(*, has_devices: bool, has_arbiter: bool, watchdog_s: int | None = None) -> dict[str, str]:
    """Cluster properties; all are always there, so that turning fencing off leaves none behind.

    With an arbiter there are no duels: only the side that has its vote may shoot, and nobody has to wait.
    `watchdog_s`: after so long a lost head has been reset by its own watchdog; None where it never was to be.
    """
    enabled = has_devices or bool(watchdog_s)
    clock = (
        {} if watchdog_s is None else {"stonith-watchdog-timeout": f"{watchdog_s}s" if watchdog_s else "0"}
    )
    return {
        # Without a fencing device Pacemaker would refuse to start anything; `status` names the hazard.
        "stonith-enabled": "true" if enabled else "false",
        # Reboot with confirmation: fence_ipmilan waits up to 20 s for the power to go and 20 s for it to return.
        "stonith-timeout": "60s",
        "priority-fencing-delay": f"{PRIORITY_DELAY_S}s" if has_devices and not has_arbiter else "0s",
        **clock,
    }


def primitive_of(device: Device) -> Primitive:
    """The resource; Pacemaker asks the device once a minute whether it would obey."""
    return Primitive(
        id=device.id,
        agent=f"stonith:{device.agent}",
        parameters={**device.parameters, "pcmk_host_list": device.head},
        operations=(
            Operation(name="monitor", interval="60s", timeout="60s"),
            Operation(name="start", timeout="60s"),
            Operation(name="stop", timeout="20s"),
        ),
    )


def location_id(resource: str) -> str:
    """The constraint by which our devices are told from an administrator's own."""
    return f"live-cluster-{resource}-elsewhere"


def elsewhere(device: Device) -> Element:
    """A head cannot confirm its own death."""
    return element(
        "rsc_location", id=location_id(device.id), rsc=device.id, node=device.head, score="-INFINITY"
    )
