"""Moving the file storage: what is done on which head, what is left alone, and what ends by itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from lxml import etree
from plan_case import blueprint
from test_storage_change import MOVE, NOTHING_ORDERED, seen, wish

from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.build import stages
from live_cluster.plan.copying import (
    VANISHED,
    Way,
    compare_command,
    copy_command,
    files_copied,
)
from live_cluster.plan.move_steps import after_move_steps, left_over_steps, move_steps
from live_cluster.plan.resource_steps import cib_plan
from live_cluster.plan.step import Impact, Replies, Step
from live_cluster.probes.storage_move import MARK, NEW_STORAGE, mark_text
from live_cluster.remote.requests import Command, CommandResult, FileState, RemoveFile, Request, WriteFile
from live_cluster.render import cib
from live_cluster.render.cib_difference import merged
from live_cluster.render.cib_pause import end_of_pause, pause_id

TOKEN = "run-1"
OK, FAILED = CommandResult(returncode=0), CommandResult(returncode=1)


def plan(**changed: object) -> Blueprint:
    return blueprint(seen(replace(MOVE, **changed)), wish())  # type: ignore[arg-type]


def steps(**changed: object) -> dict[str, Step]:
    return {step.code: step for step in move_steps(plan(**changed))}


def said(text: str) -> CommandResult:
    return CommandResult(returncode=0, stdout=text.encode())


def mark(**values: str) -> FileState:
    return FileState(exists=True, content=mark_text(**values)) if values else FileState(exists=False)


def programs(step: Step, replies: Replies) -> list[str]:
    """The actions by their programs, or by their kind."""
    return [
        ("rsync" if "rsync" in one.argv else one.argv[0]) if isinstance(one, Command) else type(one).__name__
        for one in step.actions(replies)
    ]


def test_all_is_done_where_the_former_storage_is_mounted() -> None:
    order = [
        "move-mounted",
        "move-copied",
        "move-verified",
        "move-last-pass",
        "move-compared",
        "move-unmounted",
    ]
    for holder, other in (("ivcs-main-1", "ivcs-main-2"), ("ivcs-main-2", "ivcs-main-1")):
        of = plan(holder=holder)
        assert [step.code for step in move_steps(of)] == order
        assert {step.node for step in move_steps(of)} == {holder}
        assert [step.node for step in left_over_steps(of)] == [holder, other]


def test_only_the_last_changes_cost_an_outage_whose_length_is_told() -> None:
    of = steps(files=500_000)
    impacts = {code: step.impact for code, step in of.items()}
    assert {code for code, impact in impacts.items() if impact is not Impact.NONE} == {"move-last-pass"}
    assert impacts["move-last-pass"] is Impact.OUTAGE
    assert of["move-last-pass"].title.field("seconds") == 115


def test_nothing_is_moved_unless_it_was_asked_for() -> None:
    for of in (blueprint(seen(), wish(NOTHING_ORDERED)), blueprint(seen(None), wish())):
        assert move_steps(of) == left_over_steps(of) == ()
    assert after_move_steps(blueprint(seen(), wish(NOTHING_ORDERED))) == ()


def test_the_new_storage_is_filled_before_the_cluster_knows_of_it() -> None:
    codes = [step.code for stage in stages(plan()) for step in stage.steps]
    assert codes.index("move-unmounted") < codes.index("move-mounted") < codes.index("move-compared")
    assert codes.index("move-compared") < codes.index("cib") < codes.index("resources-running")


def test_another_device_that_is_mounted_there_gives_way() -> None:
    step = steps()["move-mounted"]
    ours, not_ours = (
        said(json.dumps({"blockdevices": [{"kname": "sdc", "mountpoints": [where]}]}))
        for where in (NEW_STORAGE, None)
    )
    assert step.check.holds((said("/dev/sdc\n"), ours))
    for source, tree in ((said("/dev/sdx\n"), not_ours), (FAILED, not_ours), (FAILED, FAILED)):
        assert not step.check.holds((source, tree))
    assert programs(step, (said("/dev/sdx\n"), not_ours)) == ["umount", "mkdir", "mount"]
    assert programs(step, (FAILED, not_ours)) == ["mkdir", "mount"]


def test_files_of_others_are_neither_mixed_nor_removed() -> None:
    step = steps()["move-copied"]
    assert programs(step, (mark(), said(""))) == ["touch", "WriteFile", "rsync", "tee", "WriteFile"]
    assert programs(step, (mark(origin="/dev/lun"), said("recordings\n"))) == [
        "touch",
        "WriteFile",
        "rsync",
        "tee",
        "WriteFile",
    ]
    for listing in (said("theirs\n"), FAILED):
        assert programs(step, (mark(), listing)) == []
    assert programs(step, (mark(origin="/dev/lun0", copied=TOKEN), said("recordings\n"))) == []
    assert step.check.missing is not None
    assert step.check.missing((mark(), said("theirs\n"))) == "not empty: theirs\n"


def test_every_run_copies_again_but_verifies_once() -> None:
    copied, verified = steps()["move-copied"], steps()["move-verified"]
    earlier = mark(origin="/dev/lun", copied="run-0", verified="yes")
    assert not copied.check.holds((earlier, said("recordings\n")))
    assert copied.check.holds((mark(origin="/dev/lun", copied=TOKEN), said("")))
    (_, before, _, _, after) = copied.actions((earlier, said("recordings\n")))
    for one in (before, after):
        assert isinstance(one, WriteFile)
        assert b'"verified": "yes"' in one.content
        assert one.mode == 0o600
    assert verified.check.holds((earlier,))
    assert not verified.check.holds((mark(origin="/dev/lun", copied=TOKEN),))


def test_verified_is_what_the_disks_hold_not_what_is_in_memory() -> None:
    verified = steps()["move-verified"]
    assert programs(verified, ()) == ["umount", "mkdir", "mount", "rsync", "WriteFile"]
    (rsync,) = (one for one in verified.actions(()) if isinstance(one, Command) and "rsync" in one.argv)
    assert "--checksum" in rsync.argv


def test_how_far_the_copy_is_shows_by_what_is_in_use() -> None:
    measure = steps()["move-copied"].measures
    assert measure is not None
    shown = measure.shown((said("Used IUsed\n4194304 9\n"), said("Used IUsed\n1048576 2\n")))
    assert shown is not None
    assert [shown.field(name) for name in ("percent", "done", "total")] == [25, 1, 4]
    assert measure.shown((FAILED, said("Used IUsed\n1048576 2\n"))) is None


def test_a_pause_ends_by_itself_and_with_the_cibs_change() -> None:
    step = steps()["move-last-pass"]
    absent = FileState(exists=False)
    order, *_ = step.actions((OK, OK, absent, OK, said("1000000000\n"), absent))
    assert isinstance(order, Command)
    pauses = etree.fromstring(order.stdin)
    assert [one.get("rsc") for one in pauses] == ["samba", "ivcs-server"]
    assert {str(one.find(".//date_expression").get("end")) for one in pauses} == {"2001-09-09T02:16:40Z"}
    assert {one.find("rule").get("score") for one in pauses} == {"-INFINITY"}
    # The change of the CIB takes them out.
    running = etree.fromstring(seen().heads[0].cib)
    running.find("configuration/constraints").extend(pauses)
    after = merged(etree.tostring(running), cib.configuration(cib_plan(plan())))
    assert b"live-cluster-pause" not in after
    assert b'value="/dev/lun2"' in after


def test_whatever_ends_the_run_in_the_pause_ends_the_pause() -> None:
    of = steps()
    expected = [end_of_pause("samba"), end_of_pause("ivcs-server")]
    for code in ("move-last-pass", "move-compared", "move-unmounted"):
        orders = [one for one in of[code].undo if isinstance(one, Command)]
        assert [one.stdin for one in orders] == expected
        assert {one.argv[:2] for one in orders} == {("cibadmin", "--delete")}
    assert etree.fromstring(expected[0]).get("id") == pause_id("samba")


def states(*words: str) -> CommandResult:
    """systemctl(1) ends with 3 where a unit does not run."""
    return CommandResult(returncode=3, stdout="".join(f"{word}\n" for word in words).encode())


@pytest.mark.parametrize("code", ["move-last-pass", "move-compared"])
def test_nothing_is_done_while_something_could_have_written_since(code: str) -> None:
    step = steps()[code]
    paused = said(f"<cib>{pause_id('samba')} {pause_id('ivcs-server')}</cib>")
    done, of_another_run = (FileState(exists=True, content=text) for text in (b"run-1\n", b"run-0\n"))
    rest: Replies = (said("1000000000\n"), mark()) if code == "move-last-pass" else ()
    here = said("/dev/lun\n")
    quiet = states("inactive", "failed")
    assert step.check.holds((quiet, paused, done, here, *rest))
    # The files are on the other head meanwhile: what is below the mount point here is nobody's.
    assert not step.check.holds((quiet, paused, done, FAILED, *rest))
    for replies in (
        (states("active", "active"), paused, done),
        (states("inactive", "active"), paused, done),
        (states("inactive", "deactivating"), paused, done),
        (quiet, said(f"<cib>{pause_id('samba')}</cib>"), done),
        (quiet, paused, of_another_run),
        (quiet, paused, FileState(exists=False)),
        (FAILED, paused, done),
    ):
        assert not step.check.holds((*replies, here, *rest))


def test_what_was_stopped_runs_again_where_the_files_are() -> None:
    of = [step for step in after_move_steps(plan()) if step.code == "move-services"]
    assert [(step.node, step.foreseen) for step in of] == [("ivcs-main-1", True), ("ivcs-main-2", True)]
    check = of[0].check
    assert check.holds((said("/dev/lun2\n"), said("active\nactive\n")))
    assert not check.holds((said("/dev/lun2\n"), states("inactive", "active")))
    assert check.holds((FAILED, states("inactive", "inactive")))
    # Pacemaker has forgotten to look: it believes that a unit runs whose stop it took for failed.
    orders = [one.argv for one in of[0].actions(()) if isinstance(one, Command)]
    assert [argv[-1] for argv in orders] == ["samba", "ivcs-server"]
    assert {argv[:2] for argv in orders} == {("crm_resource", "--refresh")}


def test_a_difference_is_told_as_one() -> None:
    step = steps()["move-compared"]
    assert step.explain is not None
    compare, empty, _ = step.actions(())
    assert isinstance(compare, Command)
    assert isinstance(empty, Command)
    assert "--dry-run" in compare.argv
    assert empty.input_from_previous
    assert step.explain(FAILED).code == "move-differs"
    broken = step.explain(CommandResult(returncode=23, stderr=b"I/O error"))
    assert (broken.code, broken.message.field("output")) == ("move-not-compared", "I/O error")


def test_the_mark_goes_in_the_end_also_after_an_interruption() -> None:
    path = f"/srv/filestorage/{MARK}"
    moving, ended = after_move_steps(plan()), after_move_steps(blueprint(seen(None), wish()))
    for every, foreseen in ((moving, True), (ended, False)):
        of = [step for step in every if step.code == "file-absent"]
        assert [step.node for step in of] == ["ivcs-main-1", "ivcs-main-2"]
        assert {step.foreseen for step in of} == {foreseen}
        requests: tuple[Request, ...] = of[0].actions((mark(origin="x"),))
        assert requests == (RemoveFile(path=path),)


def test_while_it_is_in_use_files_may_go_later_none_may() -> None:
    way = Way(source="/a", target="/b", source_fstype="ext4", target_fstype="ext4")
    in_use, last = copy_command(way, in_use=True), copy_command(way, in_use=False)
    assert (in_use.accepts, last.accepts) == ((0, VANISHED), (0,))
    assert "ionice" in in_use.argv
    assert "ionice" not in last.argv
    for one in (in_use, last):
        assert {"--archive", "--acls", "--xattrs", "--hard-links", "--delete", "--numeric-ids"} <= set(
            one.argv
        )
        assert one.argv[-2:] == ("/a/", "/b/")
        # Both are written by others than the application: the monitor, and ourselves.
        assert {"--exclude=/.Filesystem_status", f"--exclude=/{MARK}"} <= set(one.argv)
    compare = compare_command(way)
    assert not compare.changes_node
    assert set(last.argv) - {"--stats"} < set(compare.argv)


@pytest.mark.parametrize(
    ("source", "target", "kept", "left_out"),
    [
        # One account owns everything there: modes and owners would differ for ever.
        ("ext4", "cifs", {"--times", "--omit-dir-times"}, {"--archive", "--acls"}),
        ("nfs4", "cifs", {"--times", "--omit-dir-times"}, {"--archive", "--acls"}),
        # The mount says whose the files are: the application's.
        ("cifs", "ext4", {"--archive"}, {"--acls", "--xattrs"}),
        ("nfs4", "ext4", {"--archive", "--numeric-ids"}, {"--acls", "--xattrs"}),
        ("ext4", "nfs4", {"--archive", "--numeric-ids"}, {"--acls", "--xattrs"}),
    ],
)
def test_a_copy_keeps_what_both_ends_can(
    source: str, target: str, kept: set[str], left_out: set[str]
) -> None:
    way = Way(source="/a", target="/b", source_fstype=source, target_fstype=target)
    for one in (copy_command(way, in_use=False), compare_command(way)):
        assert kept <= set(one.argv)
        assert not left_out & set(one.argv)


def test_to_and_from_a_nas_what_was_written_during_a_run_is_copied_once_more() -> None:
    absent = FileState(exists=False)
    for fstype, passes in (("nfs4", 2), ("ext4", 1)):
        of = move_steps(blueprint(seen(replace(MOVE, fstype=fstype)), wish()))
        last = next(step for step in of if step.code == "move-last-pass")
        assert programs(last, (OK, OK, absent, OK, said("1\n"), absent)).count("rsync") == passes


def test_services_that_a_killed_run_left_stopped_start_before_the_copy() -> None:
    ended, _ = left_over_steps(plan())
    assert not ended.check.holds((said(f"<cib>{pause_id('samba')}</cib>"),))
    assert ended.check.holds((said("<cib/>"),))
    orders = [one.stdin for one in ended.actions(()) if isinstance(one, Command)]
    assert orders == [end_of_pause("samba"), end_of_pause("ivcs-server")]


def test_a_change_of_the_configuration_that_fails_keeps_nothing_stopped() -> None:
    steps_of = {step.code: step for stage in stages(plan()) for step in stage.steps}
    assert [one.stdin for one in steps_of["cib"].undo if isinstance(one, Command)] == [
        end_of_pause("samba"),
        end_of_pause("ivcs-server"),
    ]
    at_rest = blueprint(seen(None), wish())
    assert not any(step.undo for stage in stages(at_rest) for step in stage.steps if step.code == "cib")


def test_the_pause_is_as_long_as_the_files_that_were_seen_need() -> None:
    stats = "\nNumber of files: 9,000,000 (reg: 8,999,990, dir: 10)\nNumber of created files: 0\n"
    assert files_copied(stats) == 9_000_000
    assert files_copied("") == 0
    seen_by_rsync = FileState(exists=True, content=stats.encode())
    step = steps()["move-last-pass"]
    order, *_ = step.actions((OK, OK, mark(), OK, said("1000000000\n"), seen_by_rsync))
    assert isinstance(order, Command)
    # Ten times 15 s and 9 000 000 / 5000 s: five hours and two and a half minutes.
    ends = {str(one.get("end")) for one in etree.fromstring(order.stdin).iter("date_expression")}
    assert ends == {"2001-09-09T06:49:10Z"}
