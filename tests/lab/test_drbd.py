"""C6, D1, D2: files on the heads' own disks, mirrored by DRBD in kernels of their own (virtual machines).

Power loss takes the page cache along here: what is read afterwards was on a disk when it was acknowledged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import pytest
from cluster import (
    HEADS,
    MACHINE_TOKEN,
    PUBLIC_ADDRESS,
    Cluster,
    cib_version,
    options_with,
    other_head,
)
from share_client import ShareClient

from live_lab import Host, Lab, Scheme, wait_until

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

DISK = "/dev/disk/by-id/lab-local"
WANTED = (*options_with(f"drbd:{DISK}"), *MACHINE_TOKEN)
# Virtual machines on two busy cores: deadlines, not expectations.
TAKEOVER_S = 900.0
REJOIN_S = 1800.0
FOLDER = "/srv/filestorage"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Lab.up(name="drbd", scheme=Scheme.FULL) as lab:
        opened = Cluster.unlocked(lab)
        report = opened.configure(*WANTED)
        assert report.returncode == 0, report
        opened.wait_healthy(deadline_s=TAKEOVER_S)
        yield opened


@pytest.fixture(scope="module")
def lab(cluster: Cluster) -> Lab:
    return cluster.lab


def active(cluster: Cluster) -> int:
    """Index of the head with the primary."""
    seen = next(one for one in (cluster.status(1), cluster.status(2)) if one.primary)
    return HEADS.index(seen.primary)


@pytest.fixture(scope="module")
def share(cluster: Cluster) -> ShareClient:
    return ShareClient.on(cluster, cluster.lab.media[0])


def mirror(head: Host) -> str:
    """What the kernel says of the device: connection, roles, disks."""
    return next((line for line in head.read("/proc/drbd").splitlines() if " cs:" in line), "")


def is_whole(head: Host) -> bool:
    return "cs:Connected" in mirror(head) and "ds:UpToDate/UpToDate" in mirror(head)


def uploaded(cluster: Cluster, name: str) -> str | None:
    """SHA-256 of a file as the application gives it; None where there is no such file."""
    url = f"http://{PUBLIC_ADDRESS}/api/files/{name}"
    script = f"curl -sS -m 120 -o /root/answer -w '%{{http_code}}' {url}; echo; sha256sum </root/answer"
    code, digest = cluster.lab.client.run(("sh", "-c", script), timeout_s=300).stdout.split("\n")[:2]
    assert code in ("200", "404"), code
    return digest.split()[0] if code == "200" else None


def wait_for_service(cluster: Cluster, share: ShareClient) -> None:
    """The application answers at its address, and the share at its own."""
    ask = ("curl", "-sS", "--fail", "-m", "10", f"http://{PUBLIC_ADDRESS}/api/files")
    wait_until(
        lambda: cluster.lab.client.run(ask, check=False).returncode == 0,
        deadline_s=TAKEOVER_S,
        what="the application's answer",
        every_s=2.0,
    )
    wait_until(lambda: share.tries("ls"), deadline_s=TAKEOVER_S, what="the share's answer", every_s=2.0)


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


def test_power_loss_of_the_active_head_loses_no_file(cluster: Cluster, share: ShareClient) -> None:
    lab = cluster.lab
    lost = active(cluster)
    lab.media[0].write("/root/film", "x" * 3_000_000)
    share.run("put /root/film film.bin")
    lab.heads[lost].power_off()
    wait_for_service(cluster, share)
    survivor = lab.heads[1 - lost]
    expected = hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert uploaded(cluster, "film.bin") == expected
    # The same by SMB, at the same address.
    share.run("get film.bin /root/film-again")
    assert lab.media[0].run(("sha256sum", "/root/film-again")).stdout.split()[0] == expected
    assert cluster.status(2 - lost).primary == HEADS[1 - lost]

    lab.media[0].write("/root/later", "written meanwhile")
    share.run("put /root/later later.txt")
    lab.heads[lost].power_on()
    cluster.wait_healthy(2 - lost, deadline_s=REJOIN_S)
    assert is_whole(survivor), mirror(survivor)
    # Nobody is kept from taking over any more.
    assert (
        "drbd-fence-by-handler" not in survivor.run(("cibadmin", "--query", "--scope", "constraints")).stdout
    )
    assert cluster.status(2 - lost).primary == HEADS[1 - lost]


def test_a_file_that_is_being_written_is_whole_or_absent_and_the_retry_succeeds(
    cluster: Cluster, share: ShareClient
) -> None:
    lab = cluster.lab
    lost = active(cluster)
    size = 40 << 20
    lab.client.run(("sh", "-c", f"head -c {size} /dev/urandom >/root/big"))
    expected = lab.client.run(("sha256sum", "/root/big")).stdout.split()[0]
    url = f"http://{PUBLIC_ADDRESS}/api/files/big.bin"
    upload = lab.client.start(
        ("curl", "-sS", "--fail", "-m", "600", "--limit-rate", "4M", "-T", "/root/big", url)
    )
    folder = lab.heads[lost]
    wait_until(
        lambda: (
            int(folder.run(("sh", "-c", f"du -sk {FOLDER} | cut -f1")).stdout) > 6_000
            or not upload.is_running
        ),
        deadline_s=300,
        what="some of the file is there",
    )
    folder.power_off()
    wait_for_service(cluster, share)
    upload.kill()
    assert uploaded(cluster, "big.bin") in (None, expected)
    retry = ("curl", "-sS", "--fail", "-m", "600", "-T", "/root/big", url)
    wait_until(
        lambda: lab.client.run(retry, check=False, timeout_s=700).returncode == 0,
        deadline_s=TAKEOVER_S,
        what="the writer's retry succeeds",
        every_s=2.0,
    )
    assert uploaded(cluster, "big.bin") == expected
    folder.power_on()
    cluster.wait_healthy(2 - lost, deadline_s=REJOIN_S)
    assert is_whole(lab.heads[1 - lost])


def test_a_switch_over_takes_the_files_along_also_after_the_hosts_were_renamed(
    cluster: Cluster, share: ShareClient
) -> None:
    # The article, "Общие моменты", note 9.
    lab = cluster.lab
    for number, head in enumerate(lab.heads):
        head.run(("hostnamectl", "set-hostname", f"renamed-{number}"))
    source = active(cluster)
    head = lab.heads[1 - source]
    done = head.run(("live-cluster", "switchover", "--yes", "--json"), check=False, timeout_s=TAKEOVER_S)
    assert json.loads(done.stdout).get("problems") == [], done
    wait_for_service(cluster, share)
    assert active(cluster) == other_head(HEADS[source])
    assert uploaded(cluster, "film.bin") == hashlib.sha256(b"x" * 3_000_000).hexdigest()

    # And the link between the disks is lost and comes back: the constraint names the cluster's nodes.
    lab.cut(HEADS[source], "bond1")
    lab.media[0].write("/root/alone", "written alone")
    share.run("put /root/alone alone.txt")
    constraints = head.run(("cibadmin", "--query", "--scope", "constraints")).stdout
    assert f'value="{HEADS[1 - source]}"' in constraints
    lab.heal(HEADS[source], "bond1")
    wait_until(lambda: is_whole(head), deadline_s=REJOIN_S, what="the disks are the same again")
    wait_until(
        lambda: (
            "drbd-fence-by-handler" not in head.run(("cibadmin", "--query", "--scope", "constraints")).stdout
        ),
        deadline_s=TAKEOVER_S,
        what="the constraint is gone",
    )
    cluster.wait_healthy(2 - source, deadline_s=REJOIN_S)
