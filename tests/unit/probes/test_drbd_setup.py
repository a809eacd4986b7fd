"""What a head's disk is to DRBD and to us, from what its tools print."""

from __future__ import annotations

from dataclasses import replace

import pytest

from live_cluster.model.drbd import DrbdIdentifiers, DrbdState
from live_cluster.model.drbd_facts import DiskUse, DrbdFacts, DrbdResource, has_data
from live_cluster.model.settings import DrbdDisk
from live_cluster.probes.drbd_setup import drbd_facts, drbd_requests, holders_in, resources_in
from live_cluster.remote.requests import Command, CommandResult, FileState, ReadFile, Reply, Request

# drbdadm-84 of drbd-utils 9.22.0; shortened.
DUMP = """\
<config file="/etc/drbd.conf">
    <common><section name="net"><option name="protocol" value="A"/></section></common>
    <resource name="filestorage" conf-file-line="/etc/drbd.d/live-cluster-filestorage.res:3">
        <host floating="1">
            <volume vnr="0">
                <device minor="0">/dev/drbd0</device>
                <disk>/dev/vdb</disk>
                <meta-disk>internal</meta-disk>
            </volume>
            <address family="ipv4" port="7788">10.81.1.1</address>
        </host>
        <host floating="1">
            <volume vnr="0">
                <device minor="0">/dev/drbd0</device>
            </volume>
            <address family="ipv4" port="7788">10.81.1.2</address>
        </host>
        <section name="net"><option name="protocol" value="C"/></section>
        <section name="disk"><option name="fencing" value="resource-and-stonith"/></section>
    </resource>
    <resource name="backup">
        <host name="mcu-1">
            <volume vnr="0"><device minor="5">/dev/drbd5</device></volume>
            <address family="ipv4" port="7790">10.81.1.1</address>
        </host>
    </resource>
</config>
"""
# lsblk of util-linux 2.38.
MOUNTED = """{"blockdevices": [{"path": "/dev/vdb", "type": "disk", "mountpoints": [null], "children": [
    {"path": "/dev/vdb1", "type": "part", "mountpoints": ["/srv"]}]}]}"""
MIRRORED = """{"blockdevices": [{"path": "/dev/vdb", "type": "disk", "mountpoints": [null]},
    {"path": "/dev/drbd0", "type": "disk", "mountpoints": ["/srv/filestorage"]}]}"""
BUILT_ON = MIRRORED.replace("drbd0", "mapper/vg-video")
SWAP = '{"blockdevices": [{"path": "/dev/vdb", "type": "disk", "mountpoints": ["[SWAP]"]}]}'
NEW = DrbdIdentifiers(current="0000000000000004", bitmap="0000000000000000")
USED = DrbdIdentifiers(current="7622BD9FADB3F244", bitmap="0000000000000000", is_consistent=True)
EMPTY = DrbdFacts(has_tools=True, module="8.4.11", is_block_device=True, minor=0, size_bytes=1 << 30)


def test_resources_are_found_by_their_device() -> None:
    ours, other = resources_in(DUMP)
    assert ours == DrbdResource(
        name="filestorage",
        minors=(0,),
        ports=(7788,),
        protocol="C",
        fencing="resource-and-stonith",
        disks=("/dev/vdb",),
    )
    assert (other.minors, other.ports, other.hosts, other.protocol) == ((5,), (7790,), ("mcu-1",), "")
    assert replace(EMPTY, resources=(ours, other), minor=5).resource == other
    assert not list(resources_in("no resources defined!"))


def test_what_stands_on_a_disk_is_seen_and_drbd_itself_is_not_in_the_way() -> None:
    assert list(holders_in(MOUNTED)) == ["/dev/vdb1"]
    assert list(holders_in(SWAP)) == ["[SWAP]"]
    assert list(holders_in(BUILT_ON)) == ["/dev/mapper/vg-video"]
    assert not list(holders_in(MIRRORED))
    assert not list(holders_in(""))


