"""D1, C5: what systemd is told about the units that the cluster lives on, and those that it carries."""

from __future__ import annotations

import pytest

from live_cluster.model.profile import ClusteredUnit
from live_cluster.plan.service_steps import comes_back, has_its_time
from live_cluster.plan.step import Observed, Step, is_done
from live_cluster.remote.requests import CommandResult, FileState, ReadFile, RemoveFile, WriteFile

PATH = "/etc/systemd/system/smbd.service.d/50-live-cluster.conf"


def written_by(step: Step) -> WriteFile:
    """What the step does where nothing is there yet."""
    absent = (FileState(exists=False), CommandResult(returncode=0))
    (written,) = (one for one in step.actions(absent) if isinstance(one, WriteFile))
    return written


def answers(step: Step, shown: str) -> Observed:
    """The file is as the step writes it, and systemd shows this."""
    content = written_by(step).content
    file = FileState(exists=True, content=content, mode=0o644, owner="root", group="root")
    return {
        ("a", one): file if isinstance(one, ReadFile) else CommandResult(returncode=0, stdout=shown.encode())
        for one in step.check.requests
    }


@pytest.mark.parametrize(
    ("step", "effect"),
    [
        (comes_back("a", "smbd"), "Restart=on-failure"),
        (has_its_time("a", ClusteredUnit(unit="smbd", stop_timeout=4)), "TimeoutStopUSec=4s"),
        (has_its_time("a", ClusteredUnit(unit="smbd", start_timeout=90)), "TimeoutStartUSec=1min 30s"),
    ],
)
def test_a_written_file_counts_only_once_systemd_has_read_it(step: Step, effect: str) -> None:
    """D4: a run may have been killed between writing and reloading."""
    name = effect.partition("=")[0]
    assert is_done(step, answers(step, f"{effect}\nDropInPaths={PATH}\n"))
    assert not is_done(step, answers(step, f"{name}=5min\nDropInPaths={PATH}\n"))
    assert not is_done(step, answers(step, f"{effect}\nDropInPaths=/etc/other.conf\n"))


def test_a_unit_has_the_times_of_the_profile() -> None:
    unit = ClusteredUnit(unit="smbd", stop_timeout=4, start_timeout=90)
    written = written_by(has_its_time("a", unit))
    assert written.path == PATH
    assert written.content.decode().splitlines()[1:] == [
        "[Service]",
        "TimeoutStopSec=4s",
        "TimeoutStartSec=90s",
    ]


def test_a_unit_without_times_in_the_profile_keeps_its_own() -> None:
    """Also where a former version, or a former profile, had others."""
    step = has_its_time("a", ClusteredUnit(unit="smbd"))
    file, shown = step.check.requests
    ours = FileState(exists=True, content=b"TimeoutStopSec=4s", mode=0o644, owner="root", group="root")
    read = CommandResult(returncode=0, stdout=f"DropInPaths={PATH}\n".encode())
    removed = [one for one in step.actions((ours, read)) if isinstance(one, RemoveFile)]
    assert [one.path for one in removed] == [PATH]
    none = CommandResult(
        returncode=0, stdout=b"DropInPaths=/run/systemd/system/smbd.service.d/50-pacemaker.conf\n"
    )
    assert is_done(step, {("a", file): FileState(exists=False), ("a", shown): none})
    # Removed, and systemd still goes by it.
    assert not is_done(step, {("a", file): FileState(exists=False), ("a", shown): read})
