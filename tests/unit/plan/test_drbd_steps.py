"""DRBD set up on empty disks, and what is left of that for later runs; nothing on a disk is overwritten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from plan_case import blueprint, facts, settings

from live_cluster.model.drbd import DrbdIdentifiers
from live_cluster.model.drbd_facts import DrbdFacts, DrbdResource
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.settings import DrbdDisk
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.build import stages
from live_cluster.plan.drbd_prerequisites import drbd_problems
from live_cluster.plan.resource_steps import cib_plan
from live_cluster.plan.step import Replies, Step
from live_cluster.remote.requests import Command, CommandResult, FileState, Request, WriteFile
from live_cluster.render.cib import configuration

WANTED = DrbdDisk(path="/dev/vdb", is_ready=False)
EMPTY = DrbdFacts(
    has_tools=True, module="8.4.11", is_block_device=True, minor=0, size_bytes=1 << 30, has_our_file=False
)
WITH_DATA = replace(
    EMPTY,
    has_our_file=True,
    signatures=("drbd", "ext4"),
    identifiers=DrbdIdentifiers(
        current="7622BD9FADB3F244", bitmap="0000000000000000", is_consistent=True, was_up_to_date=True
    ),
)
RAN = "version: 8.4.11 (api:1/proto:86-101)\n 0: cs:{} C r-----\n"
WHOLE = RAN.format("Connected ro:Secondary/Secondary ds:UpToDate/UpToDate")
FRESH = RAN.format("Connected ro:Secondary/Secondary ds:Inconsistent/Inconsistent")
COPYING = RAN.format("SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent")
MANAGED = b"""<clone id="filestorage-drbd-ms"><primitive id="filestorage-drbd"><instance_attributes>
    <nvpair name="drbd_resource" value="filestorage"/></instance_attributes></primitive></clone>"""
FAILED = RAN.format("Connected ro:Secondary/Primary ds:Diskless/UpToDate")


def seen(first: DrbdFacts = EMPTY, second: DrbdFacts = EMPTY, *, in_cib: bool = False) -> ClusterFacts:
    both = facts(configured=in_cib)
    cib = both.heads[0].cib
    if in_cib:
        cib = cib.replace(b"</resources>", MANAGED + b"</resources>")
    heads = (
        replace(both.heads[0], storage=first, cib=cib),
        replace(both.heads[1], storage=second, cib=cib),
    )
    return replace(both, heads=heads)


def plan(first: DrbdFacts = EMPTY, second: DrbdFacts = EMPTY, **more: Any) -> Blueprint:
    wish = settings(filestorage_device=more.pop("device", "drbd:/dev/vdb"))
    return blueprint(seen(first, second, **more), wish)


def steps(given: Blueprint, code: str) -> list[Step]:
    return [step for stage in stages(given) for step in stage.steps if step.code == code]


def proc(text: str) -> FileState:
    return FileState(exists=True, content=text.encode())


def said(text: str, returncode: int = 0) -> CommandResult:
    return CommandResult(returncode=returncode, stdout=text.encode())


def words(requests: tuple[Request, ...]) -> list[str]:
    return [str(one) for one in requests]


NOTHING = (proc(""), said("", 1), said(""))


def test_two_empty_disks_become_one_file_system_in_this_order() -> None:
    order = [
        (step.code, step.node)
        for stage in stages(plan())
        for step in stage.steps
        if step.code.startswith("drbd-") or step.code == "cib"
    ]
    assert order == [
        ("drbd-metadata", "ivcs-main-1"),
        ("drbd-metadata", "ivcs-main-2"),
        ("drbd-up", "ivcs-main-1"),
        ("drbd-up", "ivcs-main-2"),
        ("drbd-equal", "ivcs-main-1"),
        ("drbd-files", "ivcs-main-1"),
        ("cib", "ivcs-main-1"),
    ]


def test_the_resource_is_the_same_on_both_heads_and_closed_to_others() -> None:
    files = [
        action
        for step in steps(plan(), "file")
        for action in step.actions((FileState(exists=False), proc(""), said("")))
        if isinstance(action, WriteFile) and action.path.endswith(".res")
    ]
    assert [one.mode for one in files] == [0o600, 0o600]
    first, second = (one.content.decode() for one in files)
    assert "floating 10.81.1.1:7788;\n    floating 10.81.1.2:7788;" in first
    assert first.replace("ivcs-main-1 ivcs-main-2", "ivcs-main-2 ivcs-main-1") == second


def test_a_changed_resource_is_taken_over_by_the_drbd_that_runs_and_starts_none() -> None:
    step = next(one for one in steps(plan(), "file") if "filestorage.res" in str(one.title.fields))
    absent = FileState(exists=False)
    stopped = (absent, proc(""), said("drbdsetup new-resource filestorage\n"))
    assert [type(one) for one in step.actions(stopped)] == [WriteFile]
    write, adjust = step.actions((absent, proc(WHOLE), said("")))
    assert str(adjust) == "drbdadm adjust filestorage"
    assert isinstance(write, WriteFile)
    written = FileState(exists=True, content=write.content, mode=0o600, owner="root", group="root")
    assert step.check.holds((written, proc(""), said("drbdsetup new-resource filestorage\n")))
    assert step.check.holds((written, proc(WHOLE), said("")))
    # A run that ended between the two.
    assert not step.check.holds((written, proc(WHOLE), said("drbdsetup net-options\n")))


def test_systemd_leaves_drbd_to_the_cluster() -> None:
    handed = [step for step in steps(plan(), "service-handed-over") if "drbd" in str(step.title.fields)]
    assert {step.node for step in handed} == {"ivcs-main-1", "ivcs-main-2"}


def test_metadata_is_written_to_a_disk_with_nothing_on_it_and_to_no_other() -> None:
    step = steps(plan(), "drbd-metadata")[0]
    assert not step.check.holds(NOTHING)
    assert words(step.actions(NOTHING)) == ["drbdadm create-md --force filestorage"]
    # Somebody has put something there since the prerequisites were looked at.
    assert step.actions((proc(""), said("", 1), said("ext4\n"))) == ()


@pytest.mark.parametrize(
    "replies",
    [
        (proc(""), said("7622BD9FADB3F245:" + "0000000000000000:" * 3 + "1:1:1:0:0:0:0\n"), said("drbd\n")),
        (proc(WHOLE), said("", 20), said("drbd\next4\n")),
        (proc(COPYING), said("", 20), said("drbd\next4\n")),
    ],
)
def test_metadata_that_is_there_stays(replies: Replies) -> None:
    assert steps(plan(), "drbd-metadata")[0].check.holds(replies)


def test_a_new_disk_in_the_place_of_a_failed_one_is_attached_while_the_cluster_runs() -> None:
    step = steps(plan(WITH_DATA, EMPTY, in_cib=True), "drbd-metadata")[1]
    replies = (proc(FAILED), said("", 1), said(""))
    assert not step.check.holds(replies)
    assert words(step.actions(replies)) == [
        "drbdadm create-md --force filestorage",
        "drbdadm attach filestorage",
    ]


def test_once_the_cluster_has_it_nothing_is_started_declared_equal_or_formatted() -> None:
    given = plan(WITH_DATA, EMPTY, in_cib=True)
    assert len(steps(given, "drbd-metadata")) == 2
    for code in ("drbd-up", "drbd-equal", "drbd-files"):
        assert not steps(given, code)


def test_the_first_copy_is_left_out_only_between_disks_without_data() -> None:
    (step,) = steps(plan(), "drbd-equal")
    assert not step.check.holds((proc(FRESH),))
    assert words(step.actions((proc(FRESH),))) == ["drbdadm new-current-uuid --clear-bitmap filestorage"]
    # One side has data, and DRBD copies it.
    assert step.check.holds((proc(COPYING),))
    assert step.check.holds((proc(WHOLE),))


def test_the_side_with_data_is_the_source_after_an_interruption() -> None:
    given = plan(EMPTY, WITH_DATA)
    assert [step.node for step in steps(given, "drbd-equal") + steps(given, "drbd-files")] == [
        "ivcs-main-2",
        "ivcs-main-2",
    ]


def test_a_file_system_is_made_where_none_is_and_recognised_past_the_page_cache() -> None:
    (step,) = steps(plan(), "drbd-files")
    (question,) = step.check.requests
    assert isinstance(question, Command)
    assert "iflag=direct" in question.argv
    superblock = bytearray(4096)
    assert not step.check.holds((CommandResult(returncode=0, stdout=bytes(superblock)),))
    superblock[1080:1082] = b"\x53\xef"
    assert step.check.holds((CommandResult(returncode=0, stdout=bytes(superblock)),))
    made = words(step.actions(()))
    # What is on the mirrored device is looked at again before it is formatted.
    assert made.index("blkid --probe /dev/drbd0") < next(
        number for number, text in enumerate(made) if text.startswith("mkfs.ext4")
    )
    assert made[0] == "drbdadm primary filestorage"
    assert made[-1] == "drbdadm secondary filestorage"


def test_the_cluster_mounts_the_mirrored_device() -> None:
    wanted = cib_plan(plan()).files
    assert wanted is not None
    assert (wanted.mount.device, wanted.drbd_resource) == ("/dev/drbd0", "filestorage")
    tree = configuration(cib_plan(plan()))
    assert tree.find("resources/clone[@id='filestorage-drbd-ms']") is not None


def test_a_resource_of_the_administrators_is_mounted_under_its_own_name() -> None:
    made = DrbdResource(name="video", minors=(3,), ports=(7790,), protocol="C", fencing="resource-only")
    ready = replace(EMPTY, minor=3, resources=(made,))
    given = plan(ready, ready, device="/dev/drbd3")
    assert not steps(given, "drbd-metadata")
    files = cib_plan(given).files
    assert files is not None
    assert (files.mount.device, files.drbd_resource) == ("/dev/drbd3", "video")
    rules = [
        action.content.decode()
        for step in steps(given, "file")
        for action in step.actions((FileState(exists=False), said("")))
        if isinstance(action, WriteFile) and "filter.d" in action.path
    ]
    assert "-s 10.81.1.2/32 -p tcp -m tcp --dport 7790" in rules[0]


def codes(first: DrbdFacts, second: DrbdFacts = EMPTY, wanted: DrbdDisk = WANTED) -> list[str]:
    return [one.code for one in drbd_problems(wanted, seen(first, second))]


def test_two_empty_disks_are_welcome_and_so_is_what_we_made_of_them() -> None:
    assert codes(EMPTY) == []
    assert codes(WITH_DATA, WITH_DATA) == []
    assert codes(WITH_DATA, EMPTY) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"has_tools": False}, "package-missing"),
        ({"module": ""}, "drbd-no-module"),
        ({"module": "9.2.4"}, "drbd-module-version"),
        ({"is_block_device": False}, "drbd-disk-missing"),
        ({"holders": ("/srv",)}, "drbd-disk-in-use"),
        ({"signatures": ("ext4",)}, "drbd-disk-not-empty"),
        ({"identifiers": WITH_DATA.identifiers, "signatures": ("drbd",)}, "drbd-disk-not-empty"),
        ({"size_bytes": 32 << 20}, "drbd-disk-small"),
        ({"resources": (DrbdResource(name="r0", minors=(0,), ports=(7790,)),)}, "drbd-device-taken"),
        ({"resources": (DrbdResource(name="r0", minors=(1,), ports=(7788,)),)}, "drbd-port-taken"),
    ],
)
def test_each_thing_in_the_way_is_named(changed: dict[str, Any], code: str) -> None:
    assert codes(replace(EMPTY, **changed)) == [code]


def test_a_disk_that_the_data_does_not_fit_on_is_refused() -> None:
    assert codes(WITH_DATA, replace(EMPTY, size_bytes=1 << 29)) == ["drbd-disk-smaller"]
    # Different sizes are no matter where both are empty: the smaller one counts.
    assert codes(EMPTY, replace(EMPTY, size_bytes=1 << 29)) == []
    # The mirrored device may be smaller than its disk.
    small = replace(WITH_DATA, device_bytes=1 << 28)
    assert codes(small, replace(EMPTY, size_bytes=1 << 29)) == []


def test_a_resource_of_the_administrators_must_keep_what_was_acknowledged() -> None:
    wanted = DrbdDisk(path="/dev/drbd3", is_ready=True)
    good = DrbdResource(name="video", minors=(3,), ports=(7790,), protocol="C", fencing="resource-only")
    ready = replace(EMPTY, minor=3, resources=(good,))
    assert codes(ready, ready, wanted) == []
    assert codes(ready, replace(ready, resources=()), wanted) == ["drbd-not-configured"]
    bad = replace(ready, resources=(replace(good, protocol="A", fencing="", hosts=("mcu-1", "mcu-2")),))
    assert codes(bad, ready, wanted) == ["drbd-protocol", "drbd-without-fencing", "drbd-by-host-name"]
    other = replace(ready, resources=(replace(good, name="audio"),))
    assert codes(ready, other, wanted) == ["drbd-names-differ"]
