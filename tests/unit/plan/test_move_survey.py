"""What is asked about a move: the new storage's contents, wherever they can be seen before it is mounted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from plan_case import PROFILE, facts, settings

from live_cluster.apply.fleet import Fleet
from live_cluster.apply.storage_survey import Closer, looked_closer
from live_cluster.model.drbd_facts import DrbdFacts, DrbdResource
from live_cluster.model.facts import HeadFacts
from live_cluster.model.settings import ClusterSettings
from live_cluster.model.storage_facts import ShareFacts, ShareOutcome, StorageFacts
from live_cluster.model.storage_move import FormerMirror, LeftOver
from live_cluster.model.storage_orders import StorageOrders
from live_cluster.probes.block_device import device_tree
from live_cluster.probes.drbd_setup import CONFIGURED
from live_cluster.probes.storage_move import (
    HAS_RSYNC,
    LISTING,
    MARK_FILE,
    NEW_STORAGE,
    mark_text,
    mounted_source,
    usage,
)
from live_cluster.remote.requests import CommandResult, FileState, Reply, Request

HEADS = ("ivcs-main-1", "ivcs-main-2")
MOUNT_POINT = "/srv/filestorage"
FAILED = CommandResult(returncode=1)
DRBD = DrbdFacts(has_tools=True, module="8.4.11", is_block_device=True, minor=0)
SHARE = ShareFacts(outcome=ShareOutcome.GOOD)


def said(text: str = "") -> CommandResult:
    return CommandResult(returncode=0, stdout=text.encode())


class Answers:
    """A server that knows these answers, and fails at everything else."""

    def __init__(self, known: Mapping[Request, Reply]) -> None:
        self._known = known

    async def ask_all(self, requests: Sequence[Request]) -> tuple[Reply, ...]:
        return tuple(self._known.get(one, FAILED) for one in requests)


def cib(device: str, fstype: str = "ext4", mirror: str = "") -> bytes:
    drbd = f"""<clone id="filestorage-drbd-ms"><primitive id="filestorage-drbd"><instance_attributes>
        <nvpair name="drbd_resource" value="{mirror}"/></instance_attributes></primitive></clone>"""
    return f"""<cib><configuration><resources><primitive id="filestorage-fs"><instance_attributes>
        <nvpair name="device" value="{device}"/><nvpair name="fstype" value="{fstype}"/>
        <nvpair name="options" value="noatime"/></instance_attributes></primitive>{drbd if mirror else ""}
        </resources></configuration></cib>""".encode()


def survey(
    wanted: str,
    running: bytes,
    storage: StorageFacts,
    known: Mapping[Request, Reply],
    *,
    left: LeftOver | None = None,
) -> Closer:
    """The second head has the files."""
    given: ClusterSettings = replace(
        settings(filestorage_device=wanted), storage_orders=StorageOrders(may_move=True, new_uuid="run-1")
    )
    first, second = facts(configured=True).heads

    def head(one: HeadFacts) -> HeadFacts:
        return replace(one, cib=running, storage=storage, left=left or one.left)

    common: dict[Request, Reply] = {HAS_RSYNC: said()}
    servers: dict[str, Any] = {
        HEADS[0]: Answers(common | {one: reply for one, reply in known.items() if one == CONFIGURED}),
        HEADS[1]: Answers(
            common
            | {mounted_source(MOUNT_POINT): said("x\n"), usage(MOUNT_POINT): said("Used IUsed\n1048576 20\n")}
            | dict(known)
        ),
    }
    fleet = Fleet(servers, HEADS[0])
    return asyncio.run(looked_closer(fleet, (head(first), head(second)), given, PROFILE))


def tree(*places: str) -> CommandResult:
    shown = ",".join(f'"{place}"' for place in places) or "null"
    return said(f'{{"blockdevices": [{{"kname": "drbd0", "mountpoints": [{shown}]}}]}}')


def test_a_share_says_what_it_holds_when_it_is_tried() -> None:
    mark = mark_text(origin="/dev/lun", copied="run-0").decode()
    move = survey("192.0.2.5:/x", cib("/dev/lun"), replace(SHARE, names=("a",), mark=mark), {}).move
    assert move is not None
    assert (move.holder, move.fstype, move.entries, move.begun_from) == (HEADS[1], "ext4", ("a",), "/dev/lun")
    assert (move.used_bytes, move.files) == (1048576, 20)
    assert not move.is_from_network


def test_a_nas_that_is_left_is_known_by_its_file_system() -> None:
    move = survey("192.0.2.5:/x", cib("//192.0.2.5/y", "cifs"), SHARE, {}).move
    assert move is not None
    assert move.is_from_network


def test_what_an_earlier_run_has_mounted_is_looked_at_in_its_place() -> None:
    mark = FileState(exists=True, content=mark_text(origin="/dev/lun"))
    known: dict[Request, Reply] = {
        device_tree("/dev/drbd0"): tree(NEW_STORAGE), LISTING: said("film\n"), MARK_FILE: mark,
    }  # fmt: skip
    move = survey("drbd:/dev/vdb", cib("/dev/lun"), DRBD, known).move
    assert move is not None
    assert (move.entries, move.begun_from, move.in_use) == (("film",), "/dev/lun", ())


def test_a_mirrored_device_in_use_is_told_with_its_place() -> None:
    move = survey("drbd:/dev/vdb", cib("/dev/lun"), DRBD, {device_tree("/dev/drbd0"): tree("/home")}).move
    assert move is not None
    assert move.in_use == ("ivcs-main-2: /home",)


def test_drbd_that_does_not_run_is_not_lost() -> None:
    found = survey("/dev/lun2", cib("/dev/drbd0", mirror="filestorage"), DRBD, {})
    assert found.move is not None
    assert found.move.lost_on == frozenset()


def test_drbds_own_name_of_what_is_mounted_is_no_other_storage() -> None:
    ours = DrbdResource(name="filestorage", minors=(0,), ports=(7788,))
    ready = replace(DRBD, resources=(ours,))
    found = survey("/dev/drbd/by-res/filestorage/0", cib("/dev/drbd0", mirror="filestorage"), ready, {})
    assert found.move is not None
    assert found.move.is_same
    assert found.former_mirror is None


def test_what_is_left_of_drbd_is_known_as_long_as_the_cluster_has_it() -> None:
    left = LeftOver(mirrored_disk="/dev/vdb")
    # The files are elsewhere already: an interrupted run came that far.
    found = survey("/dev/lun2", cib("/dev/lun2", mirror="filestorage"), SHARE, {}, left=left)
    assert found.move is None
    assert found.former_mirror == FormerMirror(
        resource="filestorage", is_ours=True, ports=(7788,), disks=tuple((name, "/dev/vdb") for name in HEADS)
    )
    assert survey("/dev/lun2", cib("/dev/lun2"), SHARE, {}, left=left).former_mirror is None


def test_a_mirror_of_the_administrators_is_described_by_drbd() -> None:
    dump = """<config><resource name="video"><host name="a"><volume vnr="0"><device minor="3"/><disk>/dev/vdx</disk>
        </volume><address port="7790">10.0.0.1</address></host></resource></config>"""
    found = survey("/dev/lun2", cib("/dev/drbd3", mirror="video"), SHARE, {CONFIGURED: said(dump)})
    assert found.former_mirror == FormerMirror(
        resource="video", is_ours=False, ports=(7790,), disks=tuple((name, "/dev/vdx") for name in HEADS)
    )
