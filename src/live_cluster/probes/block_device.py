"""What a head is asked about a block device, and what its tools answer."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from live_cluster.model.block_device import MULTIPATH, BlockDeviceFacts, Holder
from live_cluster.remote.requests import Command, CommandResult, Reply, Request

MIB = 2**20
# Beside what stands at the beginning and at the end, where everything that is known keeps its marks.
SAMPLES = 16
SECTOR = 512
# In the last sector while we make a file system: tells an interrupted run's work from a stranger's data.
BEGUN_MARK = b"live-cluster: a file system is being made here\n".ljust(SECTOR, b"\0")
# Links that udev makes; without it, as in containers, there are none.
LINKS = Command(argv=("find", "/dev/disk", "/dev/mapper", "-type", "l", "-printf", "%p\\t%l\\n"))


def device_question(path: str) -> Command:
    """Type and id of what is on the block device, read from the device itself."""
    return Command(argv=("blkid", "-p", "-o", "export", "--", path))


def device_exists(path: str) -> Command:
    """Is it a block device?"""
    return Command(argv=("test", "-b", path))


def device_tree(path: str) -> Command:
    """What it is, where it is mounted, and what is made of it."""
    columns = "NAME,KNAME,PATH,TYPE,SIZE,RO,WWN,MOUNTPOINTS"
    return Command(argv=("lsblk", "--json", "--bytes", "--output", columns, "--", path))


def superblock(path: str) -> Command:
    """What ext4 says of itself."""
    return Command(argv=("dumpe2fs", "-h", "--", path))


def device_requests(path: str) -> tuple[Request, ...]:
    """All of it, to be asked at the same time."""
    return (device_question(path), device_exists(path), device_tree(path), superblock(path), LINKS)


def device_facts(path: str, replies: Mapping[Request, Reply]) -> BlockDeviceFacts:
    """The answers as a value."""
    exists = replies[device_exists(path)]
    found = values_of(_text(replies[device_question(path)]))
    tree = _tree(_text(replies[device_tree(path)]))
    about = _superblock(_text(replies[superblock(path)]))
    free, size = about.get("Free blocks", ""), about.get("Block size", "")
    return BlockDeviceFacts(
        exists=isinstance(exists, CommandResult) and exists.ok,
        path=path,
        filesystem=found.get("TYPE", ""),
        partitions=found.get("PTTYPE", ""),
        uuid=found.get("UUID", ""),
        node=str(tree.get("kname") or ""),
        kind=str(tree.get("type") or ""),
        capacity_bytes=int(tree.get("size") or 0),
        wwn=str(tree.get("wwn") or ""),
        is_read_only=bool(tree.get("ro")),
        mounted_at=tuple(str(one) for one in tree.get("mountpoints", ()) if one),
        holders=tuple(_holders(tree)),
        links=tuple(sorted(_links(replies[LINKS]))),
        state=about.get("Filesystem state", ""),
        needs_recovery="needs_recovery" in about.get("Filesystem features", "").split(),
        free_bytes=int(free) * int(size) if free.isdigit() and size.isdigit() else None,
    )


def values_of(text: str) -> dict[str, str]:
    """NAME=value lines of blkid(8)."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def sample(path: str, offset: int) -> Command:
    """Does this MiB hold nothing but zeros?"""
    argv = ("cmp", "--quiet", f"--bytes={MIB}", f"--ignore-initial={offset}:0", "--", path, "/dev/zero")
    return Command(argv=argv)


def last_sector(path: str, capacity_bytes: int) -> Command:
    """Where a run that makes a file system leaves its mark."""
    place = f"skip={capacity_bytes // SECTOR - 1}"
    return Command(argv=("dd", f"if={path}", f"bs={SECTOR}", place, "count=1", "status=none"))


def samples(facts: BlockDeviceFacts) -> tuple[Command, ...]:
    """The first MiB, the last one, and others between them, evenly spread."""
    last = max(facts.capacity_bytes - MIB, 0)
    places = dict.fromkeys(last * number // (SAMPLES - 1) for number in range(SAMPLES))
    return tuple(sample(facts.path, offset) for offset in places)


def closer_requests(facts: BlockDeviceFacts, *, may_format: bool) -> tuple[Request, ...]:
    """What is worth asking after the first answers."""
    wanted: tuple[Request, ...] = ()
    if facts.wwn and facts.kind == "disk":
        wanted = (DISKS,)
    if may_format and facts.exists and facts.capacity_bytes and not facts.has_signature:
        wanted += (*samples(facts), last_sector(facts.path, facts.capacity_bytes))
    return wanted


# Which other disks are the same unit: then each is but one path to it.
DISKS = Command(argv=("lsblk", "--json", "--nodeps", "--output", "KNAME,PATH,TYPE,WWN"))


def closer_facts(facts: BlockDeviceFacts, replies: Mapping[Request, Reply]) -> BlockDeviceFacts:
    """The facts with these answers."""
    if DISKS in replies:
        same = [one for one in _devices(_text(replies[DISKS])) if one.get("wwn") == facts.wwn]
        others = tuple(str(one["path"]) for one in same if one.get("kname") != facts.node)
        facts = replace(facts, other_paths=others)
    mark = last_sector(facts.path, facts.capacity_bytes)
    if mark not in replies:
        return facts
    return replace(
        facts,
        is_zero=holds_zeros(tuple(replies[one] for one in samples(facts))),
        is_begun=has_mark(replies[mark]),
    )


def holds_zeros(answers: tuple[Reply, ...]) -> bool:
    """All samples were read and differ in nothing from zeros."""
    return all(isinstance(one, CommandResult) and one.ok for one in answers)


def has_mark(reply: Reply) -> bool:
    """The last sector says that we have begun."""
    return isinstance(reply, CommandResult) and reply.ok and reply.stdout == BEGUN_MARK


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""


def _links(reply: Reply) -> Iterator[tuple[str, str]]:
    # It fails where one of the two folders is missing, and has found what is in the other.
    text = reply.text if isinstance(reply, CommandResult) else ""
    for line in text.splitlines():
        name, separator, target = line.partition("\t")
        if separator:
            yield name, posixpath.normpath(posixpath.join(posixpath.dirname(name), target))


def _devices(text: str) -> list[dict[str, Any]]:
    try:
        return list(json.loads(text)["blockdevices"])
    except (ValueError, KeyError, TypeError):
        return []


def _tree(text: str) -> dict[str, Any]:
    return next(iter(_devices(text)), {})


def _holders(tree: Mapping[str, Any]) -> Iterator[Holder]:
    for one in tree.get("children", ()):
        yield Holder(
            path=str(one.get("path") or one.get("name")),
            kind=str(one.get("type")),
            node=str(one.get("kname")),
        )


def _superblock(text: str) -> dict[str, str]:
    lines = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in lines}


def mounted_at(reply: Reply) -> tuple[str, ...]:
    """Where, by the answer to `device_tree`."""
    return tuple(str(one) for one in _tree(_text(reply)).get("mountpoints") or () if one)


def is_mounted_at(mount_point: str, reply: Reply) -> bool:
    """By the same answer."""
    return mount_point in mounted_at(reply)


def multipath_holder(facts: BlockDeviceFacts) -> str:
    """The map that has the device as one of its paths; empty where none has."""
    return next((one.path for one in facts.holders if one.kind == MULTIPATH), "")
