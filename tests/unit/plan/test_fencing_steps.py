"""Fencing in the plan and in the CIB: nothing is enabled before the devices answered; no password in sight."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from plan_case import blueprint, facts, settings, situation

from live_cluster.model.fence_metadata import AgentMetadata, parse_metadata
from live_cluster.model.settings import ClusterSettings
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.build import stages
from live_cluster.plan.cib_steps import cib_step
from live_cluster.plan.fencing_steps import agent_words, answer_steps, cib_devices, removal_steps
from live_cluster.plan.prerequisites import problems_of
from live_cluster.plan.resource_steps import cib_plan
from live_cluster.plan.step import Impact
from live_cluster.remote.requests import Command, CommandResult, FileState, RemoveFile, WriteFile
from live_cluster.render import cib
from live_cluster.render.cib_difference import changes_resources, differs, merged

METADATA = Path(__file__).parents[2] / "recordings/fence_agents"
PASSWORD = 'it\'s "quoted" $HOME 100%'
FENCING = {
    "head_node_1_fencing": "fence_ipmilan ip=10.81.0.251 username=admin lanplus=1 pcmk_delay_base=1s",
    "head_node_1_fencing_password": PASSWORD,
    "head_node_2_fencing": "fence_redfish ip=10.81.0.252 username=admin systems_uri=/redfish/v1/Systems/1",
    "head_node_2_fencing_password": "second",
}


def metadata(agent: str) -> AgentMetadata:
    found = parse_metadata((METADATA / "bookworm" / f"{agent}.xml").read_text("utf-8"))
    assert found is not None
    return found


AGENTS = tuple((agent, metadata(agent)) for agent in ("fence_ipmilan", "fence_redfish"))


def plan(wish: ClusterSettings, *, configured: bool = False) -> Blueprint:
    seen = facts(configured=configured)
    first, second = (replace(head, fence_agents=AGENTS, has_ipmitool=True) for head in seen.heads)
    return blueprint(replace(seen, heads=(first, second)), wish)


FENCED = plan(settings(**FENCING))


def wanted(of: Blueprint) -> etree._Element:
    return cib.configuration(cib_plan(of))


def test_the_devices_are_asked_before_anything_else_is_done() -> None:
    first = stages(FENCED)[0]
    assert {step.code for step in first.steps} == {"fencing-answers"}
    assert {step.node for step in first.steps} == {"ivcs-main-1", "ivcs-main-2"}


def test_each_head_asks_for_the_other_one() -> None:
    asked = {step.title.field("head"): step.node for step in answer_steps(FENCED)}
    assert asked == {"ivcs-main-1": "ivcs-main-2", "ivcs-main-2": "ivcs-main-1"}


def test_no_password_is_in_a_command_or_in_the_cib() -> None:
    for step in answer_steps(FENCED):
        for action in step.actions(()):
            if isinstance(action, Command):
                assert action.argv in (("fence_ipmilan",), ("fence_redfish",))
                assert PASSWORD.encode() not in action.stdin
                assert b"second" not in action.stdin
            if isinstance(action, WriteFile):
                assert not action.mode & 0o077
    text = etree.tostring(wanted(FENCED)).decode()
    assert "quoted" not in text
    assert "second" not in text


def test_the_agents_get_the_password_from_a_program_of_root() -> None:
    ipmi, redfish = cib_devices(FENCED)
    assert ipmi.parameters["ipmitool_path"] == "/etc/live-cluster/fencing/head-node-1"
    assert "password_script" not in ipmi.parameters
    assert redfish.parameters["password_script"] == "/etc/live-cluster/fencing/head-node-2"


def test_the_question_is_what_pacemaker_will_ask() -> None:
    step = answer_steps(FENCED)[0]
    (question,) = (one for one in step.actions(()) if isinstance(one, Command))
    lines = question.stdin.decode().splitlines()
    assert "action=status" in lines
    assert "plug=ivcs-main-1" in lines
    assert not [line for line in lines if line.startswith("pcmk_")]


def test_the_password_reaches_its_place_only_after_the_answer() -> None:
    """A device in service keeps its password when the new one is wrong."""
    actions = answer_steps(FENCED)[0].actions(())
    question = next(number for number, one in enumerate(actions) if isinstance(one, Command))
    written = {one.path: number for number, one in enumerate(actions) if isinstance(one, WriteFile)}
    assert written["/run/live-cluster/fencing/head-node-1"] < question
    assert written["/etc/live-cluster/fencing/head-node-1"] > question
    assert any(isinstance(one, RemoveFile) for one in actions[question:])


def test_a_device_that_has_answered_is_not_asked_again() -> None:
    for step in answer_steps(FENCED):
        written = {one.path: one for one in step.actions(()) if isinstance(one, WriteFile)}
        replies = tuple(
            FileState(
                exists=True,
                content=written[request.path].content,
                mode=written[request.path].mode,
                owner="root",
                group="root",
            )
            for request in step.check.requests
        )
        assert step.check.holds(replies)


@pytest.mark.parametrize(
    "changed",
    [{"head_node_1_fencing_password": "new"}, {"head_node_1_fencing": "fence_ipmilan ip=10.81.0.253"}],
    ids=["password", "address"],
)
def test_a_changed_device_is_asked_again(changed: dict[str, str]) -> None:
    before, after = answer_steps(FENCED)[0], answer_steps(plan(settings(**FENCING | changed)))[0]
    marks = [
        next(one for one in step.actions(()) if isinstance(one, WriteFile) and one.path.startswith("/var/"))
        for step in (before, after)
    ]
    assert marks[0].path == marks[1].path
    assert marks[0].content != marks[1].content


def test_what_a_silent_device_means_is_said() -> None:
    step = answer_steps(FENCED)[0]
    assert step.explain is not None
    words = (
        b"/usr/sbin/fence_ipmilan:5: DeprecationWarning: 'pipes' is deprecated\n  from pipes import quote\n"
    )
    words += b"2026-01-02 03:04:05,678 ERROR: Failed: Unable to obtain correct plug status or plug is not available"
    silent = step.explain(CommandResult(returncode=1, stderr=words))
    assert silent.code == "fencing-silent"
    assert silent.option == "head-node-1-fencing"
    assert (
        silent.message.field("answer")
        == "Failed: Unable to obtain correct plug status or plug is not available"
    )
    assert step.explain(CommandResult(returncode=2)).code == "fencing-other-machine"
    assert agent_words(CommandResult(returncode=7)) == "exit code 7"


def test_a_head_does_not_run_its_own_device() -> None:
    configuration = wanted(FENCED)
    for head in ("ivcs-main-1", "ivcs-main-2"):
        (location,) = configuration.xpath(f"constraints/rsc_location[@rsc='fence-{head}']")
        assert (location.get("node"), location.get("score")) == (head, "-INFINITY")
        (device,) = configuration.xpath(f"resources/primitive[@id='fence-{head}']")
        pairs = {one.get("name"): one.get("value") for one in device.iter("nvpair")}
        assert pairs["pcmk_host_list"] == head


def test_the_side_with_the_primary_wins_a_duel() -> None:
    configuration = wanted(FENCED)
    properties = {one.get("name"): one.get("value") for one in configuration.iterfind("crm_config//nvpair")}
    assert properties["stonith-enabled"] == "true"
    assert properties["priority-fencing-delay"] == "5s"
    assert configuration.xpath("resources/clone[@id='ivcs-db-ms']//nvpair[@name='priority']/@value") == ["1"]


def test_with_an_arbiter_nobody_waits_before_he_shoots() -> None:
    configuration = cib.configuration(replace(cib_plan(FENCED), has_arbiter=True))
    properties = {one.get("name"): one.get("value") for one in configuration.iterfind("crm_config//nvpair")}
    assert properties["priority-fencing-delay"] == "0s"


def test_turning_fencing_on_and_off_changes_no_resource_that_is_there() -> None:
    without = merged(cib.first_cib(), wanted(blueprint()))
    with_devices = merged(without, wanted(FENCED))
    assert differs(without, wanted(FENCED))
    assert not changes_resources(without, wanted(FENCED))
    assert not changes_resources(with_devices, wanted(blueprint()))
    assert merged(with_devices, wanted(blueprint())) == without
    step = cib_step(plan(settings(**FENCING)))
    assert step.impact is Impact.NONE


def test_an_administrator_s_own_device_stays() -> None:
    running = merged(cib.first_cib(), wanted(blueprint())).replace(
        b"</resources>", b'<primitive id="fence-mine" class="stonith" type="fence_x"/></resources>'
    )
    assert b'id="fence-mine"' in merged(running, wanted(blueprint()))
    assert b'id="fence-mine"' in merged(running, wanted(FENCED))


def test_turned_off_the_passwords_go_after_the_devices() -> None:
    off = plan(settings(no_fencing="true"))
    steps = tuple(removal_steps(off))
    assert {step.code for step in steps} == {"file-absent"}
    assert len(steps) == 8
    last = next(one for one in stages(off) if one.title.code == "stage-settings")
    assert {step.title for step in steps} <= {step.title for step in last.steps}
    assert not tuple(removal_steps(blueprint()))


def test_a_missing_agent_is_named_with_its_package() -> None:
    now = situation()
    wish = settings(**FENCING)
    found = problems_of(replace(now, settings=wish))
    assert [one.code for one in found] == ["fencing-agent-missing", "fencing-agent-missing"]
    first, second = (replace(head, fence_agents=AGENTS) for head in now.facts.heads)
    seen = replace(now.facts, heads=(first, second))
    (lacking,) = problems_of(replace(now, settings=wish, facts=seen))
    assert (lacking.code, lacking.node) == ("fencing-ipmitool-missing", "ivcs-main-2")
