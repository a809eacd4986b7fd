"""Votes, links and the database's own view of replication."""

import json

import pytest

from live_cluster.model.cluster_view import ClusterView
from live_cluster.model.replication import LocalDatabase, Mode, Standby, replication_of
from live_cluster.probes.membership import parse_links, parse_quorum
from live_cluster.probes.pacemaker import parse_crm_mon
from live_cluster.probes.replication import parse_rejoin, parse_replication
from recordings.recorded_server import RELEASES, recording

# corosync-quorumtool -s of a pair with a quorum device (Corosync 3.1.7), its vote given and withheld.
WITH_ARBITER = """\
Votequorum information
----------------------
Expected votes:   3
Highest expected: 3
Total votes:      3
Quorum:           2
Flags:            Quorate Qdevice

Membership information
----------------------
    Nodeid      Votes    Qdevice Name
         1          1    A,V,NMW ivcs-main-1 (local)
         2          1    A,V,NMW ivcs-main-2
         0          1            Qdevice
"""
ARBITER_SILENT = WITH_ARBITER.replace("Total votes:      3", "Total votes:      2").replace(
    "         0          1            Qdevice", "         0          0            Qdevice (votes 1)"
)


@pytest.mark.parametrize("release", RELEASES)
def test_two_nodes_stay_quorate_without_one(release: str) -> None:
    quorum = parse_quorum(recording("healthy-primary", release=release, name="quorum.txt"))
    assert quorum is not None
    assert (quorum.two_node, quorum.arbiter, quorum.total_votes) == (True, False, 2)
    assert quorum.stays_without_one


def test_an_arbiter_counts_while_it_votes() -> None:
    quorum = parse_quorum(WITH_ARBITER)
    assert quorum is not None
    assert quorum.arbiter
    assert quorum.stays_without_one
    silent = parse_quorum(ARBITER_SILENT)
    assert silent is not None
    assert silent.arbiter
    assert silent.arbiter_votes == 0
    assert not silent.stays_without_one


ARBITER_CONF = "quorum {\n    device {\n        net {\n            host: 192.0.2.11\n        }\n    }\n}\n"


def test_it_is_known_which_heads_have_the_arbiter_s_vote() -> None:
    quorum = parse_quorum(WITH_ARBITER.replace("A,V,NMW ivcs-main-2", "A,NV,NMW ivcs-main-2"), ARBITER_CONF)
    assert quorum is not None
    assert quorum.arbiter_heads == ("ivcs-main-1",)
    assert quorum.arbiter_address == "192.0.2.11"


def test_an_arbiter_that_nobody_asks_is_one_all_the_same() -> None:
    unasked = WITH_ARBITER.replace(" Qdevice", "").replace("A,V,NMW ", "")
    quorum = parse_quorum(unasked, ARBITER_CONF)
    assert quorum is not None
    assert quorum.arbiter
    assert quorum.arbiter_votes == 0


@pytest.mark.parametrize("release", RELEASES)
def test_no_answer_is_no_quorum_view(release: str) -> None:
    assert parse_quorum(recording("not-running", release=release, name="quorum.txt")) is None
    assert parse_links(recording("not-running", release=release, name="links.txt")) == ()


@pytest.mark.parametrize("release", RELEASES)
def test_links_and_which_of_them_is_down(release: str) -> None:
    healthy = parse_links(recording("healthy-primary", release=release, name="links.txt"))
    assert [(link.number, link.connected) for link in healthy] == [(0, True), (1, True)]
    broken = parse_links(recording("link-down", release=release, name="links.txt"))
    assert [(link.number, link.connected) for link in broken] == [(0, True), (1, False)]
    assert broken[1].remote_address.startswith("10.81.1.")


def view_of(situation: str, release: str) -> ClusterView:
    return parse_crm_mon(recording(situation, release=release))


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("situation", ["healthy-primary", "healthy-standby"])
def test_both_heads_see_the_same_replication(situation: str, release: str) -> None:
    view = view_of(situation, release)
    local = parse_replication(recording(situation, release=release, name="database.txt"))
    assert local is not None
    assert local.in_recovery is (situation == "healthy-standby")
    seen = replication_of(view, local)
    assert seen.mode is Mode.SYNCHRONOUS
    assert {seen.primary, seen.standby} == {"ivcs-main-1", "ivcs-main-2"}
    assert seen.primary == view.primary
    assert seen.standby_state == "streaming"
    assert seen.lag_bytes is not None
    assert seen.lag_bytes >= 0


@pytest.mark.parametrize("release", RELEASES)
def test_without_a_local_answer_the_clusters_attribute_decides(release: str) -> None:
    seen = replication_of(view_of("healthy-standby", release), None)
    assert (seen.mode, seen.lag_bytes) == (Mode.SYNCHRONOUS, None)


@pytest.mark.parametrize("release", RELEASES)
def test_a_lone_primary_replicates_to_nobody(release: str) -> None:
    view = view_of("node-offline", release)
    local = parse_replication(recording("node-offline", release=release, name="database.txt"))
    seen = replication_of(view, local)
    assert (seen.mode, seen.primary) == (Mode.NONE, view.primary)


def test_a_standby_that_does_not_confirm_is_asynchronous() -> None:
    row = Standby(name="ivcs-main-2", state="streaming", sync_state="async", lag_bytes=4096)
    local = LocalDatabase(in_recovery=False, standbys=(row,))
    seen = replication_of(view_of("healthy-primary", "bookworm"), local)
    assert (seen.mode, seen.lag_bytes, seen.commits_wait) == (Mode.ASYNCHRONOUS, 4096, False)


def test_a_primary_that_waits_for_nobody_in_particular_hangs() -> None:
    local = LocalDatabase(in_recovery=False, waits_for="ivcs-main-2")
    seen = replication_of(view_of("healthy-primary", "bookworm"), local)
    assert (seen.mode, seen.commits_wait, seen.standby_state) == (Mode.NONE, True, "disconnected")


def test_a_standby_without_a_receiver_follows_nobody() -> None:
    local = LocalDatabase(in_recovery=True)
    seen = replication_of(view_of("healthy-standby", "bookworm"), local)
    assert (seen.mode, seen.standby_state) == (Mode.NONE, "disconnected")


@pytest.mark.parametrize("text", ["", "psql: error", "t\x1fivcs-main-2"])
def test_a_database_that_does_not_answer(text: str) -> None:
    assert parse_replication(text) is None


def test_progress_of_a_rejoin() -> None:
    running = {"state": "copying", "method": "copy", "bytes_done": 5, "bytes_total": 10, "set_aside": ["/a"]}
    seen = parse_rejoin(json.dumps(running))
    assert seen is not None
    assert (seen.state, seen.done_bytes, seen.total_bytes, seen.set_aside) == ("copying", 5, 10, ("/a",))


@pytest.mark.parametrize("text", ["", "{", '{"state": "done"}', "{}"])
def test_no_rejoin_under_way(text: str) -> None:
    assert parse_rejoin(text) is None
