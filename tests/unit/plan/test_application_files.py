"""The application's files on a cluster that runs: who reads them again, and when not."""

from __future__ import annotations

from plan_case import blueprint, facts, settings

from live_cluster.plan.head_steps import head_steps
from live_cluster.plan.step import Step
from live_cluster.remote.requests import CommandResult, FileState, WriteFile

OPENSIPS = "/etc/opensips/live-cluster.cfg"
GONE = FileState(exists=False)
RUNS = CommandResult(
    returncode=0, stdout=b"ActiveState=active\nStateChangeTimestamp=Sun 2026-11-22 12:00:05.000000 UTC\n"
)


def steps_for(path: str, **changed: str) -> dict[str, Step]:
    """The step for this file on each head of a configured cluster, whose application runs on the first."""
    plan = blueprint(facts(configured=True), settings(**changed))
    return {
        node: step
        for node in plan.head_names
        for step in head_steps(plan, node)
        if ("path", path) in step.title.fields
    }


def actions(step: Step) -> list[str]:
    replies = (GONE, RUNS)[: len(step.check.requests)]
    return ["write" if isinstance(one, WriteFile) else str(one) for one in step.actions(replies)]


def test_a_service_with_the_public_address_reads_its_file_again() -> None:
    assert actions(steps_for(OPENSIPS)["ivcs-main-1"]) == ["write", "systemctl try-restart -- opensips"]


def test_a_service_whose_public_address_is_not_there_yet_is_left_to_the_cluster() -> None:
    """Before the address has come it could only fail; it is started with it."""
    for step in steps_for(OPENSIPS, public_ip="10.81.0.110").values():
        assert actions(step) == ["write"]
