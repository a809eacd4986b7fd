"""A split-brain of DRBD: shown on both heads, resolved either way by choice, the loser's files kept as a snapshot.

Virtual machines, for DRBD needs a kernel of its own. One pair goes through all of it: each test leaves it whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from cluster import HEADS, MACHINE_TOKEN, Cluster, options_with, other_head

from live_lab import Background, Completed, Host, Lab, Scheme, wait_until
from live_lab.image import ImageWish
from live_lab.lab import LabWish
from live_lab.recipe import default_release

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

# Below DRBD lies LVM, which leaves room for snapshots.
LVM = "pvcreate -y {disk} && vgcreate files {disk} && lvcreate -y -L 300M -n disk files"
DISK = "/dev/disk/by-id/lab-local"
FOLDER = "/srv/filestorage"
RESOURCE = "filestorage"
# Virtual machines on two busy cores: deadlines, not expectations.
DEADLINE_S = 1800.0
# What a standby's version gets: DRBD made primary by force, as an administrator in trouble would do.
WRITE_ON_STANDBY = f"""set -e
drbdadm disconnect {RESOURCE}
drbdadm primary --force {RESOURCE}
mount /dev/drbd0 /mnt
head -c {{size}} /dev/urandom >/mnt/{{name}}
umount /mnt
drbdadm secondary {RESOURCE}
drbdadm connect {RESOURCE}
"""
WRITE_ON_ACTIVE = f"""set -e
drbdadm disconnect {RESOURCE}
head -c {{size}} /dev/urandom >{FOLDER}/{{name}}
sync
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    # Maintenance mode makes Pacemaker kill the agents at work: only this kernel survives that (machine_kernel).
    wish = LabWish(image=ImageWish(release=default_release(), kernel="bookworm"), scheme=Scheme.FULL)
    with Lab.create("dsplit", wish) as lab:
        for head in lab.heads:
            head.run(("sh", "-c", LVM.format(disk=DISK)))
        opened = Cluster.unlocked(lab)
        report = opened.configure(*options_with("drbd:/dev/files/disk"), *MACHINE_TOKEN)
        assert report.returncode == 0, report
        opened.wait_healthy(deadline_s=DEADLINE_S)
        yield opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Both heads, and the names of the files that only one of them has."""

    active: Host
    standby: Host
    of_active: str
    of_standby: str


def split(cluster: Cluster, tag: str, *, megabytes: int = 4) -> Split:
    """Both write on their own while Pacemaker looks away; when they meet again, DRBD drops the connection."""
    active = cluster.lab.heads[HEADS.index(cluster.status().primary)]
    standby = cluster.lab.heads[1 - HEADS.index(active.name)]
    made = Split(active=active, standby=standby, of_active=f"a-{tag}.webm", of_standby=f"s-{tag}.webm")
    size = megabytes << 20
    active.run(("live-cluster", "maintenance", "on", "--yes"), timeout_s=DEADLINE_S)
    active.run(("sh", "-c", WRITE_ON_ACTIVE.format(size=size, name=made.of_active)), timeout_s=DEADLINE_S)
    standby.run(("sh", "-c", WRITE_ON_STANDBY.format(size=size, name=made.of_standby)), timeout_s=DEADLINE_S)
    active.run(("drbdadm", "connect", RESOURCE))
    wait_until(
        lambda: all("cs:StandAlone" in head.read("/proc/drbd") for head in (active, standby)),
        deadline_s=DEADLINE_S,
        what="DRBD has found the split-brain",
    )
    active.run(("live-cluster", "maintenance", "off"), timeout_s=DEADLINE_S)
    return made


def resolve(cluster: Cluster, on: Host, *words: str) -> tuple[Completed, dict[str, Any]]:
    """With --json; how it ended, and the document."""
    argv = ("live-cluster", "filestorage", "resolve", *words, "--passphrase-file", "-", "--json")
    cluster.stay_open()
    done = on.run(argv, stdin=cluster.passphrase, check=False, timeout_s=DEADLINE_S)
    document: dict[str, Any] = json.loads(done.stdout)
    return done, document


def start_resolve(cluster: Cluster, on: Host, *words: str) -> Background:
    argv = ("live-cluster", "filestorage", "resolve", *words, "--passphrase-file", "-")
    return on.start(argv, stdin=cluster.passphrase)


def status(head: Host) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(head.run(("live-cluster", "status", "--json"), check=False).stdout)
    return document


def reasons(head: Host) -> list[str]:
    return [one["code"] for one in status(head)["verdict"]["reasons"]]


def files(cluster: Cluster) -> set[str]:
    """What users of the service see now."""
    active = cluster.lab.heads[HEADS.index(cluster.status().primary)]
    return set(active.run(("ls", FOLDER)).stdout.split())


def kept(head: Host, snapshot: str) -> set[str]:
    """What is in a snapshot; it is removed afterwards, so that the next one has room."""
    # By itself, mount(8) takes it for a part of DRBD, whose metadata are at its end.
    script = f"mount -t ext4 -o ro {snapshot} /mnt && ls /mnt; umount /mnt; lvremove -y {snapshot} >&2"
    return set(head.run(("sh", "-c", script), timeout_s=DEADLINE_S).stdout.split())


def assert_whole(cluster: Cluster) -> None:
    """Either head may be lost again, and nothing of the split-brain is left."""
    cluster.wait_healthy(deadline_s=DEADLINE_S)
    for head in cluster.lab.heads:
        assert "ds:UpToDate/UpToDate" in head.read("/proc/drbd")
    constraints = cluster.lab.heads[0].run(("cibadmin", "--query")).stdout
    assert "drbd-fence-by-handler" not in constraints
    assert "live-cluster-resolve" not in constraints
    done, document = resolve(cluster, cluster.lab.heads[1], "--keep", HEADS[0], "--yes")
    assert (done.returncode, document["split_brain"], document["changed"]) == (0, False, False), done


def test_the_active_head_s_files_stay(cluster: Cluster) -> None:
    made = split(cluster, "one")
    for head in cluster.lab.heads:
        # Found by DRBD's handler, and known to both heads.
        wait_until(
            lambda head=head: "health-drbd-split-brain" in reasons(head),  # type: ignore[misc]
            deadline_s=DEADLINE_S,
            what="status shows it",
        )
        assert status(head)["verdict"]["can_lose"] == []
    shown, document = resolve(cluster, made.standby)
    assert (shown.returncode, document["split_brain"], document["changed"]) == (190, True, False), shown
    sides = {one["node"]: one for one in document["sides"]}
    own, other = sides[made.active.name], sides[made.standby.name]
    assert own["generation"] != other["generation"]
    assert min(own["written_bytes"], other["written_bytes"]) >= 4 << 20
    assert (own["mounted"], other["mounted"]) == (FOLDER, None)
    assert made.of_active in [one["path"] for one in own["newest_files"]]
    assert document["connection_lost"] is not None

    # On the head that is to lose.
    done, document = resolve(cluster, made.standby, "--keep", made.active.name, "--yes")
    assert (done.returncode, document["changed"]) == (0, True), done
    assert "outage" not in [one["impact"] for one in document["steps"]]
    assert made.of_active in files(cluster)
    assert made.of_standby not in files(cluster)
    found = kept(made.standby, document["snapshot"])
    assert made.of_standby in found
    assert made.of_active not in found
    assert_whole(cluster)
    told = made.active.run(("live-cluster", "events", "--json")).stdout
    kinds = [one["kind"] for one in json.loads(told)["events"]]
    assert {"drbd-split-brain", "drbd-resolved"} <= set(kinds)


def test_the_standby_s_files_take_the_place_of_the_active_head_s(cluster: Cluster) -> None:
    made = split(cluster, "two")
    done, document = resolve(cluster, made.active, "--keep", made.standby.name, "--yes")
    assert (done.returncode, document["changed"]) == (0, True), done
    assert "outage" in [one["impact"] for one in document["steps"]]
    assert made.of_standby in files(cluster)
    assert made.of_active not in files(cluster)
    assert made.of_active in kept(made.active, document["snapshot"])
    assert_whole(cluster)


def test_an_interrupted_run_is_finished_by_the_next_and_status_shows_the_resync(cluster: Cluster) -> None:
    made = split(cluster, "three", megabytes=48)
    begun = start_resolve(cluster, made.standby, "--keep", made.active.name, "--yes")

    def resynchronised() -> dict[str, Any]:
        seen = status(made.active)
        return seen if (seen["drbd"] or {}).get("resync") else {}

    seen = wait_until(resynchronised, deadline_s=DEADLINE_S, what="status shows the resync")
    assert seen["drbd"]["resync"]["node"] == made.standby.name
    assert "health-drbd-resync" in [one["code"] for one in seen["verdict"]["reasons"]]
    begun.kill()
    refused, document = resolve(cluster, made.active, "--keep", made.standby.name, "--yes")
    # Either it is still being replaced, or that has come to its end meanwhile.
    assert [one["code"] for one in document["problems"]] in (["resolve-decided"], []), refused
    done_now = {one["impact"] for one in document["steps"] if one["state"] == "changed"}
    assert not done_now & {"replaces-data", "outage"}, refused
    done, _ = resolve(cluster, made.active, "--keep", made.active.name, "--yes")
    assert done.returncode == 0, done
    assert made.of_active in files(cluster)
    assert_whole(cluster)


def test_a_head_that_is_off_makes_a_choice_impossible(cluster: Cluster) -> None:
    lost = other_head(cluster.status().primary)
    active = cluster.lab.heads[1 - lost]
    cluster.lab.heads[lost].power_off()
    done, document = resolve(cluster, active, "--keep", active.name, "--yes")
    assert done.returncode == 69, done
    assert [one["code"] for one in document["problems"]] == ["server-off"]
    cluster.lab.heads[lost].power_on()
    # The lab remembers which kernel its machines have: the environment says nothing about it.
    assert cluster.lab.heads[lost].run(("uname", "--kernel-release")).stdout.startswith("6.1.")
    assert_whole(cluster)
