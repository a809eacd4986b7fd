"""What a head tells about its copy of the files: state, generations, LVM below it, file system, newest files."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from live_cluster.model.drbd import DrbdState
from live_cluster.model.drbd_split import ChangedFile, Side, Superblock, Volume
from live_cluster.probes.drbd import PROC, module_version, parse_identifiers, parse_proc
from live_cluster.probes.drbd9 import STATUS_TOOL, parse_status
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, Request

STATE = ReadFile(path=PROC)
STATE_9 = Command(argv=STATUS_TOOL)
# Offsets in ext4's superblock, which begins at 1024 (Documentation/filesystems/ext4/super.rst).
_SUPER, _MAGIC, _MOUNTED, _WRITTEN = 1024, 0x38, 0x2C, 0x30
_EXT = 0xEF53
_JSON = ("--reportformat", "json", "--units", "b", "--nosuffix")
# The history of a year's journal may take its time; without it only one fact is missing.
_JOURNAL_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredDrbd:
    """How the cluster runs it: DRBD's name of the resource, and the clone's id."""

    resource: str
    clone: str


def clustered_drbd(cib: bytes) -> ClusteredDrbd | None:
    """In a whole CIB; None where the cluster runs no DRBD."""
    try:
        root = ElementTree.fromstring(cib)  # noqa: S314  from this pair's own tools
    except ElementTree.ParseError:
        return None
    for clone in root.iter("clone"):
        for primitive in clone.iter("primitive"):
            if (primitive.get("provider"), primitive.get("type")) == ("linbit", "drbd"):
                pairs = primitive.iterfind("instance_attributes/nvpair")
                values = {one.get("name"): one.get("value") or "" for one in pairs}
                return ClusteredDrbd(resource=values.get("drbd_resource") or "", clone=str(clone.get("id")))
    return None


def ids_in(cib: bytes, *tags: str) -> tuple[str, ...]:
    """Ids of all elements with these tags."""
    try:
        root = ElementTree.fromstring(cib)  # noqa: S314
    except ElementTree.ParseError:
        return ()
    return tuple(str(one.get("id")) for tag in tags for one in root.iter(tag))


def value_in(cib: bytes, name: str) -> str:
    """The value of the first name-value pair of that name."""
    try:
        root = ElementTree.fromstring(cib)  # noqa: S314
    except ElementTree.ParseError:
        return ""
    return next((one.get("value") or "" for one in root.iter("nvpair") if one.get("name") == name), "")


def state_request(*, is_9: bool) -> Request:
    """What tells the device's state with the module that is loaded."""
    return STATE_9 if is_9 else STATE


def device_state(reply: Reply, minor: int) -> DrbdState:
    """The state of a device in the answer; not configured where there is none."""
    text = reply.text if isinstance(reply, CommandResult | FileState) else ""
    devices = parse_status(text) if isinstance(reply, CommandResult) else parse_proc(text)
    return devices.get(minor, DrbdState())


def is_module_9(reply: Reply) -> bool:
    """By the answer to STATE."""
    return isinstance(reply, FileState) and module_version(reply.text).startswith("9")


def name_requests(resource: str) -> tuple[Command, Command, Command]:
    """Minor number, disk below, generations."""
    return (
        Command(argv=("drbdadm", "sh-minor", resource)),
        Command(argv=("drbdadm", "sh-ll-dev", resource)),
        Command(argv=("drbdadm", "get-gi", resource)),
    )


def volume_request(backing: str) -> Command:
    """The logical volume of that name, where it is one."""
    columns = "vg_name,lv_name,lv_size,vg_free,segtype"
    return Command(argv=("lvs", *_JSON, "--options", columns, "--", backing))


# All snapshots of this server.
SNAPSHOTS = Command(argv=("lvs", *_JSON, "--options", "vg_name,lv_name,origin", "--select", "origin!=''"))


def superblock_request(backing: str) -> Command:
    """Past the page cache, in which a disk below DRBD is not what DRBD has written."""
    return Command(argv=("dd", f"if={backing}", "iflag=direct", "bs=4096", "count=1", "status=none"))


def mount_request(minor: int) -> Command:
    """Where the device is mounted."""
    return Command(argv=("findmnt", "--noheadings", "--output=TARGET", f"--source=/dev/drbd{minor}"))


