"""`live-cluster events`: two files of a head become one story, in order and in words."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from live_cluster.apply import run_lock
from live_cluster.cli.events_cli import sentence
from live_cluster.cli.main import main
from live_cluster.commands import events
from live_cluster.commands.events import since_of
from live_cluster.errors import ExitCode, InputRejected
from live_cluster.messages import catalogue, render
from live_cluster.model.history import Event, condensed, history

NOW = time.time()
RECENTLY = "a minute before these tests"


def line(kind: str, *, ago_s: float = 60.0, node: str = "ivcs-main-1", **more: object) -> str:
    fields = {"resource": "", "task": "", "rc": None, "text": ""} | more
    return json.dumps({"time": NOW - ago_s, "kind": kind, "node": node, **fields})


CLUSTER = [
    line("failed", ago_s=90.5, resource="ivcs-server", task="monitor", rc=7, text="not running"),
    line("action", ago_s=89, resource="ivcs-server", task="stop", rc=0, text="ok"),
    line("failed", ago_s=80.2, resource="filestorage-fs", task="monitor", rc=1, text="error"),
    line("node", ago_s=30, node="ivcs-main-2", text="lost"),
    line("action", ago_s=29, resource="ivcs-db", task="promote", rc=0, text="ok"),
]
DATABASE = [
    line("reason", ago_s=80.9, resource="filestorage-fs", task="monitor", rc=1, text="no such device"),
    line("failed", ago_s=50, node="ivcs-main-2", resource="gnugk", task="monitor", rc=7, text="failed"),
    line("alone", ago_s=28, resource="ivcs-db", text="ivcs-main-2"),
    line("failed", ago_s=9 * 86400, resource="samba", task="start", rc=1, text="long ago"),
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The two files of a head; the command runs as root on it."""
    found = (tmp_path / "cluster.jsonl", tmp_path / "database.jsonl")
    monkeypatch.setattr(events, "HISTORY", tuple(map(str, found)))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return found


@pytest.fixture
def told(files: tuple[Path, Path]) -> None:
    for path, lines in zip(files, (CLUSTER, DATABASE), strict=True):
        path.write_text("\n".join(lines) + "\n")


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    # Not a duration: minutes may lie between the beginning of the tests and this one.
    moment = datetime.fromtimestamp(NOW - 60).astimezone().isoformat()
    code = main(["events", *(moment if word == RECENTLY else word for word in argv)])
    return code, capsys.readouterr().out


