"""The CIB's alerts: what happens in the cluster is written down on each head (packaging/live-cluster/alert)."""

from __future__ import annotations

from collections.abc import Sequence

from live_cluster.render.cib_elements import Element, attributes, element
from live_cluster.render.cib_parts import Service

AGENT = "/usr/lib/live-cluster/alert"
# Written as the account hacluster, which owns the folder.
HISTORY = "/var/lib/live-cluster/events/cluster.jsonl"
_NAME = "live-cluster-history"


def alerts(services: Sequence[Service]) -> Element:
    """One alert for nodes, fencing and resources; not for attributes, which change all the time.

    `services`: those whose failed stop does not hold the others up; the alert has it looked after.

    Pacemaker waits for none of these processes; the timeout only ends one that hangs.
    """
    recipient = element("recipient", id=f"{_NAME}-recipient", value=HISTORY)
    chosen = element(
        "select",
        element("select_nodes"),
        element("select_fencing"),
        element("select_resources"),
    )
    meta = attributes("meta_attributes", _NAME, {"timeout": "10s"})
    units = " ".join(f"{service.resource}={service.unit}" for service in services)
    told = attributes("instance_attributes", _NAME, {"live_cluster_services": units})
    return element("alerts", element("alert", meta, told, chosen, recipient, id=_NAME, path=AGENT))