def parted_request(resource: str) -> Command:
    """The kernel's last word about having lost the other head."""
    pattern = rf"drbd {re.escape(resource)}\b.*conn\( Connected -> "
    return Command(
        argv=(
            "journalctl", "--quiet", "--no-pager", "--identifier=kernel", "--output=short-unix",
            "--lines=1", f"--grep={pattern}",
        ),
        timeout_s=_JOURNAL_S,
    )  # fmt: skip


def changed_request(mount_point: str, since: float) -> Command:
    """Files below the mount point that were modified since then."""
    return Command(
        argv=(
            "find", mount_point, "-xdev", "-type", "f", "-newermt", f"@{int(since)}",
            "-printf", r"%T@ %s %P\n",
        ),
        timeout_s=120,
    )  # fmt: skip


def detail_requests(resource: str, backing: str, minor: int) -> tuple[Command, ...]:
    """All that is asked of a side once its device is known."""
    return (
        volume_request(backing),
        SNAPSHOTS,
        superblock_request(backing),
        mount_request(minor),
        parted_request(resource),
    )


def side_of(node: str, drbd: DrbdState, names: Sequence[Reply], details: Sequence[Reply]) -> Side:
    """The answers to `name_requests` and `detail_requests` as one value."""
    volume, snapshots, superblock, mounted, parted = details
    lv = parse_volume(text_of(volume))
    return Side(
        node=node,
        drbd=drbd,
        identifiers=parse_identifiers(text_of(names[2])),
        backing=first_line(names[1]),
        volume=lv,
        snapshots=parse_snapshots(text_of(snapshots), lv),
        superblock=parse_superblock(superblock.stdout if isinstance(superblock, CommandResult) else b""),
        mount_point=first_line(mounted),
        parted_at=parse_parted(text_of(parted)),
    )


def text_of(reply: Reply) -> str:
    """What a command that succeeded has printed; empty otherwise."""
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""


def first_line(reply: Reply) -> str:
    """Its first line."""
    return next(iter(text_of(reply).split("\n")), "").strip()


def _rows(text: str) -> list[dict[str, str]]:
    try:
        report = json.loads(text)["report"]
    except (ValueError, KeyError):
        return []
    return [row for one in report for row in one.get("lv", ())]


def parse_volume(text: str) -> Volume | None:
    """The answer to `volume_request`."""
    row = next(iter(_rows(text)), None)
    if row is None:
        return None
    return Volume(
        group=row["vg_name"],
        name=row["lv_name"],
        size=int(row["lv_size"]),
        free=int(row["vg_free"]),
        is_thin=row["segtype"] == "thin",
    )


def parse_snapshots(text: str, volume: Volume | None) -> tuple[str, ...]:
    """Names of the volume's snapshots in the answer to SNAPSHOTS."""
    if volume is None:
        return ()
    place = (volume.group, volume.name)
    return tuple(row["lv_name"] for row in _rows(text) if (row["vg_name"], row["origin"]) == place)


def parse_superblock(block: bytes) -> Superblock | None:
    """The first 4 KiB of an ext4 file system; None for anything else."""
    if len(block) < 2 * _SUPER or struct.unpack_from("<H", block, _SUPER + _MAGIC)[0] != _EXT:
        return None
    mounted, written = (struct.unpack_from("<I", block, _SUPER + at)[0] for at in (_MOUNTED, _WRITTEN))
    return Superblock(mounted_at=mounted, written_at=written)


def parse_parted(text: str) -> float | None:
    """The time in front of the last line of a journal (short-unix)."""
    words = text.strip().split("\n")[-1].split()
    try:
        return float(words[0])
    except (IndexError, ValueError):
        return None


def parse_changed(text: str) -> tuple[ChangedFile, ...]:
    """The answer to `changed_request`, the newest first."""
    found = []
    for line in text.split("\n"):
        moment, _, rest = line.partition(" ")
        size, _, path = rest.partition(" ")
        if path and size.isdigit():
            found.append(ChangedFile(path=path, size=int(size), modified_at=float(moment)))
    return tuple(sorted(found, key=lambda one: -one.modified_at))
