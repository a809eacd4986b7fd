"""The CIB's step: rehearsed by Pacemaker, its impact a fact; what is not ours taken out only where wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree
from plan_case import blueprint, facts, with_head

from live_cluster.errors import Problem, Severity
from live_cluster.messages import Language, render
from live_cluster.model.facts import ClusterFacts
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.build import stages
from live_cluster.plan.cib_steps import SETTLE, cib_step, foreign_in_cib, impact_of, pruned_file
from live_cluster.plan.step import Impact, Step
from live_cluster.probes.simulation import Effect
from live_cluster.remote.requests import Command, CommandResult, WriteFile

THEIRS = (
    '<primitive id="backup" class="ocf" provider="heartbeat" type="Dummy"/>',
    '<primitive id="their-device" class="stonith" type="fence_apc"/>',
)
VALID = CommandResult(returncode=0)
WARNS = CommandResult(
    returncode=78,
    stderr=(
        b"warning: Detected active orphan backup running on a\nwarning: odd\n"
        b"Configuration invalid (with warnings)\n"
    ),
)
FAILS = CommandResult(returncode=78, stderr=b"error: wrong\nConfiguration invalid (with errors)\n")


def simulated(*actions: str) -> CommandResult:
    inner = "".join(f"<rsc_action {one}/>" for one in actions)
    text = f"<pacemaker-result><actions>{inner}</actions><transition/></pacemaker-result>"
    return CommandResult(returncode=0, stdout=text.encode())


@pytest.fixture(scope="module")
def converged() -> ClusterFacts:
    return facts(configured=True)


@pytest.fixture(scope="module")
def drifted(converged: ClusterFacts) -> bytes:
    """The running CIB after somebody added to it."""
    cib = etree.fromstring(converged.heads[0].cib)
    place = cib.find("configuration/resources")
    assert place is not None
    place.extend(etree.fromstring(text) for text in THEIRS)
    return etree.tostring(cib)


@pytest.fixture
def plan(converged: ClusterFacts, drifted: bytes) -> Blueprint:
    return blueprint(with_head(with_head(converged, 1, cib=drifted), 2, cib=drifted))


@pytest.fixture
def pruning(plan: Blueprint) -> Blueprint:
    return replace(plan, prune=True)


def rehearsed(
    step: Step, cib: bytes, verdict: CommandResult, simulation: CommandResult
) -> tuple[Step, tuple[Problem, ...]]:
    assert step.second_look is not None
    seen = (CommandResult(returncode=0, stdout=cib),)
    requests = step.second_look.requests(seen)
    assert [one.argv[0] for one in requests if isinstance(one, Command)] == ["crm_verify", "crm_simulate"]
    assert not any(isinstance(one, Command) and one.changes_node for one in requests)
    return step.second_look.judged(step, seen, (verdict, simulation))


def codes(found: tuple[Problem, ...]) -> list[str]:
    return [one.code for one in found]


def test_what_is_foreign_is_found_in_a_cluster_of_ours_only(plan: Blueprint) -> None:
    assert [one.id for one in foreign_in_cib(plan)] == ["backup", "their-device"]
    assert foreign_in_cib(blueprint()) == ()


def test_without_prune_it_is_no_reason_for_a_step(plan: Blueprint, drifted: bytes) -> None:
    step = cib_step(plan)
    assert step.check.holds((CommandResult(returncode=0, stdout=drifted),))
    assert step.asks is None


def test_prune_takes_it_out_in_one_patch_and_keeps_it(
    pruning: Blueprint, converged: ClusterFacts, drifted: bytes
) -> None:
    step = cib_step(pruning)
    assert not step.check.holds((CommandResult(returncode=0, stdout=drifted),))
    assert step.check.holds((CommandResult(returncode=0, stdout=converged.heads[0].cib),))
    actions = step.actions((CommandResult(returncode=0, stdout=drifted),))
    first, *rest = actions
    assert isinstance(first, WriteFile)
    assert first.path == pruned_file(pruning.set_aside)
    assert first.mode == 0o600
    assert b'id="backup"' in first.content
    assert b'id="db-ip"' not in first.content
    patches = [one for one in rest if isinstance(one, Command) and one.changes_node]
    assert [one.argv for one in patches] == [("cibadmin", "--patch", "--xml-pipe")]
    new = next(one.content for one in rest if isinstance(one, WriteFile) and "new" in one.path)
    assert b'id="backup"' not in new
    assert step.describe is not None
    assert '-    <primitive id="backup"' in step.describe((CommandResult(returncode=0, stdout=drifted),))


def test_what_a_change_sets_off_is_waited_for(plan: Blueprint, pruning: Blueprint, drifted: bytes) -> None:
    reply = CommandResult(returncode=0, stdout=drifted)
    assert cib_step(pruning).actions((reply,))[-1] == SETTLE
    assert SETTLE not in cib_step(blueprint()).actions((reply,))
    for one, is_calm in ((pruning, False), (plan, True)):
        steps = [step for stage in stages(one) for step in stage.steps]
        running = next(step for step in steps if step.code == "resources-running")
        assert [check.holds((reply,)) for check in running.follows] == [is_calm]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_prune_asks_and_names_what_goes(pruning: Blueprint, language: Language) -> None:
    asks = cib_step(pruning).asks
    assert asks is not None
    assert "backup, their-device" in render(asks, language)


def test_prune_of_nothing_is_no_step(converged: ClusterFacts) -> None:
    step = cib_step(replace(blueprint(converged), prune=True))
    assert step.asks is None
    assert step.check.holds((CommandResult(returncode=0, stdout=converged.heads[0].cib),))


def test_the_loss_of_fencing_and_a_stopped_resource_are_told(pruning: Blueprint, drifted: bytes) -> None:
    stop = simulated('action="stop" resource="backup" node="ivcs-main-1"')
    step, found = rehearsed(cib_step(pruning), drifted, WARNS, stop)
    # That the resource it takes out still runs is no news.
    assert codes(found) == ["prune-removes-fencing", "cib-warning"]
    assert {one.severity for one in found} == {Severity.WARNING}
    assert "odd" in render(found[1].message, "en")
    assert step.effects == (Effect(action="stop", resource="backup", source="ivcs-main-1"),)
    assert step.impact is Impact.OUTAGE


def test_what_becomes_of_fencing_devices_nobody_notices(plan: Blueprint, drifted: bytes) -> None:
    stop = simulated('action="stop" resource="their-device" node="ivcs-main-1"')
    step, found = rehearsed(cib_step(plan), drifted, VALID, stop)
    assert (step.impact, found) == (Impact.NONE, ())


def test_errors_are_a_reason_not_to_begin(plan: Blueprint, drifted: bytes) -> None:
    _, found = rehearsed(cib_step(plan), drifted, FAILS, simulated())
    assert codes(found) == ["cib-invalid"]
    assert found[0].severity is Severity.ERROR
    assert "wrong" in render(found[0].message, "en")


def test_without_an_answer_the_impact_is_called_a_guess(plan: Blueprint, drifted: bytes) -> None:
    silent = CommandResult(returncode=1, stderr=b"crm_simulate broke")
    step, found = rehearsed(cib_step(plan), drifted, VALID, silent)
    assert codes(found) == ["cib-not-simulated"]
    assert step.effects is None


def test_the_first_run_has_nothing_to_rehearse() -> None:
    assert cib_step(blueprint()).second_look is None


def test_a_silent_pacemaker_is_not_asked(plan: Blueprint) -> None:
    look = cib_step(plan).second_look
    assert look is not None
    assert look.requests((CommandResult(returncode=102),)) == ()


def test_only_warnings_of_crm_verify_are_tolerated(plan: Blueprint) -> None:
    tolerates = cib_step(plan).tolerates
    assert tolerates is not None
    verify = Command(argv=("crm_verify", "--xml-file", "x"))
    assert tolerates(verify, WARNS)
    assert not tolerates(verify, FAILS)
    assert not tolerates(Command(argv=("cibadmin", "--patch")), WARNS)


@pytest.mark.parametrize(
    ("effects", "impact"),
    [
        ((), Impact.NONE),
        ((("start", "a"),), Impact.NONE),
        ((("reload", "a"),), Impact.RELOAD),
        ((("restart", "a"),), Impact.RESTART),
        ((("recover", "a"),), Impact.RESTART),
        ((("move", "a"), ("restart", "b")), Impact.FAILOVER),
        ((("demote", "db"), ("promote", "db")), Impact.FAILOVER),
        # A primary whose head is closed to it: it stops there and is promoted on the other one.
        ((("stop", "db"), ("promote", "db")), Impact.FAILOVER),
        ((("stop", "a"), ("start", "b")), Impact.OUTAGE),
        ((("stop", "device"), ("start", "device")), Impact.NONE),
    ],
)
def test_the_impact_follows_from_what_pacemaker_would_do(
    effects: tuple[tuple[str, str], ...], impact: Impact
) -> None:
    seen = [Effect(action=action, resource=resource) for action, resource in effects]
    assert impact_of(seen, frozenset({"device"})) is impact
