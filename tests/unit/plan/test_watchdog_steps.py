"""Fencing by watchdog in the plan: what is refused, in which order heads start anew, what is never overwritten."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree
from plan_case import blueprint, facts, observed, settings, situation, with_head

from live_cluster.errors import Severity
from live_cluster.model.settings import ClusterSettings
from live_cluster.model.watchdog_facts import SbdDisk, SbdState, WatchdogFacts
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.build import stages, timeout_stages
from live_cluster.plan.fencing_steps import answer_steps
from live_cluster.plan.prerequisites import problems_of
from live_cluster.plan.resource_steps import cib_plan
from live_cluster.plan.step import Impact, Stage, Step
from live_cluster.plan.watchdog_prerequisites import watchdog_prerequisites
from live_cluster.plan.watchdog_steps import disk_steps, restart_stages
from live_cluster.probes.watchdog import disk_requests, sbd_disk
from live_cluster.remote.requests import Command, CommandResult, FileState, Reply, WriteFile
from live_cluster.render import cib
from live_cluster.render.sbd import diskless_times, sbd_settings, with_settings

DISK = "/dev/disk/by-id/wwn-0x5"
DISKLESS = {"arbiter_ip": "10.81.0.11", "fencing_watchdog": "/dev/watchdog"}
WITH_DISK = {"fencing_watchdog": "/dev/watchdog", "fencing_disk": DISK}
BLOCK = sbd_settings("/dev/watchdog", "", diskless_times(3000))
BLANK = SbdDisk(exists=True, blank=True)
OURS = SbdDisk(exists=True, uuid="c0ffee", watchdog_s=10, msgwait_s=20)
DUMP = b"""==Dumping header on disk /dev/lun
Header version     : 2.1
UUID               : 4a2c2b4d-7f1e-4a0e-8d9e-0a1b2c3d4e5f
Number of slots    : 255
Sector size        : 512
Timeout (watchdog) : 10
Timeout (allocate) : 2
Timeout (loop)     : 1
Timeout (msgwait)  : 20
==Header on disk /dev/lun is dumped
"""


def running(block: str = BLOCK, **changed: Any) -> SbdState:
    state = SbdState(
        settings=with_settings("SBD_PACEMAKER=yes\n", block),
        written=100,
        active=True,
        enabled=True,
        since=101,
    )
    return replace(state, **changed)


def seen(**changed: Any) -> WatchdogFacts:
    return replace(WatchdogFacts(installed=True, exists=True), **changed)


def plan(wish: ClusterSettings, *states: WatchdogFacts, configured: bool = True) -> Blueprint:
    found = facts(configured=configured)
    for number, state in enumerate(states, start=1):
        found = with_head(found, number, watchdog=state)
    return blueprint(found, wish)


def problems(wish: ClusterSettings, *states: WatchdogFacts) -> list[str]:
    return [one.code for one in watchdog_prerequisites(wish, plan(wish, *states).facts)]


def restarted(of: Blueprint) -> list[str]:
    return [
        step.node for stage in restart_stages(of) for step in stage.steps if step.code == "watchdog-restart"
    ]


def step_of(of: tuple[Stage, ...], code: str) -> Step:
    return next(step for stage in of for step in stage.steps if step.code == code)


def argvs(step: Step, *replies: Reply) -> list[tuple[str, ...]]:
    return [one.argv if isinstance(one, Command) else (type(one).__name__,) for one in step.actions(replies)]


def test_a_first_start_brings_sbd_along() -> None:
    first = plan(settings(**DISKLESS), seen(), seen(), configured=False)
    every = [step for stage in stages(first) for step in stage.steps]
    codes = [step.code for step in every]
    assert not restarted(first)
    assert codes.count("watchdog-enabled") == 2
    assert codes.index("watchdog-enabled") < codes.index("service-running") < codes.index("watchdog-armed")
    assert codes.index("watchdog-armed") < codes.index("cib")


def test_later_one_head_after_the_other_is_started_anew_the_standby_first() -> None:
    later = plan(settings(**DISKLESS), seen(), seen())
    standby = next(name for name in later.head_names if name != later.primary)
    assert restarted(later) == [standby, later.primary]
    impacts = {
        step.node: step.impact
        for stage in restart_stages(later)
        for step in stage.steps
        if step.code == "watchdog-restart"
    }
    assert impacts == {standby: Impact.RESTART, later.primary: Impact.FAILOVER}
    for stage in restart_stages(later)[1:]:
        assert [step.code for step in stage.steps] == ["watchdog-restart", "watchdog-whole"]
    codes = [step.code for stage in stages(later) for step in stage.steps]
    assert codes.index("watchdog-whole") < codes.index("cib")


def test_pacemaker_stops_before_corosync_and_the_vote_comes_back() -> None:
    step = step_of(restart_stages(plan(settings(**DISKLESS), seen(), seen())), "watchdog-restart")
    nothing = FileState(exists=False)
    found = argvs(step, nothing, CommandResult(returncode=0))
    assert found[0] == ("WriteFile",)
    assert found[1:] == [
        ("systemctl", "enable", "--", "sbd.service"),
        ("systemctl", "stop", "--", "pacemaker.service"),
        ("systemctl", "stop", "--", "corosync.service"),
        ("systemctl", "start", "--", "corosync.service"),
        ("systemctl", "start", "--", "corosync-qdevice.service", "pacemaker.service"),
    ]


def test_a_second_run_changes_nothing() -> None:
    done = seen(sbd=running())
    assert restart_stages(plan(settings(**DISKLESS), done, done)) == ()


@pytest.mark.parametrize(
    "state",
    [
        running(active=False),
        running(enabled=False),
        running(since=99),
        running(sbd_settings("/dev/watchdog1", "", diskless_times(3000))),
        running(sbd_settings("/dev/watchdog", "", diskless_times(5000))),
        running(""),
    ],
    ids=["down", "not at boot", "written since", "other watchdog", "other times", "set up by hand"],
)
def test_what_is_not_as_wanted_is_started_anew(state: SbdState) -> None:
    of = plan(settings(**DISKLESS), seen(sbd=running()), seen(sbd=state))
    assert restarted(of) == ["ivcs-main-2"]


def test_fencing_rests_while_sbd_is_changed_and_comes_back() -> None:
    of = plan(settings(**DISKLESS), seen(sbd=running()), seen())
    rests = step_of(restart_stages(of), "watchdog-rests")
    relied_on = b'<nvpair id="a" name="stonith-enabled" value="true"/>'
    relied_on += b'<nvpair id="b" name="stonith-watchdog-timeout" value="12s"/>'
    assert not rests.check.holds((CommandResult(returncode=0, stdout=relied_on),))
    off = relied_on.replace(b"12s", b"0").replace(b"true", b"false")
    assert rests.check.holds((CommandResult(returncode=0, stdout=off),))
    configuration = step_of(stages(of), "cib")
    assert [check.requests for check in configuration.follows] == [rests.check.requests]


def test_the_clock_counts_only_without_a_disk() -> None:
    def values(of: Blueprint) -> dict[str | None, str | None]:
        pairs = cib.configuration(cib_plan(of)).iterfind("crm_config//nvpair")
        return {one.get("name"): one.get("value") for one in pairs}

    assert values(plan(settings(**DISKLESS)))["stonith-watchdog-timeout"] == "12s"
    with_disk = plan(settings(**WITH_DISK))
    assert values(with_disk)["stonith-watchdog-timeout"] == "0"
    assert values(with_disk)["stonith-enabled"] == "true"
    # Without an arbiter two heads shoot at each other over the disk: the one with the primary wins.
    assert values(with_disk)["priority-fencing-delay"] == "5s"
    assert values(plan(settings(no_fencing="true")))["stonith-watchdog-timeout"] == "0"
    assert "stonith-watchdog-timeout" not in values(plan(settings()))


def test_the_disk_s_devices_are_each_head_s_and_run_on_the_other_one() -> None:
    configuration = cib.configuration(cib_plan(plan(settings(**WITH_DISK))))
    for head in ("ivcs-main-1", "ivcs-main-2"):
        (device,) = configuration.xpath(f"resources/primitive[@id='fence-{head}']")
        pairs = {one.get("name"): one.get("value") for one in device.iter("nvpair")}
        assert device.get("type") == "fence_sbd"
        assert (pairs["devices"], pairs["plug"], pairs["pcmk_host_list"]) == (DISK, head, head)
        (location,) = configuration.xpath(f"constraints/rsc_location[@rsc='fence-{head}']")
        assert (location.get("node"), location.get("score")) == (head, "-INFINITY")


def test_they_are_not_asked_before_sbd_runs() -> None:
    assert answer_steps(plan(settings(**WITH_DISK))) == ()


def replies(disk: SbdDisk) -> tuple[Reply, ...]:
    """What disk_requests would be answered."""
    holds = f"TYPE={disk.holds}\n".encode()
    return (
        CommandResult(returncode=0 if disk.exists else 1),
        CommandResult(returncode=0, stdout=holds) if disk.holds else CommandResult(returncode=2),
        CommandResult(returncode=0 if disk.blank else 1),
        CommandResult(returncode=0, stdout=DUMP) if disk.uuid else CommandResult(returncode=1),
    )


def test_only_an_empty_disk_is_ever_written_to() -> None:
    (step,) = disk_steps(plan(settings(**WITH_DISK), seen(disk=BLANK), seen(disk=BLANK)))
    assert step.node == "ivcs-main-1"
    assert argvs(step, *replies(BLANK)) == [
        ("/usr/sbin/sbd", "-d", DISK, "-1", "10", "-4", "20", "create"),
    ]
    for other in (SbdDisk(exists=True, holds="ext4"), SbdDisk(exists=True), SbdDisk(exists=False)):
        assert argvs(step, *replies(other)) == []
        assert not step.check.holds(replies(other))
    # blkid(8) knows nothing of it, but it is not zeros; or zeros at its beginning, and a file system behind.
    assert argvs(step, *replies(SbdDisk(exists=True, holds="btrfs", blank=True))) == []
    assert step.check.holds(replies(OURS))


def test_what_sbd_says_of_its_disk_is_read() -> None:
    found = sbd_disk(replies(OURS))
    assert (found.uuid, found.watchdog_s, found.msgwait_s) == ("4a2c2b4d-7f1e-4a0e-8d9e-0a1b2c3d4e5f", 10, 20)
    assert len(disk_requests(DISK)) == len(replies(OURS))


@pytest.mark.parametrize(
    ("first", "second", "codes"),
    [
        (BLANK, BLANK, []),
        (OURS, OURS, []),
        (OURS, BLANK, ["fencing-disks-differ"]),
        (OURS, replace(OURS, uuid="decaf"), ["fencing-disks-differ"]),
        (BLANK, SbdDisk(exists=False), ["fencing-disk-missing"]),
        (SbdDisk(exists=True, holds="LVM2_member"), BLANK, ["fencing-disk-in-use"]),
        (SbdDisk(exists=True), SbdDisk(exists=True), ["fencing-disk-in-use"] * 2),
        (replace(OURS, msgwait_s=15), replace(OURS, msgwait_s=15), ["fencing-disk-times"] * 2),
        (replace(OURS, watchdog_s=30, msgwait_s=60),) * 2 + (["fencing-disk-times"] * 2,),
    ],
    ids=["empty", "ours", "one empty", "two disks", "gone", "lvm", "unknown", "short", "long"],
)
def test_the_disk_as_both_heads_see_it(first: SbdDisk, second: SbdDisk, codes: list[str]) -> None:
    found = problems(settings(**WITH_DISK), seen(disk=first), seen(disk=second))
    assert [code for code in found if code != "fencing-agent-missing"] == codes


@pytest.mark.parametrize(
    ("state", "codes"),
    [
        (seen(), []),
        (seen(installed=False), ["sbd-missing"]),
        (seen(exists=False), ["watchdog-missing"]),
        (seen(busy=True), ["watchdog-busy"]),
        (seen(busy=True, sbd=running()), []),
        (seen(systemd="10s", busy=True), ["watchdog-of-systemd"]),
        (seen(software=True), ["watchdog-soft"]),
        (seen(stays_armed=True), ["watchdog-stays-armed"]),
    ],
    ids=["good", "no sbd", "no watchdog", "busy", "busy with sbd", "systemd", "softdog", "nowayout"],
)
def test_a_head_s_watchdog(state: WatchdogFacts, codes: list[str]) -> None:
    assert problems(settings(**DISKLESS), seen(), state) == codes


def test_the_kernel_s_own_watchdog_is_only_warned_of() -> None:
    wish = settings(**DISKLESS)
    soft = seen(software=True)
    found = tuple(watchdog_prerequisites(wish, plan(wish, soft, soft).facts))
    assert {one.severity for one in found} == {Severity.WARNING}


def test_a_token_that_sbd_as_it_runs_would_not_survive_is_refused() -> None:
    done = seen(sbd=running())
    assert problems(settings(**DISKLESS, token="5000"), done, done) == ["watchdog-token-grows"] * 2
    assert problems(settings(**DISKLESS, token="1000"), done, done) == []


def test_the_prerequisites_are_part_of_all() -> None:
    wish = settings(**DISKLESS)
    now = situation()
    lacking = with_head(now.facts, 2, watchdog=seen(installed=False))
    assert "sbd-missing" in [one.code for one in problems_of(replace(now, settings=wish, facts=lacking))]


def test_turned_off_nothing_of_it_is_left() -> None:
    done = seen(sbd=running())
    off = plan(settings(no_fencing="true"), done, done)
    assert len(restarted(off)) == 2
    step = step_of(restart_stages(off), "watchdog-restart")
    present = FileState(
        exists=True, content=done.sbd.settings.encode(), mode=0o644, owner="root", group="root"
    )
    actions = step.actions((present, CommandResult(returncode=0)))
    assert isinstance(actions[0], Command)
    assert actions[0].argv == ("systemctl", "disable", "--", "sbd.service")
    # The settings are the sign that there is something left to do: they go last.
    last = actions[-1]
    assert isinstance(last, WriteFile)
    assert last.content == b"SBD_PACEMAKER=yes\n"
    assert last.set_aside
    clean = FileState(exists=True, content=last.content)
    assert step.check.holds((clean, CommandResult(returncode=0)))


def test_somebody_else_s_sbd_is_left_alone() -> None:
    theirs = seen(sbd=running(""))
    assert restart_stages(plan(settings(no_fencing="true"), theirs, theirs)) == ()
    assert restart_stages(plan(settings())) == ()


def test_timeouts_change_sbd_along_with_corosync() -> None:
    long = seen(sbd=running(sbd_settings("/dev/watchdog", "", diskless_times(5000))))
    codes = [
        step.code for stage in timeout_stages(plan(settings(**DISKLESS), long, long)) for step in stage.steps
    ]
    assert codes.index("corosync-reload") < codes.index("watchdog-restart") < codes.index("cib")
    without = [step.code for stage in timeout_stages(plan(settings())) for step in stage.steps]
    assert "cib" not in without


def test_without_a_watchdog_nobody_is_asked_anything_more() -> None:
    of = plan(settings())
    assert observed(stages(of), configured=True)
    assert etree.tostring(cib.configuration(cib_plan(of))).find(b"watchdog") < 0
