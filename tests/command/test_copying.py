"""The copy of a file storage: what its own words do, with other programs in the place of rsync(1)."""

from __future__ import annotations

import os
from pathlib import Path

from live_cluster.plan.copying import NOT_MOUNTED, Way, compare_command, copy_command, latest_command
from live_cluster.probes.storage_move import MARK
from live_cluster.remote.requests import Command
from live_lab.process import run


def run_beside(command: Command, *argv: str) -> tuple[int, str]:
    """What the command's own words do around another program than rsync."""
    words = command.argv[: command.argv.index("rsync")]
    done = run((*words, *argv), check=False)
    return done.returncode, done.stdout


def test_an_empty_mount_point_is_never_copied(tmp_path: Path) -> None:
    unmounted, mounted = (
        Way(source=source, target="/b", source_fstype="ext4", target_fstype="ext4")
        for source in (str(tmp_path), "/")
    )
    for in_use in (True, False):
        assert run_beside(copy_command(mounted, in_use=in_use), "echo", "copied") == (0, "copied\n")
        assert run_beside(copy_command(unmounted, in_use=in_use), "echo", "copied") == (NOT_MOUNTED, "")
    assert run_beside(compare_command(unmounted), "echo", "compared") == (NOT_MOUNTED, "")
    assert NOT_MOUNTED not in copy_command(mounted, in_use=True).accepts


def test_what_was_written_during_a_run_is_copied_whatever_its_time_says(tmp_path: Path) -> None:
    local, to_share = (
        Way(source="/a", target="/b", source_fstype="ext4", target_fstype=target)
        for target in ("ext4", "nfs4")
    )
    assert latest_command(local) is None
    command = latest_command(to_share)
    assert command is not None
    assert {"--ignore-times", "--from0", "--archive"} <= set(command.argv)
    assert "--delete" not in command.argv
    # The files that it takes, by the words that it gives to find(1).
    for name in ("old", "Новый файл", MARK, ".Filesystem_status"):
        (tmp_path / name).write_text("")
    begun, found = tmp_path / "begun", tmp_path / "found"
    begun.write_text("")
    os.utime(tmp_path / "old", (1, 1))
    os.utime(begun, (1000, 1000))
    script = command.argv[command.argv.index("latest") - 1]
    there = ("sh", "-c", 'cd "$1" && shift && exec "$@"', "there", str(tmp_path))
    run((*there, "sh", "-c", script, "latest", str(begun), str(found), "true"))
    assert {name for name in found.read_text().split("\0") if name} == {"./Новый файл", "./found"}
