"""`filestorage resolve`: both sides shown, refusals, either side kept, the end of interrupted runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from installation import PROFILE, SwiftTime
from mirrored_pair import FENCE, HEADS, SPLIT, Pair

from live_cluster.apply import waiting
from live_cluster.cli import application_profile, filestorage_cli
from live_cluster.cli.main import main
from live_cluster.cli.settings_file import read_stored
from live_cluster.commands import connecting, resolve
from live_cluster.errors import ExitCode, Unreachable, problem

FIRST, SECOND = HEADS
NEVER_BEFORE = "58FE961930D84D48:BCC7CF6207B675C6:0000000000000000:0000000000000000:1:1:1:0:0:0:0\n"
FORGOTTEN = "073935AE7402D80C:19C63B4CAF32F363:0000000000000000:0000000000000000:1:1:0:0:0:0:0\n"
SETTINGS = """\
head-node-1-ip = "10.81.0.1"
head-node-2-ip = "10.81.0.2"
public-ip = "10.81.0.100"
filestorage-ip = "10.81.0.101"
database-ip = "10.81.0.102"
filestorage-device = "/dev/lun"
"""
Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Pair:
    pair = Pair.split()
    (tmp_path / "cluster.toml").write_text(SETTINGS)
    clock = SwiftTime()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    monkeypatch.setattr(filestorage_cli, "read_stored", lambda: read_stored(tmp_path))
    monkeypatch.setattr(filestorage_cli, "site_secret", lambda *_: lambda: None)
    monkeypatch.setattr(application_profile, "DEFAULT_PROFILE", PROFILE)
    monkeypatch.setattr(application_profile, "KEPT_PROFILE", tmp_path / "profile.toml")
    monkeypatch.setattr(resolve, "controller_credentials", lambda _secret, **_: None)
    monkeypatch.setattr(resolve, "connect", pair.connect)
    monkeypatch.setattr(waiting, "time", clock)
    monkeypatch.setattr(waiting, "asyncio", clock)
    return pair


@pytest.fixture
def run(pair: Pair, capsys: pytest.CaptureFixture[str]) -> Run:
    """With --json; the exit code and the document."""

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        pair.changes.clear()
        code = main(["filestorage", "resolve", *words, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def codes(document: dict[str, Any]) -> list[str]:
    return [one["code"] for one in document["problems"]]


def drbd(pair: Pair) -> list[str]:
    return [one for one in pair.changes if "runuser" not in one and "crm_attribute" not in one]


def is_whole(pair: Pair) -> bool:
    done = all(one.connection == "Connected" and one.disk == "UpToDate" for one in pair.copies.values())
    return done and not pair.is_held and not pair.fences and not pair.marks and pair.promoted == pair.primary


def test_both_sides_are_shown_and_nothing_is_touched(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["filestorage", "resolve"]) == ExitCode.DEGRADED
    shown = capsys.readouterr()
    for words in (
        "SPLIT-BRAIN of DRBD (resource filestorage)",
        "lost each other at 2025-11-2",
        "ivcs-main-1: Secondary, UpToDate, StandAlone; written on its own: 4 MiB; generation A8E4B1C3D1BFCA6E",
        "ivcs-main-2: Primary, UpToDate, StandAlone",
        "file system last mounted 2025-11-2",
        "mounted at /srv/files; files changed since then: 2 (2 MiB)",
        "2 MiB  a.webm",
        "snapshot /dev/vg0/files-discarded-a8e4b1c3",
    ):
        assert words in shown.err
    assert "--keep ivcs-main-1 (or ivcs-main-2)" in shown.out
    assert pair.changes == []


def test_the_document_has_both_sides(run: Run, pair: Pair) -> None:
    code, document = run()
    assert (code, document["split_brain"], document["changed"]) == (ExitCode.DEGRADED, True, False)
    first, second = document["sides"]
    assert first["generation"] == "A8E4B1C3D1BFCA6E"
    assert (first["mounted"], second["mounted"]) == (None, "/srv/files")
    assert [one["path"] for one in second["newest_files"]] == ["a.webm", "b/old name.webm"]
    assert document["connection_lost"] == "2025-11-24T16:02:03Z"
    assert pair.changes == []


def test_the_active_head_s_files_stay_without_an_interruption(run: Run, pair: Pair) -> None:
    code, document = run("--keep", SECOND, "--yes")
    assert (code, document["changed"]) == (ExitCode.OK, True)
    assert drbd(pair) == [
        f"{FIRST}: lvcreate --yes --snapshot --name files-discarded-a8e4b1c3 --size 297795584b vg0/files",
        f"{SECOND}: drbdadm connect filestorage",
        f"{FIRST}: drbdadm connect --discard-my-data filestorage",
        f"{SECOND}: cibadmin --delete --xpath //rsc_location[@id='{FENCE}']",
    ]
    assert document["snapshot"] == "/dev/vg0/files-discarded-a8e4b1c3"
    assert "outage" not in [one["impact"] for one in document["steps"]]
    assert is_whole(pair)


def test_to_give_up_the_active_head_s_files_they_are_taken_out_of_use(run: Run, pair: Pair) -> None:
    code, document = run("--keep", FIRST, "--yes")
    assert code == ExitCode.OK
    assert [one["code"] for one in document["steps"] if one["impact"] == "outage"] == ["resolve-release"]
    orders = drbd(pair)
    assert orders[0].startswith(f"{SECOND}: cibadmin --modify")
    assert orders[1].startswith(f"{SECOND}: lvcreate")
    assert orders[2:4] == [
        f"{FIRST}: drbdadm connect filestorage",
        f"{SECOND}: drbdadm connect --discard-my-data filestorage",
    ]
    assert pair.copies[SECOND].identifiers == SPLIT[FIRST]
    assert is_whole(pair)


def test_where_the_common_generation_is_forgotten_the_whole_disk_is_copied(
    run: Run, pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    # As seen on a pair whose standby was made primary by force: its bitmap's generation is its own, too.
    pair.copies[FIRST].identifiers = FORGOTTEN
    pair.copies[SECOND].identifiers = NEVER_BEFORE
    assert main(["filestorage", "resolve"]) == ExitCode.DEGRADED
    assert "the whole disk is going to be copied" in capsys.readouterr().err
    code, document = run("--keep", SECOND, "--yes")
    assert (code, document["changed"]) == (ExitCode.OK, True)
    size = (1 << 30) + (88 << 20)
    assert drbd(pair)[:4] == [
        f"{FIRST}: lvcreate --yes --snapshot --name files-discarded-073935ae --size {size}b vg0/files",
        f"{SECOND}: drbdadm connect filestorage",
        f"{FIRST}: drbdadm invalidate filestorage",
        f"{FIRST}: drbdadm connect filestorage",
    ]
    assert is_whole(pair)


@pytest.mark.parametrize("keep", HEADS)
def test_a_second_run_has_nothing_to_resolve(keep: str, run: Run, pair: Pair) -> None:
    run("--keep", keep, "--yes")
    code, document = run("--keep", keep, "--yes")
    assert (code, document["split_brain"], document["changed"]) == (ExitCode.OK, False, False)
    assert (pair.changes, document["steps"]) == ([], [])


@pytest.mark.parametrize("keep", HEADS)
@pytest.mark.parametrize("at", range(1, 9))
def test_an_interrupted_run_is_finished_by_the_next(keep: str, at: int, run: Run, pair: Pair) -> None:
    pair.interrupt_at = at
    run("--keep", keep, "--yes")
    pair.interrupt_at = 0
    assert run("--keep", keep, "--yes")[0] == ExitCode.OK
    assert is_whole(pair)
    lose = pair.peer(keep)
    assert lose.identifiers == SPLIT[keep]
    assert len(lose.snapshots) == 1


@pytest.mark.parametrize("had_room", [True, False])
def test_the_end_of_an_interrupted_run_tells_the_snapshot_that_is_there(
    had_room: bool, run: Run, pair: Pair
) -> None:
    second = pair.copies[SECOND]
    second.free = second.free if had_room else 0
    # Held, for the files of the active head are given up; copied already, so both generations are the same.
    pair.interrupt_at = 5 if had_room else 4
    run("--keep", FIRST, "--yes")
    pair.interrupt_at = 0
    assert pair.is_held
    assert len(second.snapshots) == had_room
    code, document = run("--keep", FIRST, "--yes")
    assert (code, document["changed"]) == (ExitCode.OK, True)
    assert document["snapshot"] == next((f"/dev/vg0/{one}" for one in second.snapshots), None)


def test_what_was_given_up_is_on_record_before_anything_else_is_done(run: Run, pair: Pair) -> None:
    run("--keep", SECOND, "--yes")
    whole = [one for one in pair.changes if "crm_attribute" not in one]
    noted = [one for one in whole if "tee --append" in one]
    # Both heads' histories, right after the loser was told to discard.
    assert [one.split(":")[0] for one in noted] == list(HEADS)
    assert whole[whole.index(noted[0]) - 1] == f"{FIRST}: drbdadm connect --discard-my-data filestorage"


def test_what_is_being_given_up_cannot_be_kept_any_more(run: Run, pair: Pair) -> None:
    pair.interrupt_at = 4
    run("--keep", FIRST, "--yes")
    pair.interrupt_at = 0
    assert pair.is_held
    code, document = run("--keep", SECOND, "--yes")
    assert (code, codes(document)) == (ExitCode.USAGE, ["resolve-decided"])
    assert pair.changes == []


@pytest.mark.parametrize("keep", HEADS)
@pytest.mark.parametrize("at", [3, 4, 5])
def test_who_finishes_it_with_the_other_name_is_not_told_that_it_was_kept(
    at: int, keep: str, run: Run, pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.interrupt_at = at
    run("--keep", SECOND, "--yes")
    pair.interrupt_at = 0
    # Nothing is held, and both copies are the same: only the end is missing, whoever is named.
    assert main(["filestorage", "resolve", "--keep", keep, "--yes"]) == ExitCode.OK
    told = capsys.readouterr().out
    assert "Both heads have the same files again. The choice had been made before" in told
    assert "What only" not in told
    assert pair.copies[FIRST].snapshots
    assert not pair.copies[SECOND].snapshots
    assert is_whole(pair)


def test_the_choice_may_change_as_long_as_nothing_is_given_up(run: Run, pair: Pair) -> None:
    pair.interrupt_at = 3
    run("--keep", FIRST, "--yes")
    pair.interrupt_at = 0
    assert run("--keep", SECOND, "--yes")[0] == ExitCode.OK
    assert pair.copies[FIRST].identifiers == SPLIT[SECOND]
    assert is_whole(pair)


def test_after_a_change_of_mind_the_last_choice_counts(run: Run, pair: Pair) -> None:
    pair.interrupt_at = 2
    run("--keep", FIRST, "--yes")
    pair.interrupt_at = 4
    run("--keep", SECOND, "--yes")
    pair.interrupt_at = 0
    assert pair.copies[FIRST].identifiers == SPLIT[SECOND]
    assert codes(run("--keep", FIRST, "--yes")[1]) == ["resolve-decided"]
    assert run("--keep", SECOND, "--yes")[0] == ExitCode.OK
    assert is_whole(pair)


def test_a_dry_run_shows_the_plan(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["filestorage", "resolve", "--keep", FIRST, "--dry-run"]) == ExitCode.OK
    shown = capsys.readouterr().err
    assert "Stop the application and the file server, and unmount the files" in shown
    assert "Snapshot /dev/vg0/files-discarded-c2d09e55" in shown
    assert pair.changes == []


@pytest.mark.parametrize(("lvm", "free"), [(False, 0), (True, 1 << 20)])
def test_where_nothing_is_kept_that_is_said_and_asked(
    lvm: bool, free: int, pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.copies[FIRST].has_lvm, pair.copies[FIRST].free = lvm, free
    assert main(["filestorage", "resolve", "--keep", SECOND]) == ExitCode.DECLINED
    shown = capsys.readouterr().err
    assert "NOTHING of it is kept" in shown
    assert "KEEPING NOTHING OF IT" in shown
    assert pair.changes == []
    assert main(["filestorage", "resolve", "--keep", SECOND, "--yes"]) == ExitCode.OK
    assert not pair.copies[FIRST].snapshots
    assert is_whole(pair)


@pytest.mark.parametrize(
    ("identifiers", "connection", "code"),
    [
        # The first one is simply older.
        ("99F1B40E00A72C64:0000000000000000:11D26F3A8C4E0B12:0000000000000000:1:1:0:0:0:0:0\n",
         "StandAlone", "resolve-only-apart"),
        ("99F1B40E00A72C64:0000000000000000:11D26F3A8C4E0B12:0000000000000000:1:1:0:0:0:0:0\n",
         "WFConnection", "resolve-only-waiting"),
        ("0123456789ABCDE0:0123456789ABCDE2:0123456789ABCDE4:0123456789ABCDE6:1:1:0:0:0:0:0\n",
         "StandAlone", "resolve-unrelated"),
        ("", "StandAlone", "resolve-not-running"),
    ],
)  # fmt: skip
def test_what_is_no_split_brain_is_refused(
    identifiers: str, connection: str, code: str, run: Run, pair: Pair
) -> None:
    pair.marks.clear()
    pair.copies[FIRST].identifiers = identifiers
    for copy in pair.copies.values():
        copy.connection = connection if copy.node == FIRST else "StandAlone"
    if connection == "WFConnection":
        pair.copies[SECOND].connection = "NetworkFailure"
    result, document = run("--keep", SECOND, "--yes")
    assert (result, codes(document)) == (ExitCode.CONFIGURATION, [code])
    assert pair.changes == []


def test_an_incomplete_copy_cannot_stay(run: Run, pair: Pair) -> None:
    pair.copies[FIRST].disk = "Inconsistent"
    code, document = run("--keep", FIRST, "--yes")
    assert (code, codes(document)) == (ExitCode.CONFIGURATION, ["resolve-incomplete"])


def test_a_head_that_is_not_in_the_cluster(run: Run, pair: Pair) -> None:
    pair.offline = FIRST
    code, document = run("--keep", SECOND, "--yes")
    assert (code, codes(document)) == (ExitCode.CONFIGURATION, ["resolve-head-away"])


def test_in_maintenance_nothing_could_be_moved(run: Run, pair: Pair) -> None:
    pair.maintenance = True
    code, document = run("--keep", SECOND, "--yes")
    assert (code, codes(document)) == (ExitCode.CONFIGURATION, ["resources-in-maintenance"])


def test_a_head_that_is_off(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def connect(_names: object, _credentials: object) -> None:
        raise Unreachable(problem("server-off", node=FIRST, address="10.81.0.1", detail=""))

    async def explain(*_: object, **__: object) -> None:
        return None

    class Secret:
        fingerprint = ""

    monkeypatch.setattr(resolve, "connect", connect)
    monkeypatch.setattr(connecting, "explain_refusal", explain)
    monkeypatch.setattr(filestorage_cli, "site_secret", lambda *_: Secret)
    code, document = run("--keep", SECOND, "--yes")
    assert (code, codes(document)) == (ExitCode.UNAVAILABLE, ["server-off"])


def test_an_unknown_head(run: Run, pair: Pair) -> None:
    code, document = run("--keep", "somebody")
    assert (code, codes(document)) == (ExitCode.USAGE, ["unknown-head"])
    assert pair.changes == []


def test_root_only(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main(["filestorage", "resolve"]) == ExitCode.NOT_PERMITTED
    assert pair.changes == []
