"""Fencing by watchdog on heads with kernels of their own: a head that is cut off is reset before a takeover.

One pair goes through all of it in this order: each test leaves it whole. The token is long, for sbd's times follow
from it: on a machine with a load of 40 a virtual server stood still for longer than the 5 s of the usual token.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cluster import HEADS, OPTIONS, Cluster, verb

from live_lab import Host, HostIsOff, Lab, Scheme, audits, faults, wait_until
from live_lab.writer import Acknowledged, Writer

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

ARBITER = ("--arbiter-ip", "10.81.0.11")
WATCHDOG = ("--fencing-watchdog", "/dev/watchdog1")
DISK = "/dev/disk/by-id/lab-sbd"
WITH_DISK = (*WATCHDOG, "--fencing-disk", DISK)
TOKEN = ("--token", "10000")
# Deadlines for machines ten times slower.
TAKEOVER_DEADLINE_S = 900.0
WHOLE_DEADLINE_S = 1800.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A pair of virtual machines, not configured yet."""
    with Lab.up(name="cwdog", scheme=Scheme.FULL) as lab:
        yield Cluster.unlocked(lab)


def active_first(cluster: Cluster) -> tuple[Host, Host]:
    """The head with the primary, and the other one."""
    cluster.wait_healthy(deadline_s=WHOLE_DEADLINE_S)
    number = HEADS.index(cluster.status().primary)
    return cluster.lab.heads[number], cluster.lab.heads[1 - number]


def fencing(host: Host) -> dict[str, Any]:
    """What status says of it."""
    found: dict[str, Any] = verb(host, "status")[1]["fencing"]
    return found


def incarnation(host: Host) -> str:
    """Empty while no system answers."""
    try:
        return host.incarnation()
    except HostIsOff:
        return ""


def all_kept(cluster: Cluster, writer: Writer, seen_by: Host) -> None:
    """Whole again, and everything that was acknowledged is there."""
    cluster.wait_healthy(1 + HEADS.index(seen_by.name), deadline_s=WHOLE_DEADLINE_S)
    acknowledged: list[Acknowledged] = writer.stop()
    assert acknowledged
    audits.wait_until_clean(cluster.lab, acknowledged, deadline_s=WHOLE_DEADLINE_S)


def settled(cluster: Cluster) -> None:
    """A second run has nothing to do."""
    again = cluster.configure()
    assert (again.returncode, again.changed, again.steps) == (0, False, ()), again


def test_a_watchdog_without_a_third_vote_is_refused(cluster: Cluster) -> None:
    refused = cluster.configure(*OPTIONS, *WATCHDOG)
    assert (refused.returncode, refused.codes) == (64, ["fencing-watchdog-alone"]), refused


def test_a_first_run_arms_the_watchdogs(cluster: Cluster) -> None:
    first = cluster.lab.heads[0]
    report = cluster.configure(*OPTIONS, *TOKEN, *ARBITER, *WATCHDOG)
    assert report.returncode == 0, report
    assert "watchdog-soft" in report.codes
    for host in cluster.lab.heads:
        assert fencing(host)["watchdog"] == {"device": "/dev/watchdog1", "disk": None, "armed": True}
    assert cluster.wait_healthy(deadline_s=WHOLE_DEADLINE_S).can_lose == HEADS
    settled(cluster)
    done, document = verb(first, "check", "--fencing")
    assert (done.returncode, [one["node"] for one in document["findings"]]) == (0, list(HEADS)), document


def test_a_primary_that_is_cut_off_is_reset_before_the_other_head_takes_over(cluster: Cluster) -> None:
    active, standby = active_first(cluster)
    before = active.incarnation()
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    faults.isolate(cluster.lab, active)
    wait_until(
        lambda: audits.is_primary(standby), deadline_s=TAKEOVER_DEADLINE_S, what="the standby has taken over"
    )
    assert incarnation(active) != before, "nobody takes over while the isolated head still runs"
    writer.wait_for_more()
    faults.reconnect(cluster.lab, active)
    all_kept(cluster, writer, standby)
    # A reset closes a server for the configurator.
    cluster.open_again()


def test_it_is_turned_off_head_after_head_and_leaves_nothing(cluster: Cluster) -> None:
    incarnations = [host.incarnation() for host in cluster.lab.heads]
    report = cluster.configure("--no-fencing")
    assert report.returncode == 0, report
    impacts = {one.node: one.impact for one in report.steps if one.code == "watchdog-restart"}
    assert sorted(impacts.values()) == ["failover", "restart"]
    for host in cluster.lab.heads:
        assert "live-cluster" not in host.read("/etc/default/sbd")
        state = host.run(("systemctl", "is-active", "sbd.service"), check=False).stdout.strip()
        assert state == "inactive"
        assert host.run(("systemctl", "is-enabled", "sbd.service"), check=False).stdout.strip() == "disabled"
    assert not fencing(cluster.lab.heads[0])["enabled"]
    # Nobody was reset for it.
    assert [host.incarnation() for host in cluster.lab.heads] == incarnations
    assert cluster.wait_healthy(deadline_s=WHOLE_DEADLINE_S).healthy
    settled(cluster)


def test_only_an_empty_disk_is_taken(cluster: Cluster) -> None:
    before = cluster.lab.heads[0].run(("blkid", "-p", "/dev/disk/by-id/lab-san")).stdout
    full = cluster.configure(*WATCHDOG, "--fencing-disk", "/dev/disk/by-id/lab-san")
    assert full.codes.count("fencing-disk-in-use") == 2, full
    missing = cluster.configure(*WATCHDOG, "--fencing-disk", "/dev/disk/by-id/none")
    assert missing.codes.count("fencing-disk-missing") == 2, missing
    assert cluster.lab.heads[0].run(("blkid", "-p", "/dev/disk/by-id/lab-san")).stdout == before


def test_a_running_pair_gets_the_disk_head_after_head(cluster: Cluster) -> None:
    incarnations = [host.incarnation() for host in cluster.lab.heads]
    report = cluster.configure(*WITH_DISK)
    assert report.returncode == 0, report
    assert [one.code for one in report.steps].count("watchdog-restart") == 2
    marks = {host.run(("sbd", "-d", DISK, "dump")).stdout for host in cluster.lab.heads}
    assert len(marks) == 1
    assert [host.incarnation() for host in cluster.lab.heads] == incarnations
    seen = fencing(cluster.lab.heads[0])
    assert seen["watchdog"] == {"device": "/dev/watchdog1", "disk": DISK, "armed": True}
    assert [one["agent"] for one in seen["devices"]] == ["stonith:fence_sbd"] * 2
    settled(cluster)


def test_over_the_disk_one_head_resets_the_other(cluster: Cluster) -> None:
    active, standby = active_first(cluster)
    before = active.incarnation()
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    done, document = verb(standby, "check", "--fencing", "--shoot", active.name, "--yes")
    assert done.returncode == 0, document
    assert document["shot"]["node"] == active.name
    assert active.incarnation() != before
    assert cluster.status(1 + HEADS.index(standby.name)).primary == standby.name
    all_kept(cluster, writer, standby)
