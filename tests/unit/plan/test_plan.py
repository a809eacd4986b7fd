"""The steps of a first run, of a converged cluster, and of a head that was installed anew."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from plan_case import blueprint, facts, fleet, observed, settings, with_head

from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.build import SETTINGS_FILE, stages, timeout_stages
from live_cluster.plan.database_steps import RECLONE, Places
from live_cluster.plan.step import Impact, Step, outstanding
from live_cluster.remote.requests import Command, Request, WriteFile
from recordings.configure.recorded import RELEASES

FIRST, SECOND, MEDIA = "ivcs-main-1", "ivcs-main-2", "ivcs-media-0"


@pytest.fixture(scope="module")
def forming() -> Blueprint:
    return blueprint()


@pytest.fixture(scope="module")
def converged() -> Blueprint:
    return blueprint(facts(configured=True))


@pytest.fixture(scope="module")
def reinstalled() -> Blueprint:
    """The first head is as it came from the factory, the second one serves."""
    fresh, running = facts(), facts(configured=True)
    return blueprint(replace(running, heads=(fresh.heads[0], running.heads[1])))


def steps_of(plan: Blueprint) -> list[Step]:
    return [step for stage in stages(plan) for step in stage.steps]


def named(plan: Blueprint, node: str) -> list[str]:
    """Codes of one server's steps, with the path of those about a file."""
    found = []
    for step in steps_of(plan):
        if step.node == node:
            path = dict(step.title.fields).get("path", "")
            found.append(f"{step.code} {path}".strip())
    return found


def in_this_order(lines: list[str], *wanted: str) -> bool:
    places = [lines.index(one) for one in wanted]
    return all(earlier < later for earlier, later in pairwise(places))


def test_a_first_run_knows_that_it_is_one(forming: Blueprint, converged: Blueprint) -> None:
    assert forming.forming
    assert not converged.forming
    assert converged.primary == FIRST


def test_the_name_is_given_before_the_hosts_file_says_so(forming: Blueprint) -> None:
    for node in (FIRST, SECOND, MEDIA):
        assert in_this_order(named(forming, node), "hostname", "file /etc/hosts")


def test_a_media_server_gets_its_name_hosts_and_firewall_only(forming: Blueprint) -> None:
    assert named(forming, MEDIA) == [
        "hostname",
        "file /etc/hosts",
        "file /etc/iptables-config/ipv4/filter.d/0500-live-cluster",
    ]


def test_the_second_head_is_told_to_copy_before_its_cluster_starts(forming: Blueprint) -> None:
    assert in_this_order(
        named(forming, SECOND),
        "file /var/lib/live-cluster/postgresql/replication.pgpass",
        "database-handed-over",
        "database-copy-requested",
        "default-cluster-stopped",
        "file /etc/corosync/authkey",
        "first-cib",
        # The sign that this head has joined comes last: an interrupted run begins anew.
        "file /etc/corosync/corosync.conf",
        "service-running",
        "standby-synchronous",
        f"file {SETTINGS_FILE}",
    )
    assert "database-copy-requested" not in named(forming, FIRST)
    assert f"file-absent {RECLONE}" in named(forming, FIRST)


def test_systemd_starts_what_dies_outside_the_cluster_again(forming: Blueprint) -> None:
    files = {
        action.path: action.content.decode()
        for step in steps_of(forming)
        if step.node == SECOND
        for action in actions(forming, step)
        if isinstance(action, WriteFile) and action.path.startswith("/etc/systemd/")
    }
    texts = {path.split("/")[4].removesuffix(".service.d"): text for path, text in files.items()}
    outside = {"corosync", *forming.profile.services_on_both_heads.units}
    # What the cluster carries keeps the times of its units: the profile names no others.
    assert texts.keys() == outside
    assert all("Restart=on-failure\n" in text for text in texts.values())


def test_services_are_stopped_in_the_reverse_order_of_their_start(forming: Blueprint) -> None:
    units = [
        str(step.title.field("unit"))
        for step in steps_of(forming)
        if step.code == "service-handed-over" and step.node == FIRST
    ]
    assert units == ["gnugk", "opensips", "ivcs-server", "smbd"]


def test_everything_about_the_cluster_comes_in_this_order(forming: Blueprint) -> None:
    codes = [step.code for step in steps_of(forming)]
    assert in_this_order(
        codes,
        "service-running",
        "members-online",
        "cib",
        "database-promoted",
        "replication-role",
        "resources-running",
        "storage-owner",
        "standby-synchronous",
    )


def test_data_of_users_on_the_second_head_is_an_impact_of_its_own() -> None:
    for rows, impact in ((5, Impact.REPLACES_DATA), (0, Impact.NONE)):
        plan = blueprint(with_head(facts(), 2, user_rows=rows))
        (reclone,) = (step for step in steps_of(plan) if step.code == "database-copy-requested")
        assert reclone.impact is impact


