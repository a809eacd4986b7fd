"""C6: a DRBD device that an administrator has set up himself is taken as it is, and survives the active head."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cluster import MACHINE_TOKEN, Cluster, options_with
from share_client import ShareClient
from storage_pair import DEADLINE_S, StoragePair, is_whole, mirror

from live_lab import Lab, Scheme, wait_until

pytestmark = [pytest.mark.matrix, pytest.mark.machine]

DISK, DEVICE, FILE = "/dev/disk/by-id/lab-local", "/dev/drbd3", "/etc/drbd.d/video.res"
RESOURCE = f"""resource video {{
    device {DEVICE} minor 3;
    disk {DISK};
    meta-disk internal;
    net {{ protocol C; }}
    floating 10.81.1.1:7791;
    floating 10.81.1.2:7791;
}}
"""
# Until `configure` opens the port for good.
_UP = """set -e
modprobe drbd
iptables -I INPUT -p tcp --dport 7791 -j ACCEPT
drbdadm create-md --force video
drbdadm up video
"""
_FIRST = f"""set -e
drbdadm new-current-uuid --clear-bitmap video
drbdadm primary video
mkfs.ext4 -q {DEVICE}
drbdadm secondary video
"""


@pytest.fixture(scope="module")
def pair() -> Iterator[StoragePair]:
    with Lab.up(name="drbdhand", scheme=Scheme.FULL) as lab:
        for head in lab.heads:
            head.write(FILE, RESOURCE)
            head.run(("sh", "-c", _UP), timeout_s=DEADLINE_S)
        for head in lab.heads:
            wait_until(
                lambda head=head: "cs:Connected" in mirror(head),  # type: ignore[misc]
                deadline_s=DEADLINE_S,
                what="DRBD is connected",
            )
        lab.heads[0].run(("sh", "-c", _FIRST), timeout_s=DEADLINE_S)
        cluster = Cluster.unlocked(lab)
        report = cluster.configure(*options_with(DEVICE), *MACHINE_TOKEN)
        assert report.returncode == 0, report
        assert "drbd-without-fencing" in report.codes
        cluster.wait_healthy(deadline_s=DEADLINE_S)
        yield StoragePair(cluster=cluster, share=ShareClient.on(cluster, lab.media[0]))


def test_it_is_mirrored_by_sixteen_instances_and_its_file_is_as_it_was(pair: StoragePair) -> None:
    status = pair.cluster.status()
    assert len(status.instances) == 16
    roles = {one.node: one.role for one in status.instances if one.id == "filestorage-drbd"}
    assert roles[status.primary] == "Promoted"
    for head in pair.lab.heads:
        assert head.read(FILE) == RESOURCE
        assert is_whole(head)
        assert head.run(("systemctl", "is-enabled", "drbd.service"), check=False).stdout == "disabled\n"


def test_a_second_run_changes_nothing(pair: StoragePair) -> None:
    again = pair.cluster.configure()
    assert (again.returncode, again.changed, again.steps) == (0, False, ()), again


def test_files_survive_the_active_head(pair: StoragePair) -> None:
    lost, survivor = pair.lose_the_active_head()
    for head in (lost, survivor):
        wait_until(lambda head=head: is_whole(head), deadline_s=DEADLINE_S, what="both have everything")  # type: ignore[misc]
