"""The alert that Pacemaker runs, as a program: which events it keeps, in which form, and what cannot disturb it."""

from __future__ import annotations

import json
import os
import subprocess  # noqa: TID251
from pathlib import Path
from typing import Any

import pytest

from live_cluster.model.history import parse_event
from live_lab.wait import wait_until

ALERT = Path(__file__).parents[2] / "packaging/live-cluster/alert"
# As Pacemaker 2.1.5 gave them for a killed service, seen on a pair.
KILLED = {
    "CRM_alert_desc": "not running",
    "CRM_alert_exec_time": "0",
    "CRM_alert_interval": "1000",
    "CRM_alert_kind": "resource",
    "CRM_alert_node": "ivcs-main-1",
    "CRM_alert_node_sequence": "1",
    "CRM_alert_rc": "7",
    "CRM_alert_rsc": "ivcs-server",
    "CRM_alert_status": "0",
    "CRM_alert_target_rc": "0",
    "CRM_alert_task": "monitor",
    "CRM_alert_timestamp": "00:32:30.007468",
    "CRM_alert_timestamp_epoch": "1795393950",
    "CRM_alert_timestamp_usec": "007468",
    "CRM_alert_version": "2.1.5",
}
STARTED = KILLED | {"CRM_alert_task": "start", "CRM_alert_interval": "0", "CRM_alert_rc": "0"}
STARTED |= {"CRM_alert_desc": "ok", "CRM_alert_exec_time": "2619"}
TIMED_OUT = {"CRM_alert_task": "stop", "CRM_alert_status": "2", "CRM_alert_desc": "Timed Out"}
LOST = {
    "CRM_alert_desc": "lost",
    "CRM_alert_kind": "node",
    "CRM_alert_node": "ivcs-main-1",
    "CRM_alert_node_sequence": "1",
    "CRM_alert_nodeid": "1",
    "CRM_alert_timestamp_epoch": "1795393989",
    "CRM_alert_timestamp_usec": "019469",
}


def run(path: Path, environment: dict[str, str], **more: str) -> None:
    given = {"PATH": "/usr/bin:/bin", "CRM_alert_recipient": str(path)} | environment | more
    done = subprocess.run(("/bin/sh", str(ALERT)), env=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def kept(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_failed_operation_is_one_line_with_all_that_is_known(tmp_path: Path) -> None:
    path = tmp_path / "cluster.jsonl"
    run(path, KILLED)
    assert path.read_text() == (
        '{"time":1795393950.007468,"kind":"failed","node":"ivcs-main-1","resource":"ivcs-server",'
        '"task":"monitor","rc":7,"text":"not running"}\n'
    )
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("environment", "changes", "kinds"),
    [
        (STARTED, {}, ["action"]),
        (STARTED, {"CRM_alert_task": "promote"}, ["action"]),
        (STARTED, {"CRM_alert_rc": "1", "CRM_alert_status": "4"}, ["failed"]),
        # Timed out; Pacemaker gives the exit code that was hoped for.
        (STARTED, {"CRM_alert_status": "2", "CRM_alert_desc": "Timed Out"}, ["failed"]),
        # A monitor that runs as it should, one that was cancelled, one that is pending.
        (KILLED, {"CRM_alert_rc": "0"}, []),
        (KILLED, {"CRM_alert_rc": "8", "CRM_alert_target_rc": "8"}, []),
        (KILLED, {"CRM_alert_status": "1"}, []),
        (KILLED, {"CRM_alert_status": "-1"}, []),
        # The first look at a resource that runs already; one that shows it broken.
        (KILLED, {"CRM_alert_interval": "0", "CRM_alert_rc": "0", "CRM_alert_target_rc": "7"}, []),
        (KILLED, {"CRM_alert_interval": "0", "CRM_alert_rc": "8", "CRM_alert_target_rc": "7"}, []),
        (KILLED, {"CRM_alert_interval": "0", "CRM_alert_rc": "1", "CRM_alert_target_rc": "7"}, ["failed"]),
        (LOST, {}, ["node"]),
        (LOST, {"CRM_alert_desc": "member", "CRM_alert_node_sequence": "7"}, ["node"]),
        (LOST, {"CRM_alert_desc": "member"}, ["joined"]),
        (LOST, {"CRM_alert_kind": "fencing", "CRM_alert_task": "reboot", "CRM_alert_rc": "-19"}, ["fencing"]),
        (LOST, {"CRM_alert_kind": "attribute"}, []),
    ],
)
def test_what_is_kept(
    environment: dict[str, str], changes: dict[str, str], kinds: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "cluster.jsonl"
    run(path, environment | changes)
    assert [one["kind"] for one in kept(path)] == kinds


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('no "such" \\device', 'no "such" \\device'),
        ("first line\nsecond", "first line"),
        ("Gerät перегрет", "Gerät перегрет"),
        ("x" * 5000, "x" * 400),
        ('"' * 5000, '"' * 400),
        ("$(touch /tmp/x) `id` %s", "$(touch /tmp/x) `id` %s"),
    ],
)
def test_any_description_makes_valid_json(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "cluster.jsonl"
    run(path, KILLED, CRM_alert_desc=text)
    assert [one["text"] for one in kept(path)] == [told]


def test_what_is_missing_or_no_number_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "cluster.jsonl"
    numbers = ("sequence", "rc", "interval", "status", "timestamp_usec")
    run(path, LOST, **{f"CRM_alert_{name}": "a[$(id)]" for name in numbers})
    run(path, {"CRM_alert_kind": "node"})
    run(path, {})
    assert [(one["kind"], one["rc"]) for one in kept(path)] == [("node", None)] * 2


def test_the_file_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "cluster.jsonl"
    for number in range(64):
        run(path, KILLED, CRM_alert_node_sequence=str(number), LIVE_CLUSTER_EVENTS_BYTES="1000")
    # At every 16th event it is looked at; a line has 140 bytes.
    assert path.stat().st_size <= 16 * 140
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cluster.jsonl", "cluster.jsonl.1"]


@pytest.mark.parametrize("recipient", ["/dev/full", "/nonexistent/folder/cluster.jsonl"])
def test_a_full_disk_or_a_missing_folder_is_no_failure(recipient: str) -> None:
    run(Path(recipient), KILLED | {"CRM_alert_node_sequence": "16"})


def install(folder: Path, bodies: dict[str, str]) -> None:
    """Programs of these names that do this instead, in shell."""
    folder.mkdir()
    for name, body in bodies.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)