@pytest.mark.parametrize(
    ("changed", "use"),
    [
        ({}, DiskUse.EMPTY),
        ({"is_block_device": False}, DiskUse.MISSING),
        ({"signatures": ("ext4",)}, DiskUse.FOREIGN),
        ({"holders": ("/dev/vdb1",), "signatures": ("gpt",)}, DiskUse.IN_USE),
        # Metadata without our file: of a head that was installed anew, or of somebody else's resource.
        ({"identifiers": USED, "signatures": ("drbd", "ext4")}, DiskUse.FOREIGN),
        ({"has_our_file": True}, DiskUse.EMPTY),
        ({"has_our_file": True, "identifiers": NEW, "signatures": ("drbd",)}, DiskUse.NEW),
        ({"has_our_file": True, "identifiers": USED, "signatures": ("drbd", "ext4")}, DiskUse.OURS),
        # While DRBD has the disk, nobody else can read its metadata.
        (
            {
                "has_our_file": True,
                "signatures": ("drbd",),
                "state": DrbdState(connection="Connected", disk="UpToDate", peer_disk="UpToDate"),
            },
            DiskUse.OURS,
        ),
        (
            {
                "has_our_file": True,
                "state": DrbdState(connection="Connected", disk="Inconsistent", peer_disk="Inconsistent"),
            },
            DiskUse.NEW,
        ),
        # A disk that has failed was taken away from DRBD; the one in its place is empty.
        (
            {
                "has_our_file": True,
                "state": DrbdState(connection="Connected", disk="Diskless", peer_disk="UpToDate"),
            },
            DiskUse.EMPTY,
        ),
    ],
)
def test_a_disk_is_ours_only_with_our_file(changed: dict[str, object], use: DiskUse) -> None:
    assert replace(EMPTY, **changed).use is use  # type: ignore[arg-type]


def test_only_whole_data_is_copied_from() -> None:
    ours = replace(EMPTY, has_our_file=True)
    assert has_data(replace(ours, identifiers=USED))
    assert not has_data(replace(ours, identifiers=NEW))
    assert not has_data(replace(ours, identifiers=USED._replace(is_consistent=False)))
    target = DrbdState(connection="SyncTarget", disk="Inconsistent", peer_disk="UpToDate")
    assert not has_data(replace(ours, state=target))
    assert has_data(replace(ours, state=target._replace(disk="UpToDate")))


def answer(request: Request) -> Reply:
    if isinstance(request, ReadFile):
        text = {"/proc/drbd": "version: 8.4.11 (api:1/proto:86-101)\n", "/sys/block/drbd0/size": "2097152\n"}
        content = text.get(request.path, 'resource filestorage { disk "/dev/vdb"; }')
        return FileState(exists=True, content=content.encode())
    assert isinstance(request, Command)
    texts = {
        "dpkg-query": "installed",
        "modinfo": "8.4.11\n",
        "drbdadm": DUMP,
        "readlink": "/dev/drbd5\n",
        "blockdev": "1073741824\n",
        "wipefs": "drbd\next4\n",
        "lsblk": MIRRORED,
        "drbdmeta": "7622BD9FADB3F245:" + "0000000000000000:" * 3 + "1:1:1:0:0:0:0\n",
    }
    return CommandResult(returncode=0, stdout=texts.get(request.argv[0], "").encode())


def test_all_answers_become_one_value() -> None:
    wanted = DrbdDisk(path="/dev/vdb", is_ready=False)
    seen = drbd_facts(wanted, {one: answer(one) for one in drbd_requests(wanted)})
    assert (seen.has_tools, seen.module, seen.minor, seen.use) == (True, "8.4.11", 0, DiskUse.OURS)
    assert (seen.size_bytes, seen.device_bytes, seen.signatures) == (1 << 30, 1 << 30, ("drbd", "ext4"))
    assert seen.ours is not None


def test_a_device_that_is_there_is_known_by_its_number() -> None:
    wanted = DrbdDisk(path="/dev/drbd/by-res/backup/0", is_ready=True)
    seen = drbd_facts(wanted, {one: answer(one) for one in drbd_requests(wanted)})
    assert seen.resource is not None
    assert seen.resource.name == "backup"


def test_no_question_changes_a_disk() -> None:
    requests = drbd_requests(DrbdDisk(path="/dev/vdb", is_ready=False))
    assert not any(isinstance(one, Command) and one.changes_node for one in requests)
