"""`switchover` on a cluster that moves between two looks, that refuses, or that never gets there."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from planned_cluster import RUNNING, SWITCHED, PlannedCluster

from live_cluster.apply import run_lock as locking
from live_cluster.apply.waiting import Clock
from live_cluster.cli import switchover_cli
from live_cluster.cli.switchover_cli import run_switchover
from live_cluster.commands.following import Waiting
from live_cluster.commands.switchover import Move, Outcome, switch_over
from live_cluster.errors import Busy, Declined, ExitCode, NotReady
from live_cluster_agent.replication import WANTED_SCORE
from recordings.recorded_server import Finished, recording, server

TO = "ivcs-main-1"
DEMOTED = RUNNING.replace('role="Promoted"', 'role="Demoting"')
PROMOTED = SWITCHED.replace('role="Started"', 'role="Stopped"')
BEHIND = SWITCHED.replace('value="sync"', 'value="stale"')
LEFT = re.sub(rf'(<node name="{TO}"[^>]*) online="true"', r'\1 online="false"', RUNNING)
WITHDRAWN = f"crm_attribute --node {TO} --lifetime reboot --name ivcs-db-wanted --delete"


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "run" / "lock"
    monkeypatch.setattr(locking, "LOCK", str(path))
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    return path


class Time:
    """Passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.told: list[str] = []

    def waiting(self, deadline_s: float = 10) -> Waiting:
        return Waiting(
            deadline_s=deadline_s,
            tell=lambda text: self.told.append(text.code),
            remaining=lambda *_: None,
            clock=Clock(now=lambda: self.seconds, sleep=self.sleep),
        )

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def move(cluster: PlannedCluster, tmp_path: Path) -> tuple[Outcome, Time]:
    time = Time()
    outcome = Outcome(move=Move(source="ivcs-main-2", target=TO, database="ivcs-db"))
    switch_over(outcome.move, server(cluster.start, tmp_path), time.waiting(), outcome)
    return outcome, time


def test_the_order_is_two_attributes_and_nothing_else(tmp_path: Path) -> None:
    cluster = PlannedCluster(RUNNING, DEMOTED, PROMOTED, BEHIND, SWITCHED)
    outcome, _ = move(cluster, tmp_path)
    wish, score = cluster.orders
    assert wish.startswith(f"crm_attribute --node {TO} --lifetime reboot --name ivcs-db-wanted --update 1")
    assert score == f"crm_attribute --node {TO} --promotion=ivcs-db --update {WANTED_SCORE}"
    assert outcome.done
    assert outcome.phases == {"demoted": 0.0, "promoted": 0.25, "services": 0.5, "synchronous": 0.75}
    assert outcome.problems == []


def test_the_checkpoint_is_asked_of_the_primary_from_either_head(tmp_path: Path) -> None:
    for upstream, target in (
        ("", "dbname=postgres connect_timeout=5"),
        ("host=10.81.1.2 user=r", "host=10.81.1.2 user=r dbname=postgres"),
    ):
        cluster = PlannedCluster(RUNNING, SWITCHED, upstream=upstream)
        move(cluster, tmp_path)
        assert cluster.statements == [("CHECKPOINT", target)]


def test_without_a_checkpoint_it_goes_on_and_says_so(tmp_path: Path) -> None:
    outcome, time = move(PlannedCluster(RUNNING, SWITCHED, refuses=("psql",)), tmp_path)
    assert outcome.done
    assert "switchover-no-checkpoint" in time.told


