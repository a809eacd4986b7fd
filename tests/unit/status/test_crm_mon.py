"""The parser of crm_mon's XML, on recordings of every supported Pacemaker."""

import pytest

from live_cluster.model.cluster_view import Kind, Role
from live_cluster.model.health import Observation, judge
from live_cluster.model.replication import replication_of
from live_cluster.probes.pacemaker import NoClusterView, parse_crm_mon
from recordings.recorded_server import RELEASES, recording

# The article's listing: every group and clone with its resources in order.
TREE = {
    "db-group": ["db-ip"],
    "filestorage-group": ["filestorage-fs", "filestorage-ip", "samba"],
    "ivcs-server-group": ["ivcs-server-ip", "ivcs-server", "opensips", "gnugk"],
    "ivcs-db-ms": ["ivcs-db", "ivcs-db"],
    "diskspace-clone": ["diskspace", "diskspace"],
    "monitor-clone": ["monitor", "monitor"],
}


@pytest.mark.parametrize("release", RELEASES)
def test_the_resource_tree_is_the_articles(release: str) -> None:
    view = parse_crm_mon(recording("healthy-primary", release=release))
    assert {group.id: [one.id for one in group.instances] for group in view.sets} == TREE
    assert view.resources_configured == 14
    kinds = {group.id: group.kind for group in view.sets}
    assert kinds["db-group"] is Kind.GROUP
    assert kinds["ivcs-db-ms"] is Kind.PROMOTABLE
    assert kinds["monitor-clone"] is Kind.CLONE


@pytest.mark.parametrize("release", RELEASES)
def test_both_heads_are_there(release: str) -> None:
    view = parse_crm_mon(recording("healthy-primary", release=release))
    assert [(node.name, node.online, node.available) for node in view.nodes] == [
        ("ivcs-main-1", True, True),
        ("ivcs-main-2", True, True),
    ]
    assert view.with_quorum
    assert view.dc in ("ivcs-main-1", "ivcs-main-2")
    assert view.stack == "corosync"
    assert view.last_updated
    assert view.last_change


@pytest.mark.parametrize("release", RELEASES)
def test_roles_of_the_database_are_in_todays_words(release: str) -> None:
    view = parse_crm_mon(recording("healthy-primary", release=release))
    assert view.database is not None
    roles = sorted(one.role.value for one in view.database.instances)
    assert roles == ["Promoted", "Unpromoted"]
    assert view.primary
    attributes = {node.attributes["ivcs-db-data"] for node in view.nodes}
    assert attributes == {"latest", "sync"}


def test_words_of_older_builds_mean_the_same() -> None:
    assert Role.parse("Master") is Role.PROMOTED
    assert Role.parse("Slave") is Role.UNPROMOTED
    assert Role.parse("something new") is Role.UNKNOWN


@pytest.mark.parametrize("release", RELEASES)
def test_a_stopped_cluster_says_that_it_is_on_purpose(release: str) -> None:
    view = parse_crm_mon(recording("stopped", release=release))
    assert view.stop_all_resources
    assert not any(instance.active for _, instance in view.instances())


@pytest.mark.parametrize("release", RELEASES)
def test_maintenance_mode_is_seen(release: str) -> None:
    assert parse_crm_mon(recording("maintenance", release=release)).maintenance_mode
    assert not parse_crm_mon(recording("healthy-primary", release=release)).maintenance_mode


@pytest.mark.parametrize("release", RELEASES)
def test_a_ban_names_its_resource_and_node(release: str) -> None:
    (ban,) = parse_crm_mon(recording("banned", release=release)).bans
    assert (ban.resource, ban.promoted_only) == ("ivcs-server-group", False)
    assert ban.id.startswith("cli-ban-ivcs-server-group-on-ivcs-main-")


