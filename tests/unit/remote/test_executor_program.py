"""What the executor does with files and locks; tests/command/test_executor.py runs the whole program."""

from __future__ import annotations

import base64
import grp
import os
import pwd
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

Operation = Callable[[dict[str, Any]], dict[str, Any]]
ME = pwd.getpwuid(os.getuid()).pw_name
MINE = grp.getgrgid(os.getgid()).gr_name


@pytest.fixture
def program() -> dict[str, Any]:
    """The program's names; its last line, which serves, is left out."""
    source = files("live_cluster.remote").joinpath("executor_program.py").read_text("utf-8")
    head, _, last = source.rstrip().rpartition("\n")
    assert last == "main()"
    names: dict[str, Any] = {}
    exec(compile(head, "executor_program.py", "exec"), names)  # noqa: S102
    return names


def writing(path: Path, content: bytes = b"new", **changed: Any) -> dict[str, Any]:
    encoded = base64.b64encode(content).decode()
    wanted = {
        "path": str(path),
        "content": encoded,
        "mode": 0o640,
        "owner": ME,
        "group": MINE,
        "set_aside": "",
    }
    return wanted | changed


def test_a_file_is_replaced_with_mode_and_owner(program: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    assert program["write"](writing(path)) == {}
    state = program["read"]({"path": str(path)})
    assert base64.b64decode(state["content"]) == b"new"
    assert (state["exists"], state["mode"], state["owner"], state["group"]) == (True, 0o640, ME, MINE)
    assert state["mtime"] == path.stat().st_mtime
    assert list(path.parent.iterdir()) == [path]


def test_a_leftover_of_a_killed_run_does_not_open_the_new_file_to_others(
    program: dict[str, Any], tmp_path: Path
) -> None:
    left = tmp_path / ".file.live-cluster-new"
    left.write_text("half")
    left.chmod(0o666)
    opened = left.open()
    program["write"](writing(tmp_path / "file", b"secret", mode=0o600))
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert opened.read() == "half"
    opened.close()


def test_the_present_file_is_set_aside_with_its_path_and_never_overwritten(
    program: dict[str, Any], tmp_path: Path
) -> None:
    path, aside = tmp_path / "etc" / "conf", tmp_path / "aside"
    for number in range(3):
        program["write"](writing(path, f"{number}".encode(), set_aside=str(aside), mode=0o604))
    kept = Path(str(aside) + str(path))
    assert kept.read_text() == "0"
    assert kept.stat().st_mode & 0o777 == 0o604
    assert Path(f"{kept}.2").read_text() == "1"
    assert aside.stat().st_mode & 0o777 == 0o700


def pair_in(folder: Path, key: str, chain: str, **changed: Any) -> dict[str, Any]:
    return {
        "files": [writing(folder / "key", key.encode()), writing(folder / "chain", chain.encode(), **changed)]
    }


def contents(folder: Path) -> dict[str, str]:
    return {one.name: one.read_text() for one in folder.iterdir() if one.is_file()}


def test_files_that_belong_together_are_all_on_the_disk_before_one_gets_its_name(
    program: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program["write_together"](pair_in(tmp_path, "old", "old"))
    seen: list[dict[str, str]] = []
    rename = os.rename

    def watched(source: str, target: str) -> None:
        # The program does not end between the two: it needs this lock first.
        assert program["renaming_lock"].locked()
        seen.append(contents(tmp_path))
        rename(source, target)

    monkeypatch.setattr(os, "rename", watched)
    program["write_together"](pair_in(tmp_path, "new", "new"))
    staged = {".key.live-cluster-new": "new", ".chain.live-cluster-new": "new"}
    assert seen[0] == {"key": "old", "chain": "old"} | staged
    assert contents(tmp_path) == {"key": "new", "chain": "new"}
    assert not program["renaming_lock"].locked()


def test_the_program_ends_only_while_no_pair_is_between_its_names(
    program: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ends: list[bool] = []
    monkeypatch.setattr(os, "_exit", lambda _: ends.append(program["renaming_lock"].locked()))
    monkeypatch.setattr("sys.stdin", type("closed", (), {"buffer": ()}))
    program["main"]()
    assert ends == [True]


def test_where_one_of_them_cannot_be_written_none_is_replaced(
    program: dict[str, Any], tmp_path: Path
) -> None:
    program["write_together"](pair_in(tmp_path, "old", "old"))
    with pytest.raises(KeyError):
        program["write_together"](pair_in(tmp_path, "new", "new", owner="no-such-user"))
    now = contents(tmp_path)
    assert (now["key"], now["chain"]) == ("old", "old")
    assert ".key.live-cluster-new" not in now


def test_a_pair_is_as_new_as_the_moment_in_which_it_came_into_place(
    program: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = program["stage"]

    def long_ago(file: dict[str, Any]) -> str:
        temporary = str(stage(file))
        os.utime(temporary, (1000, 1000))
        return temporary

    monkeypatch.setitem(program, "stage", long_ago)
    program["write_together"](pair_in(tmp_path, "new", "new"))
    assert min(one.stat().st_mtime for one in tmp_path.iterdir()) > 1000


def test_a_file_is_removed_after_it_was_set_aside(program: dict[str, Any], tmp_path: Path) -> None:
    path, aside = tmp_path / "old", tmp_path / "aside"
    path.write_text("old")
    assert program["remove"]({"path": str(path), "set_aside": str(aside)}) == {}
    assert not path.exists()
    assert Path(str(aside) + str(path)).read_text() == "old"
    assert program["remove"]({"path": str(path), "set_aside": str(aside)}) == {}


def test_a_missing_file_is_an_answer(program: dict[str, Any], tmp_path: Path) -> None:
    assert program["read"]({"path": str(tmp_path / "none")}) == {"exists": False}


def test_a_second_lock_names_the_first_ones_holder(program: dict[str, Any], tmp_path: Path) -> None:
    lock: Operation = program["hold_lock"]
    path = str(tmp_path / "run" / "lock")
    assert lock({"path": path, "note": "anna, 12:00"}) == {}
    assert lock({"path": path, "note": "me"}) == {"refused": "locked", "held_by": "anna, 12:00"}
    # Between taking the lock and saying who it is.
    Path(path).write_text("")
    assert lock({"path": path, "note": "me"})["held_by"] == "?"
    for descriptor in program["locks"]:
        os.close(descriptor)


def test_what_the_system_refuses_is_told(
    program: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[tuple[int, dict[str, Any]]] = []
    monkeypatch.setitem(program, "answer", lambda *what: answers.append(what))
    (tmp_path / "folder").mkdir()
    program["serve"]({"id": 1, "op": "read", "path": str(tmp_path / "folder")})
    program["serve"]({"id": 2, "op": "write", **writing(tmp_path / "file", owner="no-such-user")})
    assert [number for number, _ in answers] == [1, 2]
    assert "Is a directory" in answers[0][1]["refused"]
    assert "no-such-user" in answers[1][1]["refused"]
    assert not (tmp_path / "file").exists()


def test_a_program_that_is_not_there_is_an_exit_code(program: dict[str, Any]) -> None:
    def no_such_program(*_: Any, **__: Any) -> None:
        raise FileNotFoundError(2, "No such file or directory")

    program["subprocess"] = type("none", (), {"Popen": no_such_program, "PIPE": -1})
    reply = program["run"]({"argv": ["nothing"], "stdin": "", "timeout": 1})
    assert reply["rc"] == 127
