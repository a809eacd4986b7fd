"""DRBD for the file storage: its file, metadata on empty disks, no pointless first copy, a file system.

Once the resource is in the cluster's configuration, starting and stopping it is Pacemaker's affair alone; what is
left for later runs is a disk that is new on one head. DRBD itself then copies from the side with data to the side
whose metadata says "just created", never the other way round.
"""

from __future__ import annotations

from dataclasses import replace

from live_cluster.messages import message
from live_cluster.model.drbd import (
    CONNECTED,
    DEVICE,
    DISKLESS,
    MINOR,
    RESOURCE,
    RESOURCE_FILE,
    UP_TO_DATE,
    DrbdState,
)
from live_cluster.model.drbd_facts import DrbdFacts, has_data
from live_cluster.model.settings import DrbdDisk
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import file_step, followed_by
from live_cluster.plan.mounts import device_of, drbd_resource, managed_mirror
from live_cluster.plan.service_steps import handed_over
from live_cluster.plan.step import Check, Impact, Replies, Stage, Step, always
from live_cluster.plan.storage_change import Change, change_of
from live_cluster.probes.drbd import parse_identifiers, parse_proc
from live_cluster.probes.drbd_setup import STATE, identifiers_question, signatures_question
from live_cluster.remote.requests import Command, CommandResult, FileState, Reply, Request, WriteFile
from live_cluster.render.drbd_resource import MirroredDisk, resource_file

CONNECT_DEADLINE_S = 120
# The ext4 magic stands 56 bytes into the superblock, which begins at 1024 (ext4(5)).
_SUPERBLOCK, _MAGIC_AT, _MAGIC = 1024, 1024 + 56, b"\x53\xef"
_MKFS_S = 3600.0


def drbd_files(plan: Blueprint, node: str) -> tuple[Step, ...]:
    """What stands on a head before DRBD runs; nothing for other kinds of file storage."""
    wanted = plan.settings.filestorage
    if plan.profile.filestorage is None or not isinstance(wanted, DrbdDisk):
        return ()
    # Debian's unit would start DRBD before Pacemaker, and stop it under its feet.
    ours = handed_over(node, "drbd", stop=False, impact=Impact.NONE)
    if wanted.is_ready:
        return (ours,)
    return (_resource(plan, node, wanted, is_being_filled=is_being_filled(plan)), ours)


def is_being_filled(plan: Blueprint) -> bool:
    """Files are moved to a DRBD that the cluster does not have yet."""
    wanted = drbd_resource(plan.settings.filestorage, plan.facts)
    is_new = bool(wanted) and managed_mirror(plan.profile, plan.facts) != wanted
    return is_new and change_of(plan.settings, plan.facts) is Change.COPIED


def filled_steps(plan: Blueprint, undo: tuple[Request, ...]) -> tuple[Step, ...]:
    """Before the cluster takes a DRBD over that was filled: with everything that it needs there."""
    wanted = plan.settings.filestorage
    if not isinstance(wanted, DrbdDisk) or wanted.is_ready or not is_being_filled(plan):
        return ()
    return tuple(
        replace(_resource(plan, node, wanted, is_being_filled=False), foreseen=True, undo=undo)
        for node in plan.head_names
    )


def drbd_stages(plan: Blueprint) -> tuple[Stage, ...]:
    """From two empty disks to a mirrored ext4; where the administrator has done all that, it runs at most."""
    wanted = plan.settings.filestorage
    if plan.profile.filestorage is None or not isinstance(wanted, DrbdDisk):
        return ()
    if wanted.is_ready:
        return (_connected(plan, wanted),) if is_being_filled(plan) else ()
    disks = tuple(_metadata(node, wanted) for node in plan.head_names)
    prepared = Stage(title=message("stage-drbd-disks"), steps=disks)
    if managed_mirror(plan.profile, plan.facts) == RESOURCE:
        return (prepared,)
    source = _source(plan)
    return (
        prepared,
        _connected(plan, wanted),
        Stage(title=message("stage-drbd-equal"), steps=(_equal(source),)),
        Stage(title=message("stage-drbd-files"), steps=(_files(source, wanted),)),
    )


def _connected(plan: Blueprint, wanted: DrbdDisk) -> Stage:
    name = drbd_resource(wanted, plan.facts)
    device = device_of(wanted)
    steps = tuple(_up(node, name, device, minor_of(plan)) for node in plan.head_names)
    return Stage(title=message("stage-drbd-connect"), steps=steps)


def minor_of(plan: Blueprint) -> int:
    """The kernel's number of the wanted device."""
    seen = (head.storage for head in plan.facts.heads)
    found = (one.minor for one in seen if isinstance(one, DrbdFacts) and one.minor is not None)
    return next(found, MINOR)


def _source(plan: Blueprint) -> str:
    """The head whose disk has data already (an earlier run came that far); else the first one."""
    for name, head in zip(plan.head_names, plan.facts.heads, strict=True):
        if isinstance(head.storage, DrbdFacts) and has_data(head.storage):
            return name
    return plan.head_names[0]


