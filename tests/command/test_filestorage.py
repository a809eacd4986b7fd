"""C6: another file storage than the one that the cluster mounts, from the options to the exit code."""

from __future__ import annotations

import json

import pytest
from installation import FIRST_RUN, Installation

from live_cluster.errors import ExitCode
from live_cluster.probes.block_device import device_exists, device_question, device_tree, superblock
from live_cluster.probes.simulation import simulate, verify
from live_cluster.probes.storage_move import (
    HAS_RSYNC,
    LISTING,
    NEW_STORAGE,
    mark_on,
    mounted_source,
    root_folder,
    usage,
)
from live_cluster.remote.requests import CommandResult, FileState, Reply
from recordings.configure.recorded import HEADS
from recordings.configure.recorder import key_of

NEW, UUID = "/dev/lun2", "7b3b2d2e-0d5a-4a57-a2f0-2f1c0e1f0a02"
MOUNT_POINT = "/srv/filestorage"
FAILED = CommandResult(returncode=1)


def said(text: str = "") -> CommandResult:
    return CommandResult(returncode=0, stdout=text.encode())


def tree(node: str) -> CommandResult:
    device = {"kname": node, "path": NEW, "type": "disk", "size": 2**30, "ro": False, "mountpoints": [None]}
    return said(json.dumps({"blockdevices": [device]}))


@pytest.fixture
def two_luns(site: Installation) -> Installation:
    """A configured pair; both heads see a second device, with an empty file system on it."""
    site.configure(*FIRST_RUN)
    for name in HEADS:
        is_active = name == HEADS[0]
        known: dict[object, Reply] = {
            device_question(NEW): said(f"UUID={UUID}\nTYPE=ext4\n"),
            device_exists(NEW): said(),
            device_tree(NEW): tree("sdc"),
            superblock(NEW): said("Filesystem state: clean\nFree blocks: 200000\nBlock size: 4096\n"),
            HAS_RSYNC: said(),
            mounted_source(MOUNT_POINT): said("/dev/lun\n") if is_active else FAILED,
            mounted_source(NEW_STORAGE): FAILED,
            usage(MOUNT_POINT): said("Used IUsed\n1048576 20000\n"),
            root_folder(NEW): said("/2/040755/0/0/.//\n/11/040700/0/0/lost+found//\n"),
            mark_on(NEW): said(),
        }
        server = site.servers[name]
        server.instead |= {key_of(request): reply for request, reply in known.items()}  # type: ignore[arg-type]
        # What only a plan of the move asks.
        server.instead["run find /etc/live-cluster -maxdepth 1 -name filestorage-*.credentials"] = said()
        server.instead["run systemctl is-active -- smbd ivcs-server"] = said("active\nactive\n")
        server.instead["run date +%s"] = said("1000000000\n")
        for request in (verify(b""), simulate(b"")):
            server.instead[f"run {request}"] = said("<pacemaker-result><actions/></pacemaker-result>")
        for path in (f"{NEW_STORAGE}/.live-cluster-move", f"{MOUNT_POINT}/.live-cluster-move"):
            server.written[path] = FileState(exists=False)
        for path in ("copied", "compared", "stats"):
            server.written[f"/run/live-cluster/filestorage-{path}"] = FileState(exists=False)
        server.instead[key_of(LISTING)] = FAILED
    return site


def test_another_device_is_refused_with_the_steps_to_take(two_luns: Installation) -> None:
    refused = two_luns.configure("--filestorage-device", NEW)
    assert refused.code == ExitCode.CONFIGURATION
    assert "--migrate-filestorage" in refused.err
    assert "live-cluster stop-resources" in refused.err
    assert not [one for one in two_luns.changes if "lock " not in one]


def test_the_plan_of_a_move_shows_its_outage_and_touches_nothing(two_luns: Installation) -> None:
    planned = two_luns.configure("--filestorage-device", NEW, "--migrate-filestorage", "--dry-run", "--json")
    assert planned.code == ExitCode.OK, planned.err
    impacts = {step["code"]: step["impact"] for step in planned.document["steps"]}
    assert impacts["move-last-pass"] == "outage"
    assert impacts["move-copied"] == impacts["move-verified"] == "none"
    codes = list(impacts)
    assert codes.index("move-unmounted") < codes.index("cib")
    assert two_luns.changes == []


def test_the_orders_are_for_one_run(two_luns: Installation) -> None:
    two_luns.configure("--migrate-filestorage", "--format-filestorage")
    kept = two_luns.stored.joinpath("cluster.toml").read_text("utf-8")
    assert "migrate" not in kept
    assert "format" not in kept


def test_the_same_device_under_another_name_is_no_move(two_luns: Installation) -> None:
    for name in HEADS:
        server = two_luns.servers[name]
        reply = server.answer(device_tree("/dev/lun"))
        assert isinstance(reply, CommandResult)
        server.instead[key_of(device_tree(NEW))] = reply
    planned = two_luns.configure("--filestorage-device", NEW, "--dry-run", "--json")
    assert planned.code == ExitCode.OK, planned.document
    assert {step["code"] for step in planned.document["steps"]} == {"cib", "resources-running", "file"}
