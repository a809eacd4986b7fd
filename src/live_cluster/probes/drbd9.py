"""DRBD's module 9, which tells nothing in /proc: the JSON of its tool. Debian's own kernels have module 8.4."""

from __future__ import annotations

import json
from typing import Any

from live_cluster.model.drbd import DrbdState

STATUS_TOOL = ("drbdsetup", "status", "--json", "--statistics")


def parse_status(text: str) -> dict[int, DrbdState]:
    """Every device of every resource by its minor number; none where there was no answer."""
    try:
        resources = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return {
        int(volume.get("minor") or 0): _state(resource, volume)
        for resource in resources
        for volume in resource.get("devices", ())
    }


def _state(resource: dict[str, Any], volume: dict[str, Any]) -> DrbdState:
    peers = resource.get("connections") or ({"connection-state": "StandAlone"},)
    peer: dict[str, Any] = peers[0]
    same = [one for one in peer.get("peer_devices", ()) if one.get("volume") == volume.get("volume")]
    device: dict[str, Any] = same[0] if same else {}
    connection = str(peer.get("connection-state"))
    replication = str(device.get("replication-state") or "Off")
    copies = connection == "Connected" and replication not in ("Off", "Established")
    percent = device.get("percent-in-sync")
    return DrbdState(
        connection=replication if copies else connection,
        role=str(resource.get("role") or ""),
        peer_role=str(peer.get("peer-role") or "Unknown"),
        disk=str(volume.get("disk-state") or ""),
        peer_disk=str(device.get("peer-disk-state") or "DUnknown"),
        is_suspended=bool(resource.get("suspended")),
        out_of_sync_kib=int(device.get("out-of-sync") or 0),
        synced_percent=float(percent) if copies and percent is not None else None,
    )
