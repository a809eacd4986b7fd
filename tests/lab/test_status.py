"""`status`, `stop-resources`, `start-resources` on a configured pair (A5-A7, A9); each test leaves it healthy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cluster import HEADS, KEPT, Cluster
from first_run import FirstRun

from live_lab import Background, Completed, Host, audits, wait_until

pytestmark = pytest.mark.lab

PID_FILE = "/run/lab-verb.pid"
ALL_VERBS = ("status", "stop-resources", "start-resources")
CODE_OK, CODE_DOWN, CODE_NOT_RUNNING, CODE_NOT_ROOT = 0, 1, 69, 77
CODE_TIMEOUT, CODE_INTERRUPTED, CODE_DEGRADED = 124, 130, 190


@pytest.fixture
def cluster(first_run: FirstRun) -> Iterator[Cluster]:
    """Healthy before, healthy after, and with the same primary."""
    whole = first_run.cluster
    primary = whole.wait_healthy().primary
    yield whole
    assert whole.wait_healthy().primary == primary
    audits.wait_until_clean(whole.lab)


@pytest.fixture
def head(cluster: Cluster) -> Host:
    return cluster.lab.heads[0]


def verb(head: Host, *argv: str, language: str = "C.UTF-8") -> Completed:
    command = ("env", f"LC_ALL={language}", "live-cluster", *argv)
    return head.run(command, check=False, timeout_s=900)


def document(completed: Completed) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(completed.stdout)
    return value


def words(line: str) -> str:
    return " ".join(line.split())


# -- status -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_both_heads_tell_the_same_in_the_articles_layout(cluster: Cluster, number: int) -> None:
    completed = verb(cluster.lab.heads[number - 1], "status")
    lines = [words(line) for line in completed.stdout.splitlines()]
    primary, standby = HEADS
    assert completed.returncode == CODE_OK
    assert lines[0] == "Stack: corosync"
    assert lines[5:9] == [
        "2 nodes configured",
        "14 resources configured",
        "",
        f"Online: [ {primary} {standby} ]",
    ]
    listing = lines[lines.index("Resource Group: db-group") :]
    assert listing[:20] == [
        "Resource Group: db-group",
        f"db-ip (ocf::heartbeat:IPaddr2): Started {primary}",
        "Resource Group: filestorage-group",
        f"filestorage-fs (ocf::heartbeat:Filesystem): Started {primary}",
        f"filestorage-ip (ocf::heartbeat:IPaddr2): Started {primary}",
        f"samba (systemd:smbd): Started {primary}",
        "Resource Group: ivcs-server-group",
        f"ivcs-server-ip (ocf::heartbeat:IPaddr2): Started {primary}",
        f"ivcs-server (systemd:ivcs-server): Started {primary}",
        f"opensips (systemd:opensips): Started {primary}",
        f"gnugk (systemd:gnugk): Started {primary}",
        "Master/Slave Set: ivcs-db-ms [ivcs-db]",
        f"Masters: [ {primary} ]",
        f"Slaves: [ {standby} ]",
        "Clone Set: diskspace-clone [diskspace]",
        f"Started: [ {primary} {standby} ]",
        "Clone Set: monitor-clone [monitor]",
        f"Started: [ {primary} {standby} ]",
        "",
        f"Replication: synchronous, primary {primary}, standby {standby} (streaming), lag "
        + listing[19].rpartition("lag ")[2],
    ]
    assert f"The pair can lose {primary} now." in listing
    assert f"The pair can lose {standby} now." in listing


def test_status_speaks_russian_below_the_listing(head: Host) -> None:
    completed = verb(head, "status", language="ru_RU.UTF-8")
    assert "Online: [ ivcs-main-1 ivcs-main-2 ]" in completed.stdout
    assert f"Сейчас пара может потерять {HEADS[1]}." in completed.stdout


def test_a_reader_that_has_enough_gets_no_complaint(head: Host) -> None:
    completed = head.run(("sh", "-c", "live-cluster status | head -n 1"))
    assert (completed.stdout, completed.stderr) == ("Stack: corosync\n", "")


def test_a_resting_head_may_not_take_over_and_status_says_so(cluster: Cluster, head: Host) -> None:
    head.run(("crm_standby", "--node", HEADS[1], "--update", "on"))
    try:
        status = cluster.status()
        assert status.returncode == CODE_DEGRADED
        assert HEADS[0] not in status.can_lose
        assert "health-node-standby" in status.reasons
        assert f"Node {HEADS[1]}: standby" in verb(head, "status").stdout
    finally:
        head.run(("crm_standby", "--node", HEADS[1], "--delete"))


def test_maintenance_mode_is_loud(cluster: Cluster, head: Host) -> None:
    mode = ("crm_attribute", "--name", "maintenance-mode")
    head.run((*mode, "--update", "true"))
    try:
        status = cluster.status()
        assert (status.returncode, status.can_lose) == (CODE_DEGRADED, ())
        assert status.reasons == ("health-maintenance-mode",)
        assert "MAINTENANCE MODE" in verb(head, "status").stdout
    finally:
        head.run((*mode, "--delete"))


def test_a_head_whose_cluster_software_is_stopped_says_how_to_start_it(cluster: Cluster) -> None:
    standby = cluster.lab.heads[1]
    standby.run(("systemctl", "stop", "pacemaker", "corosync"))
    try:
        completed = verb(standby, "status", "--json")
        assert completed.returncode == CODE_NOT_RUNNING
        assert [one["code"] for one in document(completed)["problems"]] == ["cluster-not-running"]
        assert "systemctl start corosync pacemaker" in completed.stderr
        wait_until(
            lambda: HEADS[1] not in cluster.status().online, deadline_s=300, what="the other head notices"
        )
        assert cluster.status().returncode == CODE_DEGRADED
        assert cluster.status().reasons == ("health-node-offline",)
    finally:
        standby.run(("systemctl", "start", "corosync", "pacemaker"))


@pytest.mark.parametrize("name", ALL_VERBS)
def test_only_root_may_ask_or_order(head: Host, name: str) -> None:
    completed = head.run(("sudo", "-u", "nobody", "live-cluster", name), check=False)
    assert completed.returncode == CODE_NOT_ROOT
    assert f"sudo live-cluster {name}" in completed.stderr


# -- stop-resources, start-resources ----------------------------------------------------------------------------


def test_stopping_and_starting_everything(cluster: Cluster, head: Host) -> None:
    stopped = verb(head, "stop-resources")
    assert stopped.returncode == CODE_OK, stopped
    assert f"ivcs-db: Stopped on {HEADS[0]}" in stopped.stderr
    status = cluster.status(head=2)
    assert status.returncode == CODE_DOWN
    assert {one.role for one in status.instances} == {"Stopped"}
    assert status.reasons == ("health-resources-stopped",)
    for host in cluster.lab.heads:
        assert host.run(("pgrep", "--exact", "postgres"), check=False).stdout == ""

    again = verb(cluster.lab.heads[1], "stop-resources", "--json")
    assert (again.returncode, document(again)["changed"], document(again)["done"]) == (CODE_OK, False, True)

    started = verb(cluster.lab.heads[1], "start-resources", "--json")
    assert started.returncode == CODE_OK, started
    assert (document(started)["changed"], document(started)["remaining"]) == (True, [])
    assert cluster.status().primary == HEADS[0]
    assert KEPT in cluster.conferences()

    again = verb(head, "start-resources")
    assert (again.returncode, again.stdout) == (CODE_OK, "All resources run already.\n")


def test_an_order_that_takes_too_long_is_told_and_stays_in_force(cluster: Cluster, head: Host) -> None:
    late = verb(head, "stop-resources", "--timeout", "1", "--json")
    try:
        assert late.returncode == CODE_TIMEOUT
        assert document(late)["remaining"]
        assert {one["code"] for one in document(late)["problems"]} == {"resource-not-stopped"}
        assert verb(head, "stop-resources").returncode == CODE_OK
    finally:
        assert verb(head, "start-resources").returncode == CODE_OK


def started_verb(head: Host, name: str) -> Background:
    return head.start(("sh", "-c", f'echo $$ >{PID_FILE}; exec "$@"', "verb", "live-cluster", name))


def test_ctrl_c_says_that_the_order_stays_in_force(cluster: Cluster, head: Host) -> None:
    work = started_verb(head, "stop-resources")
    wait_until(lambda: "Stopped on" in work.stderr, deadline_s=300, what="the first resource stopped")
    head.run(("kill", "-INT", head.read(PID_FILE).strip()))
    completed = work.wait(60)
    try:
        assert completed.returncode == CODE_INTERRUPTED
        assert "stays in force" in completed.stderr
        assert "resources_stopped" in document(verb(head, "status", "--json"))
        assert verb(head, "stop-resources").returncode == CODE_OK
    finally:
        assert verb(head, "start-resources").returncode == CODE_OK


def test_nothing_is_ordered_in_maintenance_mode(cluster: Cluster, head: Host) -> None:
    mode = ("crm_attribute", "--name", "maintenance-mode")
    head.run((*mode, "--update", "true"))
    try:
        refused = verb(head, "stop-resources")
        assert refused.returncode != CODE_OK
        assert "resources-in-maintenance" in refused.stderr
        assert not document(verb(head, "status", "--json"))["resources_stopped"]
    finally:
        head.run((*mode, "--delete"))