def _resource(plan: Blueprint, node: str, wanted: DrbdDisk, *, is_being_filled: bool) -> Step:
    first, second = plan.settings.heads
    # As replication: over the private network where there is one.
    addresses = tuple(head.secondary or head.address for head in (first, second))
    here, there = plan.head_names if node == plan.head_names[0] else plan.head_names[::-1]
    text = resource_file(
        MirroredDisk(
            disk=wanted.path,
            addresses=(addresses[0], addresses[1]),
            names=(here, there),
            secret=plan.secrets.drbd,
            is_being_filled=is_being_filled,
        )
    )
    step = file_step(node, WriteFile(path=RESOURCE_FILE, content=text.encode(), mode=0o600))
    # What would have to be done so that the running resource is as the file says.
    difference = Command(argv=("drbdadm", "--dry-run", "adjust", RESOURCE))

    def in_force(replies: Replies) -> bool:
        state, missing = replies
        return not _state(state).is_configured or not (
            isinstance(missing, CommandResult) and missing.text.strip()
        )

    adjust = Command(argv=("drbdadm", "adjust", RESOURCE), changes_node=True)
    followed = followed_by(
        step, Check(requests=(STATE, difference), holds=in_force), adjust, impact=Impact.NONE
    )

    def actions(replies: Replies) -> tuple[Request, ...]:
        # Starting it is not this step's affair.
        is_configured = _state(replies[1]).is_configured
        return tuple(one for one in followed.actions(replies) if one is not adjust or is_configured)

    return replace(followed, actions=actions)


def _metadata(node: str, wanted: DrbdDisk) -> Step:
    """The disk carries DRBD's metadata; written only where nothing at all is on it."""
    requests = (STATE, identifiers_question(wanted.path), signatures_question(wanted.path))

    def holds(replies: Replies) -> bool:
        state = _state(replies[0])
        if state.is_configured and state.disk != DISKLESS:
            return True
        return parse_identifiers(_text(replies[1])) is not None and not state.is_configured

    def actions(replies: Replies) -> tuple[Request, ...]:
        attach = Command(argv=("drbdadm", "attach", RESOURCE), changes_node=True)
        again = (attach,) if _state(replies[0]).is_configured else ()
        if parse_identifiers(_text(replies[1])) is not None:
            return again
        if _text(replies[2]).split():
            return ()
        create = Command(argv=("drbdadm", "create-md", "--force", RESOURCE), timeout_s=600, changes_node=True)
        return (create, *again)

    return Step(
        code="drbd-metadata",
        node=node,
        title=message("step-drbd-metadata", device=wanted.path),
        impact=Impact.NONE,
        actions=actions,
        check=Check(requests=requests, holds=holds),
        deadline_s=30,
    )


def _up(node: str, name: str, device: str, minor: int) -> Step:
    """DRBD runs and sees the other head; Pacemaker takes it over as it is."""

    def holds(replies: Replies) -> bool:
        return _state(replies[0], minor).talks

    return Step(
        code="drbd-up",
        node=node,
        title=message("step-drbd-up", device=device),
        impact=Impact.NONE,
        # Also what is half up after an interruption.
        actions=always(
            Command(argv=("modprobe", "drbd"), changes_node=True),
            Command(argv=("drbdadm", "adjust", name), changes_node=True),
        ),
        check=Check(requests=(STATE,), holds=holds),
        deadline_s=CONNECT_DEADLINE_S,
    )


def _equal(node: str) -> Step:
    """Both disks count as up to date without a copy: nothing is on either of them."""

    def holds(replies: Replies) -> bool:
        state = _state(replies[0])
        return state.talks and UP_TO_DATE in (state.disk, state.peer_disk)

    def actions(replies: Replies) -> tuple[Request, ...]:
        if _state(replies[0]).connection != CONNECTED:
            return ()
        argv = ("drbdadm", "new-current-uuid", "--clear-bitmap", RESOURCE)
        return (Command(argv=argv, changes_node=True),)

    return Step(
        code="drbd-equal",
        node=node,
        title=message("step-drbd-equal"),
        impact=Impact.NONE,
        actions=actions,
        check=Check(requests=(STATE,), holds=holds),
        deadline_s=30,
    )


def superblock_question(disk: str) -> Command:
    """The disk's first 4 KiB past the page cache: DRBD writes to it past that, too."""
    return Command(argv=("dd", f"if={disk}", "iflag=direct", "bs=4096", "count=1", "status=none"))


def has_ext4(reply: Reply) -> bool:
    """There is a superblock; mke2fs(8) writes it last."""
    return isinstance(reply, CommandResult) and reply.stdout[_MAGIC_AT : _MAGIC_AT + 2] == _MAGIC


def _files(node: str, wanted: DrbdDisk) -> Step:
    """An ext4 on the mirrored device; only before the cluster has it, and only where nothing is on it."""
    make = (
        Command(argv=("drbdadm", "primary", RESOURCE), changes_node=True),
        # blkid(8): 2 means that nothing was found.
        Command(argv=("blkid", "--probe", DEVICE), accepts=(2,)),
        # Discards and zeroes for all of it would go over the network.
        Command(
            argv=("mkfs.ext4", "-q", "-F", "-L", RESOURCE, "-E", "nodiscard", DEVICE),
            timeout_s=_MKFS_S,
            changes_node=True,
        ),
        # Who looks at new devices holds them for a moment.
        Command(argv=("udevadm", "settle"), timeout_s=120),
        Command(argv=("drbdadm", "secondary", RESOURCE), changes_node=True),
    )

    def holds(replies: Replies) -> bool:
        return has_ext4(replies[0])

    return Step(
        code="drbd-files",
        node=node,
        title=message("step-drbd-files", device=DEVICE),
        impact=Impact.NONE,
        actions=always(*make),
        check=Check(requests=(superblock_question(wanted.path),), holds=holds),
    )


def _state(reply: Reply, minor: int = MINOR) -> DrbdState:
    text = reply.text if isinstance(reply, FileState) else ""
    return parse_proc(text).get(minor, DrbdState())


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""
