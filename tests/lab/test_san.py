"""C6: a SAN's device: refused where anything is on it, formatted on demand only, moved to another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import CONFIGURE_DEADLINE_S, HEADS, Cluster, ConfigureRun, Report, options_with
from share_client import ShareClient

from live_lab import Background, Host, Lab, audits, wait_until

pytestmark = pytest.mark.lab

MOUNT_POINT = "/srv/filestorage"
MIB = 2**20
FIRST, SECOND = "/dev/lun-a", "/dev/lun-b"
STABLE = "/dev/disk/by-id/wwn-0x6001405aaaa"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Not yet configured; two empty LUNs beside the lab's own."""
    with Lab.up(name="san") as lab:
        for path in (FIRST, SECOND):
            DEVICES[path] = lab.connect_lun(path.removeprefix("/dev/"))
        yield Cluster.unlocked(lab)


# The same devices as this machine sees them.
DEVICES: dict[str, Path] = {}


def put(path: str, content: bytes, offset: int = 0) -> None:
    with DEVICES[path].open("r+b", buffering=0) as device:
        device.seek(offset)
        device.write(content)


def first_run(cluster: Cluster, device: str, *options: str) -> Report:
    return cluster.configure(*options_with(device), *options)


# Where it stands, what it is, and what the run without the flag finds.
BOOT_SECTOR = (
    bytes(446) + bytes((0, 0, 2, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0)) + bytes(48) + b"\x55\xaa"
)
CONTENTS = {
    "an XFS superblock": (0, b"XFSB" + bytes(508), "device-not-empty"),
    "a partition table": (0, BOOT_SECTOR, "device-not-empty"),
    "swap": (4086, b"SWAPSPACE2", "device-not-empty"),
    "data that nothing knows": (0, b"\x5a" * 512, "device-not-empty"),
    "data at its end": (1024 * MIB - 512, b"\x5a" * 512, "device-not-empty"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_device_with_anything_on_it_is_never_formatted(cluster: Cluster, name: str) -> None:
    offset, content, code = CONTENTS[name]
    put(FIRST, content, offset)
    report = first_run(cluster, FIRST, "--format-filestorage", "--yes")
    assert (report.returncode, report.codes) == (78, [code, code]), report
    with DEVICES[FIRST].open("rb") as device:
        device.seek(offset)
        assert device.read(len(content)) == content
    put(FIRST, bytes(len(content)), offset)


def test_an_empty_device_is_not_formatted_unasked(cluster: Cluster) -> None:
    report = first_run(cluster, FIRST, "--yes")
    assert (report.returncode, report.codes) == (78, ["device-not-ext4", "device-not-ext4"])
    assert signature(cluster.lab.heads[0], FIRST) == ""


def test_an_empty_device_is_formatted_once(cluster: Cluster) -> None:
    for head in cluster.lab.heads:
        link(head, STABLE, FIRST)
    report = first_run(cluster, STABLE, "--format-filestorage", "--yes")
    assert report.returncode == 0, report
    (made,) = (step for step in report.steps if step.code == "filesystem-made")
    assert (made.node, made.impact, made.state) == (HEADS[0], "replaces-data", "changed")
    uuids = {uuid_of(head, FIRST) for head in cluster.lab.heads}
    assert len(uuids) == 1
    assert uuids.pop() in made.title
    cluster.wait_healthy()
    audits.wait_until_clean(cluster.lab)

    again = cluster.configure("--format-filestorage")
    assert (again.returncode, again.changed, again.steps) == (0, False, ())
    assert {uuid_of(head, FIRST) for head in cluster.lab.heads} == {
        made.title.rpartition("UUID ")[2].rstrip(")")
    }


def link(head: Host, name: str, device: str) -> None:
    """As udev would, which does not run in these hosts."""
    head.run(("install", "-d", str(Path(name).parent)))
    head.run(("ln", "-sfn", device, name))


def signature(head: Host, device: str) -> str:
    return head.run(("blkid", "-p", "-o", "export", device), check=False).stdout


def uuid_of(head: Host, device: str) -> str:
    return head.run(("blkid", "-p", "-s", "UUID", "-o", "value", device)).stdout.strip()


def source_of(head: Host) -> str:
    """What the cluster has mounted on this head."""
    return head.run(
        ("findmnt", "--noheadings", "--output", "SOURCE", MOUNT_POINT), check=False
    ).stdout.strip()


@pytest.mark.matrix
def test_the_same_device_under_another_name_is_no_other_storage(cluster: Cluster) -> None:
    head = cluster.lab.heads[0]
    name = f"/dev/disk/by-uuid/{uuid_of(head, FIRST)}"
    for one in cluster.lab.heads:
        link(one, name, FIRST)
    planned = cluster.configure("--filestorage-device", name, "--dry-run")
    assert {step.code for step in planned.steps} == {"cib", "resources-running", "file"}
    # The mount is made anew, and it is said.
    assert {"filestorage-fs", "samba", "ivcs-server"} <= {one["resource"] for one in planned.effects}
    report = cluster.configure("--filestorage-device", name)
    assert report.returncode == 0, report
    cluster.wait_healthy()
    assert cluster.configure().steps == ()


@pytest.mark.matrix
def test_another_storage_is_refused_with_the_steps_to_take(cluster: Cluster) -> None:
    put(SECOND, b"\x5a" * 512)
    report = cluster.configure(
        "--filestorage-device", SECOND, "--migrate-filestorage", "--format-filestorage"
    )
    assert (report.returncode, report.codes) == (78, ["device-not-empty", "device-not-empty"])
    put(SECOND, bytes(512))
    report = cluster.configure("--filestorage-device", SECOND, "--format-filestorage")
    assert (report.returncode, report.codes) == (78, ["storage-is-another"])
    assert "--migrate-filestorage" in report.problems[0]["message"]
    assert signature(cluster.lab.heads[0], SECOND) == ""


# -- the move ---------------------------------------------------------------------------------------------------

_WRITER = """
set -u
: >/root/acknowledged
number=0
while [ ! -e /root/enough ]; do
    number=$((number + 1))
    echo "content of $number" >/root/file
    timeout 20 "$@" -c "put /root/file written-$number" >/dev/null 2>&1 && echo $number >>/root/acknowledged
done
"""


@pytest.fixture
def writer(cluster: Cluster) -> Iterator[Background]:
    """A media server that writes file after file by SMB, and notes each that was taken."""
    media = cluster.lab.media[0]
    media.run(("rm", "-f", "/root/enough"))
    work = media.start(("sh", "-c", _WRITER, "writer", *ShareClient.on(cluster, media).connect))
    wait_until(lambda: acknowledged(cluster) > 0, deadline_s=600, what="the first file is written")
    yield work
    media.run(("touch", "/root/enough"))
    work.wait(120)


def acknowledged(cluster: Cluster) -> int:
    return len(cluster.lab.media[0].read("/root/acknowledged").split())


def fill(head: Host) -> None:
    """Everything that a copy could lose: links, owners, modes, times, holes, names."""
    script = """
        set -eu
        cd /srv/filestorage
        mkdir -p "пап ка/deep"
        echo one >"пап ка/deep/файл"
        ln "пап ка/deep/файл" hard
        ln -s "пап ка" soft
        dd if=/dev/urandom of=random bs=1M count=40 status=none
        truncate -s 100M holes
        chown -R ivcs:ivcs .
        chown 12345:54321 hard
        chmod 2750 "пап ка"
        touch -d "2001-02-03 04:05:06.789 UTC" random
        i=0; while [ $i -lt 500 ]; do echo $i >"пап ка/$i"; i=$((i + 1)); done
    """
    head.run(("sh", "-c", script))


_STATES = """
cd /srv/filestorage
find . -mindepth 1 ! -name 'written-*' ! -path './lost+found' ! -path './.Filesystem_status*' \
    -printf '%p %y %m %U:%G %n %s %l ' \\( -type d -printf '\\n' -o -printf '%T@\\n' \\) | sort
find . -type f ! -name 'written-*' ! -path './.Filesystem_status*' -exec sha256sum {} + | sort
"""


def states(head: Host) -> list[str]:
    """Every file with its attributes and its content; what comes and goes while it is in use left out."""
    return head.run(("sh", "-c", _STATES)).stdout.splitlines()


def everything_written_is_there(cluster: Cluster, head: Host) -> None:
    numbers = cluster.lab.media[0].read("/root/acknowledged").split()
    assert numbers
    script = 'cd /srv/filestorage; while read -r n; do echo "$n: $(cat "written-$n")"; done'
    found = head.run(("sh", "-c", script), stdin="\n".join(numbers) + "\n").stdout.splitlines()
    assert found == [f"{number}: content of {number}" for number in numbers]


def active(cluster: Cluster) -> Host:
    return next(head for head in cluster.lab.heads if source_of(head))


@pytest.mark.matrix
def test_a_move_loses_nothing_that_was_written_meanwhile(cluster: Cluster, writer: Background) -> None:
    head = active(cluster)
    fill(head)
    before = states(head)
    former = uuid_of(head, FIRST)
    report = cluster.configure(
        "--filestorage-device", SECOND, "--migrate-filestorage", "--format-filestorage", "--yes"
    )
    assert report.returncode == 0, report
    assert {step.impact for step in report.steps if step.code == "move-last-pass"} == {"outage"}
    count = acknowledged(cluster)
    cluster.wait_healthy()
    wait_until(lambda: acknowledged(cluster) > count, deadline_s=600, what="files are written again")
    assert source_of(active(cluster)) == SECOND
    assert states(active(cluster)) == before
    everything_written_is_there(cluster, active(cluster))
    audits.wait_until_clean(cluster.lab)
    # The former one is as it was, and nothing has it mounted any more.
    assert uuid_of(head, FIRST) == former
    assert head.run(("findmnt", FIRST), check=False).returncode != 0
    assert cluster.configure("--migrate-filestorage", "--format-filestorage").steps == ()


def interrupted(cluster: Cluster, after: str, signal: str) -> None:
    """A move back to the first device, ended by a signal once this step is done."""
    run: ConfigureRun = cluster.start_configure(
        "--filestorage-device", FIRST, "--migrate-filestorage", "--yes"
    )
    assert run.wait_for_line(after), run.wait().stderr
    assert run.signal(signal).returncode != 0


def paused(head: Host) -> bool:
    return "live-cluster-pause" in head.run(("cibadmin", "--query", "--scope", "constraints")).stdout


@pytest.mark.matrix
def test_a_storage_with_files_of_others_is_refused(cluster: Cluster) -> None:
    """The former one holds what was on it: not what the cluster has now."""
    report = cluster.configure("--filestorage-device", FIRST, "--migrate-filestorage", "--yes")
    assert (report.returncode, report.codes) == (78, ["move-target-not-empty"])
    assert source_of(active(cluster)) == SECOND


@pytest.mark.matrix
def test_a_move_that_is_interrupted_anywhere_goes_on(cluster: Cluster, writer: Background) -> None:
    head = active(cluster)
    before = states(head)
    head.run(("mkfs.ext4", "-q", "-F", FIRST))
    interrupted(cluster, "✓ ivcs-main-1: Mount", "KILL")
    assert source_of(head) == SECOND
    # In the pause: it ends at once, and the services run where they ran before.
    interrupted(cluster, "✓ ivcs-main-1: Stop what writes files", "INT")
    wait_until(lambda: not paused(head), deadline_s=300, what="the pause is over")
    cluster.wait_healthy()
    assert source_of(active(cluster)) == SECOND
    # Killed there it cannot end it: the next run does.
    interrupted(cluster, "✓ ivcs-main-1: Stop what writes files", "KILL")
    report = cluster.configure("--filestorage-device", FIRST, "--migrate-filestorage", "--yes")
    assert report.returncode == 0, report
    cluster.wait_healthy(deadline_s=CONFIGURE_DEADLINE_S)
    assert not paused(head)
    assert source_of(active(cluster)) == FIRST
    assert states(active(cluster)) == before
    everything_written_is_there(cluster, active(cluster))
    audits.wait_until_clean(cluster.lab)


@pytest.mark.matrix
def test_a_failover_during_a_move_leaves_the_former_storage_in_use(cluster: Cluster) -> None:
    """The head that copies loses power; the other one goes on, and the next run moves from there."""
    lab = cluster.lab
    before = states(active(cluster))
    for head in lab.heads:
        assert source_of(head) in (FIRST, "")
    lab.heads[0].run(("mkfs.ext4", "-q", "-F", SECOND))
    run = cluster.start_configure("--filestorage-device", SECOND, "--migrate-filestorage", "--yes")
    assert run.wait_for_line("✓ ivcs-main-1: Copy the files"), run.wait()
    lab.heads[0].power_off()
    assert run.wait().returncode != 0
    wait_until(lambda: source_of(lab.heads[1]), deadline_s=300, what="the other head has the files")
    assert source_of(lab.heads[1]) == FIRST
    assert states(lab.heads[1]) == before
