"""D1, C5: what systemd is told about the units that the cluster lives on, and those that it carries."""

from __future__ import annotations

import pytest

from live_cluster.plan.service_steps import comes_back, ends_in_time
from live_cluster.plan.step import Observed, Step, is_done
from live_cluster.remote.requests import CommandResult, FileState, ReadFile, WriteFile
from live_cluster.render.cib_parts import SERVICE_STOP_S

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
        (ends_in_time("a", "smbd"), "TimeoutStopUSec=4s"),
    ],
)
def test_a_written_file_counts_only_once_systemd_has_read_it(step: Step, effect: str) -> None:
    """D4: a run may have been killed between writing and reloading."""
    name = effect.partition("=")[0]
    assert is_done(step, answers(step, f"{effect}\nDropInPaths={PATH}\n"))
    assert not is_done(step, answers(step, f"{name}=1min 30s\nDropInPaths={PATH}\n"))
    assert not is_done(step, answers(step, f"{effect}\nDropInPaths=/etc/other.conf\n"))


def test_systemd_kills_before_pacemaker_takes_a_service_for_stopped() -> None:
    written = written_by(ends_in_time("a", "smbd"))
    assert written.path == PATH
    seconds = int(written.content.decode().partition("TimeoutStopSec=")[2].partition("s")[0])
    assert 0 < seconds < SERVICE_STOP_S
