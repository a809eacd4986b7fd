"""DRBD leaves the resource tree: first the files, then it stops, then it is taken out; others stay as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cib_case import PLAN
from lxml import etree
from test_cib_drbd import CONFIGURATION, FENCED, FILES

from live_cluster.render.cib import configuration
from live_cluster.render.cib_difference import differs, merged
from live_cluster.render.cib_elements import Element
from live_cluster.render.cib_foreign import foreign_objects
from live_cluster.render.cib_storage import mirror_in, mounted_by

assert PLAN.files is not None
AWAY = configuration(PLAN)
KEPT = configuration(replace(PLAN, files=replace(PLAN.files, drbd_resource="filestorage")))
LEAVING = configuration(
    replace(PLAN, files=replace(PLAN.files, drbd_resource="filestorage", drbd_leaves=True))
)
CLONE, FS = "filestorage-drbd-ms", "filestorage-fs"


def running(configuration_: Element, *more: str) -> bytes:
    cib = etree.Element("cib")
    cib.append(etree.fromstring(etree.tostring(configuration_)))
    constraints = cib.find("configuration/constraints")
    assert constraints is not None
    constraints.extend(etree.fromstring(one) for one in more)
    return etree.tostring(cib)


def ids(cib: bytes) -> set[str]:
    return {str(one.get("id")) for one in etree.fromstring(cib).iterfind("configuration/constraints/*")}


def roles(cib: bytes) -> list[str]:
    path = f".//clone[@id='{CLONE}']/meta_attributes/nvpair[@name='target-role']/@value"
    return list(map(str, etree.fromstring(cib).xpath(path)))


def test_the_files_leave_first_in_the_order_that_kept_them_safe() -> None:
    first = merged(running(CONFIGURATION), KEPT)
    mount = mounted_by(first, FS)
    assert mount is not None
    assert mount.device == "/dev/mapper/filestorage"
    assert mirror_in(first, "filestorage-drbd") == "filestorage"
    # Stopped before the demotion, should a takeover come just now.
    assert {"live-cluster-drbd-before-files", "live-cluster-files-with-drbd"} <= ids(first)


def test_then_it_stops_and_no_resource_waits_for_it_any_more() -> None:
    second = merged(running(KEPT), LEAVING)
    assert roles(second) == ["Stopped"]
    assert not {"live-cluster-drbd-before-files", "live-cluster-files-with-drbd"} & ids(second)


def test_taken_back_half_way_it_runs_again_unless_an_administrator_has_stopped_it() -> None:
    back = merged(running(LEAVING), CONFIGURATION)
    assert roles(back) == []
    assert not differs(back, CONFIGURATION)
    # crm_resource(8) uses the set that we keep the clone's other settings in.
    stopped = etree.fromstring(running(LEAVING))
    theirs = f"{CLONE}-meta_attributes"
    pair = {"id": f"{theirs}-target-role", "name": "target-role", "value": "Stopped"}
    stopped.find(f".//meta_attributes[@id='{theirs}']").append(etree.Element("nvpair", pair))  # type: ignore[union-attr]
    assert roles(merged(etree.tostring(stopped), CONFIGURATION)) == ["Stopped"]


@pytest.mark.parametrize("before", [LEAVING, KEPT, CONFIGURATION])
def test_then_it_is_taken_out_with_all_that_is_about_it(before: Element) -> None:
    third = merged(running(before, FENCED), AWAY)
    assert b"drbd" not in third
    assert not differs(third, AWAY)


def test_on_its_way_out_it_is_still_ours() -> None:
    for tree in (KEPT, LEAVING):
        assert foreign_objects(running(tree, FENCED), tree) == ()
        assert foreign_objects(running(tree, FENCED), AWAY) == ()


def test_a_clone_of_somebody_elses_stays() -> None:
    tree = etree.fromstring(etree.tostring(AWAY))
    resources = tree.find("resources")
    assert resources is not None
    other = etree.fromstring(etree.tostring(CONFIGURATION.find(f"resources/clone[@id='{CLONE}']")))  # type: ignore[arg-type]
    other.set("id", "theirs")
    resources.append(other)
    assert b'id="theirs"' in merged(running(tree), AWAY)
    assert [one.id for one in foreign_objects(running(tree), AWAY)] == ["theirs"]


def test_what_is_mirrored_is_told_by_the_running_configuration() -> None:
    assert mirror_in(running(CONFIGURATION), "filestorage-drbd") == FILES.drbd_resource
    assert mirror_in(running(AWAY), "filestorage-drbd") == mirror_in(b"", "filestorage-drbd") == ""