def words(text: str) -> list[str]:
    """Lines without their times."""
    return [re.sub(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ", "", one) for one in text.splitlines()]


@pytest.mark.usefixtures("told")
def test_the_newest_comes_last_and_routine_stays_away(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys)
    assert code == ExitCode.OK
    assert words(out) == [
        "ivcs-main-1  ivcs-server failed: monitor: it was not running",
        "ivcs-main-1  filestorage-fs failed: monitor: no such device (error)",
        "ivcs-main-2  gnugk failed: monitor: it was not running",
        "ivcs-main-2  ivcs-main-2 has left the cluster: it was lost, shut down, or cut off",
        "ivcs-main-1  ivcs-db became the primary",
        "ivcs-main-1  the database goes on alone: ivcs-main-2 is away, new data has one copy",
    ]


@pytest.mark.usefixtures("told")
def test_in_russian(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    _, out = run(capsys, "--since", RECENTLY)
    assert words(out)[0] == "ivcs-main-2  gnugk: сбой: monitor: не работал"


@pytest.mark.usefixtures("told")
@pytest.mark.parametrize(
    ("argv", "count"),
    [
        ((), 6),
        (("--all",), 7),
        (("--since", "10d"), 7),
        (("--since", "2020-01-01"), 7),
        (("--since", RECENTLY), 4),
        (("--node", "ivcs-main-2"), 2),
        (("--node", "nobody"), 0),
    ],
)
def test_what_is_chosen(argv: tuple[str, ...], count: int, capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, "--json", *argv)
    assert len(json.loads(out)["events"]) == count


@pytest.mark.usefixtures("told")
def test_json_has_everything_with_microseconds(capsys: pytest.CaptureFixture[str]) -> None:
    _, out = run(capsys, "--json")
    document: dict[str, Any] = json.loads(out)
    assert (document["version"], document["problems"]) == (1, [])
    first = document["events"][0]
    moment = datetime.fromisoformat(first.pop("time")).timestamp()
    assert moment == pytest.approx(NOW - 90.5, abs=1e-5)
    assert first == {
        "node": "ivcs-main-1",
        "kind": "failed",
        "resource": "ivcs-server",
        "operation": "monitor",
        "rc": 7,
        "description": "not running",
    }


@pytest.mark.usefixtures("files")
def test_nothing_recorded_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, out = run(capsys)
    assert (code, out.startswith("Nothing is recorded since ")) == (ExitCode.OK, True)


def test_the_file_before_counts_too(files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    Path(f"{files[0]}.1").write_text(CLUSTER[0] + "\n")
    files[0].write_text(CLUSTER[3] + "\n")
    _, out = run(capsys)
    assert len(out.splitlines()) == 2


def test_what_a_full_disk_cut_off_hides_nothing_else(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    files[0].write_text(f"{CLUSTER[0][:40]}{CLUSTER[2]}\n\n{CLUSTER[3]}\nrubbish\n{CLUSTER[4][:30]}")
    _, out = run(capsys)
    assert len(out.splitlines()) == 2


def test_a_wrong_moment_is_refused_with_an_example(
    files: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["events", "--since", "yesterday", "--json"]) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert [one["code"] for one in json.loads(captured.out)["problems"]] == ["events-since-invalid"]
    assert "2h, 1d12h, 2026-01-31" in captured.err


@pytest.mark.parametrize(
    ("text", "ago_s"), [("2h", 7200), ("90m", 5400), ("1d12h", 129600), (" 3d ", 259200), ("1d2h3m", 93780)]
)
def test_durations(text: str, ago_s: int) -> None:
    assert since_of(text, now=1e9) == 1e9 - ago_s


@pytest.mark.parametrize("text", ["", " ", "2", "h", "2 weeks", "31.12.2026", "2026-13-01", "-2h"])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(InputRejected):
        since_of(text, now=1e9)


def test_dates_are_those_of_this_server() -> None:
    assert since_of("2026-01-31", now=0) == datetime(2026, 1, 31).astimezone().timestamp()
    assert since_of("2026-01-31T18:00+03:00", now=0) == 1769871600


def test_only_root_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["events"]) == ExitCode.NOT_PERMITTED


def test_the_same_over_and_over_is_one_line() -> None:
    lines = [line("failed", ago_s=100 - number, resource="gnugk", task="start", rc=1) for number in range(5)]
    (event,) = condensed(history(lines))
    assert (event.count, event.last - event.at) == (5, pytest.approx(4.0))


def test_every_kind_of_event_has_words_of_its_own() -> None:
    codes = {code for code in catalogue("en") if code.startswith("event-")}
    simple = {
        sentence(Event(at=0, kind=code.removeprefix("event-"), node="a", text="b")).code for code in codes
    }
    special = [
        Event(at=0, kind="action", node="a", task=task) for task in ("start", "stop", "promote", "demote")
    ]
    special += [Event(at=0, kind="node", node="a", text=text) for text in ("lost", "member")]
    special += [Event(at=0, kind="fencing", node="a", rc=rc) for rc in (0, -19)]
    parts = {"event-reason", "event-timed-out"} | {code for code in codes if code.startswith("event-result")}
    assert simple | {sentence(event).code for event in special} == codes - parts


def test_a_kind_of_a_later_version_is_told_as_it_is() -> None:
    event = Event(at=0, kind="new-kind", node="a", resource="ivcs-db", text="something")
    assert render(sentence(event), "en") == "ivcs-db new-kind: something"


def test_what_an_administrator_asked_for_is_told(
    files: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run_lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(run_lock, "HISTORY", str(files[1]))
    with run_lock.run_lock("anna, switchover, 2026-01-31 18:00:00 +0300"):
        pass
    with pytest.raises(InputRejected), run_lock.run_lock("anna, standby"):
        raise InputRejected
    _, out = run(capsys)
    assert words(out) == [f"{os.uname().nodename}  asked for by an administrator: anna, switchover"]


def test_a_full_disk_makes_no_failure_of_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_lock, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(run_lock, "HISTORY", "/dev/full")
    with run_lock.run_lock("anna, switchover"):
        pass
