"""Planned work under load: nothing acknowledged is lost, and nothing of an order is left in the cluster."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cluster import HEADS, Cluster, other_head, verb

from live_lab import Host, Lab, audits, wait_until
from live_lab.faults import kill_unit
from live_lab.writer import Writer

# Machines may be ten times slower than an idle one: deadlines, not expectations.
DEADLINE_S = 600.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """One pair for all of them: each test leaves it whole."""
    with Lab.up(name="planned") as lab:
        cluster = Cluster.unlocked(lab)
        cluster.configure_fully()
        cluster.wait_healthy()
        yield cluster


def constraints(host: Host) -> set[str]:
    """Ids of everything that the configuration holds, but the nodes' own attributes."""
    root = ET.fromstring(host.run(("cibadmin", "--query", "--scope", "configuration")).stdout)  # noqa: S314
    return {str(one.get("id")) for one in root.iter() if one.tag.startswith("rsc_")}


def wishes(host: Host) -> list[str]:
    """Attributes by which an order for a switch-over is given."""
    root = ET.fromstring(host.run(("cibadmin", "--query")).stdout)  # noqa: S314
    return [str(one.get("name")) for one in root.iter("nvpair") if str(one.get("name")).endswith("-wanted")]


@pytest.mark.lab
def test_switchover_there_and_back(cluster: Cluster) -> None:
    first, second = cluster.lab.heads
    before = constraints(first)
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    start = cluster.status().primary
    for host in (first, second):
        source = cluster.status().primary
        done, document = verb(host, "switchover", "--yes")
        assert (done.returncode, document["done"], document["from"]) == (0, True, source), done
        assert cluster.status().primary == document["to"] != source
        writer.wait_for_more()
    assert cluster.status().primary == start
    again, document = verb(first, "switchover", "--yes", "--to", start)
    assert (again.returncode, document["changed"]) == (0, False)
    audits.wait_until_clean(cluster.lab, writer.stop())
    assert constraints(first) == before
    assert wishes(first) == []


@pytest.mark.matrix
def test_switchover_whose_command_is_killed(cluster: Cluster) -> None:
    host = cluster.lab.heads[0]
    before, source = constraints(host), cluster.status().primary
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    pid_file = "/run/lab-switchover.pid"
    note = f'echo $$ >{pid_file}; exec "$@"'
    work = host.start(("sh", "-c", note, "x", "live-cluster", "switchover", "--yes"))
    wait_until(lambda: wishes(host), deadline_s=DEADLINE_S, what="the order is given", every_s=0.05)
    host.run(("kill", "-KILL", host.read(pid_file).strip()))
    work.wait(DEADLINE_S)
    cluster.wait_healthy(deadline_s=DEADLINE_S)
    wait_until(lambda: not wishes(host), deadline_s=DEADLINE_S, what="the order is gone", every_s=1.0)
    assert cluster.status().primary != source
    writer.wait_for_more()
    audits.wait_until_clean(cluster.lab, writer.stop())
    assert constraints(host) == before


@pytest.mark.matrix
@pytest.mark.parametrize("lost", ["target", "source"])
def test_switchover_that_loses_a_head(cluster: Cluster, lost: str) -> None:
    before, source = constraints(cluster.lab.heads[0]), cluster.status().primary
    staying, leaving = other_head(source), HEADS.index(source)
    victim, survivor = (staying, leaving) if lost == "target" else (leaving, staying)
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    host = cluster.lab.heads[survivor]
    work = host.start(("live-cluster", "switchover", "--yes"))
    wait_until(lambda: wishes(host), deadline_s=DEADLINE_S, what="the order is given", every_s=0.05)
    cluster.lab.heads[victim].power_off()
    writer.wait_for_more(deadline_s=DEADLINE_S)
    if lost == "target":
        # Nothing that could come true is waited for.
        told = work.wait(DEADLINE_S)
        assert told.returncode == 124
        assert f"{HEADS[victim]} left the cluster" in told.stderr
    cluster.lab.heads[victim].power_on()
    assert work.wait(DEADLINE_S).returncode == (124 if lost == "target" else 0)
    cluster.wait_healthy(survivor + 1, deadline_s=DEADLINE_S)
    wait_until(lambda: not wishes(host), deadline_s=DEADLINE_S, what="the order is gone", every_s=1.0)
    assert cluster.status(survivor + 1).primary == host.name
    audits.wait_until_clean(cluster.lab, writer.stop())
    assert constraints(host) == before


@pytest.mark.matrix
@pytest.mark.parametrize("head", HEADS)
def test_a_head_out_of_service_and_back(cluster: Cluster, head: str) -> None:
    primary = cluster.status().primary
    host = cluster.lab.heads[other_head(head)]
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    done, document = verb(host, "standby", head, "--yes")
    assert (done.returncode, document["moved"]) == (0, head == primary), done
    assert cluster.status().primary == host.name
    assert cluster.status().can_lose == (head,)
    refused, document = verb(host, "standby", host.name, "--yes")
    assert (refused.returncode, document["problems"][0]["code"]) == (78, "standby-refused")
    done, document = verb(host, "online", head)
    assert (done.returncode, document["changed"]) == (0, True), done
    writer.wait_for_more()
    audits.wait_until_clean(cluster.lab, writer.stop())


