"""What must hold for a SAN's device: the right one, the same on both heads, in nobody else's use (C6, C15)."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.block_device import (
    BlockDeviceFacts,
    are_different_units,
    best_names,
    may_change,
)
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.storage_orders import StorageOrders
from live_cluster.probes.block_device import multipath_holder
from live_cluster.probes.storage_move import NEW_STORAGE

OPTION = "filestorage-device"


def device_problems(
    facts: ClusterFacts, orders: StorageOrders, *, mount_point: str, is_formed: bool
) -> Iterator[Problem]:
    """Every reason against the device that both heads were asked about."""
    seen = [(head.node.server.name, head.storage) for head in facts.heads]
    devices = [(node, one) for node, one in seen if isinstance(one, BlockDeviceFacts)]
    for node, device in devices:
        yield from _on_one_head(node, device, orders, mount_point)
        if device.has_errors:
            # A pair that runs must stay configurable; its administrator chooses the time for a check.
            judged = warning if is_formed else problem
            state = device.state
            yield judged("device-has-errors", option=OPTION, node=node, device=device.path, state=state)
    if len(devices) == len(facts.heads):
        yield from _on_both_heads(*(one for _, one in devices))
        yield from _names(devices)


def _on_one_head(
    node: str, device: BlockDeviceFacts, orders: StorageOrders, mount_point: str
) -> Iterator[Problem]:
    """One mistake, one sentence: what is wrong with the device hides what is wrong with its content."""
    place = {"option": OPTION, "node": node, "device": device.path}
    # Ours may be mounted in the file storage's place, and in that of a new one while it is filled.
    elsewhere = [one for one in device.mounted_at if one not in (mount_point, NEW_STORAGE)]
    whole = multipath_holder(device)
    if not device.exists:
        yield problem("device-missing", **place)
    elif whole:
        names = [name for name, target in device.links if target == dict(device.links).get(whole, whole)]
        yield problem("device-is-path", whole=next(iter(best_names((whole, *names)))), **place)
    elif device.holders:
        users = ", ".join(f"{one.path} ({one.kind})" for one in device.holders)
        yield problem("device-in-use", users=users, **place)
    elif elsewhere:
        yield problem("device-mounted", where=", ".join(elsewhere), **place)
    elif device.is_read_only:
        yield problem("device-read-only", **place)
    elif device.filesystem != "ext4":
        yield from _content(device, orders, place)
    if device.exists and not whole and device.other_paths:
        yield warning("device-single-path", others=", ".join(device.other_paths), **place)


def _content(device: BlockDeviceFacts, orders: StorageOrders, place: dict[str, str]) -> Iterator[Problem]:
    found = device.filesystem or device.partitions
    if not orders.may_format:
        yield problem("device-not-ext4", found=found or "-", **place)
    elif device.has_signature or not (device.is_zero or device.is_begun):
        yield problem("device-not-empty", found=found or "-", **place)


def _on_both_heads(first: BlockDeviceFacts, second: BlockDeviceFacts) -> Iterator[Problem]:
    if not (first.exists and second.exists):
        return
    if first.uuid != second.uuid:
        yield problem("devices-differ", option=OPTION, first=first.uuid or "-", second=second.uuid or "-")
    elif first.capacity_bytes != second.capacity_bytes:
        sizes = {"first": str(first.capacity_bytes), "second": str(second.capacity_bytes)}
        yield problem("device-sizes-differ", option=OPTION, **sizes)
    elif are_different_units(first, second):
        ids = {"first": ", ".join(sorted(first.unit_ids)), "second": ", ".join(sorted(second.unit_ids))}
        yield problem("devices-are-copies", option=OPTION, **ids)


def _names(devices: list[tuple[str, BlockDeviceFacts]]) -> Iterator[Problem]:
    """Names that outlive a boot, where the given one does not, or means another device on the other head."""
    (one, first), (other, second) = devices
    path = first.path
    common = best_names(first.names & second.names)
    if first.exists and second.exists and may_change(path):
        shown = {node: ", ".join(best_names(device.names)) or "-" for node, device in devices}
        yield warning(
            "device-name-may-change",
            option=OPTION,
            device=path,
            common=", ".join(common) or "-",
            first=f"{one}: {shown[one]}",
            second=f"{other}: {shown[other]}",
        )
    elif first.exists != second.exists or first.uuid != second.uuid:
        # user_friendly_names of multipath are numbered on each head by itself.
        known = {name for name, _ in first.links} & {name for name, _ in second.links}
        better = best_names((first.names | second.names) & known - {path})
        if better:
            yield warning("device-other-names", option=OPTION, device=path, names=", ".join(better))
