"""D3: with a third vote exactly one side serves, whatever is cut; without one, both do (shown at the end).

One pair goes through all of it in this order: each test leaves it whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from cluster import HEADS, OPTIONS, Cluster, unlock
from controllers import fencing_options, with_controllers
from footprint import differences, service_identities

from live_lab import Host, Lab, audits, faults, wait_until
from live_lab.writer import Acknowledged, Writer

pytestmark = pytest.mark.lab

ARBITER = ("--arbiter-ip", "10.81.0.11")
# A server that is nothing else: no part of the installation.
OF_ITS_OWN = ("--arbiter-ip", "10.81.0.12")
# Deadlines for machines ten times slower than the one where deciding took 6 s.
DECISION_DEADLINE_S = 300.0
REJOIN_DEADLINE_S = 600.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A pair whose first run names the media server as the arbiter."""
    with Lab.up(name="carb", media=2) as lab:
        cluster = Cluster.unlocked(lab)
        report = cluster.configure(*OPTIONS, *ARBITER)
        assert report.returncode == 0, report
        yield cluster


def votes(host: Host) -> str:
    """What Corosync on this host counts."""
    return host.run(("corosync-quorumtool", "-s"), check=False).stdout


def active_first(cluster: Cluster) -> tuple[Host, Host]:
    """The head with the primary, and the other one."""
    cluster.wait_healthy(deadline_s=REJOIN_DEADLINE_S)
    number = HEADS.index(cluster.status().primary)
    return cluster.lab.heads[number], cluster.lab.heads[1 - number]


def serve_under_load(cluster: Cluster, active: Host) -> tuple[Writer, Writer]:
    """Somebody writes from outside, and somebody beside the primary, whom no cut keeps from it."""
    writers = Writer(cluster.lab), Writer(cluster.lab, host=active, address="127.0.0.1")
    for writer in writers:
        writer.wait_for_more()
    return writers


def all_kept(cluster: Cluster, writers: tuple[Writer, ...], *, seen_by: int = 1) -> None:
    """Whole again as this head sees it, and everything that was acknowledged is there."""
    cluster.wait_healthy(seen_by, deadline_s=REJOIN_DEADLINE_S)
    acknowledged: list[Acknowledged] = [one for writer in writers for one in writer.stop()]
    audits.wait_until_clean(cluster.lab, acknowledged)


def test_the_first_run_sets_the_arbiter_up(cluster: Cluster) -> None:
    status = cluster.wait_healthy()
    assert status.can_lose == HEADS
    for host in cluster.lab.heads:
        assert "Flags:            Quorate Qdevice" in votes(host)
        database = host.run(("find", "/etc/corosync/qdevice/net", "-perm", "/o=r", "-type", "f"))
        assert database.stdout == "", "keys and certificates are root's alone"
    stranger = cluster.lab.client.run(("nc", "-z", "-w", "2", "10.81.0.11", "5403"), check=False)
    assert stranger.returncode != 0, "the arbiter is there for the heads only"
    again = cluster.configure()
    assert (again.returncode, again.changed, again.steps) == (0, False, ())


def test_the_service_does_not_need_the_arbiter(cluster: Cluster) -> None:
    active, _ = active_first(cluster)
    writers = serve_under_load(cluster, active)
    cluster.lab.media[0].power_off()
    wait_until(
        lambda: "health-arbiter-silent" in cluster.status().reasons,
        deadline_s=DECISION_DEADLINE_S,
        what="status misses the arbiter",
    )
    for writer in writers:
        writer.wait_for_more()
    assert cluster.status().primary == active.name
    cluster.lab.media[0].power_on()
    unlock(cluster.lab.media[0], cluster.passphrase)
    all_kept(cluster, writers)


def cut_between(cluster: Cluster, active: Host, standby: Host, writers: tuple[Writer, ...]) -> None:
    """The heads lose each other, the arbiter decides for the primary's side, and that goes on."""
    cluster.lab.cut_between()
    wait_until(
        lambda: audits.is_quorate(active) and not audits.is_quorate(standby),
        deadline_s=DECISION_DEADLINE_S,
        what="the arbiter has decided for the primary's side",
    )
    for writer in writers:
        writer.wait_for_more()