@pytest.mark.matrix
def test_maintenance_ends_by_itself_and_pacemaker_watches_again(cluster: Cluster) -> None:
    host = cluster.lab.heads[0]
    active = cluster.lab.heads[HEADS.index(cluster.status().primary)]
    done, _ = verb(host, "maintenance", "on", "--for", "1m", "--yes")
    assert done.returncode == 0
    assert cluster.status().reasons == ("health-maintenance-by",)
    active.run(("systemctl", "kill", "--signal=SIGKILL", "opensips"))
    cluster.wait_healthy(deadline_s=DEADLINE_S)
    audits.wait_until_clean(cluster.lab, deadline_s=DEADLINE_S)
    done, document = verb(host, "maintenance", "off")
    assert (done.returncode, document["changed"]) == (0, False)


SLOW_STOP = "TimeoutStopSec=60\nExecStop=/bin/sleep 9\n"
MAY_START = "/run/may-start"
HELD_START = f"ExecStartPre=/bin/sh -c 'until test -e {MAY_START}; do sleep 0.2; done'\n"
# Of a clustered service, in seconds; Pacemaker counts from the beginning of the operation.
FAILURE_TIMEOUT_S = 30


@contextmanager
def settings(host: Host, units: dict[str, str]) -> Iterator[None]:
    """Services with more settings than they have."""
    files = {f"/etc/systemd/system/{unit}.service.d/zz-test.conf": text for unit, text in units.items()}
    for path, text in files.items():
        host.run(("mkdir", "-p", path.rpartition("/")[0]))
        host.write(path, f"[Service]\n{text}")
    host.run(("systemctl", "daemon-reload"))
    try:
        yield
    finally:
        host.run(("rm", *files))
        host.run(("systemctl", "daemon-reload"))


def last_operation(host: Host, node: str, resource: str) -> dict[str, str]:
    """What Pacemaker knows of the last that it did with the resource on a node; empty where it did nothing."""
    root = ET.fromstring(host.run(("cibadmin", "--query")).stdout)  # noqa: S314
    done = root.find(
        f".//node_state[@uname='{node}']//lrm_resource[@id='{resource}']/lrm_rsc_op[@id='{resource}_last_0']"
    )
    return {} if done is None else {str(name): str(value) for name, value in done.items()}


def outcome(operation: dict[str, str]) -> tuple[str, str]:
    """What was done, and the exit code."""
    return operation.get("operation", ""), operation.get("rc-code", "")


def age(host: Host, operation: dict[str, str]) -> float:
    """In seconds, since it began."""
    return float(host.run(("date", "+%s")).stdout) - float(operation.get("last-rc-change", "inf"))


@pytest.mark.matrix
def test_a_service_that_stops_too_slowly_is_not_restarted_where_it_serves(cluster: Cluster) -> None:
    """Pacemaker gives the stop up after 5 s; 30 s later it would take the service for running on both heads."""
    source = cluster.lab.heads[HEADS.index(cluster.status().primary)]
    target = cluster.lab.heads[other_head(source.name)]
    with settings(source, {"opensips": SLOW_STOP}):
        done, _ = verb(target, "switchover", "--yes")
        assert done.returncode == 0, done
        _, story = verb(target, "events", "--since", "1h")
        failed = [(one["resource"], one["operation"]) for one in story["events"] if one["kind"] == "failed"]
        assert ("opensips", "stop") in failed, story
        units = ("ivcs-server", "opensips", "gnugk")
        started = ("systemctl", "show", "--property=ActiveEnterTimestampMonotonic", "--", *units)
        before = target.run(started).stdout
        # Stopped in the end, and known to be.
        wait_until(
            lambda: (
                outcome(last_operation(target, source.name, "opensips")) in (("monitor", "7"), ("stop", "0"))
            ),
            deadline_s=DEADLINE_S,
            what="Pacemaker knows that opensips is stopped where it was slow",
            every_s=1.0,
        )
        cluster.wait_healthy(deadline_s=DEADLINE_S)
        assert target.run(started).stdout == before
    audits.wait_until_clean(cluster.lab, deadline_s=DEADLINE_S)


@pytest.mark.matrix
def test_a_service_that_stops_too_slowly_is_started_again_however_late(cluster: Cluster) -> None:
    """What it waits for takes so long that the failure has expired: then Pacemaker takes it for running."""
    active = cluster.lab.heads[HEADS.index(cluster.status().primary)]
    with settings(active, {"opensips": SLOW_STOP, "ivcs-server": HELD_START}):
        try:
            kill_unit(active, "ivcs-server")
            wait_until(
                lambda: outcome(last_operation(active, active.name, "opensips")) == ("stop", "1"),
                deadline_s=DEADLINE_S,
                what="opensips has not stopped in time",
            )
            wait_until(
                lambda: age(active, last_operation(active, active.name, "opensips")) > FAILURE_TIMEOUT_S,
                deadline_s=DEADLINE_S,
                what="that failure has expired",
            )
            # Pacemaker has to plan anew, as it does for any change.
            active.run(("attrd_updater", "--name", "nudge", "--update", "1"))
        finally:
            active.write(MAY_START, "")
        cluster.wait_healthy(deadline_s=DEADLINE_S)
        audits.wait_until_clean(cluster.lab, deadline_s=DEADLINE_S)
    active.run(("attrd_updater", "--name", "nudge", "--delete"))
    active.run(("rm", MAY_START))
