"""DRBD's resource file: what keeps acknowledged files, whatever fails."""

from __future__ import annotations

import re
from ipaddress import IPv4Address

from live_cluster.model.settings import Secret
from live_cluster.render.drbd_resource import MirroredDisk, resource_file

TEXT = resource_file(
    MirroredDisk(
        disk="/dev/disk/by-id/scsi-1\\x20a",
        addresses=(IPv4Address("198.51.100.1"), IPv4Address("198.51.100.2")),
        names=("ivcs-main-1", "ivcs-main-2"),
        secret=Secret("of both heads"),
    )
)


def options() -> dict[str, str]:
    lines = (re.fullmatch(r"\s+([a-z0-9-]+) (.*);", line) for line in TEXT.splitlines())
    return {one[1]: one[2] for one in lines if one}


def test_what_is_acknowledged_is_on_both_disks() -> None:
    assert options()["protocol"] == "C"


def test_a_split_brain_is_resolved_by_itself_only_where_one_side_wrote_nothing() -> None:
    # drbd.conf(5): `consensus` discards the secondary's version only where discard-zero-changes would.
    policies = {name: value for name, value in options().items() if name.startswith("after-sb")}
    assert policies == {
        "after-sb-0pri": "discard-zero-changes",
        "after-sb-1pri": "consensus",
        "after-sb-2pri": "disconnect",
    }


def test_nobody_goes_on_alone_before_the_cluster_knows_of_it() -> None:
    assert options()["fencing"] == "resource-and-stonith"
    handler = '"/usr/lib/live-cluster/drbd-fence-peer {} ivcs-main-1 ivcs-main-2"'
    assert options()["fence-peer"] == handler.format("fence")
    assert options()["unfence-peer"] == options()["after-resync-target"] == handler.format("unfence")
    assert options()["split-brain"] == handler.format("split-brain")


def test_the_ends_are_known_by_address_and_by_a_secret() -> None:
    assert re.findall(r"floating (\S+);", TEXT) == ["198.51.100.1:7788", "198.51.100.2:7788"]
    # A section `on NAME` would have to match uname -n, which an administrator may change (C1).
    assert not re.search(r"\bon ivcs", TEXT)
    assert options()["shared-secret"] == '"of both heads"'
    assert options()["cram-hmac-alg"] == "sha256"


def test_a_bad_disk_costs_no_service() -> None:
    assert options()["on-io-error"] == "detach"


def test_the_disk_is_named_as_it_was_given() -> None:
    assert options()["disk"] == '"/dev/disk/by-id/scsi-1\\x20a"'
