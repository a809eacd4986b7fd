"""When the file storage belongs to the application: known only while it is mounted somewhere."""

from __future__ import annotations

import pytest
from plan_case import blueprint, facts
from test_cluster_checks import stopped

from live_cluster.plan.step import Step
from live_cluster.plan.storage_steps import storage_owner_steps
from live_cluster.probes.head import VIEW
from live_cluster.remote.requests import CommandResult
from recordings.configure.recorded import RecordedServer

OURS, NOT_OURS = "ivcs ivcs 770", "root root 755"


@pytest.fixture(scope="module")
def step() -> Step:
    return storage_owner_steps(blueprint(facts(configured=True)))[0]


@pytest.fixture(scope="module")
def view() -> str:
    """crm_mon's report on the converged cluster."""
    reply = RecordedServer("ivcs-main-1", configured=True).answer(VIEW)
    assert isinstance(reply, CommandResult)
    return reply.text


def replies(view: str, owner: str, *, mounted: bool) -> tuple[CommandResult, ...]:
    return (
        CommandResult(returncode=0 if mounted else 32),
        CommandResult(returncode=0, stdout=owner.encode()),
        CommandResult(returncode=0, stdout=view.encode()),
    )


@pytest.mark.parametrize(("owner", "is_done"), [(OURS, True), (NOT_OURS, False)])
def test_where_it_is_mounted_its_owner_decides(step: Step, view: str, owner: str, is_done: bool) -> None:
    assert step.check.holds(replies(view, owner, mounted=True)) is is_done


def test_where_it_is_not_mounted_the_other_heads_owner_decides(step: Step, view: str) -> None:
    assert step.check.holds(replies(view, NOT_OURS, mounted=False))


def test_while_it_is_mounted_nowhere_nobody_knows(step: Step, view: str) -> None:
    nowhere = stopped(view, "filestorage-fs")
    for report in (nowhere, view.replace("filestorage-fs", "another"), ""):
        assert not step.check.holds(replies(report, OURS, mounted=False))


def test_an_empty_mount_point_is_left_alone(step: Step, view: str) -> None:
    assert step.actions(replies(stopped(view, "filestorage-fs"), NOT_OURS, mounted=False)) == ()
    assert len(step.actions(replies(view, NOT_OURS, mounted=True))) == 2