def the_active_side_goes_on(cluster: Cluster) -> None:
    active, standby = active_first(cluster)
    writers = serve_under_load(cluster, active)
    cut_between(cluster, active, standby, writers)
    assert audits.is_primary(active)
    assert not audits.is_primary(standby)
    cluster.lab.heal_between()
    all_kept(cluster, writers)
    assert cluster.status().primary == active.name


def the_other_side_takes_over(cluster: Cluster) -> None:
    active, standby = active_first(cluster)
    outside, beside = serve_under_load(cluster, active)
    faults.isolate(cluster.lab, active)
    wait_until(
        lambda: audits.is_primary(standby), deadline_s=DECISION_DEADLINE_S, what="the standby has taken over"
    )
    outside.wait_for_more()
    assert not audits.is_quorate(active)
    faults.reconnect(cluster.lab, active)
    all_kept(cluster, (outside, beside))
    assert cluster.status().primary == standby.name


def test_only_the_primary_s_side_goes_on_when_the_heads_lose_each_other(cluster: Cluster) -> None:
    """Also where it is not the head with the lower number, which Corosync's own tie-break would choose."""
    the_active_side_goes_on(cluster)
    the_other_side_takes_over(cluster)
    the_active_side_goes_on(cluster)


def test_an_arbiter_is_given_up_and_taken_again_without_a_restart(cluster: Cluster) -> None:
    active, _ = active_first(cluster)
    writers = serve_under_load(cluster, active)
    before = {host.name: service_identities(host) for host in cluster.lab.heads}
    for options, flag in ((("--no-arbiter",), "2Node"), (ARBITER, "Qdevice")):
        report = cluster.configure(*options)
        assert report.returncode == 0, report
        assert all(flag in votes(host) for host in cluster.lab.heads)
        again = cluster.configure()
        assert (again.returncode, again.steps) == (0, ())
    for host in cluster.lab.heads:
        assert differences(before[host.name], service_identities(host)) == {}
    all_kept(cluster, writers)


@pytest.mark.matrix
def test_the_arbiter_moves_to_a_server_of_its_own_and_back(cluster: Cluster) -> None:
    active, _ = active_first(cluster)
    writers = serve_under_load(cluster, active)
    before = {host.name: service_identities(host) for host in cluster.lab.heads}
    former = cluster.lab.media[0]
    for options in (OF_ITS_OWN, ARBITER):
        report = cluster.configure(*options)
        assert report.returncode == 0, report
        assert [arbiter_of(host) for host in cluster.lab.heads] == [options[1]] * 2
        again = cluster.configure()
        assert (again.returncode, again.steps) == (0, ())
        if options == OF_ITS_OWN:
            assert former.run(("systemctl", "is-active", "corosync-qnetd"), check=False).returncode != 0
            former.power_off()
            the_active_side_goes_on(cluster)
            former.power_on()
            unlock(former, cluster.passphrase)
    active_before = before[active.name]
    assert differences(active_before, service_identities(active)) == {}
    all_kept(cluster, writers)


def arbiter_of(host: Host) -> str:
    """The arbiter that this host is connected to; empty when there is none."""
    told = host.run(("corosync-qdevice-tool", "-s"), check=False).stdout
    values = {name: value.strip() for name, _, value in (line.partition(":") for line in told.splitlines())}
    return values["QNetd host"].partition(":")[0] if values.get("State") == "Connected" else ""


@pytest.mark.matrix
def test_a_run_killed_while_it_sets_the_arbiter_up_is_repeated_and_converges(cluster: Cluster) -> None:
    active, _ = active_first(cluster)
    writers = serve_under_load(cluster, active)
    before = {host.name: service_identities(host) for host in cluster.lab.heads}
    for steps in (3, 7):
        kill_after(cluster, 2, "--no-arbiter")
        assert cluster.configure("--no-arbiter").returncode == 0
        assert all("2Node" in votes(host) for host in cluster.lab.heads)
        kill_after(cluster, steps, *ARBITER)
        report = cluster.configure(*ARBITER)
        assert report.returncode == 0, report
        assert [arbiter_of(host) for host in cluster.lab.heads] == [ARBITER[1]] * 2
        again = cluster.configure()
        assert (again.returncode, again.steps) == (0, ())
    for host in cluster.lab.heads:
        assert differences(before[host.name], service_identities(host)) == {}
    all_kept(cluster, writers)


