"""What Pacemaker says of a configuration that is not in force yet, as both releases say it."""

from __future__ import annotations

import pytest

from live_cluster.probes.simulation import (
    Effect,
    NoSimulation,
    effects_of,
    errors_of,
    only_warns,
    warnings_of,
)
from live_cluster.remote.requests import CommandResult

# Pacemaker 2.1.5 and 3.0.0 wrote the same.
ACTIONS = """\
<pacemaker-result api-version="2.25" request="crm_simulate --simulate --xml-pipe --output-as=xml">
  <cluster_status/>
  <actions>
    <rsc_action action="promote" resource="ivcs-db:0" role="Unpromoted" next-role="Promoted" source="ivcs-main-2"/>
    <rsc_action action="stop" resource="gnugk" node="ivcs-main-1" reason="node availability"/>
    <rsc_action action="move" resource="db-ip" source="ivcs-main-1" dest="ivcs-main-2"/>
    <rsc_action action="restart" resource="samba" source="ivcs-main-1" reason="required filestorage-ip start"/>
    <rsc_action action="start" resource="v" node="ivcs-main-2"/>
    <node_action node="ivcs-main-1" task="Fence (reboot)"/>
  </actions>
  <transition><rsc_action resource="samba" op="stop" node="ivcs-main-1"/></transition>
  <revised_cluster_status/>
  <status code="0" message="OK"/>
</pacemaker-result>
"""
WARNS = {
    "bookworm": """\
(unpack_config) 	warning: Blind faith: not fencing unseen nodes
(pe__unpack_resource) 	warning: bogus is not a valid value for multiple-active, using default of "stop_start"
crm_verify: Warnings found during check: config may not be valid
""",
    "trixie": """\
(unpack_config) 	warning: Blind faith: not fencing unseen nodes
warning: bogus is not a valid value for multiple-active, using default of "stop_start"
Configuration invalid (with warnings)
""",
}
FAILS = {
    "bookworm": """\
(unpack_config) 	warning: Blind faith: not fencing unseen nodes
(is_op_dup) 	error: Operation v-m2 is duplicate of v-m
(is_op_dup) 	error: Operation v-m2 is duplicate of v-m
crm_verify: Errors found during check: config not valid
""",
    "trixie": """\
IDREF attribute rsc references an unknown ID "nosuch"

error: CIB did not pass schema validation
Configuration invalid (with errors)
""",
}


def told(text: str, code: int = 78) -> CommandResult:
    return CommandResult(returncode=code, stderr=text.encode())


def test_every_action_is_read() -> None:
    assert effects_of(CommandResult(returncode=0, stdout=ACTIONS.encode())) == (
        Effect(action="promote", resource="ivcs-db", source="ivcs-main-2"),
        Effect(action="stop", resource="gnugk", source="ivcs-main-1"),
        Effect(action="move", resource="db-ip", source="ivcs-main-1", target="ivcs-main-2"),
        Effect(action="restart", resource="samba", source="ivcs-main-1"),
        Effect(action="start", resource="v", target="ivcs-main-2"),
        Effect(action="fence", resource="", source="ivcs-main-1"),
    )


def test_nothing_to_do_is_an_answer_too() -> None:
    text = b"<pacemaker-result><transition/><status code='0'/></pacemaker-result>"
    assert effects_of(CommandResult(returncode=0, stdout=text)) == ()


@pytest.mark.parametrize(
    "answer",
    [
        CommandResult(returncode=127, stderr=b"crm_simulate: not found"),
        CommandResult(returncode=0, stdout=ACTIONS.encode()[:300], stderr=b"crm_simulate: not found"),
        CommandResult(
            returncode=78, stdout=b"<pacemaker-result><status/></pacemaker-result>", stderr=b"not found"
        ),
    ],
)
def test_what_is_no_simulation_says_why(answer: CommandResult) -> None:
    with pytest.raises(NoSimulation, match="not found"):
        effects_of(answer)


@pytest.mark.parametrize("release", sorted(WARNS))
def test_warnings_are_no_errors(release: str) -> None:
    assert only_warns(told(WARNS[release]))
    assert not only_warns(told(FAILS[release]))
    assert not only_warns(told("", code=0))
    # An exit code of something else, or words nobody knows: an error.
    assert not only_warns(told("no such file", code=66))
    assert warnings_of(told(WARNS[release])) == (
        'bogus is not a valid value for multiple-active, using default of "stop_start"',
    )


def test_errors_are_told_once() -> None:
    assert errors_of(told(FAILS["bookworm"])).startswith("Operation v-m2 is duplicate of v-m; crm_verify")
    assert errors_of(told(FAILS["trixie"])).startswith(
        'IDREF attribute rsc references an unknown ID "nosuch"; CIB'
    )
