"""C6: a SAN's device over two paths: each path is refused for the whole device, and one that dies stops nothing.

Virtual machines, for paths need the kernel's device mapper. The lab's disks have no SCSI names by which multipathd
would find the paths: a unit makes the same map of the same target (dm-multipath) at each boot.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

import pytest
from cluster import MACHINE_TOKEN, Cluster, options_with
from share_client import ShareClient
from storage_pair import DEADLINE_S, MOUNT_POINT, StoragePair

from live_lab import Host, Lab, Scheme, wait_until

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

DISK, WHOLE, PATH = "/dev/disk/by-id/lab-san", "/dev/mapper/filestorage", "/dev/mapper/path-a"
_PROGRAM = "/usr/local/sbin/two-paths"
# By the start of its UUID lsblk(8) and udev know what the map is, as with multipathd's own.
_TWO_PATHS = f"""#!/bin/sh
set -e
modprobe -a dm-multipath dm-round-robin
size=$(blockdev --getsz {DISK})
for path in path-a path-b; do
    echo "0 $size linear {DISK} 0" | dmsetup create $path
done
paths="/dev/mapper/path-a 1 /dev/mapper/path-b 1"
echo "0 $size multipath 2 queue_mode bio 0 1 1 round-robin 0 2 1 $paths" |
    dmsetup create filestorage --uuid mpath-lab-san
"""
_UNIT = f"""[Unit]
Requires=systemd-udevd.service
After=systemd-udevd.service systemd-udev-trigger.service
Before=pacemaker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStartPre=udevadm settle --timeout=600 --exit-if-exists={DISK}
ExecStart={_PROGRAM}
TimeoutStartSec=900
[Install]
WantedBy=multi-user.target
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Not yet configured; both heads have two paths to the shared disk."""
    with Lab.up(name="mpath", scheme=Scheme.FULL) as lab:
        for head in lab.heads:
            head.write(_PROGRAM, _TWO_PATHS, mode=0o755)
            head.write("/etc/systemd/system/two-paths.service", _UNIT)
            head.run(("systemctl", "enable", "--now", "two-paths.service"), timeout_s=DEADLINE_S)
        yield Cluster.unlocked(lab)


@pytest.fixture(scope="module")
def pair(cluster: Cluster) -> StoragePair:
    """Configured, with the whole device."""
    report = cluster.configure(*options_with(WHOLE), *MACHINE_TOKEN)
    assert report.returncode == 0, report
    cluster.wait_healthy(deadline_s=DEADLINE_S)
    return StoragePair(cluster=cluster, share=ShareClient.on(cluster, cluster.lab.media[0]))


def paths(head: Host) -> str:
    """A or F for each path: active or failed (Documentation/admin-guide/device-mapper)."""
    words = head.run(("dmsetup", "status", "filestorage")).stdout.split()
    return "".join(state for device, state in pairwise(words) if ":" in device)


def test_a_path_is_refused_for_the_whole_device(cluster: Cluster) -> None:
    report = cluster.configure(*options_with(PATH), *MACHINE_TOKEN)
    assert (report.returncode, report.changed) == (78, False), report
    assert report.codes == ["device-is-path"] * 2, report
    assert all(WHOLE in json.dumps(one) for one in report.problems), report


def test_the_whole_device_has_the_files_and_a_second_run_changes_nothing(pair: StoragePair) -> None:
    mounted = pair.active().run(("findmnt", "--noheadings", "--output", "SOURCE", MOUNT_POINT))
    assert mounted.stdout.strip() == WHOLE
    again = pair.cluster.configure()
    assert (again.returncode, again.changed, again.steps) == (0, False, ()), again


def test_a_path_that_dies_stops_nothing(pair: StoragePair) -> None:
    head, media = pair.active(), pair.lab.media[0]
    assert paths(head) == "AA"
    # From here on whatever is written or read by this path fails.
    head.run(("dmsetup", "wipe_table", "path-a"), timeout_s=DEADLINE_S)
    made = media.run(("sh", "-c", f"head -c {8 << 20} /dev/urandom >/root/one; sha256sum </root/one")).stdout
    pair.share.run("put /root/one one.webm")
    head.run(("sync", "--file-system", MOUNT_POINT), timeout_s=DEADLINE_S)
    wait_until(lambda: paths(head) == "FA", deadline_s=DEADLINE_S, what="the path is known to have failed")
    assert head.run(("sh", "-c", f"sha256sum <{MOUNT_POINT}/one.webm")).stdout == made
    seen = json.loads(head.run(("live-cluster", "status", "--json"), check=False).stdout)
    assert seen["failed_actions"] == []
    assert pair.active().name == head.name
    pair.wait_healthy()


def test_the_other_head_takes_the_files_over_by_its_own_paths(pair: StoragePair) -> None:
    lost, survivor = pair.lose_the_active_head()
    assert (paths(lost), paths(survivor)) == ("AA", "AA")