def kill_after(cluster: Cluster, steps: int, *options: str) -> None:
    run = cluster.start_configure(*options)
    assert run.wait_for_steps(steps), run.lines
    assert run.signal("KILL").returncode != 0


@pytest.mark.matrix
def test_a_standby_that_is_behind_never_wins(cluster: Cluster) -> None:
    """Neither against the primary, nor where the arbiter has nobody else to give its vote to."""
    active, standby = active_first(cluster)
    writers = serve_under_load(cluster, active)
    set_replication(active, standby, allowed=False)
    wait_until(
        lambda: data_state(active, standby) == "stale", deadline_s=DECISION_DEADLINE_S, what="it is behind"
    )
    writers[0].wait_for_more()
    cut_between(cluster, active, standby, writers)
    cluster.lab.heal_between()
    wait_until(
        lambda: audits.is_quorate(standby), deadline_s=DECISION_DEADLINE_S, what="they are together again"
    )

    faults.isolate(cluster.lab, active)
    cut = time.time()
    wait_until(
        lambda: audits.is_quorate(standby), deadline_s=DECISION_DEADLINE_S, what="the standby has the vote"
    )
    wait_until(lambda: time.time() > cut + 30, deadline_s=300, what="30 s in which it could take over")
    assert audits.is_quorate(standby)
    assert not audits.is_primary(standby)
    assert cluster.status(1 + cluster.lab.heads.index(standby)).primary == ""
    faults.reconnect(cluster.lab, active)
    set_replication(active, standby, allowed=True)
    all_kept(cluster, writers)
    assert cluster.status().primary == active.name


def set_replication(active: Host, standby: Host, *, allowed: bool) -> None:
    """The standby's connections to the primary's server are dropped, or no more; all else passes."""
    verb = "-D" if allowed else "-I"
    for address in standby.addresses.values():
        rule = ("INPUT", "-p", "tcp", "--dport", "5432", "-s", address, "-j", "DROP")
        active.run(("iptables", "--wait", verb, *rule))


def data_state(host: Host, of: Host) -> str:
    """What the configuration on this host says of a head's data."""
    argv = ("crm_attribute", "--node", of.name, "--name", "ivcs-db-data", "--lifetime", "forever")
    return host.run((*argv, "--query", "--quiet"), check=False).stdout.strip()


@pytest.mark.matrix
def test_with_fencing_too_one_side_goes_on_and_the_other_is_shot(cluster: Cluster) -> None:
    with_controllers(cluster)
    report = cluster.configure(*fencing_options(cluster.lab))
    assert report.returncode == 0, report
    active, standby = active_first(cluster)
    writers = serve_under_load(cluster, active)
    cluster.lab.cut_between()
    wait_until(lambda: not standby.is_running, deadline_s=DECISION_DEADLINE_S, what="the standby is shot")
    for writer in writers:
        writer.wait_for_more()
    cluster.lab.heal_between()
    all_kept(cluster, writers, seen_by=1 + cluster.lab.heads.index(active))
    assert cluster.status().primary == active.name

    outside, beside = serve_under_load(cluster, active)
    faults.isolate(cluster.lab, active)
    wait_until(lambda: not active.is_running, deadline_s=DECISION_DEADLINE_S, what="the primary is shot")
    outside.wait_for_more(deadline_s=DECISION_DEADLINE_S)
    faults.reconnect(cluster.lab, active)
    all_kept(cluster, (outside, beside), seen_by=1 + cluster.lab.heads.index(standby))
    assert cluster.status().primary == standby.name
    for host in cluster.lab.heads:
        unlock(host, cluster.passphrase)
    assert cluster.configure("--no-fencing").returncode == 0


@pytest.mark.matrix
def test_without_an_arbiter_both_sides_serve(cluster: Cluster) -> None:
    """The hazard that plan and status name: nothing that runs on a head can tell a cut from a dead peer."""
    active, standby = active_first(cluster)
    assert cluster.configure("--no-arbiter").returncode == 0
    cluster.lab.cut_between()
    wait_until(
        lambda: audits.is_primary(active) and audits.is_primary(standby),
        deadline_s=DECISION_DEADLINE_S,
        what="both heads are primary (split brain)",
    )
    cluster.lab.heal_between()
    cluster.wait_healthy(deadline_s=REJOIN_DEADLINE_S)