@pytest.mark.parametrize("release", RELEASES)
def test_versions_of_postgresql_follow_the_release(release: str) -> None:
    version = {"bookworm": "15", "trixie": "17"}[release]
    plan = blueprint(facts(release))
    paths = [line for line in named(plan, FIRST) if "/etc/postgresql/" in line]
    assert paths
    assert all(f"/etc/postgresql/{version}/main/" in line for line in paths)
    assert Places(version=version).unit == f"postgresql@{version}-main.service"


def test_a_converged_cluster_has_no_step_that_stops_anything(converged: Blueprint) -> None:
    steps = steps_of(converged)
    assert max(step.impact for step in steps) is Impact.RESTART
    assert not [step for step in steps if step.foreseen]
    assert not {"database-copy-requested", "first-cib", "default-cluster-stopped"} & {
        one.code for one in steps
    }
    assert "corosync-reload" in {step.code for step in steps}


def test_a_converged_cluster_has_everything_but_the_texts_of_this_test(converged: Blueprint) -> None:
    every = stages(converged)
    left = outstanding(every, observed(every, configured=True))
    # The stored settings differ on purpose; other texts may be newer than the recording.
    assert {step.code for step in left.steps} <= {"file", "cib"}
    assert {str(one.title.field("path")) for one in left.steps if one.code == "file"} >= {SETTINGS_FILE}


def test_a_stopped_cluster_is_not_formed_anew(converged: Blueprint) -> None:
    seen = facts(configured=True)
    stopped = seen
    for number in (1, 2):
        stopped = with_head(stopped, number, primary="", user_rows=None)
    plan = blueprint(stopped)
    assert not plan.forming
    # The agent's own word about the data, in the CIB that Pacemaker would start with.
    assert plan.primary == FIRST


def test_a_reinstalled_head_gets_the_others_data(reinstalled: Blueprint) -> None:
    assert not reinstalled.forming
    assert (reinstalled.joins(FIRST), reinstalled.joins(SECOND)) == (True, False)
    assert "database-copy-requested" in named(reinstalled, FIRST)
    assert "database-copy-requested" not in named(reinstalled, SECOND)
    assert "file /etc/ivcs/server.conf" in named(reinstalled, FIRST)
    assert not [
        step for step in steps_of(reinstalled) if step.node == SECOND and step.impact is Impact.OUTAGE
    ]


def test_files_of_the_first_head_are_copied_once(forming: Blueprint, converged: Blueprint) -> None:
    assert "file /etc/ivcs/server.conf" in named(forming, SECOND)
    assert "file /etc/ivcs/server.conf" not in named(forming, FIRST)
    assert "file /etc/ivcs/server.conf" not in named(converged, SECOND)


def test_timeouts_touch_corosyncs_file_and_the_kept_settings_only(converged: Blueprint) -> None:
    plan = replace(converged, settings=settings(token="5000"))
    steps = [step for stage in timeout_stages(plan) for step in stage.steps]
    assert {step.code for step in steps} == {"file", "corosync-reload"}
    assert max(step.impact for step in steps) is Impact.RELOAD
    paths = {str(step.title.field("path")) for step in steps if step.code == "file"}
    assert paths == {
        "/etc/corosync/corosync.conf",
        "/etc/live-cluster/cluster.toml",
        "/etc/live-cluster/secrets.toml",
    }


def test_every_changing_command_says_that_it_changes_something(forming: Blueprint) -> None:
    harmless = {"crm_verify", "crm_diff"}
    for step in steps_of(forming):
        for action in actions(forming, step):
            if isinstance(action, Command):
                assert action.changes_node or action.argv[0] in harmless, action


def test_no_check_changes_anything(forming: Blueprint, converged: Blueprint) -> None:
    for step in [*steps_of(forming), *steps_of(converged)]:
        for request in step.check.requests:
            assert not isinstance(request, WriteFile), request
            assert not (isinstance(request, Command) and request.changes_node), request


def test_secrets_stand_in_no_command_line(forming: Blueprint) -> None:
    secrets = (forming.secrets.replication.reveal(), forming.secrets.smb.reveal())
    for step in steps_of(forming):
        for action in actions(forming, step):
            assert not [one for one in secrets if one in str(action)], action


def test_what_is_replaced_is_set_aside(forming: Blueprint) -> None:
    theirs = ("/etc/hosts", "/etc/samba/smb.conf", "/etc/corosync/", "/etc/postgresql/", "/etc/ivcs/")
    for step in steps_of(forming):
        for action in actions(forming, step):
            if isinstance(action, WriteFile) and action.path.startswith(theirs):
                assert action.set_aside == forming.set_aside, action.path


def actions(plan: Blueprint, step: Step) -> tuple[Request, ...]:
    server = fleet().servers[step.node]
    replies = tuple(server.answer(request) for request in step.check.requests)
    assert plan.forming
    return step.actions(replies)
