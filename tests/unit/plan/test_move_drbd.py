"""Moving files to and from DRBD: made writable without Pacemaker, left in an orderly way, never a zombie."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree
from plan_case import PROFILE, blueprint, facts, settings
from test_drbd_steps import EMPTY, FRESH, RAN, WHOLE, proc, said, words
from test_storage_change import MOVE, NEW, ORDERED

from live_cluster.model.drbd import RESOURCE, RESOURCE_FILE
from live_cluster.model.drbd_facts import DrbdFacts, DrbdResource
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.storage_facts import StorageFacts
from live_cluster.model.storage_move import FormerMirror, LeftOver, MoveFacts
from live_cluster.model.storage_orders import StorageOrders
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.build import stages
from live_cluster.plan.move_steps import hand_over_steps, left_over_steps
from live_cluster.plan.resource_steps import Mirrored, cib_plan, mirrored_now
from live_cluster.plan.step import Step
from live_cluster.probes.storage_move import NEW_STORAGE
from live_cluster.remote.requests import Command, CommandResult, FileState, RemoveFile, WriteFile
from live_cluster.render.cib import configuration
from live_cluster.render.cib_difference import merged
from live_cluster.render.cib_pause import end_of_pause
from live_cluster.render.cib_storage import mounted_by

FIRST, SECOND = "ivcs-main-1", "ivcs-main-2"
ADMINS = DrbdResource(name="video", minors=(3,), ports=(7790,), protocol="C", fencing="resource-only")
READY = replace(EMPTY, minor=3, resources=(ADMINS,))
PRIMARY = RAN.format("Connected ro:Primary/Secondary ds:UpToDate/UpToDate")
FORMER = FormerMirror(
    resource=RESOURCE, is_ours=True, ports=(7788,), disks=((FIRST, "/dev/vdb"), (SECOND, "/dev/vdb"))
)
FAILED = CommandResult(returncode=1)
NO_ORDERS = StorageOrders()


def seen(
    storage: StorageFacts,
    *,
    cib: bytes = b"",
    left: LeftOver | None = None,
    move: MoveFacts | None = MOVE,
    former: FormerMirror | None = None,
) -> ClusterFacts:
    both = facts(configured=True)
    first, second = (
        replace(head, storage=storage, cib=cib or head.cib, left=left or head.left) for head in both.heads
    )
    return replace(both, heads=(first, second), move=move, former_mirror=former)


def plan(device: str, of: ClusterFacts, orders: StorageOrders = ORDERED) -> Blueprint:
    return blueprint(of, replace(settings(filestorage_device=device), storage_orders=orders))


def to_disk(storage: DrbdFacts = EMPTY, **more: Any) -> Blueprint:
    return plan("drbd:/dev/vdb", seen(storage, **more))


def from_disk(**more: Any) -> Blueprint:
    """The cluster mounts /dev/drbd0, or did until a moment ago."""
    given = {"move": replace(MOVE, former="/dev/drbd0"), "former": FORMER, "cib": mirrored()}
    return plan("/dev/lun2", seen(NEW, left=LeftOver(mirrored_disk="/dev/vdb"), **given | more))


def mirrored() -> bytes:
    """The running configuration with DRBD in it."""
    tree = configuration(cib_plan(plan("drbd:/dev/vdb", seen(EMPTY, move=None))))
    return merged(facts(configured=True).heads[0].cib, tree)


def codes(given: Blueprint) -> list[tuple[str, str]]:
    return [(step.code, step.node) for stage in stages(given) for step in stage.steps]


def named(given: Blueprint, code: str) -> list[Step]:
    return [step for stage in stages(given) for step in stage.steps if step.code == code]


def resource_files(given: Blueprint) -> list[str]:
    """What is written in the order of the steps."""
    steps = [one for one in named(given, "file") if RESOURCE_FILE in str(one.title.fields)]
    writes = (one.actions((FileState(exists=False), proc(""), said("")))[0] for one in steps)
    return [one.content.decode() for one in writes if isinstance(one, WriteFile)]


# -- to DRBD ----------------------------------------------------------------------------------------------------


def test_both_disks_are_prepared_before_anything_is_copied_and_the_cluster_gets_them_afterwards() -> None:
    order = [code for code, _ in codes(to_disk())]
    wanted = [
        "drbd-metadata", "drbd-up", "drbd-equal", "drbd-files", "move-unmounted", "move-mounted", "move-copied",
        "move-verified", "move-mirrored", "move-last-pass", "move-compared", "cib",
    ]  # fmt: skip
    places = [order.index(code) for code in wanted]
    assert places == sorted(places)
    tree = configuration(cib_plan(to_disk()))
    assert tree.find("resources/clone[@id='filestorage-drbd-ms']") is not None


def test_who_copies_makes_the_device_writable_first_and_gives_that_up_last() -> None:
    (mounted,) = named(to_disk(), "move-mounted")
    assert [one.split()[:3] for one in words(mounted.actions((FAILED, FAILED)))] == [
        ["drbdadm", "primary", "filestorage"],
        ["mkdir", "-p", "-m"],
        ["mount", "-t", "ext4"],
    ]
    last = named(to_disk(), "move-unmounted")[-1]
    assert last.node == FIRST
    assert last.foreseen
    assert words(last.actions((said("/dev/drbd0\n"), proc(PRIMARY)))) == [
        f"umount {NEW_STORAGE}",
        "udevadm settle",
        "drbdadm secondary filestorage",
    ]
    # Killed between the two.
    assert not last.check.holds((FAILED, proc(PRIMARY)))
    assert words(last.actions((FAILED, proc(PRIMARY)))) == ["udevadm settle", "drbdadm secondary filestorage"]
    assert last.check.holds((FAILED, proc(WHOLE)))


def test_the_other_head_gives_up_what_an_earlier_run_left_writable_there() -> None:
    given = to_disk(move=replace(MOVE, holder=SECOND))
    _, step = left_over_steps(given)
    assert step.node == FIRST
    assert not step.check.holds((FAILED, proc(PRIMARY)))
    assert step.check.holds((FAILED, proc(FRESH)))
    assert {one.node for one in named(given, "move-mounted")} == {SECOND}


def test_the_services_do_not_stop_before_both_disks_have_everything() -> None:
    step, again = named(to_disk(), "move-mirrored")
    order = [code for code, _ in codes(to_disk())]
    assert order.index("move-mirrored") < order.index("move-last-pass")
    assert again.deadline_s < step.deadline_s
    assert step.check.holds((proc(PRIMARY),))
    copying = RAN.format("SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent")
    assert not step.check.holds((proc(copying),))
    assert step.check.missing is not None
    assert step.check.missing((proc(copying),)) == "SyncSource UpToDate/Inconsistent"


def test_what_was_written_last_is_on_both_disks_before_the_cluster_takes_it_over() -> None:
    still, *_ = hand_over_steps(to_disk())
    assert still.node == FIRST
    assert still.foreseen
    assert still.check.holds((proc(PRIMARY),))
    assert not still.check.holds((proc(RAN.format("WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown")),))
    # The services are stopped by then, and start again where it does not come about.
    assert [one.stdin for one in still.undo if isinstance(one, Command)] == [
        end_of_pause("samba"),
        end_of_pause("ivcs-server"),
    ]
    assert not hand_over_steps(plan("/dev/drbd3", seen(READY, move=None)))


def test_until_the_cluster_has_it_a_lost_head_does_not_stop_the_copy_for_ever() -> None:
    filled = resource_files(to_disk())
    assert ["fencing dont-care;" in one for one in filled] == [True, True, False, False]
    assert ["fencing resource-and-stonith;" in one for one in filled] == [False, False, True, True]
    order = [
        (code, node)
        for code, node in codes(to_disk())
        if code in ("file", "move-unmounted", "cib") and node == SECOND
    ]
    assert order.index(("file", SECOND)) < order.index(("move-unmounted", SECOND))
    # It happens while the services are stopped: they start again, should it fail.
    later = [one for one in named(to_disk(), "file") if one.undo]
    assert [one.node for one in later] == [FIRST, SECOND]
    for one in later:
        assert [request.stdin for request in one.undo if isinstance(request, Command)] == [
            end_of_pause("samba"),
            end_of_pause("ivcs-server"),
        ]
        assert one.foreseen
    # A first run, and one in which nothing moves, have nothing to change there.
    assert len(resource_files(plan("drbd:/dev/vdb", seen(EMPTY, move=None)))) == 2


def test_a_device_of_the_administrators_is_started_filled_and_not_touched_otherwise() -> None:
    given = plan("/dev/drbd3", seen(READY))
    assert not named(given, "drbd-metadata")
    up, _ = named(given, "drbd-up")
    assert words(up.actions(())) == ["modprobe drbd", "drbdadm adjust video"]
    assert not up.check.holds((proc(WHOLE),))
    assert up.check.holds((proc(WHOLE.replace(" 0: cs", " 3: cs")),))
    (mounted,) = named(given, "move-mounted")
    assert words(mounted.actions((FAILED, FAILED)))[0] == "drbdadm primary video"
    # Where nothing is moved, starting it is Pacemaker's affair.
    assert not named(plan("/dev/drbd3", seen(READY, move=None)), "drbd-up")


def test_from_one_drbd_to_another_the_cluster_changes_over_in_one_step() -> None:
    given = plan(
        "/dev/drbd3", seen(READY, cib=mirrored(), move=replace(MOVE, former="/dev/drbd0"), former=FORMER)
    )
    assert mirrored_now(given) is Mirrored.AS_WANTED
    assert named(given, "drbd-up")
    assert not named(given, "drbd-stopped")
    wanted = cib_plan(given).files
    assert wanted is not None
    assert (wanted.drbd_resource, wanted.mount.device) == ("video", "/dev/drbd3")


# -- a move that is given up ------------------------------------------------------------------------------------


def test_a_run_that_does_not_go_on_with_a_move_cleans_up_after_it() -> None:
    left = LeftOver(mirrored_disk="/dev/vdb", being_filled="/dev/drbd0")
    given = plan("/dev/lun", seen(NEW, left=left, move=None), NO_ORDERS)
    found = [(code, node) for code, node in codes(given) if code in ("move-unmounted", "drbd-set-aside")]
    assert found == [
        (code, node) for code in ("move-unmounted", "drbd-set-aside") for node in (FIRST, SECOND)
    ]
    step = named(given, "move-unmounted")[0]
    assert words(step.actions((said("/dev/drbd0\n"), proc(PRIMARY))))[-1] == "drbdadm secondary minor-0"
    (aside, _) = named(given, "drbd-set-aside")
    there = FileState(exists=True)
    assert not aside.check.holds((there, proc("")))
    down, remove = aside.actions((there, proc(WHOLE)))
    assert str(down) == "drbdadm down filestorage"
    assert remove == RemoveFile(path=RESOURCE_FILE, set_aside=given.set_aside)
    assert aside.actions((there, proc(""))) == (remove,)
    assert aside.check.holds((FileState(exists=False), proc("")))


def test_a_run_without_anything_left_has_nothing_to_clean_up() -> None:
    found = {code for code, _ in codes(plan("/dev/lun", seen(NEW, move=None), NO_ORDERS))}
    assert not found & {"move-unmounted", "drbd-set-aside", "drbd-stopped", "drbd-taken-out"}


def test_what_the_cluster_uses_is_no_leftover() -> None:
    # Under DRBD's own name of the device that `drbd:/dev/vdb` has made.
    ours = replace(ADMINS, name=RESOURCE, minors=(0,), ports=(7788,))
    used = replace(EMPTY, resources=(ours,))
    given = plan(
        "/dev/drbd0",
        seen(
            used,
            cib=mirrored(),
            left=LeftOver(mirrored_disk="/dev/vdb"),
            move=None,
        ),
        NO_ORDERS,
    )
    assert not named(given, "drbd-set-aside")


# -- from DRBD --------------------------------------------------------------------------------------------------


def firewall(given: Blueprint, node: str) -> list[bool]:
    """For each time that the head's rules are written: is DRBD's port open to the other head?"""
    steps = [one for one in named(given, "file") if one.node == node and "filter.d" in str(one.title.fields)]
    writes = (one.actions((FileState(exists=False), said("")))[0] for one in steps)
    return [b"--dport 7788" in one.content for one in writes if isinstance(one, WriteFile)]


def test_the_files_leave_then_drbd_stops_then_it_is_taken_out_set_aside_and_its_port_closed() -> None:
    given = from_disk()
    order = [code for code, _ in codes(given)]
    places = [
        order.index(code)
        for code in ("move-compared", "cib", "drbd-stopped", "drbd-taken-out", "drbd-set-aside")
    ]
    assert places == sorted(places)
    # What the run would be told to do is kept before: a run that ends here is gone on with by any later one.
    assert max(n for n, code in enumerate(order) if code == "drbd-stopped") > order.index("cib")
    assert firewall(given, FIRST) == [True, False]
    assert firewall(from_disk(former=None, move=None, cib=facts(configured=True).heads[0].cib), FIRST) == [
        False
    ]


def test_as_long_as_files_are_mounted_from_it_drbd_is_as_it_was() -> None:
    given = from_disk()
    assert mirrored_now(given) is Mirrored.KEPT
    (step,) = named(given, "cib")
    write = next(
        one
        for one in step.actions((CommandResult(returncode=0, stdout=mirrored()),))
        if isinstance(one, WriteFile) and one.path.endswith("cib-new.xml")
    )
    mount = mounted_by(write.content, PROFILE.resources.filestorage_filesystem)
    assert mount is not None
    assert mount.device == "/dev/lun2"
    root = etree.fromstring(write.content)
    assert root.find(".//rsc_order[@id='live-cluster-drbd-before-files']") is not None
    assert (
        root.find(".//clone[@id='filestorage-drbd-ms']/meta_attributes/nvpair[@name='target-role']") is None
    )


def test_a_run_after_an_interruption_first_waits_for_the_files_to_have_left() -> None:
    given = from_disk(move=None, cib=merged(mirrored(), configuration(cib_plan(from_disk()))))
    assert mirrored_now(given) is Mirrored.KEPT
    order = [code for code, _ in codes(given)]
    assert order.index("resources-running") < order.index("drbd-stopped")
    (step,) = named(given, "drbd-stopped")
    settle, *_ = step.actions((CommandResult(returncode=0, stdout=mirrored()), said("")))
    assert isinstance(settle, Command)
    assert settle.argv[:2] == ("crm_resource", "--wait")


def test_a_run_after_an_interruption_does_not_start_it_again() -> None:
    leaving = merged(mirrored(), configuration(cib_plan(from_disk(), Mirrored.LEAVING)))
    given = from_disk(move=None, cib=leaving)
    assert mirrored_now(given) is Mirrored.LEAVING
    tree = configuration(cib_plan(given))
    assert tree.find(".//clone[@id='filestorage-drbd-ms']//nvpair[@name='target-role']") is not None
    assert {"drbd-stopped", "drbd-taken-out", "drbd-set-aside"} <= {code for code, _ in codes(given)}
    assert not named(given, "move-copied")


VIEW = """<pacemaker-result><summary><stack type="corosync"/><current_dc present="true"/></summary><nodes/>
<resources><clone id="filestorage-drbd-ms" multi_state="true">
<resource id="filestorage-drbd" resource_agent="ocf:linbit:drbd" role="{role}" active="{active}" orphaned="false"
 blocked="false" managed="true" failed="false" failure_ignored="false" nodes_running_on="{count}">
{node}</resource></clone></resources><status code="0"/></pacemaker-result>"""


def test_it_has_stopped_when_pacemaker_says_so() -> None:
    (step,) = named(from_disk(), "drbd-stopped")
    leaving = merged(mirrored(), configuration(cib_plan(from_disk(), Mirrored.LEAVING)))
    runs = said(
        VIEW.format(
            role="Promoted", active="true", count=1, node='<node name="ivcs-main-1" id="1" cached="1"/>'
        )
    )
    stopped = said(VIEW.format(role="Stopped", active="false", count=0, node=""))
    cib = CommandResult(returncode=0, stdout=leaving)
    assert step.check.holds((cib, stopped))
    assert not step.check.holds((cib, runs))
    assert not step.check.holds((CommandResult(returncode=0, stdout=mirrored()), stopped))
    assert not step.check.holds((FAILED, stopped))
    out = merged(leaving, configuration(cib_plan(from_disk(), Mirrored.AS_WANTED)))
    assert step.check.holds((CommandResult(returncode=0, stdout=out), stopped))
    (taken,) = named(from_disk(), "drbd-taken-out")
    assert taken.check.holds((CommandResult(returncode=0, stdout=out),))
    assert not taken.check.holds((cib,))


@pytest.mark.parametrize("device", ["/dev/lun2", "/dev/drbd3"])
def test_a_mirror_of_the_administrators_keeps_its_configuration(device: str) -> None:
    former = replace(FORMER, resource="audio", is_ours=False)
    storage: StorageFacts = NEW if device == "/dev/lun2" else READY
    given = plan(device, seen(storage, move=replace(MOVE, former="/dev/drbd5"), former=former))
    assert not named(given, "drbd-set-aside")
