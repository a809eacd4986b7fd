"""A8: `live-cluster timeouts` on a configured pair."""

from __future__ import annotations

import pytest
from installation import FIRST_RUN, Installation

from live_cluster.errors import ExitCode
from recordings.configure.recorded import HEADS, RELEASES, RecordedServer

LOCKS = [f"{head}: lock /run/live-cluster/configure.lock" for head in HEADS]


@pytest.fixture(params=RELEASES)
def configured(site: Installation, request: pytest.FixtureRequest) -> Installation:
    site.use(request.param)
    assert site.configure(*FIRST_RUN).code == ExitCode.OK
    return site


def test_a_new_token_reaches_the_running_cluster_and_the_kept_settings(configured: Installation) -> None:
    done = configured.run("timeouts", "--token", "4000", "--json")
    assert done.code == ExitCode.OK, done.err
    steps = {(step["code"], step["impact"], step["state"]) for step in done.document["steps"]}
    assert steps == {
        ("file", "reload", "changed"),
        ("corosync-reload", "reload", "changed"),
        ("file", "none", "changed"),
    }
    for name in HEADS:
        server = configured.servers[name]
        assert "    token: 4000\n" in server.written["/etc/corosync/corosync.conf"].text
        assert "4000" in server.written["/etc/live-cluster/cluster.toml"].text
    assert configured.servers["ivcs-media-0"].asked == []


def test_the_next_configure_leaves_the_token_alone(configured: Installation) -> None:
    configured.run("timeouts", "--token", "4000")
    again = configured.configure()
    assert "Nothing to do" in again.err
    assert configured.changes == LOCKS


def test_a_dry_run_touches_nothing(configured: Installation) -> None:
    dry = configured.run("timeouts", "--token", "4000", "--dry-run")
    assert dry.code == ExitCode.OK
    assert "+    token: 4000" in dry.err
    assert configured.changes == []


def test_a_token_that_is_too_short_for_its_repetitions_is_refused(configured: Installation) -> None:
    refused = configured.run("timeouts", "--token", "100", "--token-retransmits", "10", "--json")
    assert refused.code == ExitCode.USAGE
    assert refused.document["problems"]
    assert configured.changes == []


def test_where_there_is_no_cluster_there_is_nothing_to_set(site: Installation) -> None:
    refused = site.run("timeouts", "--token", "4000")
    assert refused.code == ExitCode.NOT_CONFIGURED
    assert site.connected == 0


def test_a_head_that_is_not_in_the_cluster_is_named(configured: Installation) -> None:
    # Installed anew while the other one went on.
    configured.servers["ivcs-main-2"] = RecordedServer("ivcs-main-2", configured.release)
    refused = configured.run("timeouts", "--token", "4000", "--json")
    assert refused.code == ExitCode.CONFIGURATION
    assert [(one["code"], one["node"]) for one in refused.document["problems"]] == [
        ("head-not-in-cluster", "ivcs-main-2")
    ]
    assert configured.changes == LOCKS
