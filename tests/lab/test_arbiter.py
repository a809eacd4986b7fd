"""D3: with a third vote exactly one side serves, whatever is cut; without one, both do (shown at the end).

One pair goes through all of it in this order: each test leaves it whole.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cluster import HEADS, OPTIONS, Cluster, differences, service_identities, unlock

from live_lab import Host, Lab, audits, faults, wait_until
from live_lab.writer import Acknowledged, Writer

pytestmark = pytest.mark.lab

ARBITER = ("--arbiter-ip", "10.81.0.11")
# Deadlines for machines ten times slower than the one where deciding took 6 s.
DECISION_DEADLINE_S = 300.0
REJOIN_DEADLINE_S = 600.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A pair whose first run names the media server as the arbiter."""
    with Lab.up(name="carb") as lab:
        cluster = Cluster.unlocked(lab)
        report = cluster.configure(*OPTIONS, *ARBITER)
        assert report.returncode == 0, report
        yield cluster


def votes(host: Host) -> str:
    """What Corosync on this host counts."""
    return host.run(("corosync-quorumtool", "-s"), check=False).stdout


def is_quorate(host: Host) -> bool:
    return any(line.split() == ["Quorate:", "Yes"] for line in votes(host).splitlines())


def is_primary(host: Host) -> bool:
    return audits.psql(host, "SELECT pg_is_in_recovery()") == "f"


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


def all_kept(cluster: Cluster, writers: tuple[Writer, ...]) -> None:
    """Whole again, and everything that was acknowledged is there."""
    cluster.wait_healthy(deadline_s=REJOIN_DEADLINE_S)
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


def services(host: Host) -> dict[str, str]:
    """Every process that must go on; the arbiter's own daemons come and go."""
    found = service_identities(host)
    daemons = [line for line in found["daemons"].splitlines() if "corosync-q" not in line]
    return {**found, "daemons": "\n".join(daemons)}


def the_active_side_goes_on(cluster: Cluster) -> None:
    active, standby = active_first(cluster)
    writers = serve_under_load(cluster, active)
    cluster.lab.cut_between()
    wait_until(
        lambda: is_quorate(active) and not is_quorate(standby),
        deadline_s=DECISION_DEADLINE_S,
        what="the arbiter has decided for the primary's side",
    )
    for writer in writers:
        writer.wait_for_more()
    assert is_primary(active)
    assert not is_primary(standby)
    cluster.lab.heal_between()
    all_kept(cluster, writers)
    assert cluster.status().primary == active.name


def the_other_side_takes_over(cluster: Cluster) -> None:
    active, standby = active_first(cluster)
    outside, beside = serve_under_load(cluster, active)
    faults.isolate(cluster.lab, active)
    wait_until(lambda: is_primary(standby), deadline_s=DECISION_DEADLINE_S, what="the standby has taken over")
    outside.wait_for_more()
    assert not is_quorate(active)
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
    before = {host.name: services(host) for host in cluster.lab.heads}
    for options, flag in ((("--no-arbiter",), "2Node"), (ARBITER, "Qdevice")):
        report = cluster.configure(*options)
        assert report.returncode == 0, report
        assert all(flag in votes(host) for host in cluster.lab.heads)
        again = cluster.configure()
        assert (again.returncode, again.steps) == (0, ())
    for host in cluster.lab.heads:
        assert differences(before[host.name], services(host)) == {}
    all_kept(cluster, writers)


@pytest.mark.matrix
def test_without_an_arbiter_both_sides_serve(cluster: Cluster) -> None:
    """The hazard that plan and status name: nothing that runs on a head can tell a cut from a dead peer."""
    active, standby = active_first(cluster)
    assert cluster.configure("--no-arbiter").returncode == 0
    cluster.lab.cut_between()
    wait_until(
        lambda: is_primary(active) and is_primary(standby),
        deadline_s=DECISION_DEADLINE_S,
        what="both heads are primary (split brain)",
    )
    cluster.lab.heal_between()
    cluster.wait_healthy(deadline_s=REJOIN_DEADLINE_S)
