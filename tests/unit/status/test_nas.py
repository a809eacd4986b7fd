"""A NAS in status: asked from this server, and what its silence means here and on the other head."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from live_cluster.commands.status import Asked, understand
from live_cluster.model.cluster_view import ClusterView, Instance
from live_cluster.model.health import Level, Observation, judge
from live_cluster.model.membership import Quorum
from live_cluster.model.nas import Nas, NasShare, share_of
from live_cluster.model.replication import Mode, Replication
from live_cluster.probes.nas import ask_nas
from live_cluster.probes.pacemaker import parse_crm_mon
from recordings.recorded_server import recorded, recording, server

MOUNTS = "//nas/my\\040video /srv/filestorage cifs rw,vers=3.1.1,addr=127.0.0.1,soft 0 0\n"


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("//10.0.0.5/video", NasShare("10.0.0.5", 445, "//10.0.0.5/video")),
        ("SMB://nas/video/", NasShare("nas", 445, "//nas/video")),
        ("cifs://nas/video/sub", NasShare("nas", 445, "//nas/video/sub")),
        ("nas:/srv/video", NasShare("nas", 2049, "nas:/srv/video")),
        ("nfs://nas/srv/video", NasShare("nas", 2049, "nas:/srv/video")),
        ("/dev/mapper/x", None),
        ("drbd:/dev/sdb", None),
    ],
)
def test_where_the_share_is(text: str, share: NasShare | None) -> None:
    assert share_of(text) == share


def view(**changed: bool) -> ClusterView:
    """The healthy pair; what is changed in its file system's instance."""
    seen = parse_crm_mon(recording("healthy-primary"))

    def change(one: Instance) -> Instance:
        return one._replace(**changed) if one.agent.endswith("Filesystem") else one

    sets = tuple(group._replace(instances=tuple(map(change, group.instances))) for group in seen.sets)
    return seen._replace(sets=sets)


def observation(nas: Nas | None, seen: ClusterView) -> Observation:
    return Observation(
        view=seen,
        replication=Replication(
            mode=Mode.SYNCHRONOUS, primary="ivcs-main-2", standby="ivcs-main-1", lag_bytes=0
        ),
        quorum=Quorum(total_votes=2, needed_votes=1, two_node=True),
        nas=nas,
    )


def test_a_nas_that_answers_changes_nothing() -> None:
    seen = judge(observation(Nas("10.0.0.5", answers=True, is_mounted=True), view()))
    assert seen == judge(observation(None, view()))
    assert seen.level is Level.HEALTHY


def test_where_the_files_are_mounted_a_silent_nas_is_an_outage() -> None:
    verdict = judge(observation(Nas("10.0.0.5", answers=False, is_mounted=True), view()))
    assert verdict.level is Level.DOWN
    assert [(one.code, one.field("host")) for one in verdict.reasons] == [("health-nas-silent", "10.0.0.5")]


def test_on_the_other_head_it_is_a_hazard_unless_the_files_are_nowhere() -> None:
    silent = Nas("10.0.0.5", answers=False, is_mounted=False)
    verdict = judge(observation(silent, view()))
    assert verdict.level is Level.HEALTHY
    assert "hazard-nas-unreached" in [one.code for one in verdict.hazards]
    assert "health-nas-silent" in [one.code for one in judge(observation(silent, view(active=False))).reasons]


def test_a_nas_that_answers_but_takes_no_files_is_told_apart() -> None:
    verdict = judge(observation(Nas("10.0.0.5", answers=True, is_mounted=True), view(failure_ignored=True)))
    assert verdict.level is Level.DOWN
    assert [one.code for one in verdict.reasons] == ["health-files-fail"]


def test_pacemakers_report_says_which_failures_it_passes_over() -> None:
    lines = recording("healthy-primary").splitlines()
    marked = "\n".join(
        line.replace('failure_ignored="false"', 'failure_ignored="true"') if "Filesystem" in line else line
        for line in lines
    )
    found = [one.id for _, one in parse_crm_mon(marked).instances() if one.failure_ignored]
    assert found == ["filestorage-fs"]


class Port:
    """Answers or does not, and remembers where it was looked for."""

    def __init__(self, address: str, port: int) -> None:
        self.asked = (address, port)

    def succeeded(self) -> bool:
        return self.asked == ("127.0.0.1", 445)


@pytest.mark.parametrize(
    ("device", "mounts", "asked"),
    [
        ("//127.0.0.1/video", "", True),
        ("//nas/my video", MOUNTS, True),
        ("//nas/video", MOUNTS, False),
        ("//127.0.0.1/video", MOUNTS.replace("nas/my\\040video", "127.0.0.1/video"), True),
    ],
)
def test_a_name_is_asked_at_the_address_that_is_mounted(device: str, mounts: str, asked: bool) -> None:
    question = ask_nas(f'filestorage-device = "{device}"\n', mounts, Port)
    assert question is not None
    seen = question.finish()
    assert (seen is not None) is asked
    if seen is not None:
        assert seen.answers
        assert seen.is_mounted is bool(mounts)


def test_status_asks_the_nas_that_the_settings_name(tmp_path: Path) -> None:
    here = server(recorded("healthy-primary"), tmp_path)
    here.ask_nas = partial(ask_nas, reach=Port)
    Path(here.mark).write_text('[live-cluster]\nfilestorage-device = "//127.0.0.1/video"\n')
    seen = understand(Asked(here), here)
    assert seen.nas is not None
    assert seen.nas.host == "127.0.0.1"
    Path(here.mark).write_text('filestorage-device = "/dev/mapper/filestorage"\n')
    assert understand(Asked(here), here).nas is None
