"""What must hold for the fencing devices before one of them is even asked."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, problem
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.fence_metadata import device_problems
from live_cluster.model.settings import ClusterSettings, Fencing
from live_cluster.probes.head import IPMITOOL


def fencing_problems(settings: ClusterSettings, facts: ClusterFacts) -> Iterator[Problem]:
    """Each device against what its agent says on the head that will use it: the other one."""
    fencing = settings.fencing
    if not isinstance(fencing, Fencing):
        return
    for number, device in enumerate(fencing.devices, start=1):
        user = facts.heads[2 - number]
        place = {
            "node": user.node.server.name,
            "agent": device.agent,
            "option": f"head-node-{number}-fencing",
        }
        metadata = user.agent_metadata(device.agent)
        if metadata is None:
            yield problem("fencing-agent-missing", **place)
            continue
        if (
            metadata.ipmitool_parameter
            and not user.has_ipmitool
            and "ipmitool_path" not in dict(device.parameters)
        ):
            yield problem("fencing-ipmitool-missing", path=IPMITOOL, **place)
        yield from device_problems(place["option"], device, metadata)
