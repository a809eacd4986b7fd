"""`stop-resources` and `start-resources` on a cluster that changes between two looks as real ones did."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from live_cluster.apply import run_lock as locking
from live_cluster.apply.waiting import Clock
from live_cluster.cli import resources_cli
from live_cluster.cli.output import Output
from live_cluster.cli.resources_cli import report, run_wish
from live_cluster.commands.following import Waiting
from live_cluster.commands.missing import Wish
from live_cluster.commands.resources import Outcome, change_all
from live_cluster.errors import Busy, CommandFailed, ExitCode, NotReady
from live_cluster.messages import Message
from recordings.recorded_server import Finished, recording, server

RUNNING, STOPPED = recording("healthy-primary"), recording("stopped")
ORDERED = RUNNING.replace('stop-all-resources="false"', 'stop-all-resources="true"')
RELEASED = STOPPED.replace('stop-all-resources="true"', 'stop-all-resources="false"')
BLOCKED = ORDERED.replace('blocked="false"', 'blocked="true"').replace('failed="false"', 'failed="true"')
STOP = "crm_attribute --type crm_config --name stop-all-resources --update true"
START = "crm_attribute --type crm_config --name stop-all-resources --delete"


@pytest.fixture(autouse=True)
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "LOCK", str(tmp_path / "run" / "lock"))


class Cluster:
    """Shows one state after the other, one per look, and stays in the last; remembers what it was told to do."""

    def __init__(self, *states: str, refuses: bool = False) -> None:
        self.states = list(states)
        self.orders: list[str] = []
        self.refuses = refuses

    def start(self, argv: Sequence[str]) -> Finished:
        if argv[0] == "crm_mon":
            return Finished(self.states.pop(0) if len(self.states) > 1 else self.states[0])
        assert argv[0] in ("crm_attribute", "crm_resource"), f"unplanned: {argv}"
        self.orders.append(" ".join(argv))
        return Finished("", returncode=1 if self.refuses else 0, stderr="No quorum" if self.refuses else "")


class Watcher:
    """Time that passes only by sleeping, and everything that was told."""

    def __init__(self) -> None:
        self.told: list[Message] = []
        self.counts: list[int] = []
        self.seconds = 0.0

    def waiting(self, deadline_s: float = 10) -> Waiting:
        return Waiting(
            deadline_s=deadline_s,
            tell=self.told.append,
            remaining=lambda missing, _: self.counts.append(len(missing)),
            clock=Clock(now=lambda: self.seconds, sleep=self.pass_time),
        )

    def pass_time(self, seconds: float) -> None:
        self.seconds += seconds

    def codes(self) -> list[str]:
        return [message.code for message in self.told]


def carry_out(
    wish: Wish, cluster: Cluster, tmp_path: Path, *, force: bool = False
) -> tuple[Outcome, Watcher]:
    watcher = Watcher()
    return change_all(wish, server(cluster.start, tmp_path), watcher.waiting(), force=force), watcher


def test_stopping_waits_until_nothing_runs(tmp_path: Path) -> None:
    cluster = Cluster(RUNNING, ORDERED, ORDERED, STOPPED)
    outcome, watcher = carry_out(Wish.STOP, cluster, tmp_path)
    assert (outcome.changed, outcome.missing) == (True, ())
    assert cluster.orders == [STOP]
    assert watcher.counts == [14, 14, 0]
    assert outcome.seconds == 2
    assert watcher.codes() == ["resources-stopping", *["resource-changed-on"] * 14]


def test_starting_waits_until_everything_runs(tmp_path: Path) -> None:
    cluster = Cluster(STOPPED, RELEASED, RUNNING)
    outcome, watcher = carry_out(Wish.START, cluster, tmp_path)
    assert (outcome.changed, outcome.missing, outcome.away) == (True, (), ())
    assert cluster.orders == [START]
    roles = sorted(str(message.field("role")) for message in watcher.told[1:])
    assert roles == ["Promoted", *["Started"] * 12, "Unpromoted"]


@pytest.mark.parametrize(("wish", "state"), [(Wish.STOP, STOPPED), (Wish.START, RUNNING)])
def test_nothing_to_do_is_no_change(wish: Wish, state: str, tmp_path: Path) -> None:
    cluster = Cluster(state)
    outcome, watcher = carry_out(wish, cluster, tmp_path)
    assert (outcome.changed, outcome.missing, cluster.orders, watcher.told) == (False, (), [], [])


def test_a_second_order_waits_for_the_first_ones_effect(tmp_path: Path) -> None:
    outcome, _ = carry_out(Wish.STOP, Cluster(ORDERED, ORDERED, STOPPED), tmp_path)
    assert outcome.missing == ()


def test_what_does_not_stop_in_time_is_named(tmp_path: Path) -> None:
    outcome, watcher = carry_out(Wish.STOP, Cluster(RUNNING, ORDERED), tmp_path)
    assert len(outcome.missing) == 14
    assert not outcome.stuck
    assert watcher.seconds == 10
    assert {one.node for one in outcome.missing} == {"ivcs-main-1", "ivcs-main-2"}


def test_waiting_ends_when_pacemaker_has_given_up(tmp_path: Path) -> None:
    watcher = Watcher()
    outcome = change_all(Wish.STOP, server(Cluster(RUNNING, BLOCKED).start, tmp_path), watcher.waiting(60))
    assert outcome.stuck
    # A stop that took too long has some time to end after all.
    assert watcher.seconds == 20


def test_what_does_not_start_is_named_with_its_failure(tmp_path: Path) -> None:
    failure = (
        '<failures><failure op_key="gnugk_start_0" node="ivcs-main-1" exitstatus="error" '
        'exitreason="no licence" exitcode="1" task="start"/></failures></pacemaker-result>'
    )
    failing = RELEASED.replace("</pacemaker-result>", failure)
    outcome, watcher = carry_out(Wish.START, Cluster(STOPPED, failing), tmp_path)
    missing = {one.resource: one for one in outcome.missing}
    assert missing["gnugk"].failure is not None
    assert missing["gnugk"].failure.exit_reason == "no licence"
    assert missing["samba"].failure is None
    assert {"ivcs-db", "diskspace", "monitor"} <= missing.keys()
    assert watcher.codes() == ["resources-starting", "resource-action-failed"]


def test_old_failures_are_cleared_before_a_start(tmp_path: Path) -> None:
    failed = recording("failed-action").replace('role="Started"', 'role="Stopped"')
    cluster = Cluster(failed, RUNNING)
    carry_out(Wish.START, cluster, tmp_path)
    assert cluster.orders == ["crm_resource --cleanup"]


def test_a_start_does_not_wait_for_a_server_that_is_away(tmp_path: Path) -> None:
    alone = recording("node-offline")
    stopped = alone.replace('stop-all-resources="false"', 'stop-all-resources="true"')
    outcome, _ = carry_out(Wish.START, Cluster(stopped, alone), tmp_path, force=True)
    assert outcome.missing == ()
    assert len(outcome.away) == 1


@pytest.mark.parametrize("wish", list(Wish))
def test_maintenance_mode_is_refused_before_anything_is_ordered(wish: Wish, tmp_path: Path) -> None:
    text = recording("maintenance") if wish is Wish.STOP else STOPPED
    cluster = Cluster(text.replace('maintenance-mode="false"', 'maintenance-mode="true"'))
    with pytest.raises(NotReady) as caught:
        carry_out(wish, cluster, tmp_path)
    assert caught.value.problems[0].code == "resources-in-maintenance"
    assert cluster.orders == []


def test_a_start_without_quorum_is_refused(tmp_path: Path) -> None:
    cluster = Cluster(STOPPED.replace('with_quorum="true"', 'with_quorum="false"'))
    with pytest.raises(NotReady):
        carry_out(Wish.START, cluster, tmp_path)
    assert cluster.orders == []


def test_a_refused_order_is_told_with_the_tools_own_words(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught:
        carry_out(Wish.STOP, Cluster(RUNNING, refuses=True), tmp_path)
    assert caught.value.problems[0].message.field("output") == "No quorum"


def reported(outcome: Outcome, *, as_json: bool = False) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = report(outcome, Output(out=out, err=err, environment={}), as_json=as_json)
    return code, out.getvalue(), err.getvalue()


def test_the_exit_code_tells_whether_waiting_would_help(tmp_path: Path) -> None:
    done, _ = carry_out(Wish.STOP, Cluster(RUNNING, STOPPED), tmp_path)
    assert reported(done)[0] == ExitCode.OK
    late, _ = carry_out(Wish.STOP, Cluster(RUNNING, ORDERED), tmp_path)
    assert reported(late)[0] == ExitCode.TIMEOUT
    stuck, _ = carry_out(Wish.STOP, Cluster(RUNNING, BLOCKED), tmp_path)
    assert reported(stuck)[0] == ExitCode.PARTIAL


def test_what_remains_is_said_to_people_and_to_programs(tmp_path: Path) -> None:
    outcome, _ = carry_out(Wish.STOP, Cluster(RUNNING, ORDERED), tmp_path)
    _, out, err = reported(outcome)
    assert out == ""
    assert "samba still runs on ivcs-main-" in err
    document = json.loads(reported(outcome, as_json=True)[1])
    assert (document["version"], document["action"], document["changed"], document["done"]) == (
        1,
        "stop",
        True,
        False,
    )
    assert {"id": "samba", "group": "filestorage-group", "node": "ivcs-main-2", "role": "Started"} in [
        {**one, "node": "ivcs-main-2"} for one in document["remaining"]
    ]
    assert {one["code"] for one in document["problems"]} == {"resource-not-stopped"}


def test_ctrl_c_says_what_state_remains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def interrupted(*_: object, **__: object) -> Outcome:
        raise KeyboardInterrupt

    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr(resources_cli, "change_all", interrupted)
    machine = server(Cluster(RUNNING).start, tmp_path)
    assert run_wish(Wish.STOP, machine, timeout_s=1, as_json=False) == 130
    assert "The order to stop stays in force" in capsys.readouterr().err


@pytest.mark.parametrize("wish", Wish)
def test_not_while_a_run_of_configure_is_at_work(wish: Wish, tmp_path: Path) -> None:
    cluster = Cluster(RUNNING if wish is Wish.STOP else STOPPED)
    with locking.run_lock("anna, configure"), pytest.raises(Busy) as refused:
        run_wish(wish, server(cluster.start, tmp_path), timeout_s=1, as_json=False)
    assert refused.value.problems[0].message.field("holder") == "anna, configure"
    assert cluster.orders == []


def test_a_refusal_is_json_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    machine = server(Cluster(recording("maintenance")).start, tmp_path)
    with pytest.raises(NotReady):
        run_wish(Wish.STOP, machine, timeout_s=1, as_json=True)
    document = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in document["problems"]] == ["resources-in-maintenance"]
