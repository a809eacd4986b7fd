"""The server's log file is opened as Debian's kernel settings allow it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from live_cluster_agent.process import open_log


def append(path: Path, text: str) -> None:
    handle = open_log(str(path))
    os.write(handle, text.encode())
    os.close(handle)


def test_a_log_that_is_there_is_not_opened_as_if_it_might_not_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "postgresql.log"
    append(log, "first\n")
    flags = []
    really_open = os.open

    def noted(path: str, how: int, *mode: int) -> int:
        flags.append(how)
        return really_open(path, how, *mode)

    monkeypatch.setattr(os, "open", noted)
    append(log, "second\n")
    assert log.read_text() == "first\nsecond\n"
    # fs.protected_regular=2 refuses the server's own file to root with this flag.
    assert not [how for how in flags if how & os.O_CREAT]


def test_a_log_is_made_where_there_is_none(tmp_path: Path) -> None:
    log = tmp_path / "postgresql.log"
    append(log, "first\n")
    assert log.stat().st_mode & 0o777 == 0o640