def test_a_move_that_does_not_begin_is_withdrawn(tmp_path: Path) -> None:
    cluster = PlannedCluster(RUNNING)
    outcome, time = move(cluster, tmp_path)
    assert (outcome.done, time.seconds) == (False, 10)
    assert cluster.orders[-1] == WITHDRAWN
    assert [one.code for one in outcome.problems] == ["switchover-not-demoted"]


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((RUNNING, DEMOTED), "switchover-not-promoted"),
        ((RUNNING, PROMOTED), "switchover-not-services"),
        ((RUNNING, BEHIND), "switchover-not-synchronous"),
    ],
)
def test_what_was_not_reached_is_said_and_the_cluster_goes_on(
    states: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    cluster = PlannedCluster(*states)
    outcome, _ = move(cluster, tmp_path)
    assert [one.code for one in outcome.problems] == [code]
    assert WITHDRAWN not in cluster.orders


@pytest.mark.parametrize("before", [(RUNNING,), (RUNNING, DEMOTED)])
def test_a_target_that_leaves_the_cluster_ends_it_at_once(before: tuple[str, ...], tmp_path: Path) -> None:
    outcome, time = move(PlannedCluster(*before, LEFT), tmp_path)
    assert [one.code for one in outcome.problems] == ["switchover-target-lost"]
    assert (outcome.done, time.seconds < 1) == (False, True)


def run(cluster: PlannedCluster, tmp_path: Path, *, to: str = "", yes: bool = True) -> int:
    machine = server(cluster.start, tmp_path)
    return run_switchover(to, machine, timeout_s=10, yes=yes, as_json=True)


def test_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(PlannedCluster(RUNNING, RUNNING, SWITCHED), tmp_path) == ExitCode.OK
    document = json.loads(capsys.readouterr().out)
    assert (document["from"], document["to"]) == ("ivcs-main-2", TO)
    assert (document["version"], document["changed"], document["done"]) == (1, True, True)
    assert [one["name"] for one in document["phases"]] == ["demoted", "promoted", "services", "synchronous"]


def test_the_primary_is_there_already(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = PlannedCluster(RUNNING)
    assert run(cluster, tmp_path, to="ivcs-main-2") == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["changed"] is False
    assert cluster.orders == []


@pytest.mark.parametrize(
    "situation", ["banned", "maintenance", "node-offline", "node-standby", "stopped", "failed-action"]
)
def test_refused_where_the_pair_could_not_lose_the_primary(
    situation: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster = PlannedCluster(recording(situation))
    assert run(cluster, tmp_path) == ExitCode.CONFIGURATION
    codes = {one["code"] for one in json.loads(capsys.readouterr().out)["problems"]}
    assert codes <= {"switchover-refused", "switchover-no-primary"}
    assert cluster.orders == []
    assert cluster.statements == []


def test_a_standby_that_is_behind_is_no_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stale = RUNNING.replace('value="sync"', 'value="stale"')
    assert run(PlannedCluster(stale), tmp_path) == ExitCode.CONFIGURATION
    assert "not in step" in capsys.readouterr().out


def test_an_unknown_head(tmp_path: Path) -> None:
    machine = server(PlannedCluster(RUNNING).start, tmp_path)
    with pytest.raises(NotReady) as refused:
        run_switchover("ivcs-main-3", machine, timeout_s=10, yes=True, as_json=False)
    assert [one.code for one in refused.value.problems] == ["unknown-head"]


def test_an_interruption_is_json_too_and_withdraws_the_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted(PlannedCluster):
        """Ctrl-C at the first look after the order."""

        def start(self, argv: Sequence[str]) -> Finished:
            if argv[0] == "crm_mon" and len(self.orders) == 2:
                raise KeyboardInterrupt
            return super().start(argv)

    cluster = Interrupted(RUNNING)
    assert run(cluster, tmp_path) == 130
    assert cluster.orders[-1] == WITHDRAWN
    assert [one["code"] for one in json.loads(capsys.readouterr().out)["problems"]] == ["planned-interrupted"]


def test_nobody_to_ask(tmp_path: Path) -> None:
    cluster = PlannedCluster(RUNNING)
    with pytest.raises(Declined):
        run_switchover("", server(cluster.start, tmp_path), timeout_s=10, yes=False, as_json=False)
    assert cluster.orders == []


def test_one_run_at_a_time(tmp_path: Path) -> None:
    cluster = PlannedCluster(RUNNING)
    with locking.run_lock("anna, configure"), pytest.raises(Busy) as refused:
        run_switchover("", server(cluster.start, tmp_path), timeout_s=10, yes=True, as_json=False)
    assert refused.value.problems[0].message.field("holder") == "anna, configure"
    assert cluster.orders == []


def test_root_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    from live_cluster.cli.main import main

    assert main(["switchover"]) == ExitCode.NOT_PERMITTED
    assert switchover_cli.DEADLINE_S >= 60
