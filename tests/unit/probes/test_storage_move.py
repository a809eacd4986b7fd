"""What the tools say about a storage that is to be left, and about one that is to be filled."""

from __future__ import annotations

from live_cluster.model.drbd import RESOURCE_FILE
from live_cluster.model.storage_move import NOTHING_LEFT, LeftOver
from live_cluster.probes.storage_move import (
    LISTING as BESIDE_THE_MARK,
)
from live_cluster.probes.storage_move import (
    NEW_STORAGE,
    entries_of,
    left_over,
    mark_in,
    mark_of,
    mark_text,
    names_in,
    room_in,
    used_of,
)
from live_cluster.remote.requests import CommandResult, FileState, ReadFile

# debugfs(8) on a file system that a run was copying to.
LISTING = b"""\
/2/040770/998/997/.//
/2/040770/998/997/..//
/11/040700/0/0/lost+found//
/12/100600/0/0/.live-cluster-move/41/
/13/040755/998/997/recordings//
/14/100644/998/997/a file with spaces.txt/7/
/15/040755/0/0/.Filesystem_status//

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


def test_what_is_mounted_is_listed_without_what_is_nobodys() -> None:
    assert names_in(said("б\na b\n".encode())) == ("a b", "б")
    assert names_in(said(b"", code=1)) == ()
    assert {"lost+found", ".live-cluster-move", ".Filesystem_status"} <= set(BESIDE_THE_MARK.argv)


def test_room_is_a_number_or_not_known() -> None:
    assert room_in(said(b"     Avail\n1048576\n")) == 1048576
    assert room_in(said(b"Avail\n-\n")) is None
    assert room_in(said(b"", code=1)) is None


def test_what_an_interrupted_move_has_left_is_seen_by_every_run() -> None:
    files = {
        ReadFile(path=RESOURCE_FILE): FileState(
            exists=True, content=b'resource x {\n    disk "/dev/disk/by-id/a";\n'
        ),
        ReadFile(path="/proc/mounts"): FileState(
            exists=True,
            content=f"/dev/sda / ext4 rw 0 0\n/dev/old {NEW_STORAGE} ext4 rw 0 0\n"
            f"/dev/drbd0 {NEW_STORAGE} ext4 rw 0 0\n".encode(),
        ),
    }
    # The last one mounted is the one that is seen there.
    assert left_over(files) == LeftOver(mirrored_disk="/dev/disk/by-id/a", being_filled="/dev/drbd0")
    assert left_over(dict.fromkeys(files, FileState(exists=False))) == left_over({}) == NOTHING_LEFT


def test_the_mark_is_read_as_it_was_written() -> None:
    content = mark_text(origin="/dev/lun", copied="1")
    assert mark_of(content.decode()) == {"origin": "/dev/lun", "copied": "1"}
    assert mark_in(FileState(exists=True, content=content)) == {"origin": "/dev/lun", "copied": "1"}
    for nothing in ("", "{", "[]", "1"):
        assert mark_of(nothing) == {}
    assert mark_in(FileState(exists=False)) == {}