def _has_members(process_group: int) -> bool:
    try:
        os.killpg(process_group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    ("changes", "known_stop", "forgotten"),
    [
        # It has been started since.
        ({}, 105, "--cleanup"),
        # It has not: a failure that has expired would not be cleaned up.
        ({}, 0, "--refresh --force"),
        ({"CRM_alert_status": "4", "CRM_alert_rc": "1"}, 0, "--refresh --force"),
        # The configuration does not answer.
        ({}, 124, "--refresh --force"),
        # It is another one's; it is one whose stop must succeed; it was no stop.
        ({"CRM_alert_node": "ivcs-main-2"}, 0, ""),
        ({"CRM_alert_rsc": "filestorage-fs"}, 0, ""),
        ({"CRM_alert_task": "start"}, 0, ""),
    ],
)
def test_a_service_that_did_not_stop_in_time_is_looked_at(
    changes: dict[str, str], known_stop: int, forgotten: str, tmp_path: Path
) -> None:
    programs, log = tmp_path / "bin", tmp_path / "called"
    # Systemd does not answer; the unit is on its way down; it has ended, and the cluster is at work; at rest.
    note = f'echo "$*" >>{log}'
    known = "echo active; echo"
    unit = f"case $(wc -l <{log}) in 1) ;; 2) {known} deactivating ;; *) {known} failed ;; esac"
    states = f"case $(wc -l <{log}) in 4) state=S_TRANSITION_ENGINE ;; *) state=S_IDLE ;; esac"
    controller = f"""case $1 in
        --dc_lookup) echo 'Designated Controller is: ivcs-main-2' ;;
        --status) {note}; {states}; echo "Controller on $2 in state $state: ok" ;;
        esac"""
    bodies = {
        "crm_node": "echo ivcs-main-1",
        "systemctl": f"{note}; {unit}",
        "crmadmin": controller,
        "cibadmin": f"exit {known_stop}",
        # Pacemaker is overloaded, too.
        "crm_resource": f"{note}; [ $(grep -c node {log}) -gt 1 ]",
    }
    install(programs, bodies)
    given = STARTED | TIMED_OUT | changes | {"live_cluster_services": "samba=smbd ivcs-server=ivcs"}
    paths = {"PATH": f"{programs}:/usr/bin:/bin", "CRM_alert_recipient": str(tmp_path / "cluster.jsonl")}
    # Nobody waits for it: it is over when its process group is.
    alert = subprocess.Popen(("/bin/sh", str(ALERT)), env=paths | given, start_new_session=True)
    assert alert.wait() == 0
    wait_until(lambda: not _has_members(alert.pid), deadline_s=60, what="the alert's processes have ended")
    called = log.read_text() if log.exists() else ""
    again = ["is-active pacemaker.service ivcs", "--status ivcs-main-2"]
    forgets = f"{forgotten} --resource ivcs-server --node ivcs-main-1"
    looked = [*again[:1] * 2, *again, *again, forgets, *again, forgets]
    assert called.splitlines() == (looked if forgotten else [])


