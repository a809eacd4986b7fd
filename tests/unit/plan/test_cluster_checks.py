"""When the cluster counts as up: checks on recorded views of Pacemaker, and on what changes in them."""

from __future__ import annotations

import re

import pytest
from plan_case import SECRETS, blueprint, facts, fleet, settings

from live_cluster.model.service_secrets import scram_verifier
from live_cluster.model.settings import Secret
from live_cluster.plan import cib_steps, cluster_steps, database_steps, resource_steps
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.step import Step
from live_cluster.plan.view_checks import stopped_on_purpose, view_of
from live_cluster.probes.head import VIEW
from live_cluster.remote.requests import Command, CommandResult, Reply, WriteFile
from recordings.configure.recorded import RecordedServer


@pytest.fixture(scope="module")
def plan() -> Blueprint:
    return blueprint(facts(configured=True))


@pytest.fixture(scope="module")
def view() -> str:
    """crm_mon's report on the converged cluster."""
    reply = RecordedServer("ivcs-main-1", configured=True).answer(VIEW)
    assert isinstance(reply, CommandResult)
    return reply.text


def holds(step: Step, view: str, *, read_only: str = "off") -> bool:
    """With what Pacemaker says, and the database of itself where it is asked, too."""
    return step.check.holds(
        tuple(CommandResult(returncode=0, stdout=text.encode()) for text in (view, read_only))
    )


def missing(step: Step, view: str) -> str:
    assert step.check.missing is not None
    return step.check.missing((CommandResult(returncode=0, stdout=view.encode()),))


def with_resource(view: str, identity: str, **changed: str) -> str:
    """The report with other attributes of one instance."""
    match = re.search(rf'<resource id="{identity}"[^>]*>', view)
    assert match
    entry = match[0]
    for name, value in changed.items():
        entry = re.sub(rf' {name}="[^"]*"', "", entry)
        entry = entry.replace(f'id="{identity}"', f'id="{identity}" {name}="{value}"', 1)
    return view.replace(match[0], entry, 1)


def stopped(view: str, identity: str) -> str:
    return with_resource(view, identity, role="Stopped", active="false")


def option(view: str, name: str) -> str:
    return re.sub(rf'{name}="false"', f'{name}="true"', view, count=1)


def test_a_converged_cluster_is_up(plan: Blueprint, view: str) -> None:
    for step in (
        cluster_steps.members_step(plan),
        resource_steps.primary_step(plan),
        resource_steps.resources_step(plan),
        resource_steps.standby_step(plan),
    ):
        assert holds(step, view), step.code


@pytest.mark.parametrize("answer", ["on\n", ""])
def test_a_primary_that_takes_no_writes_yet_is_none(plan: Blueprint, view: str, answer: str) -> None:
    assert not holds(resource_steps.primary_step(plan), view, read_only=answer)


@pytest.mark.parametrize("identity", ["db-ip", "filestorage-fs", "samba", "gnugk", "diskspace", "monitor"])
def test_every_resource_has_to_run(plan: Blueprint, view: str, identity: str) -> None:
    step = resource_steps.resources_step(plan)
    assert not holds(step, stopped(view, identity))
    assert identity in (step.check.missing or str)(
        (CommandResult(returncode=0, stdout=stopped(view, identity).encode()),)
    )


def test_a_resource_on_its_way_does_not_run_yet(plan: Blueprint, view: str) -> None:
    step = resource_steps.resources_step(plan)
    assert not holds(step, with_resource(view, "gnugk", role="Starting"))
    assert not holds(step, with_resource(view, "gnugk", failed="true"))
    assert not holds(step, with_resource(view, "gnugk", pending="Starting"))


@pytest.mark.parametrize("identity", ["monitor", "diskspace", "gnugk"])
def test_a_resource_that_is_looked_at_for_the_first_time_runs(
    plan: Blueprint, view: str, identity: str
) -> None:
    assert holds(resource_steps.resources_step(plan), with_resource(view, identity, pending="Monitoring"))


def test_resources_of_others_are_not_waited_for(plan: Blueprint, view: str) -> None:
    foreign = (
        '<resource id="backup" resource_agent="systemd:backup" role="Stopped" active="false" orphaned="false" '
        'blocked="false" managed="true" failed="true" nodes_running_on="0"/>'
    )
    assert holds(resource_steps.resources_step(plan), view.replace("<resources>", f"<resources>{foreign}"))


def test_what_an_administrator_has_stopped_is_not_waited_for(plan: Blueprint, view: str) -> None:
    everything = stopped(stopped(view, "gnugk"), "db-ip").replace('role="Promoted"', 'role="Unpromoted"')
    asleep = [
        option(everything, "maintenance-mode"),
        option(everything, "stop-all-resources"),
        with_resource(everything, "samba", target_role="Stopped"),
    ]
    for step in (
        resource_steps.primary_step(plan),
        resource_steps.resources_step(plan),
        resource_steps.standby_step(plan),
    ):
        assert all(holds(step, one) for one in asleep), step.code
    assert not holds(resource_steps.primary_step(plan), everything)


