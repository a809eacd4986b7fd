"""C6: the files move between all kinds of file storage; clients find them at the same address afterwards.

One pair goes from a SAN to DRBD, to a CIFS share, to an NFS export, and back; each test starts where the one before
it has left the files. Virtual machines, for DRBD and the file systems of a NAS need a kernel of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cluster import MACHINE_TOKEN, OPTIONS, Cluster, Report
from share_client import ShareClient
from storage_pair import DEADLINE_S, MOUNT_POINT, StoragePair, mirror

from live_lab import Host, Lab, Scheme, nas
from live_lab.lab import LabWish

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

SAN, DISK, MIRROR = "/dev/lun", "/dev/disk/by-id/lab-local", "/dev/drbd0"
RESOURCE_FILE = "/etc/drbd.d/live-cluster-filestorage.res"
SET_ASIDE = "/var/lib/live-cluster/set-aside"
NEW_STORAGE = "/run/live-cluster/new-filestorage"
CIFS = (nas.CIFS, "--filestorage-username", nas.WRITER, "--filestorage-password-file", "/root/nas-password")

# What the client of the share writes while a head dies.
WRITTEN_BY_THEN = (" ./before", " ./big-")
# Folders, a name that is no ASCII, a file that takes some time; nothing that a Windows share cannot keep.
_FILL = f"""set -eu
cd {MOUNT_POINT}
mkdir -p "запи си/deep"
head -c 50331648 /dev/urandom >film
i=0; while [ $i -lt 200 ]; do echo $i >"запи си/deep/$i"; i=$((i + 1)); done
touch -d "2001-02-03 04:05:06 UTC" film
chown -R ivcs:ivcs .
sync --file-system .
"""
_CONTENTS = f"""cd {MOUNT_POINT}
find . -type f ! -path './.Filesystem_status*' ! -path './lost+found*' -exec sha256sum {{}} + | sort"""
# What a failure needs to be understood; each part alone, for any of them may be what fails.
_EVIDENCE = """
for command in "cat /proc/drbd" "findmnt --types ext4,cifs,nfs4" "crm_mon -1rf" \
    "cat /etc/drbd.d/live-cluster-filestorage.res" "iptables --list-rules INPUT" "pgrep -a rsync" \
    "cibadmin --query --scope constraints"
do
    echo "== $command"
    timeout 30 $command 2>&1 | sed 's/shared-secret .*/shared-secret …/'
done
echo "== kernel"; journalctl --dmesg --boot --no-pager --lines=40 --output=short-monotonic
echo "== pacemaker"; journalctl --unit=pacemaker --boot --no-pager --lines=40 --output=short-precise
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(StoragePair):
    """A pair whose files move."""

    def source(self) -> str:
        """What the cluster has mounted; of a device its first name, which is a link of udev's."""
        head = self.active()
        argv = ("findmnt", "--noheadings", "--nofsroot", "--output", "SOURCE", MOUNT_POINT)
        found = head.run(argv).stdout.strip()
        return SAN if found == true_name(head, SAN) else found

    def contents(self) -> list[str]:
        return self.active().run(("sh", "-c", _CONTENTS), timeout_s=600).stdout.splitlines()

    def evidence(self) -> str:
        """What both heads say about it all, for the message of a failure."""
        parts = (
            f"=== {head.name}\n{head.run(('sh', '-c', _EVIDENCE), check=False, timeout_s=600).stdout}"
            for head in self.lab.heads
        )
        return "\n".join(parts)

    def move(self, *storage: str) -> Report:
        """Everything arrives, at the same address, and a second run has nothing to do."""
        before = self.contents()
        assert before
        # All of it may take longer than the hour for which a server is open.
        self.cluster.open_again()
        report = self.cluster.configure("--filestorage-device", *storage, "--migrate-filestorage", "--yes")
        assert report.returncode == 0, f"{report}\n{self.evidence()}"
        self.cluster.wait_healthy(deadline_s=DEADLINE_S)
        assert self.contents() == before, self.evidence()
        self.still_served()
        again = self.cluster.configure()
        assert (again.returncode, again.steps, again.drift) == (0, (), ()), f"{again}\n{self.evidence()}"
        for head in self.lab.heads:
            assert NEW_STORAGE not in head.read("/proc/mounts"), self.evidence()
            assert "live-cluster-pause" not in head.run(("cibadmin", "--query")).stdout
        return report

    def still_served(self) -> None:
        """What was put there before is read, and a new file is written, by SMB."""
        media = self.lab.media[0]
        self.share.run("get film /root/film-again")
        expected = self.active().run(("sha256sum", f"{MOUNT_POINT}/film")).stdout.split()[0]
        assert media.run(("sha256sum", "/root/film-again")).stdout.split()[0] == expected
        text = f"written to {self.source()}\n"
        media.write("/root/new", text)
        name = f"written-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        self.share.run(f"put /root/new {name}")
        assert self.active().read(f"{MOUNT_POINT}/{name}") == text
        owner = self.active().run(("stat", "--format=%U", f"{MOUNT_POINT}/{name}", MOUNT_POINT)).stdout
        assert owner == "ivcs\nivcs\n"


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with Lab.create("moves", LabWish(scheme=Scheme.FULL, has_nas=True)) as lab:
        lab.heads[0].write("/root/nas-password", nas.PASSWORD, mode=0o600)
        cluster = Cluster.unlocked(lab)
        report = cluster.configure(*OPTIONS, *MACHINE_TOKEN)
        assert report.returncode == 0, report
        cluster.wait_healthy(deadline_s=DEADLINE_S)
        made = Pair(cluster=cluster, share=ShareClient.on(cluster, lab.media[0]))
        made.active().run(("sh", "-c", _FILL), timeout_s=600)
        yield made