SERVICES = {"live_cluster_services": "samba=smbd ivcs-server=ivcs"}
STOPPED_WELL = STARTED | {"CRM_alert_task": "stop"}
NOT_STARTED = STARTED | {"CRM_alert_rc": "1", "CRM_alert_desc": "error"}


def run_to_its_end(tmp_path: Path, given: dict[str, str], bodies: dict[str, str]) -> str:
    """The alert with all its processes; what was called in the end."""
    log, programs = tmp_path / "called", tmp_path / "bin"
    if not programs.exists():
        install(programs, {"attrd_updater": f'echo "$*" >>{log}', **bodies})
    paths = {"PATH": f"{programs}:/usr/bin:/bin", "CRM_alert_recipient": str(tmp_path / "cluster.jsonl")}
    alert = subprocess.Popen(("/bin/sh", str(ALERT)), env=paths | SERVICES | given, start_new_session=True)
    assert alert.wait() == 0
    wait_until(lambda: not _has_members(alert.pid), deadline_s=60, what="the alert's processes have ended")
    return log.read_text() if log.exists() else ""


def shown(result: str, *, began: int, left: int) -> dict[str, str]:
    """How systemd saw a unit's last life: it began to start, and left the state `active` (0: it never was)."""
    text = f"Result={result}\nInactiveExitTimestampMonotonic={began}\nActiveExitTimestampMonotonic={left}"
    return {"systemctl": f"echo '{text}'"}


@pytest.mark.parametrize(
    ("how", "is_killed"),
    [
        (shown("success", began=100, left=200), False),
        (shown("timeout", began=100, left=200), True),
        # A start took too long, in a life after one that was stopped, or in the first one.
        (shown("timeout", began=300, left=200), False),
        (shown("timeout", began=300, left=0), False),
        # It had died by itself before.
        (shown("signal", began=100, left=200), False),
        ({"systemctl": "exit 1"}, False),
    ],
)
def test_what_had_to_be_killed_is_noted(how: dict[str, str], is_killed: bool, tmp_path: Path) -> None:
    called = run_to_its_end(tmp_path, STOPPED_WELL, how)
    assert called == ("--name ivcs-server-killed --update 1795393950\n" if is_killed else "")
    kinds = [one["kind"] for one in kept(tmp_path / "cluster.jsonl")]
    assert kinds == (["action", "killed"] if is_killed else ["action"])
    if is_killed:
        event = parse_event((tmp_path / "cluster.jsonl").read_text().splitlines()[-1])
        assert event is not None
        assert (event.kind, event.resource, event.task) == ("killed", "ivcs-server", "stop")


def at(seconds: int, event: dict[str, str]) -> dict[str, str]:
    return event | {"CRM_alert_timestamp_epoch": str(1795393950 + seconds)}


MARKED = "--name ivcs-server-fails --update 1795393970\n"


def test_a_head_that_cannot_start_a_service_is_marked_once(tmp_path: Path) -> None:
    assert run_to_its_end(tmp_path, at(0, NOT_STARTED), {}) == ""
    assert run_to_its_end(tmp_path, at(10, NOT_STARTED), {}) == ""
    assert run_to_its_end(tmp_path, at(20, NOT_STARTED), {}) == MARKED
    # The same value again is no change.
    assert run_to_its_end(tmp_path, at(400, NOT_STARTED), {}) == MARKED * 2


def test_a_head_where_a_service_dies_again_and_again_is_marked(tmp_path: Path) -> None:
    for number in range(9):
        assert run_to_its_end(tmp_path, at(2 * number, KILLED), {}) == ""
    assert run_to_its_end(tmp_path, at(20, KILLED), {}) == MARKED


def test_what_dies_now_and_then_is_not_marked(tmp_path: Path) -> None:
    for number in range(12):
        assert run_to_its_end(tmp_path, at(100 * number, KILLED), {}) == ""


