"""What blkid, lsblk, dumpe2fs and udev's links say about a block device."""

from __future__ import annotations

import json
from typing import Any

import pytest

from live_cluster.model.block_device import (
    BlockDeviceFacts,
    Holder,
    are_different_units,
    best_names,
    may_change,
)
from live_cluster.probes.block_device import (
    BEGUN_MARK,
    DISKS,
    LINKS,
    SECTOR,
    closer_facts,
    closer_requests,
    device_exists,
    device_facts,
    device_question,
    device_requests,
    device_tree,
    last_sector,
    multipath_holder,
    samples,
    superblock,
)
from live_cluster.remote.requests import Command, CommandResult, Reply, Request

PATH = "/dev/sdb"
SUPERBLOCK = """\
Filesystem volume name:   filestorage
Filesystem features:      has_journal ext_attr
Filesystem state:         clean with errors
Free blocks:              249189
Block size:               4096
"""
NAMES = """\
/dev/disk/by-id/wwn-0x6001405\t../../sdb
/dev/disk/by-uuid/b669\t../../sdb
/dev/disk/by-uuid/other\t../../sda1
/dev/mapper/files\t../dm-0
"""


def said(text: str = "", code: int = 0) -> CommandResult:
    return CommandResult(returncode=code, stdout=text.encode())


def tree(**changed: Any) -> CommandResult:
    device = {
        "name": "sdb", "kname": "sdb", "path": PATH, "type": "disk", "size": 1073741824, "ro": False,
        "wwn": "0x6001405", "mountpoints": [None],
    }  # fmt: skip
    return said(json.dumps({"blockdevices": [device | changed]}))


def facts(**changed: Any) -> BlockDeviceFacts:
    replies: dict[Request, Reply] = {
        device_question(PATH): said("DEVNAME=/dev/sdb\nUUID=b669\nTYPE=ext4\n"),
        device_exists(PATH): said(),
        device_tree(PATH): tree(**changed),
        superblock(PATH): said(SUPERBLOCK),
        LINKS: said(NAMES, code=1),
    }
    assert set(replies) == set(device_requests(PATH))
    return device_facts(PATH, replies)


def test_what_the_tools_say() -> None:
    found = facts(mountpoints=["/srv/filestorage", None], ro=True)
    assert (found.exists, found.filesystem, found.uuid, found.partitions) == (True, "ext4", "b669", "")
    assert (found.node, found.kind, found.capacity_bytes, found.wwn) == ("sdb", "disk", 2**30, "0x6001405")
    assert (found.mounted_at, found.is_read_only) == (("/srv/filestorage",), True)
    assert found.has_errors
    assert found.free_bytes == 249189 * 4096
    # find(1) fails where /dev/mapper is missing, and has found the rest.
    assert found.names == {"/dev/disk/by-id/wwn-0x6001405", "/dev/disk/by-uuid/b669"}
    assert found.unit_ids == {"0x6001405"}


def test_nothing_is_known_where_nothing_answers() -> None:
    nobody = CommandResult(returncode=127)
    found = device_facts(PATH, dict.fromkeys(device_requests(PATH), nobody))
    assert found == BlockDeviceFacts(exists=False, path=PATH)
    assert not found.has_errors


def test_a_path_is_held_by_its_map() -> None:
    child = {"name": "files", "kname": "dm-0", "path": "/dev/mapper/files", "type": "mpath"}
    found = facts(children=[child])
    assert found.holders == (Holder(path="/dev/mapper/files", kind="mpath", node="dm-0"),)
    assert multipath_holder(found) == "/dev/mapper/files"
    assert multipath_holder(facts(children=[child | {"type": "lvm"}])) == ""


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/dev/sdb", True), ("/dev/sdab1", True), ("/dev/vda", True), ("/dev/nvme0n1p1", True),
        ("/dev/dm-0", True), ("/dev/mapper/mpatha", False), ("/dev/disk/by-uuid/1", False), ("/dev/lun", False),
        ("/dev/vg/files", False), ("/dev/sda/files", False),
    ],
)  # fmt: skip
def test_names_that_the_kernel_counts(path: str, *, changes: bool) -> None:
    assert may_change(path) is changes


def test_the_unit_comes_first_the_way_to_it_never() -> None:
    names = ("/dev/disk/by-uuid/1", "/dev/disk/by-path/pci-0", "/dev/disk/by-id/scsi-3", "/dev/mapper/files")
    assert best_names(names) == ("/dev/mapper/files", "/dev/disk/by-id/scsi-3", "/dev/disk/by-uuid/1")


def test_units_are_compared_by_ids_of_the_same_kind_only() -> None:
    unit, other = facts(), facts(wwn="0x6001406")
    silent = facts(wwn=None)
    assert not are_different_units(unit, unit)
    # By udev's link they are the same.
    assert not are_different_units(unit, silent)
    plain = BlockDeviceFacts(exists=True, path=PATH, wwn="0x1")
    assert are_different_units(plain, BlockDeviceFacts(exists=True, path=PATH, wwn="0x2"))
    assert not are_different_units(plain, BlockDeviceFacts(exists=True, path=PATH))
    assert not are_different_units(unit, other), "both are 0x6001405 by udev's link"


def test_other_disks_with_the_same_name_are_other_paths() -> None:
    found = facts()
    assert closer_requests(found, may_format=True) == (DISKS,)
    rows = [("sda", None), ("sdb", "0x6001405"), ("sdc", "0x6001405")]
    disks = [{"kname": name, "path": f"/dev/{name}", "type": "disk", "wwn": wwn} for name, wwn in rows]
    closer = closer_facts(found, {DISKS: said(json.dumps({"blockdevices": disks}))})
    assert closer.other_paths == ("/dev/sdc",)


@pytest.mark.parametrize(
    ("code", "mark", "is_zero", "is_begun"),
    [(0, bytes(SECTOR), True, False), (1, bytes(SECTOR), False, False), (1, BEGUN_MARK, False, True)],
)
def test_an_empty_device_is_looked_at_in_many_places(
    code: int, mark: bytes, *, is_zero: bool, is_begun: bool
) -> None:
    blank = BlockDeviceFacts(exists=True, path=PATH, capacity_bytes=2**30)
    assert closer_requests(blank, may_format=False) == ()
    requests = closer_requests(blank, may_format=True)
    assert len(requests) == 17
    replies: dict[Request, Reply] = dict.fromkeys(requests, said())
    replies[samples(blank)[-1]] = said(code=code)
    replies[last_sector(PATH, 2**30)] = CommandResult(returncode=0, stdout=mark)
    found = closer_facts(blank, replies)
    assert (found.is_zero, found.is_begun) == (is_zero, is_begun)
    assert all(isinstance(one, Command) and not one.changes_node for one in requests)
