"""What must hold for DRBD before anything is touched: nothing on a disk is ever overwritten."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.drbd import DEVICE, MINOR, PORT, RESOURCE
from live_cluster.model.drbd_facts import DiskUse, DrbdFacts, has_data
from live_cluster.model.facts import ClusterFacts, HeadFacts
from live_cluster.model.settings import DrbdDisk
from live_cluster.probes.drbd_setup import PACKAGE

OPTION = "filestorage-device"
# A file system, its journal, and DRBD's metadata.
LEAST_BYTES = 64 << 20


def drbd_problems(wanted: DrbdDisk, facts: ClusterFacts) -> Iterator[Problem]:
    """Both kinds: a device that the administrator has configured, and disks that are to be set up."""
    heads = [(head, head.storage) for head in facts.heads if isinstance(head.storage, DrbdFacts)]
    for head, seen in heads:
        name = head.node.server.name
        if not seen.has_tools:
            yield problem("package-missing", node=name, package=PACKAGE)
            continue
        if not seen.module:
            yield problem("drbd-no-module", node=name)
        elif not seen.module.startswith("8.4"):
            yield problem("drbd-module-version", node=name, version=seen.module)
        yield from _ready(wanted, head, seen) if wanted.is_ready else _disk(wanted, head, seen)
    if len(heads) == 2 and all(seen.has_tools for _, seen in heads):
        yield from _ready_pair(wanted, heads) if wanted.is_ready else _disk_pair(wanted, heads)


def _ready(wanted: DrbdDisk, head: HeadFacts, seen: DrbdFacts) -> Iterator[Problem]:
    place = {"option": OPTION, "node": head.node.server.name, "device": wanted.path}
    resource = seen.resource
    if resource is None:
        yield problem("drbd-not-configured", **place)
        return
    if resource.protocol != "C":
        yield problem("drbd-protocol", protocol=resource.protocol or "-", resource=resource.name, **place)
    if resource.fencing in ("", "dont-care") and resource.name != RESOURCE:
        yield warning("drbd-without-fencing", resource=resource.name, **place)
    if resource.hosts:
        yield warning("drbd-by-host-name", resource=resource.name, hosts=", ".join(resource.hosts), **place)


def _ready_pair(wanted: DrbdDisk, heads: list[tuple[HeadFacts, DrbdFacts]]) -> Iterator[Problem]:
    first, second = (seen.resource for _, seen in heads)
    if first is not None and second is not None and first.name != second.name:
        yield problem(
            "drbd-names-differ", option=OPTION, device=wanted.path, first=first.name, second=second.name
        )


def _disk(wanted: DrbdDisk, head: HeadFacts, seen: DrbdFacts) -> Iterator[Problem]:
    place = {"option": OPTION, "node": head.node.server.name, "device": wanted.path}
    match seen.use:
        case DiskUse.MISSING:
            yield problem("drbd-disk-missing", **place)
            return
        case DiskUse.IN_USE:
            yield problem("drbd-disk-in-use", holders=", ".join(seen.holders), **place)
        case DiskUse.FOREIGN:
            yield problem("drbd-disk-not-empty", found=", ".join(seen.signatures) or "drbd", **place)
        case _:
            pass
    if seen.usable_bytes < LEAST_BYTES:
        yield problem("drbd-disk-small", size_mib=seen.size_bytes >> 20, need_mib=LEAST_BYTES >> 20, **place)
    for other in seen.resources:
        if other.name != RESOURCE and MINOR in other.minors:
            yield problem("drbd-device-taken", taken=DEVICE, resource=other.name, **place)
        if other.name != RESOURCE and PORT in other.ports:
            yield problem("drbd-port-taken", port=PORT, resource=other.name, **place)
    for listener in head.node.listeners:
        # DRBD itself listens inside the kernel: its socket belongs to no process.
        if (listener.protocol, listener.port) == ("tcp", PORT) and listener.process:
            yield problem("port-taken", node=place["node"], port=PORT, process=listener.process)


def _disk_pair(wanted: DrbdDisk, heads: list[tuple[HeadFacts, DrbdFacts]]) -> Iterator[Problem]:
    """An empty disk beside one with data gets a copy, so it must have room for that."""
    for (head, seen), (_, other) in (heads, heads[::-1]):
        need = other.device_bytes or other.usable_bytes
        if seen.use is DiskUse.EMPTY and has_data(other) and seen.usable_bytes < need:
            yield problem(
                "drbd-disk-smaller",
                option=OPTION,
                node=head.node.server.name,
                device=wanted.path,
                size_mib=seen.size_bytes >> 20,
                need_mib=-(-need // (1 << 20)) + 1,
            )