def test_a_target_role_that_lets_run_is_no_stop(view: str) -> None:
    for role in ("Started", "Promoted", "Unpromoted", "Master"):
        seen = view_of(
            CommandResult(returncode=0, stdout=with_resource(view, "samba", target_role=role).encode())
        )
        assert seen is not None
        assert not stopped_on_purpose(seen)


def test_a_head_in_standby_is_no_standby_to_wait_for(plan: Blueprint, view: str) -> None:
    behind = view.replace('value="sync"', 'value="stale"')
    assert not holds(resource_steps.standby_step(plan), behind)
    second = behind.index('<node name="ivcs-main-2"')
    resting = behind[:second] + behind[second:].replace('standby="false"', 'standby="true"', 1)
    assert holds(resource_steps.standby_step(plan), resting)


def test_both_heads_have_to_be_online_with_quorum(plan: Blueprint, view: str) -> None:
    step = cluster_steps.members_step(plan)
    assert not holds(step, view.replace('online="true"', 'online="false"', 1))
    assert not holds(step, view.replace('with_quorum="true"', 'with_quorum="false"'))
    assert not step.check.holds((CommandResult(returncode=102, stdout=b"<pacemaker-result/>"),))
    assert missing(step, "") == "Pacemaker does not answer"


# -- corosync -------------------------------------------------------------------------------------------------


def test_the_running_corosync_is_compared_with_the_wish(plan: Blueprint) -> None:
    running = fleet(configured=True).servers["ivcs-main-1"]
    step = cluster_steps.reload_step(plan)
    reply = running.answer(step.check.requests[0])
    assert step.check.holds((reply,))
    for changed in ({"token": "5000"}, {"token_retransmits": "5"}, {"head_node_2_secondary_ip": "10.81.1.3"}):
        other = blueprint(facts(configured=True), settings(**changed))
        assert not cluster_steps.reload_step(other).check.holds((reply,)), changed


# -- the CIB --------------------------------------------------------------------------------------------------


def cib_request(step: Step) -> Command:
    (request,) = step.check.requests
    assert isinstance(request, Command)
    return request


def test_the_first_cib_says_whose_data_counts() -> None:
    step = cib_steps.cib_step(blueprint())
    fresh = (
        b'<cib><configuration><crm_config/><nodes><node id="1" uname="ivcs-main-1"/>'
        b'<node id="2" uname="ivcs-main-2"/></nodes><resources/><constraints/></configuration><status/></cib>'
    )
    new = written(step, fresh)
    assert b'<nvpair id="nodes-1-ivcs-db-data" name="ivcs-db-data" value="latest"/>' in new
    assert b'<nvpair id="nodes-2-ivcs-db-data" name="ivcs-db-data" value="stale"/>' in new
    assert not step.check.holds((CommandResult(returncode=0, stdout=fresh),))
    assert step.check.holds((CommandResult(returncode=0, stdout=new),))
    assert step.describe is not None
    assert 'id="nodes-1-ivcs-db-data"' in step.describe((CommandResult(returncode=0, stdout=fresh),))


def test_a_later_cib_leaves_that_to_the_agent(plan: Blueprint) -> None:
    running = RecordedServer("ivcs-main-1", configured=True)
    step = cib_steps.cib_step(plan)
    reply = running.answer(cib_request(step))
    assert isinstance(reply, CommandResult)
    before = re.findall(rb'name="ivcs-db-data" value="\w+"', reply.stdout)
    assert len(before) == 2
    after = written(
        step,
        reply.stdout.replace(
            b'name="no-quorum-policy" value="stop"', b'name="no-quorum-policy" value="ignore"'
        ),
    )
    assert re.findall(rb'name="ivcs-db-data" value="\w+"', after) == before


def test_a_cib_that_cannot_be_read_is_not_as_wanted(plan: Blueprint) -> None:
    step = cib_steps.cib_step(plan)
    silent = (CommandResult(returncode=102),)
    assert not step.check.holds(silent)
    assert (step.describe or str)(silent) == ""


def written(step: Step, present: bytes) -> bytes:
    actions = step.actions((CommandResult(returncode=0, stdout=present),))
    return next(
        one.content for one in actions if isinstance(one, WriteFile) and one.path == cib_steps.NEW_CIB
    )


# -- the replication role -------------------------------------------------------------------------------------


def test_the_role_is_right_with_a_verifier_of_our_password(plan: Blueprint, view: str) -> None:
    step = database_steps.replication_role(plan)
    shown: Reply = CommandResult(returncode=0, stdout=view.encode())

    def answered(text: str, code: int = 0) -> bool:
        return step.check.holds((CommandResult(returncode=code, stdout=text.encode()), shown))

    assert answered(scram_verifier(SECRETS.replication) + "\n")
    assert not answered(scram_verifier(Secret("another")))
    assert not answered("")
    assert not answered("", code=2)
    asleep: Reply = CommandResult(returncode=0, stdout=option(view, "stop-all-resources").encode())
    assert step.check.holds((CommandResult(returncode=2), asleep))


def test_the_password_itself_does_not_go_to_the_server(plan: Blueprint) -> None:
    (action,) = database_steps.replication_role(plan).actions(())
    assert isinstance(action, Command)
    assert SECRETS.replication.reveal().encode() not in action.stdin
    assert b"SCRAM-SHA-256$4096:" in action.stdin
