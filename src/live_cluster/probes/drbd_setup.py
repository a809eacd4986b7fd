"""What the heads are asked about DRBD before a plan is made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from live_cluster.model.drbd import MINOR, RESOURCE_FILE, DrbdState
from live_cluster.model.drbd_facts import DrbdFacts, DrbdResource
from live_cluster.model.settings import DrbdDisk
from live_cluster.probes.drbd import PROC, module_version, parse_identifiers, parse_proc
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, Request

PACKAGE = "drbd-utils"
STATE = ReadFile(path=PROC)
OUR_FILE = ReadFile(path=RESOURCE_FILE)
TOOLS = Command(argv=("dpkg-query", "--show", "--showformat=${db:Status-Status}", PACKAGE))
MODULE = Command(argv=("modinfo", "--field", "version", "drbd"))
CONFIGURED = Command(argv=("drbdadm", "dump-xml"))
DEVICE_SECTORS = ReadFile(path=f"/sys/block/drbd{MINOR}/size")


def is_block_device(path: str) -> Command:
    """A path that udev has made a device of."""
    return Command(argv=("test", "-b", path))


def true_path(path: str) -> Command:
    """The device behind a name such as /dev/drbd/by-res/video/0."""
    return Command(argv=("readlink", "--canonicalize", "--", path))


def size_question(disk: str) -> Command:
    """Bytes."""
    return Command(argv=("blockdev", "--getsize64", disk))


def signatures_question(disk: str) -> Command:
    """Types of everything that blkid would recognise, one in a line; changes nothing."""
    return Command(argv=("wipefs", "--no-act", "--noheadings", "--output=TYPE", "--", disk))


def holders_question(disk: str) -> Command:
    """The disk, what is built on it, and where that is mounted."""
    return Command(argv=("lsblk", "--json", "--paths", "--output=PATH,TYPE,MOUNTPOINTS", "--", disk))


def identifiers_question(disk: str) -> Command:
    """The metadata on a disk that DRBD does not use now."""
    return Command(argv=("drbdmeta", str(MINOR), "v08", disk, "internal", "get-gi"))


def drbd_requests(wanted: DrbdDisk) -> tuple[Request, ...]:
    """All requests to one head."""
    common: tuple[Request, ...] = (TOOLS, MODULE, STATE, CONFIGURED, is_block_device(wanted.path))
    if wanted.is_ready:
        return (*common, true_path(wanted.path))
    return (
        *common,
        OUR_FILE,
        DEVICE_SECTORS,
        size_question(wanted.path),
        signatures_question(wanted.path),
        holders_question(wanted.path),
        identifiers_question(wanted.path),
    )


def drbd_facts(wanted: DrbdDisk, replies: Mapping[Request, Reply]) -> DrbdFacts:
    """The answers of one head as a value."""
    proc = _file(replies[STATE])
    device = _text(replies[true_path(wanted.path)]).strip() if wanted.is_ready else f"/dev/drbd{MINOR}"
    number = re.fullmatch(r"/dev/drbd(\d+)", device)
    minor = int(number[1]) if number else None
    common = DrbdFacts(
        has_tools=_text(replies[TOOLS]).strip() == "installed",
        module=module_version(proc) or _text(replies[MODULE]).strip(),
        is_block_device=_ok(replies[is_block_device(wanted.path)]),
        resources=tuple(resources_in(_text(replies[CONFIGURED]))),
        state=parse_proc(proc).get(-1 if minor is None else minor, DrbdState()),
        minor=minor,
    )
    return common if wanted.is_ready else _with_disk(common, wanted.path, replies)


def _with_disk(common: DrbdFacts, disk: str, replies: Mapping[Request, Reply]) -> DrbdFacts:
    return DrbdFacts(
        has_tools=common.has_tools,
        module=common.module,
        is_block_device=common.is_block_device,
        resources=common.resources,
        state=common.state,
        minor=common.minor,
        size_bytes=_number(_text(replies[size_question(disk)])),
        device_bytes=_number(_file(replies[DEVICE_SECTORS])) * 512,
        signatures=tuple(_text(replies[signatures_question(disk)]).split()),
        holders=tuple(holders_in(_text(replies[holders_question(disk)]))),
        identifiers=parse_identifiers(_text(replies[identifiers_question(disk)])),
        has_our_file=f'disk "{disk}";' in _file(replies[OUR_FILE]),
    )


def resources_in(dump: str) -> Iterator[DrbdResource]:
    """Every resource in the output of `drbdadm dump-xml`; nothing where that is not XML."""
    try:
        root = ElementTree.fromstring(dump)  # noqa: S314 - our own server's tool, run by root
    except ElementTree.ParseError:
        return
    for resource in root.iterfind("resource"):
        options = {one.get("name", ""): one.get("value", "") for one in resource.iterfind("section/option")}
        devices = (one.get("minor", "") for one in resource.iterfind("host/volume/device"))
        ports = (one.get("port", "") for one in resource.iterfind("host/address"))
        yield DrbdResource(
            name=resource.get("name", ""),
            minors=_numbers(devices),
            ports=_numbers(ports),
            protocol=options.get("protocol", resource.get("protocol", "")),
            fencing=options.get("fencing", ""),
            hosts=tuple(one.get("name", "") for one in resource.iterfind("host") if one.get("name")),
            disks=tuple(dict.fromkeys(one.text or "" for one in resource.iterfind("host/volume/disk"))),
        )


def holders_in(listing: str) -> Iterator[str]:
    """Mount points of the disk, and what is built on it, DRBD's devices left out (lsblk --json).

    The disk comes first; what is built on it follows it, in a list of its own or not, as the columns are.
    """
    try:
        devices = json.loads(listing or "{}").get("blockdevices", [])
    except ValueError:
        return
    for device in devices[:1]:
        yield from (place for place in device.get("mountpoints") or () if place)
        for other in (*device.get("children", []), *devices[1:]):
            if not str(other.get("path", "")).startswith("/dev/drbd"):
                yield str(other.get("path", ""))


def _numbers(words: Iterator[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(int(word) for word in words if word.isdigit()))


def _number(text: str) -> int:
    return int(text) if text.strip().isdigit() else 0


def _ok(reply: Reply) -> bool:
    return isinstance(reply, CommandResult) and reply.ok


def _file(reply: Reply) -> str:
    return reply.text if isinstance(reply, FileState) else ""


def _text(reply: Reply) -> str:
    return reply.text if isinstance(reply, CommandResult) and reply.ok else ""
