"""File storage on a NAS, by CIFS and by NFS, on heads with a kernel of their own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cluster import MACHINE_TOKEN, Cluster, options_with, other_head, verb
from share_client import ShareClient
from storage_pair import DEADLINE_S, MOUNT_POINT, StoragePair

from live_lab import Host, Lab, Scheme, nas, wait_until
from live_lab.lab import LabWish
from live_lab.topology import GATEWAY

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

AWAY_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A way to the NAS: the options that name it, and where its files lie on it."""

    name: str
    options: tuple[str, ...]
    folder: str


CIFS = Kind(
    name="cifs",
    options=(
        nas.CIFS,
        "--filestorage-username",
        nas.WRITER,
        "--filestorage-password-file",
        "/root/nas-password",
    ),
    folder=nas.CIFS_FOLDER,
)
NFS = Kind(name="nfs4", options=(nas.NFS,), folder=nas.NFS_FOLDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(StoragePair):
    """A pair whose files lie on the NAS."""

    kind: Kind

    @property
    def nas(self) -> Host:
        return self.lab.host("nas")


@pytest.fixture(scope="module", params=[CIFS, NFS], ids=lambda kind: kind.name)
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    wish = LabWish(scheme=Scheme.FULL, has_nas=True)
    with Lab.create("nas", wish) as lab:
        lab.heads[0].write("/root/nas-password", nas.PASSWORD, mode=0o600)
        cluster = Cluster.unlocked(lab)
        refused_first(cluster, request.param)
        report = cluster.configure(*options_with(*request.param.options), *MACHINE_TOKEN)
        assert report.returncode == 0, report
        yield Pair(cluster=cluster, kind=request.param, share=ShareClient.on(cluster, lab.media[0]))


def refused_first(cluster: Cluster, kind: Kind) -> None:
    """What a NAS has against it shows on both heads, before anything is touched."""
    head = cluster.lab.heads[0]
    head.write("/root/wrong-password", "not this one", mode=0o600)
    login = ("--filestorage-username", nas.WRITER, "--filestorage-password-file", "/root/nas-password")
    cases = {
        "share-login-wrong": (nas.CIFS, *login[:3], "/root/wrong-password"),
        "share-not-allowed-guest": (nas.CIFS,),
        "share-not-allowed-cifs": (nas.CIFS, login[0], nas.GUEST, *login[2:]),
        "share-share-missing-cifs": ("//10.81.0.210/nothing", *login),
        "share-not-writable-cifs": (nas.CIFS_READ_ONLY, *login),
    }
    if kind is NFS:
        cases = {
            "share-share-missing-nfs": ("10.81.0.210:/srv/nas/nothing",),
            "share-not-writable-nfs": (nas.NFS_SQUASHED,),
            "share-silent": ("10.81.0.209:/srv/nas/video",),
            "share-refuses": (f"{GATEWAY}:/srv/nas/video",),
        }
    for code, words in cases.items():
        report = cluster.configure(*options_with(*words))
        assert (report.returncode, report.codes) == (78, [code, code]), report
        assert not report.changed
    # Nobody else sees what was tried, and nothing is left.
    for host in cluster.lab.heads:
        assert "10.81.0.210" not in host.read("/proc/mounts")
    left = cluster.lab.host("nas").run(("find", nas.PLACE, "-name", ".live-cluster-trial*")).stdout
    assert left == ""


def test_the_files_belong_to_the_application_and_the_password_to_root(pair: Pair) -> None:
    active = pair.active()
    state = active.run(("stat", "--format=%U %G %a", MOUNT_POINT)).stdout
    assert state == "ivcs ivcs 770\n"
    line = next(line for line in active.read("/proc/mounts").splitlines() if MOUNT_POINT in line)
    assert line.split()[2] == pair.kind.name
    assert "soft" in line
    for host in pair.lab.heads:
        seen = host.run(("sh", "-c", "cibadmin --query; ps axww; cat /etc/live-cluster/cluster.toml")).stdout
        assert nas.PASSWORD not in seen
        files = host.run(
            ("find", "/etc/live-cluster", "-name", "*.credentials", "-printf", "%m %u\\n")
        ).stdout
        assert files == ("600 root\n" if pair.kind is CIFS else "")


def test_a_second_run_changes_nothing(pair: Pair) -> None:
    report = pair.cluster.configure(*options_with(*pair.kind.options))
    assert (report.returncode, report.changed, report.steps) == (0, False, ())


def test_files_survive_the_active_head(pair: Pair) -> None:
    pair.lose_the_active_head()
    # They are on the NAS, not in a head's memory.
    media = pair.lab.media[0]
    assert pair.nas.read(f"{pair.kind.folder}/before") == media.read("/root/before")
    digest = media.run(("sha256sum", "/root/big")).stdout.split()[0]
    written = pair.nas.run(("sha256sum", f"{pair.kind.folder}/big-{digest[:8]}")).stdout.split()[0]
    assert written == digest


def test_a_nas_that_is_away_for_a_minute_stops_nothing(pair: Pair) -> None:
    active = pair.active()
    number = 1 + pair.lab.heads.index(active)
    before = pair.cluster.status(number)
    identity = active.run(("systemctl", "show", "--property=MainPID", "ivcs-server", "smbd")).stdout
    pair.share.run("put /root/before kept")
    pair.lab.cut("nas", "bond0")
    wait_until(
        lambda: "health-nas-silent" in pair.cluster.status(number).reasons,
        deadline_s=DEADLINE_S,
        what="status says that the NAS does not answer",
        every_s=1.0,
    )
    # The time of the outage is that of the NAS, the only clock that nothing here depends on.
    pair.nas.run(("sleep", str(AWAY_S)), timeout_s=AWAY_S * 10)
    assert not pair.share.tries("put /root/before lost")
    pair.lab.heal("nas", "bond0")
    wait_until(
        lambda: pair.share.tries("put /root/before again"),
        deadline_s=DEADLINE_S,
        what="files can be written again",
        every_s=2.0,
    )
    pair.cluster.wait_healthy(number, deadline_s=DEADLINE_S)
    after = pair.cluster.status(number)
    assert after.instances == before.instances
    assert active.run(("systemctl", "show", "--property=MainPID", "ivcs-server", "smbd")).stdout == identity
    wanted = hashlib.sha256(pair.lab.media[0].read("/root/before").encode()).hexdigest()
    for name in ("kept", "again"):
        assert pair.nas.run(("sha256sum", f"{pair.kind.folder}/{name}")).stdout.split()[0] == wanted


def test_while_the_nas_is_away_everything_can_be_stopped_and_it_all_comes_back(pair: Pair) -> None:
    """Nothing hangs for ever on files that nobody can reach; then a head takes over that cannot mount them."""
    active = pair.active()
    pair.lab.cut("nas", "bond0")
    number = 1 + pair.lab.heads.index(active)
    wait_until(
        lambda: "health-nas-silent" in pair.cluster.status(number).reasons,
        deadline_s=DEADLINE_S,
        what="status says that the NAS does not answer",
        every_s=1.0,
    )
    stopped, document = verb(active, "stop-resources")
    assert stopped.returncode == 0, document
    for head in pair.lab.heads:
        assert MOUNT_POINT not in head.read("/proc/mounts")
    pair.lab.heal("nas", "bond0")
    started, document = verb(active, "start-resources")
    assert started.returncode == 0, document
    pair.wait_healthy()
    pair.share.run("get before /root/after")

    pair.lab.cut("nas", "bond0")
    lost = pair.active()
    survivor = pair.lab.heads[other_head(lost.name)]
    lost.power_off()
    seen_by = 1 + pair.lab.heads.index(survivor)
    wait_until(
        lambda: pair.cluster.status(seen_by).primary == survivor.name,
        deadline_s=DEADLINE_S,
        what="the other head has the database",
        every_s=2.0,
    )
    pair.lab.heal("nas", "bond0")
    pair.wait_served_by(survivor)
    lost.power_on()
    pair.wait_healthy()
    pair.share.run("get before /root/after")
