"""C3, D4: heads that come to a cluster later, or to one that is down: nobody's data is taken for replaceable."""

import json
from collections.abc import Iterator

import pytest
from cluster import HEADS, KEPT, PUBLIC_ADDRESS, Cluster, unlock, write_conference

from live_lab import Lab, audits, wait_until

REJOIN_DEADLINE_S = 600.0
# Spaces, both quotes, dollar, per cent, backslash, colon, hash and Cyrillic: every quoting on the way would show.
ODD_PASSWORD = " а'б\"c $HOME %s \\n \\\\ :;# `id` ж "


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with Lab.up(name="cjoin") as lab:
        write_conference(lab.heads[0], KEPT)
        cluster = Cluster.unlocked(lab)
        cluster.configure_fully()
        cluster.wait_healthy()
        yield cluster


def wait_until_served_by(cluster: Cluster, number: int) -> None:
    """The application at the public address runs on this head and can write."""
    curl = ("curl", "-sS", "-m", "10", f"http://{PUBLIC_ADDRESS}/api/health")

    def serves() -> bool:
        answer = cluster.lab.client.run(curl, check=False).stdout
        health = json.loads(answer) if answer.startswith("{") else {}
        return bool(health.get("healthy")) and health.get("host") == HEADS[number - 1]

    wait_until(serves, deadline_s=REJOIN_DEADLINE_S, what=f"service by {HEADS[number - 1]}", every_s=1.0)


@pytest.mark.matrix
@pytest.mark.parametrize("number", [1, 2])
def test_a_head_that_was_installed_anew_gets_the_data_of_the_other(cluster: Cluster, number: int) -> None:
    survivor = 3 - number
    write_conference(cluster.lab.client, "written before", PUBLIC_ADDRESS)
    cluster.lab.reinstall(HEADS[number - 1])
    wait_until_served_by(cluster, survivor)
    unlock(cluster.lab.heads[number - 1], cluster.passphrase)

    report = cluster.configure("--yes", head=survivor)

    assert report.returncode == 0, report
    cluster.wait_healthy(survivor, deadline_s=REJOIN_DEADLINE_S)
    assert {KEPT, "written before"} <= set(cluster.conferences())
    audits.wait_until_clean(cluster.lab, ())


@pytest.mark.matrix
def test_a_cluster_that_is_down_on_both_heads_is_started_with_its_own_latest_data(cluster: Cluster) -> None:
    """The second head is primary and holds the latest data: the run must not copy the first one's over it."""
    first, second = cluster.lab.heads
    first.power_off()
    wait_until_served_by(cluster, 2)
    write_conference(cluster.lab.client, "only on the second head", PUBLIC_ADDRESS)
    second.run(("systemctl", "disable", "--now", "pacemaker", "corosync"))
    first.power_on()
    first.run(("systemctl", "disable", "--now", "pacemaker", "corosync"))
    for head in cluster.lab.heads:
        unlock(head, cluster.passphrase)

    report = cluster.configure(head=2)

    assert report.returncode == 0, report
    cluster.wait_healthy(2, deadline_s=REJOIN_DEADLINE_S)
    assert {KEPT, "only on the second head"} <= set(cluster.conferences())


@pytest.mark.matrix
def test_a_password_of_odd_characters_reaches_the_database_and_its_standby_unchanged() -> None:
    with Lab.up(name="cjoin") as lab:
        cluster = Cluster.unlocked(lab)
        toml = ODD_PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        text = f'authkey = "{"QUJD" * 64}"\nreplication = "{toml}"\nsmb = "{toml}"\n'
        for head in lab.heads:
            head.run(("mkdir", "-p", "/etc/live-cluster"))
            head.write("/etc/live-cluster/service-secrets.toml", text, mode=0o600)
        cluster.configure_fully()
        # The standby has copied the database over the network with this password.
        cluster.wait_healthy()
        for head in lab.heads:
            line = head.read("/var/lib/live-cluster/postgresql/replication.pgpass")
            password = line.rstrip("\n").split(":", 4)[4].replace("\\:", ":").replace("\\\\", "\\")
            assert password == ODD_PASSWORD
