"""C5, D1, D2: power loss under load: service comes back by itself, nothing acknowledged is lost."""

import json

import pytest
from cluster import HEADS, Cluster, unlock
from share_client import ShareClient
from storage_pair import StoragePair

from live_lab import Host, audits, wait_until
from live_lab.faults import kill_unit
from live_lab.writer import Writer

# Token 3000 ms makes the peer lost after 3.6 s; promoting and starting took 10 s in an idle lab. Machines may be
# ten times slower: these are deadlines, not expectations.
RETURN_DEADLINE_S = 300.0
REJOIN_DEADLINE_S = 600.0


@pytest.fixture
def cluster(own_cluster: Cluster) -> Cluster:
    return own_cluster


def lose_the_active_head(cluster: Cluster, writer: Writer) -> None:
    """Power off, service at the public address; power on, the former primary is the synchronous standby."""
    before = cluster.status(1 if cluster.lab.heads[0].is_running else 2)
    active = HEADS.index(before.primary)
    lost, survivor = cluster.lab.heads[active], cluster.lab.heads[1 - active]
    writer.wait_for_more()

    lost.power_off()
    writer.wait_for_more(deadline_s=RETURN_DEADLINE_S)
    status = cluster.status(2 - active)
    assert status.primary == survivor.name
    assert status.place_of("ivcs-server") == [survivor.name]
    assert not status.healthy

    lost.power_on()
    cluster.wait_healthy(2 - active, deadline_s=REJOIN_DEADLINE_S)
    writer.wait_for_more()
    assert cluster.status(2 - active).primary == survivor.name


def story(host: Host) -> list[tuple[str, str, str]]:
    """Kind, node and resource of all that this head tells of the pair, in order."""
    document = json.loads(host.run(("live-cluster", "events", "--json", "--since", "1d")).stdout)
    return [(one["kind"], one["node"], one["resource"] or "") for one in document["events"]]


def failures_on_record(host: Host) -> int:
    return len(json.loads(host.run(("live-cluster", "status", "--json")).stdout)["failed_actions"])


@pytest.mark.lab
def test_power_loss_of_the_active_head(cluster: Cluster) -> None:
    writer = Writer(cluster.lab)
    lose_the_active_head(cluster, writer)
    acknowledged = writer.stop()
    lost, survivor = cluster.lab.heads
    killed = ("failed", survivor.name, "gnugk")
    kill_unit(survivor, "gnugk")
    for host in cluster.lab.heads:
        wait_until(lambda host=host: killed in story(host), deadline_s=300, what=f"{host.name} tells it")
    # Which includes that Pacemaker has forgotten the failure by itself.
    audits.wait_until_clean(cluster.lab, acknowledged)
    for host in cluster.lab.heads:
        assert failures_on_record(host) == 0
        assert killed in story(host)
        assert "In the last day: failures 1" in host.run(("live-cluster", "status")).stdout
    told = story(survivor)
    assert told.index(("node", lost.name, "")) < told.index(("action", survivor.name, "ivcs-db"))
    # Gone, and back again. The head itself may miss its first events: Pacemaker reads late whom to tell.
    assert told.count(("node", lost.name, "")) >= 2

    assert cluster.configure(head=2).codes == ["server-locked"]
    unlock(cluster.lab.heads[0], cluster.passphrase)
    again = cluster.configure(head=2)
    assert (again.returncode, again.changed, again.steps) == (0, False, ())


@pytest.mark.matrix
def test_power_loss_of_one_head_and_then_of_the_other(cluster: Cluster) -> None:
    writer = Writer(cluster.lab)
    for _ in range(2):
        lose_the_active_head(cluster, writer)
    audits.wait_until_clean(cluster.lab, writer.stop())


@pytest.mark.matrix
def test_power_loss_of_both_heads(cluster: Cluster) -> None:
    """Both come back with everything acknowledged, whichever is first."""
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    for host in cluster.lab.heads:
        host.power_off()
    acknowledged = len(writer.acknowledged)
    for host in reversed(cluster.lab.heads):
        host.power_on()
    cluster.wait_healthy(deadline_s=REJOIN_DEADLINE_S)
    writer.wait_for_more()
    assert len(writer.acknowledged) > acknowledged
    audits.wait_until_clean(cluster.lab, writer.stop())


@pytest.mark.lab
def test_files_survive_the_active_head(cluster: Cluster) -> None:
    """The same on virtual machines: test_filestorage_moves, test_nas, test_drbd, test_drbd_by_hand."""
    pair = StoragePair(cluster=cluster, share=ShareClient.on(cluster, cluster.lab.media[0]))
    pair.lose_the_active_head(half_mib=160)
    audits.wait_until_clean(cluster.lab)


@pytest.mark.matrix
def test_orderly_shutdown_of_both_heads(cluster: Cluster) -> None:
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    for host in cluster.lab.heads:
        host.shut_down()
    for host in cluster.lab.heads:
        host.power_on()
    cluster.wait_healthy(deadline_s=REJOIN_DEADLINE_S)
    writer.wait_for_more()
    audits.wait_until_clean(cluster.lab, writer.stop())