def without_what_came_by_then(contents: list[str]) -> list[str]:
    return [line for line in contents if not any(name in line for name in WRITTEN_BY_THEN)]


def true_name(head: Host, device: str) -> str:
    """As the kernel calls it."""
    return head.run(("realpath", device)).stdout.strip()


def opened(head: Host) -> bool:
    """DRBD's port is open to the other head."""
    return "--dport 7788" in head.run(("iptables", "--wait", "--list-rules", "INPUT")).stdout


def test_files_on_the_san_survive_the_active_head(pair: Pair) -> None:
    before = pair.contents()
    pair.lose_the_active_head()
    assert without_what_came_by_then(pair.contents()) == without_what_came_by_then(before)
    pair.cluster.open_again()


def test_without_the_option_nothing_moves(pair: Pair) -> None:
    refused = pair.cluster.configure("--filestorage-device", f"drbd:{DISK}")
    assert (refused.returncode, refused.codes) == (78, ["storage-is-another"]), refused
    assert not refused.changed
    assert not any(mirror(head) for head in pair.lab.heads)


def test_a_copy_to_drbd_that_is_killed_leaves_the_files_in_use_where_they_are(pair: Pair) -> None:
    run = pair.cluster.start_configure(
        "--filestorage-device", f"drbd:{DISK}", "--migrate-filestorage", "--yes"
    )
    holder = pair.active()
    assert run.wait_for_line(f"✓ {holder.name}: Mount"), f"{run.wait().stderr}\n{pair.evidence()}"
    assert run.signal("KILL").returncode != 0
    assert pair.source() == SAN
    pair.wait_served_by(holder)
    pair.share.run("get film /root/film-again")
    # What was begun is there, in nobody's hands but the next run's. (To verify it, it is mounted anew.)
    assert "ro:Primary/Secondary" in mirror(holder), pair.evidence()
    assert "filestorage-drbd" not in holder.run(("cibadmin", "--query")).stdout


def test_the_next_run_finishes_it_and_the_cluster_takes_drbd_over(pair: Pair) -> None:
    report = pair.move(f"drbd:{DISK}")
    codes = [step.code for step in report.steps]
    assert "move-copied" in codes, report
    assert pair.source() == MIRROR
    status = pair.cluster.status()
    assert len(status.instances) == 16
    roles = {one.node: one.role for one in status.instances if one.id == "filestorage-drbd"}
    assert sorted(roles.values()) == ["Promoted", "Unpromoted"]
    assert roles[status.primary] == "Promoted"
    for head in pair.lab.heads:
        assert "ds:UpToDate/UpToDate" in mirror(head), pair.evidence()
        assert "fencing resource-and-stonith;" in head.read(RESOURCE_FILE)
        # In force, not in the file alone.
        assert head.run(("drbdadm", "--dry-run", "adjust", "filestorage")).stdout == "", pair.evidence()
    # The former storage is as it was, and mounted nowhere.
    for head in pair.lab.heads:
        assert true_name(head, SAN) not in head.read("/proc/mounts").split(), pair.evidence()


