"""The resource tree where the files lie on a NAS: its absence stops and moves nothing."""

from __future__ import annotations

from dataclasses import replace

from cib_case import PLAN, PROFILE
from lxml import etree

from live_cluster.render.cib import configuration, first_cib
from live_cluster.render.cib_difference import differs, merged
from live_cluster.render.cib_elements import element
from live_cluster.render.cib_storage import Mount

assert PLAN.files is not None
SHARE = Mount(device="//192.0.2.5/video", fstype="cifs", options="soft", is_network=True)
OF_NAS = configuration(replace(PLAN, files=replace(PLAN.files, mount=SHARE)))
OF_DEVICE = configuration(PLAN)
FILES = f"resources//primitive[@id='{PROFILE.resources.filestorage_filesystem}']"


def test_only_a_missing_mount_restarts_the_file_system() -> None:
    monitors = {
        tuple(pair.get("value") for pair in one.iter("nvpair")): one.get("on-fail")
        for one in OF_NAS.iterfind(f"{FILES}/operations/op[@name='monitor']")
    }
    assert monitors == {(): None, ("20",): "ignore"}


def test_nothing_of_it_stays_when_the_files_move_to_a_device_and_back() -> None:
    on_nas = merged(first_cib(), OF_NAS)
    assert b"live-cluster-filestorage-fs-meta_attributes-failure-timeout" in on_nas
    on_device = merged(on_nas, OF_DEVICE)
    assert on_device == merged(first_cib(), OF_DEVICE)
    assert merged(on_device, OF_NAS) == on_nas
    assert not differs(on_nas, OF_NAS)


def test_what_an_administrator_says_of_the_mount_stays_when_the_files_leave_the_nas() -> None:
    # pcs writes into the first set, whatever its name.
    tree = etree.fromstring(merged(first_cib(), OF_NAS))
    first = tree.find(f"configuration/{FILES}/meta_attributes")
    assert first is not None
    first.append(element("nvpair", id="theirs", name="is-managed", value="false"))
    for wanted in (OF_NAS, OF_DEVICE):
        assert b'name="is-managed" value="false"' in merged(etree.tostring(tree), wanted)


def test_nobody_looks_for_open_files_by_asking_the_nas() -> None:
    parameters = {
        pair.get("name"): pair.get("value") for pair in OF_NAS.iterfind(f"{FILES}/instance_attributes/nvpair")
    }
    assert parameters["force_unmount"] == "safe"


def test_a_share_that_cannot_be_mounted_does_not_move_the_database() -> None:
    def without_say(tree: object) -> list[str | None]:
        found = tree.iterfind("constraints/rsc_colocation[@influence='false']")  # type: ignore[attr-defined]
        return [one.get("rsc") for one in found]

    assert without_say(OF_NAS) == [PROFILE.resources.filestorage_group]
    assert without_say(OF_DEVICE) == []
