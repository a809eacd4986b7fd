"""What the cluster configuration says about maintenance mode."""

from __future__ import annotations

# As in probes.pacemaker: our own tools' XML, and ElementTree loads quicker than lxml.
import xml.etree.ElementTree as ET

from live_cluster.model.maintenance import Maintenance

SET = "live-cluster-maintenance"
MAINTENANCE = ("cibadmin", "--query", "--local", "--xpath", f"//cluster_property_set[@id='{SET}']")


def parse_maintenance(text: str) -> Maintenance | None:
    """Who switched it on and until when; None where there is no such set."""
    try:
        root = ET.fromstring(text)  # noqa: S314
    except ET.ParseError:
        return None
    values = {one.get("name", ""): one.get("value", "") for one in root.iter("nvpair")}
    if "maintenance-mode" not in values:
        return None
    return Maintenance(
        by=values.get(f"{SET}-by", ""),
        since=values.get(f"{SET}-since", ""),
        until=values.get(f"{SET}-until", ""),
    )