def test_files_that_came_to_drbd_survive_the_active_head(pair: Pair) -> None:
    before = pair.contents()
    lost, survivor = pair.lose_the_active_head()
    assert without_what_came_by_then(pair.contents()) == without_what_came_by_then(before)
    for head in (lost, survivor):
        assert "ds:UpToDate/UpToDate" in mirror(head), pair.evidence()


def test_from_drbd_to_a_windows_share_and_drbd_is_gone_but_not_its_data(pair: Pair) -> None:
    report = pair.move(*CIFS)
    assert "mirror-stays-on-disks" in report.codes, report
    codes = [step.code for step in report.steps if step.code.startswith("drbd-")]
    assert codes == ["drbd-stopped", "drbd-taken-out", "drbd-set-aside", "drbd-set-aside"], report
    assert pair.source() == nas.CIFS
    assert len(pair.cluster.status().instances) == 14
    for head in pair.lab.heads:
        assert mirror(head) == "", pair.evidence()
        for scope in ("resources", "constraints"):
            assert "drbd" not in head.run(("cibadmin", "--query", "--scope", scope)).stdout
        assert not opened(head)
        assert head.run(("test", "-e", RESOURCE_FILE), check=False).returncode == 1
        kept = head.run(("sh", "-c", f"stat --format='%a %U' {SET_ASIDE}/*{RESOURCE_FILE}")).stdout
        assert set(kept.splitlines()) == {"600 root"}
        # Its metadata and the file system are as they were.
        assert "drbd" in head.run(("wipefs", "--no-act", "--noheadings", "--output=TYPE", DISK)).stdout
    place = pair.lab.host("nas").run(("ls", nas.CIFS_FOLDER)).stdout.split()
    # Also for others that use the share: names are the names that they were.
    assert {"film", "запи"} <= set(place)


def test_what_is_left_of_drbd_is_never_overwritten(pair: Pair) -> None:
    refused = pair.cluster.configure("--filestorage-device", f"drbd:{DISK}", "--migrate-filestorage", "--yes")
    assert (refused.returncode, set(refused.codes)) == (78, {"drbd-disk-not-empty"}), refused
    assert pair.source() == nas.CIFS


def test_from_a_windows_share_to_nfs(pair: Pair) -> None:
    stranger = f"{nas.NFS_FOLDER}/stranger"
    pair.lab.host("nas").run(("mkdir", stranger))
    refused = pair.cluster.configure("--filestorage-device", nas.NFS, "--migrate-filestorage", "--yes")
    assert (refused.returncode, refused.codes) == (78, ["move-target-not-empty"]), refused
    assert "stranger" in refused.problems[0]["message"]
    pair.lab.host("nas").run(("rmdir", stranger))

    pair.move(nas.NFS)
    assert pair.source() == nas.NFS
    # The login to the former share is needed no more.
    for head in pair.lab.heads:
        assert head.run(("find", "/etc/live-cluster", "-name", "*.credentials")).stdout == ""
    mode = pair.active().run(("stat", "--format=%U %G", f"{MOUNT_POINT}/film")).stdout
    assert mode == "ivcs ivcs\n"


def test_from_nfs_back_to_the_san(pair: Pair) -> None:
    refused = pair.cluster.configure("--filestorage-device", SAN, "--migrate-filestorage", "--yes")
    assert (refused.returncode, refused.codes) == (78, ["move-target-not-empty"]), refused
    pair.lab.heads[0].run(("mkfs.ext4", "-q", "-F", SAN))
    for head in pair.lab.heads:
        head.run(("blockdev", "--flushbufs", SAN))
    pair.move(SAN)
    assert pair.source() == SAN
    for head in pair.lab.heads:
        # Served as files of a NAS no more.
        assert "posix locking" not in head.read("/etc/samba/smb.conf")
