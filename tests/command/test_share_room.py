"""The program that Samba asks for the free space of a NAS (smb.conf(5), "dfree command")."""

from __future__ import annotations

import shutil
import subprocess  # noqa: TID251
from pathlib import Path

SHARE_ROOM = Path(__file__).parents[2] / "packaging/live-cluster/share-room"


def asked(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("/bin/sh", str(SHARE_ROOM), str(folder)), capture_output=True, text=True, check=False
    )


def test_size_and_free_space_in_kib(tmp_path: Path) -> None:
    answer = asked(tmp_path)
    assert (answer.returncode, answer.stderr) == (0, "")
    (size, _) = (int(word) for word in answer.stdout.split())
    assert size == shutil.disk_usage(tmp_path).total // 1024


def test_no_answer_where_there_is_none(tmp_path: Path) -> None:
    # Samba then falls back to what the kernel says.
    answer = asked(tmp_path / "absent")
    assert (answer.returncode != 0, answer.stdout) == (True, "")
