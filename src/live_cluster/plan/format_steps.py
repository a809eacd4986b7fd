"""An ext4 file system on an empty device: only where it was asked for, once, from one head."""

from __future__ import annotations

from live_cluster.messages import message
from live_cluster.model.block_device import BlockDeviceFacts
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.step import Check, Impact, Replies, Step, always, command_check
from live_cluster.probes.block_device import (
    BEGUN_MARK,
    SECTOR,
    device_question,
    has_mark,
    holds_zeros,
    last_sector,
    samples,
    values_of,
)
from live_cluster.remote.requests import Command, CommandResult, Reply, Request

LABEL = "filestorage"
# Without discarding, which takes long on a large LUN and would take our mark away; what is left of the tables is
# made while it is mounted. Little is reserved for root, but the monitor's file must fit on a full disk.
MKFS = ("mkfs.ext4", "-q", "-m", "1", "-E", "nodiscard,lazy_itable_init=1", "-L", LABEL)
# Nothing is copied: a LUN of 100 TiB takes minutes at most.
MKFS_TIMEOUT_S = 3600.0
SEEN_DEADLINE_S = 60.0


def format_steps(plan: Blueprint) -> tuple[Step, ...]:
    """On the first head; the second one only has to see it. Nothing where there is something on the device."""
    device = _empty_device(plan)
    if device is None:
        return ()
    first, second = plan.head_names
    wanted = plan.settings.storage_orders.new_uuid
    return (_make(first, device, wanted), _seen(second, device, wanted))


def _empty_device(plan: Blueprint) -> BlockDeviceFacts | None:
    """Judged by the prerequisites: a device with anything on it does not come so far."""
    device = plan.facts.heads[0].storage
    if not plan.settings.storage_orders.may_format or not isinstance(device, BlockDeviceFacts):
        return None
    return None if device.has_signature else device


def _make(node: str, device: BlockDeviceFacts, uuid: str) -> Step:
    question, mark = device_question(device.path), last_sector(device.path, device.capacity_bytes)
    looks = samples(device)

    def actions(replies: Replies) -> tuple[Request, ...]:
        found, last, *sampled = replies
        # Right before, once more: what came onto it since the plan was made stays.
        is_ours = has_mark(last) or holds_zeros(tuple(sampled))
        if not is_ours or not _finds_nothing(found):
            return ()
        make = (*MKFS, "-U", uuid, device.path)
        return (
            _write_last_sector(device, BEGUN_MARK),
            Command(argv=make, timeout_s=MKFS_TIMEOUT_S, changes_node=True),
            _write_last_sector(device, bytes(SECTOR)),
        )

    return Step(
        code="filesystem-made",
        node=node,
        title=message("step-format", device=device.path, uuid=uuid),
        impact=Impact.REPLACES_DATA,
        actions=actions,
        check=Check(
            requests=(question, mark, *looks),
            holds=lambda replies: _is_made(replies[0], uuid),
            missing=lambda replies: _shown(replies[0]),
        ),
        asks=message("ask-format", device=device.path, gib=f"{device.capacity_bytes / 2**30:.1f}", uuid=uuid),
    )


def _seen(node: str, device: BlockDeviceFacts, uuid: str) -> Step:
    """Empty devices look alike: only now it shows that both heads mean the same one."""
    flush = Command(argv=("blockdev", "--flushbufs", device.path), changes_node=True)
    check = command_check(device_question(device.path), lambda result: _is_made(result, uuid))
    return Step(
        code="filesystem-seen",
        node=node,
        title=message("step-format-seen", device=device.path, uuid=uuid),
        impact=Impact.NONE,
        actions=always(flush),
        check=Check(requests=check.requests, holds=check.holds, missing=lambda replies: _shown(replies[0])),
        deadline_s=SEEN_DEADLINE_S,
    )


def _write_last_sector(device: BlockDeviceFacts, content: bytes) -> Command:
    place = f"seek={device.capacity_bytes // SECTOR - 1}"
    argv = ("dd", f"of={device.path}", f"bs={SECTOR}", place, "conv=notrunc,nocreat,fsync", "status=none")
    return Command(argv=argv, stdin=content, changes_node=True)


def _finds_nothing(reply: Reply) -> bool:
    """blkid(8): 2 means that it knows nothing of what is there; 8, that it knows several."""
    return isinstance(reply, CommandResult) and reply.returncode == 2


def _is_made(reply: Reply, uuid: str) -> bool:
    found = values_of(reply.text) if isinstance(reply, CommandResult) else {}
    return (found.get("TYPE"), found.get("UUID")) == ("ext4", uuid)


def _shown(reply: Reply) -> str:
    found = values_of(reply.text) if isinstance(reply, CommandResult) else {}
    if not found:
        return "no file system: this head sees another device under this name, or the device is not empty any more"
    return ", ".join(f"{name} {found[name]}" for name in ("TYPE", "PTTYPE", "UUID") if name in found)