@pytest.mark.parametrize(
    ("state", "is_taken_back"), [("exit 0", True), pytest.param("exit 3", False, id="it has been moved away")]
)
def test_the_mark_goes_once_the_service_has_run_for_a_while(
    state: str, is_taken_back: bool, tmp_path: Path
) -> None:
    bodies = {"systemctl": state, "sleep": ""}
    for number in range(3):
        run_to_its_end(tmp_path, at(10 * number, NOT_STARTED), bodies)
    called = run_to_its_end(tmp_path, at(30, STARTED), bodies)
    assert called == MARKED + ("--name ivcs-server-fails --delete\n" if is_taken_back else "")
    # What comes then begins anew.
    again = run_to_its_end(tmp_path, at(40, NOT_STARTED), bodies)
    assert (again == called) is is_taken_back


@pytest.mark.parametrize("text", ["", "a[$(id)] b c d\n", "1\n"])
def test_a_count_that_was_not_written_whole_does_no_harm(text: str, tmp_path: Path) -> None:
    (tmp_path / "cluster.jsonl.ivcs-server.fails").write_text(text)
    for number in range(4):
        called = run_to_its_end(tmp_path, at(10 * number, NOT_STARTED), {})
    assert "--name ivcs-server-fails --update" in called


def test_a_service_that_failed_meanwhile_keeps_its_mark(tmp_path: Path) -> None:
    count = tmp_path / "cluster.jsonl.ivcs-server.fails"
    bodies = {"systemctl": "exit 0", "sleep": f"echo 4 0 1795393990 1795393970 >{count}"}
    for number in range(3):
        run_to_its_end(tmp_path, at(10 * number, NOT_STARTED), bodies)
    assert run_to_its_end(tmp_path, at(30, STARTED), bodies) == MARKED


def test_one_service_is_looked_at_by_one_at_a_time(tmp_path: Path) -> None:
    programs, log, busy = tmp_path / "bin", tmp_path / "called", tmp_path / "busy"
    bodies = {
        "crm_node": "echo ivcs-main-1",
        "systemctl": f"mkdir {busy} || echo both >>{log}; echo active; echo failed",
        "crmadmin": "echo 'in state S_IDLE: ok'",
        "cibadmin": "exit 105",
        # The other one has the time to come in between.
        "crm_resource": f"sleep 0.5; echo $1 >>{log}; rmdir {busy}",
    }
    install(programs, bodies)
    paths = {"PATH": f"{programs}:/usr/bin:/bin", "CRM_alert_recipient": str(tmp_path / "cluster.jsonl")}
    given = paths | STARTED | TIMED_OUT | {"live_cluster_services": "ivcs-server=ivcs"}
    alerts = [subprocess.Popen(("/bin/sh", str(ALERT)), env=given, start_new_session=True) for _ in range(3)]
    for alert in alerts:
        assert alert.wait() == 0
        wait_until(lambda: not _has_members(alert.pid), deadline_s=60, what="its processes have ended")  # noqa: B023
    assert log.read_text() == "--cleanup\n" * 3


@pytest.mark.parametrize("state", ["deactivating", "inactive", "failed"])
def test_nobody_waits_where_pacemaker_itself_stops(state: str, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    bodies = {
        "crm_node": "echo ivcs-main-1",
        "systemctl": f"echo {state}; echo deactivating",
        "crmadmin": "exit 1",
    }
    install(programs, bodies)
    services = {"live_cluster_services": "ivcs-server=ivcs"}
    paths = {"PATH": f"{programs}:/usr/bin:/bin", "CRM_alert_recipient": str(tmp_path / "cluster.jsonl")}
    given = paths | STARTED | TIMED_OUT | services
    alert = subprocess.Popen(("/bin/sh", str(ALERT)), env=given, start_new_session=True)
    assert alert.wait() == 0
    wait_until(lambda: not _has_members(alert.pid), deadline_s=60, what="the alert's processes have ended")


def test_the_reader_understands_what_the_alert_writes(tmp_path: Path) -> None:
    path = tmp_path / "cluster.jsonl"
    run(path, KILLED, CRM_alert_rsc="ivcs-db:1")
    event = parse_event(path.read_text())
    assert event is not None
    assert (event.kind, event.resource, event.task, event.rc) == ("failed", "ivcs-db", "monitor", 7)
    assert event.at == pytest.approx(1795393950.007468, abs=1e-6)
