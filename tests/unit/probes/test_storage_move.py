"""What the tools say about a storage that is to be left, and about one that is to be filled."""

from __future__ import annotations

from live_cluster.probes.storage_move import entries_of, mark_in, mark_of, mark_text, used_of
from live_cluster.remote.requests import CommandResult, FileState

# debugfs(8) on a file system that a run was copying to.
LISTING = b"""\
/2/040770/998/997/.//
/2/040770/998/997/..//
/11/040700/0/0/lost+found//
/12/100600/0/0/.live-cluster-move/41/
/13/040755/998/997/recordings//
/14/100644/998/997/a file with spaces.txt/7/

"""


def said(text: bytes, code: int = 0) -> CommandResult:
    return CommandResult(returncode=code, stdout=text)


def test_entries_are_what_others_have_put_there() -> None:
    assert entries_of(said(LISTING)) == ("a file with spaces.txt", "recordings")
    assert entries_of(said(LISTING, code=1)) == entries_of(said(b"")) == ()


def test_usage_in_bytes_and_files() -> None:
    assert used_of(said(b"     Used  IUsed\n196608 1234\n")) == (196608, 1234)
    # A share counts no files.
    assert used_of(said(b"     Used  IUsed\n196608 -\n")) == (196608, 0)
    assert used_of(said(b"")) == used_of(said(b"df: error\n", code=1)) == (0, 0)


def test_the_mark_is_read_as_it_was_written() -> None:
    content = mark_text(origin="/dev/lun", copied="1")
    assert mark_of(content.decode()) == {"origin": "/dev/lun", "copied": "1"}
    assert mark_in(FileState(exists=True, content=content)) == {"origin": "/dev/lun", "copied": "1"}
    for nothing in ("", "{", "[]", "1"):
        assert mark_of(nothing) == {}
    assert mark_in(FileState(exists=False)) == {}