@pytest.mark.parametrize("release", RELEASES)
def test_a_failed_action_is_told_with_its_place(release: str) -> None:
    view = parse_crm_mon(recording("failed-action", release=release))
    assert [(one.resource, one.node) for one in view.failures] == [("gnugk", view.primary)]
    (count,) = view.fail_counts
    assert (count.resource, count.node, count.bans) == ("gnugk", view.primary, False)
    assert count.times > 0


@pytest.mark.parametrize("release", RELEASES)
def test_nodes_that_are_away_or_resting(release: str) -> None:
    standby = parse_crm_mon(recording("node-standby", release=release))
    assert sorted(node.standby for node in standby.nodes) == [False, True]
    offline = parse_crm_mon(recording("node-offline", release=release))
    assert sorted(node.online for node in offline.nodes) == [False, True]


@pytest.mark.parametrize("release", RELEASES)
def test_no_view_without_a_running_cluster(release: str) -> None:
    with pytest.raises(NoClusterView):
        parse_crm_mon(recording("not-running", release=release))


@pytest.mark.parametrize(
    "text", ["", "crm_mon: error", "<pacemaker-result/>", "<pacemaker-result><summary/>"]
)
def test_anything_else_is_no_view(text: str) -> None:
    with pytest.raises(NoClusterView):
        parse_crm_mon(text)


def test_exit_reasons_are_readable() -> None:
    text = recording("failed-action").replace(
        'exitreason="', 'exitreason="Couldn&amp;apos;t &amp;lt;x&amp;gt; ', 1
    )
    assert parse_crm_mon(text).failures[0].exit_reason.startswith("Couldn't <x> ")


def test_resource_names_with_underscores_survive() -> None:
    text = recording("failed-action").replace("gnugk_", "my_own_gnugk_")
    assert parse_crm_mon(text).failures[0].resource == "my_own_gnugk"


def test_fencing_devices_stand_apart() -> None:
    """The article's fourteen resources stay fourteen, and a head's own device is no ban of a service."""
    view = parse_crm_mon(recording("fenced"))
    assert view.fencing_enabled
    assert {group.id: [one.id for one in group.instances] for group in view.sets} == TREE
    assert view.resources_configured == 14
    assert [(one.id, one.nodes, one.role) for one in view.fencing_devices] == [
        ("fence-ivcs-main-1", ("ivcs-main-2",), Role.STARTED),
        ("fence-ivcs-main-2", ("ivcs-main-1",), Role.STARTED),
    ]
    assert view.bans == ()
    assert judge(Observation(view=view, replication=replication_of(view, None))).blocking == ()


def test_fencing_that_failed_is_remembered() -> None:
    event = (
        '<fence_history status="0"><fence_event status="failed" failed-recently="true" action="reboot"'
        ' target="ivcs-main-1" completed="2026-01-02 03:04:05Z" exit-reason="Connection timed out"/>'
        '<fence_event status="success" action="reboot" target="ivcs-main-2"/></fence_history>'
    )
    text = recording("fenced").replace("</pacemaker-result>", event + "</pacemaker-result>")
    (failed,) = parse_crm_mon(text).failed_fencing
    assert (failed.target, failed.reason) == ("ivcs-main-1", "Connection timed out")


@pytest.mark.parametrize(("when", "count"), [("03:04:04", 1), ("03:04:06", 0)])
def test_fencing_that_failed_and_then_succeeded_is_over(when: str, count: int) -> None:
    event = (
        '<fence_history status="0"><fence_event status="pending" action="reboot" target="ivcs-main-1"/>'
        f'<fence_event status="success" action="off" target="ivcs-main-1" completed="2026-01-02 {when}Z"/>'
        '<fence_event status="failed" action="reboot" target="ivcs-main-1" completed="2026-01-02 03:04:05Z"/>'
        "</fence_history>"
    )
    text = recording("fenced").replace("</pacemaker-result>", event + "</pacemaker-result>")
    assert len(parse_crm_mon(text).failed_fencing) == count
