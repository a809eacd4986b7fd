"""C6, D1, D2: files on the heads' own disks, mirrored by DRBD in kernels of their own (virtual machines).

Power loss takes the page cache along here: what is read afterwards was on a disk when it was acknowledged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest
from cluster import HEADS, MACHINE_TOKEN, PUBLIC_ADDRESS, Cluster, options_with, other_head
from footprint import cib_version
from share_client import ShareClient
from storage_pair import DEADLINE_S, MOUNT_POINT, StoragePair, is_whole, mirror

from live_lab import Lab, Scheme, wait_until

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

DISK = "/dev/disk/by-id/lab-local"
WANTED = (*options_with(f"drbd:{DISK}"), *MACHINE_TOKEN)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Lab.up(name="drbd", scheme=Scheme.FULL) as lab:
        opened = Cluster.unlocked(lab)
        report = opened.configure(*WANTED)
        assert report.returncode == 0, report
        opened.wait_healthy(deadline_s=DEADLINE_S)
        yield opened


@pytest.fixture(scope="module")
def lab(cluster: Cluster) -> Lab:
    return cluster.lab


def active(cluster: Cluster) -> int:
    """Index of the head with the primary."""
    seen = next(one for one in (cluster.status(1), cluster.status(2)) if one.primary)
    return HEADS.index(seen.primary)


@pytest.fixture(scope="module")
def pair(cluster: Cluster) -> StoragePair:
    return StoragePair(cluster=cluster, share=ShareClient.on(cluster, cluster.lab.media[0]))


def uploaded(cluster: Cluster, name: str) -> str | None:
    """SHA-256 of a file as the application gives it; None where there is no such file."""
    url = f"http://{PUBLIC_ADDRESS}/api/files/{name}"
    script = f"curl -sS -m 120 -o /root/answer -w '%{{http_code}}' {url}; echo; sha256sum </root/answer"
    code, digest = cluster.lab.client.run(("sh", "-c", script), timeout_s=300).stdout.split("\n")[:2]
    assert code in ("200", "404"), code
    return digest.split()[0] if code == "200" else None


def wait_for_application(lab: Lab) -> None:
    ask = ("curl", "-sS", "--fail", "-m", "10", f"http://{PUBLIC_ADDRESS}/api/files")
    wait_until(
        lambda: lab.client.run(ask, check=False).returncode == 0,
        deadline_s=DEADLINE_S,
        what="the application's answer",
        every_s=2.0,
    )


def test_sixteen_instances_run_and_the_files_are_where_the_primary_is(cluster: Cluster) -> None:
    status = cluster.status()
    assert len(status.instances) == 16
    assert status.place_of("filestorage-fs") == [status.primary]
    roles = {one.node: one.role for one in status.instances if one.id == "filestorage-drbd"}
    assert roles[status.primary] == "Promoted"
    assert sorted(roles.values()) == ["Promoted", "Unpromoted"]


def test_there_was_nothing_to_copy_and_the_secret_is_root_s_alone(lab: Lab) -> None:
    for head in lab.heads:
        assert is_whole(head), mirror(head)
        assert (
            head.run(("stat", "--format=%a %U", "/etc/drbd.d/live-cluster-filestorage.res")).stdout
            == "600 root\n"
        )
        assert head.run(("systemctl", "is-enabled", "drbd.service"), check=False).stdout == "disabled\n"
        log = head.run(("journalctl", "--boot", "--dmesg", "--output=cat")).stdout
        # A first copy would be of the whole disk.
        assert "will sync" not in log


def test_a_second_run_changes_nothing(cluster: Cluster) -> None:
    before = cib_version(cluster.lab.heads[0])
    report = cluster.configure()
    assert (report.returncode, report.changed, report.steps) == (0, False, ()), report
    assert cib_version(cluster.lab.heads[0]) == before


@pytest.mark.parametrize(
    ("device", "code"),
    [
        ("drbd:/dev/disk/by-id/absent", "drbd-disk-missing"),
        ("drbd:/dev/disk/by-id/lab-san", "drbd-disk-not-empty"),
    ],
)
def test_a_disk_that_is_absent_or_holds_something_is_refused(
    cluster: Cluster, device: str, code: str
) -> None:
    report = cluster.configure("--filestorage-device", device)
    # And that the disk in use is another one.
    assert (report.returncode, report.changed) == (78, False), report
    assert report.codes == sorted(2 * [code, "drbd-disk-is-another"])


def test_power_loss_of_the_active_head_loses_no_file(pair: StoragePair) -> None:
    lab, cluster = pair.lab, pair.cluster
    # Beside the client of the share, one of the application's: half of its file is there when the power goes.
    size = 40 << 20
    lab.client.run(("sh", "-c", f"head -c {size} /dev/urandom >/root/big"))
    expected = lab.client.run(("sha256sum", "/root/big")).stdout.split()[0]
    url = f"http://{PUBLIC_ADDRESS}/api/files/upload.bin"
    slowly = ("curl", "-sS", "--fail", "-m", "600", "--limit-rate", "500k", "-T", "/root/big", url)
    upload = lab.client.start(slowly)
    head = lab.heads[active(cluster)]
    wait_until(
        lambda: int(head.run(("sh", "-c", f"du -sk {MOUNT_POINT} | cut -f1")).stdout) > 6_000,
        deadline_s=300,
        what="some of the file is there",
    )
    _, survivor = pair.lose_the_active_head()
    upload.kill()
    wait_for_application(lab)
    assert uploaded(cluster, "upload.bin") in (None, expected)
    retry = ("curl", "-sS", "--fail", "-m", "600", "-T", "/root/big", url)
    wait_until(
        lambda: lab.client.run(retry, check=False, timeout_s=700).returncode == 0,
        deadline_s=DEADLINE_S,
        what="the writer's retry succeeds",
        every_s=2.0,
    )
    assert uploaded(cluster, "upload.bin") == expected
    # What was written while it was off has been copied to the other head, and nobody is kept from taking over.
    assert is_whole(survivor), mirror(survivor)
    constraints = survivor.run(("cibadmin", "--query", "--scope", "constraints")).stdout
    assert "drbd-fence-by-handler" not in constraints
    assert HEADS[active(cluster)] == survivor.name


def test_a_switch_over_takes_the_files_along_also_after_the_hosts_were_renamed(
    pair: StoragePair,
) -> None:
    # The article, "Общие моменты", note 9.
    lab, cluster, share = pair.lab, pair.cluster, pair.share
    for number, head in enumerate(lab.heads):
        head.run(("hostnamectl", "set-hostname", f"renamed-{number}"))
    source = active(cluster)
    head = lab.heads[1 - source]
    # What has failed while the other head was away is forgotten after a minute.
    wait_until(
        lambda: json.loads(head.run(("live-cluster", "status", "--json")).stdout)["failed_actions"] == [],
        deadline_s=DEADLINE_S,
        what="no failure is on record",
        every_s=2.0,
    )
    done = head.run(("live-cluster", "switchover", "--yes", "--json"), check=False, timeout_s=DEADLINE_S)
    assert json.loads(done.stdout).get("problems") == [], done
    pair.wait_served_by(head)
    wait_for_application(lab)
    assert active(cluster) == other_head(HEADS[source])
    before = lab.media[0].read("/root/before").encode()
    assert uploaded(cluster, "before") == hashlib.sha256(before).hexdigest()

    # And the link between the disks is lost and comes back: the constraint names the cluster's nodes.
    lab.cut(HEADS[source], "bond1")
    lab.media[0].write("/root/alone", "written alone")
    share.run("put /root/alone alone.txt")
    constraints = head.run(("cibadmin", "--query", "--scope", "constraints")).stdout
    assert f'value="{HEADS[1 - source]}"' in constraints
    lab.heal(HEADS[source], "bond1")
    wait_until(lambda: is_whole(head), deadline_s=DEADLINE_S, what="the disks are the same again")
    wait_until(
        lambda: (
            "drbd-fence-by-handler" not in head.run(("cibadmin", "--query", "--scope", "constraints")).stdout
        ),
        deadline_s=DEADLINE_S,
        what="the constraint is gone",
    )
    cluster.wait_healthy(2 - source, deadline_s=DEADLINE_S)
