"""What the database agent leaves for `live-cluster events`, and that this can never make an action fail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from live_cluster_agent import history
from live_cluster_agent.history import Failure, parse_failures
from live_cluster_agent.parameters import Parameters, read_parameters

ENVIRONMENT = {
    "OCF_RESOURCE_INSTANCE": "ivcs-db:0",
    "OCF_RESKEY_pgdata": "/var/lib/postgresql/15/main",
    "OCF_RESKEY_bindir": "/usr/lib/postgresql/15/bin",
    "OCF_RESKEY_config_file": "/etc/postgresql/15/main/postgresql.conf",
    "OCF_RESKEY_node_addresses": "ivcs-main-1=10.81.1.1 ivcs-main-2=10.81.1.2",
}
# As Pacemaker 2.1.5 keeps a killed service.
KILLED = (
    '<lrm_rsc_op id="ivcs-server_last_failure_0" operation_key="ivcs-server_monitor_1000" operation="monitor" '
    'transition-key="43:4:0:80d38d0f" exit-reason="failed" on_node="ivcs-main-2" call-id="67" rc-code="7" '
    'op-status="0" interval="1000" last-rc-change="1795393950" exec-time="0" queue-time="0"/>'
)
FAILED = Failure(
    at=1795393950, node="ivcs-main-2", resource="ivcs-server", task="monitor", rc=7, text="failed"
)


@pytest.fixture
def parameters(tmp_path: Path) -> Parameters:
    places = {"OCF_RESKEY_state_dir": str(tmp_path), "OCF_RESKEY_run_dir": str(tmp_path / "run")}
    return read_parameters(ENVIRONMENT | places, node="ivcs-main-1")


def kept(parameters: Parameters) -> list[dict[str, Any]]:
    path = Path(parameters.state(history.NAME))
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def kinds(parameters: Parameters) -> list[str]:
    return [one["kind"] for one in kept(parameters)]


@pytest.mark.parametrize("form", ["{}", "<xpath-query><nodes/>{}</xpath-query>"])
def test_a_failure_in_the_status_section(form: str) -> None:
    assert parse_failures(form.format(KILLED)) == [FAILED]


def test_no_failure_costs_no_parser() -> None:
    assert parse_failures("not even XML") == []


def test_a_first_look_that_found_it_running_is_no_failure() -> None:
    found = KILLED.replace('interval="1000"', 'interval="0"').replace('rc-code="7"', 'rc-code="8"')
    assert parse_failures(found) == []


def test_a_failure_without_an_answer_says_so() -> None:
    silent = KILLED.replace('op-status="0"', 'op-status="2"').replace(
        'exit-reason="failed"', 'exit-reason=""'
    )
    assert [one.text for one in parse_failures(silent)] == ["Timed Out"]


def test_a_failure_of_the_peer_is_told_once_however_often_it_is_seen(parameters: Parameters) -> None:
    for _ in range(3):
        history.note_failures(parameters, [FAILED])
    again = replace(FAILED, at=FAILED.at + 30)
    history.note_failures(parameters, [again])
    history.note_failures(parameters, [])
    assert kept(parameters) == [
        {"time": float(at), "kind": "failed", "node": "ivcs-main-2", "resource": "ivcs-server"}
        | {"task": "monitor", "rc": 7, "text": "failed"}
        for at in (FAILED.at, again.at)
    ]


def test_it_is_not_told_again_after_a_reboot(parameters: Parameters, tmp_path: Path) -> None:
    history.note_failures(parameters, [FAILED])
    history.note_failures(replace(parameters, run_dir=str(tmp_path / "run after the reboot")), [FAILED])
    assert kinds(parameters) == ["failed"]


def test_of_a_failure_here_only_the_reason_is_told_as_the_alert_tells_the_rest(
    parameters: Parameters,
) -> None:
    history.note_failures(parameters, [replace(FAILED, node="ivcs-main-1")])
    assert kinds(parameters) == ["reason"]


def test_going_alone_and_back_is_told_each_time(parameters: Parameters) -> None:
    for kind in ("alone", "synchronous", "alone", "synchronous"):
        history.note(parameters, kind, "ivcs-main-2")
    assert kinds(parameters) == ["alone", "synchronous", "alone", "synchronous"]


def test_what_is_tried_every_two_seconds_is_told_once_until_it_is_done(parameters: Parameters) -> None:
    for _ in range(5):
        history.note(parameters, "rejoin-copying", "making a fresh copy of the primary")
        history.note(parameters, "rejoin-failed", "pg_basebackup: no route")
    history.note(parameters, "rejoin-failed", "pg_basebackup: disk full")
    history.note(parameters, "rejoin-done")
    history.note(parameters, "rejoin-copying", "making a fresh copy of the primary")
    told = ["rejoin-copying", "rejoin-failed", "rejoin-failed", "rejoin-done", "rejoin-copying"]
    assert kinds(parameters) == told


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("sync", "stale", ["data-stale"]),
        ("stale", "sync", ["data-sync"]),
        ("stale", "stale", []),
        ("", "sync", []),
        ("sync", "leaving", []),
    ],
)
def test_a_standby_tells_what_became_of_its_data(
    before: str, now: str, told: list[str], parameters: Parameters
) -> None:
    history.note_own_data(parameters, before, now)
    assert kinds(parameters) == told


def test_the_file_is_bounded_and_for_root_alone(
    parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "LIMIT_BYTES", 1000)
    for number in range(100):
        history.note(parameters, "alone", f"{number}")
    path = Path(parameters.state(history.NAME))
    assert path.stat().st_size <= 1200
    assert path.stat().st_mode & 0o777 == 0o600
    assert Path(f"{path}.1").exists()
    assert kept(parameters)[-1]["text"] == "99"


def test_a_disk_that_takes_nothing_makes_no_action_fail(
    parameters: Parameters, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = replace(parameters, state_dir="/dev/full", run_dir="/dev/full")
    history.note(full, "alone")
    history.note_failures(full, [FAILED])
    (tmp_path / history.NAME).symlink_to("/dev/full")
    history.note(parameters, "alone")
    assert "not recorded in the history" in capsys.readouterr().err


def test_a_broken_line_is_passed_over(parameters: Parameters) -> None:
    path = Path(parameters.state(history.NAME))
    path.write_text('{"time":17953\n[]\n{"time":"x"}\n')
    history.note(parameters, "not-promoted", "its data is stale")
    assert json.loads(path.read_text().splitlines()[-1])["text"] == "its data is stale"
