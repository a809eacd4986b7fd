"""A4: a converged cluster is left alone, and so is what others put into its CIB."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta

from cib_case import PLAN
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from live_cluster.render.cib import configuration, first_cib
from live_cluster.render.cib_difference import (
    differs,
    merged,
    normalised,
    preview,
    with_node_attributes,
    without_device_history,
)
from live_cluster.render.cib_elements import Element, element
from live_cluster.render.maintenance import maintenance_set

WANTED = configuration(PLAN)
EMPTY = first_cib()
CONVERGED = merged(EMPTY, WANTED)
NODES = b"""<cib><configuration><crm_config/><nodes>
  <node id="1" uname="ivcs-main-1"><instance_attributes id="nodes-1"><nvpair id="nodes-1-x" name="x" value="y"/>
  </instance_attributes></node><node id="2" uname="ivcs-main-2"/></nodes><resources/><constraints/>
  </configuration><status/></cib>"""


def found(cib: bytes, path: str) -> Element:
    part = etree.fromstring(cib).find(f"configuration/{path}")
    assert part is not None, path
    return part


def changed(cib: bytes, parent: str, *children: Element) -> bytes:
    """The CIB after somebody added these elements to `parent`."""
    tree = etree.fromstring(cib)
    place = tree.find(f"configuration/{parent}")
    assert place is not None, parent
    place.extend(children)
    return etree.tostring(tree)


def test_maintenance_mode_survives_a_configuration() -> None:
    now = datetime(2026, 1, 2, 20, 0, tzinfo=UTC)
    made = etree.fromstring(maintenance_set(by="anna@ivcs-main-1", since=now, until=now + timedelta(hours=2)))
    in_maintenance = changed(CONVERGED, "crm_config", *copy.deepcopy(made))
    assert not differs(in_maintenance, WANTED)
    after = merged(changed(EMPTY, "crm_config", *made), WANTED)
    end = found(after, "crm_config/cluster_property_set[@id='live-cluster-maintenance']/rule/date_expression")
    assert end.get("end") == "2026-01-02 22:00:00Z"


def test_a_merged_cib_needs_nothing_more() -> None:
    assert differs(EMPTY, WANTED)
    assert not differs(CONVERGED, WANTED)
    assert merged(CONVERGED, WANTED) == CONVERGED
    assert preview(CONVERGED, WANTED) == ""


def test_the_preview_shows_what_would_change() -> None:
    assert '+      <primitive id="db-ip"' in preview(EMPTY, WANTED)


def test_foreign_resources_and_constraints_stay() -> None:
    cib = changed(CONVERGED, "resources", element("primitive", id="backup", class_="systemd", type="backup"))
    cib = changed(cib, "constraints", element("rsc_location", id="cli-ban-samba", rsc="samba"))
    assert not differs(cib, WANTED)
    kept = merged(cib, WANTED)
    assert b'id="backup"' in kept
    assert b'id="cli-ban-samba"' in kept


def test_an_administrators_target_role_stays() -> None:
    where = "resources/group[@id='ivcs-server-group']/primitive[@id='gnugk']/meta_attributes"
    cib = changed(CONVERGED, where, element("nvpair", id="gnugk-t", name="target-role", value="Stopped"))
    assert not differs(cib, WANTED)
    # ... also when the resource itself has to change.
    other = copy.deepcopy(WANTED)
    for one in other.iterfind(".//primitive[@id='gnugk']/operations/op"):
        one.set("timeout", "90s")
    after = merged(cib, other)
    assert found(after, "resources//nvpair[@id='gnugk-t']").get("value") == "Stopped"
    assert found(after, "resources//op[@id='gnugk-start-0s']").get("timeout") == "90s"
    assert not differs(after, other)


def test_a_target_role_of_a_resource_without_meta_attributes_stays() -> None:
    # crm_resource --meta adds the set as the resource's last child.
    added = element(
        "meta_attributes", element("nvpair", id="db-ip-t", name="is-managed", value="false"), id="m"
    )
    cib = changed(CONVERGED, "resources/group[@id='db-group']/primitive[@id='db-ip']", added)
    assert not differs(cib, WANTED)
    other = copy.deepcopy(WANTED)
    next(other.iter("nvpair")).set("value", "other")
    assert found(merged(cib, other), "resources//nvpair[@id='db-ip-t']").get("value") == "false"


def test_an_administrators_cluster_property_stays() -> None:
    # pcs adds properties to the first set there is, which is ours.
    where = "crm_config/cluster_property_set"
    cib = changed(CONVERGED, where, element("nvpair", id="mm", name="maintenance-mode", value="true"))
    assert not differs(cib, WANTED)
    other = copy.deepcopy(WANTED)
    next(other.iter("nvpair")).set("value", "other")
    assert found(merged(cib, other), "crm_config//nvpair[@id='mm']").get("value") == "true"


def test_a_property_that_somebody_changed_comes_back() -> None:
    cib = CONVERGED.replace(
        b'name="no-quorum-policy" value="stop"', b'name="no-quorum-policy" value="ignore"'
    )
    assert differs(cib, WANTED)
    assert merged(cib, WANTED) == CONVERGED


def test_a_constraint_of_an_earlier_version_of_ours_goes() -> None:
    old = element("rsc_order", id="live-cluster-no-longer-wanted", first="db-group", then="filestorage-group")
    assert merged(changed(CONVERGED, "constraints", old), WANTED) == CONVERGED


def test_the_order_of_a_groups_members_matters_and_no_other_order_does() -> None:
    tree = etree.fromstring(CONVERGED)
    for name in ("meta_attributes", "operations", "instance_attributes"):
        for part in tree.iter(name):
            part[:] = list(reversed(part))
    assert not differs(etree.tostring(tree), WANTED)
    group = tree.find("configuration/resources/group[@id='ivcs-server-group']")
    assert group is not None
    group[:] = list(reversed(group))
    assert differs(etree.tostring(tree), WANTED)


def test_nodes_get_their_attribute_beside_what_they_have() -> None:
    complete = with_node_attributes(WANTED, NODES, "data", {"ivcs-main-1": "latest", "ivcs-main-2": "stale"})
    after = merged(NODES, complete)
    pairs = [
        (one.get("id"), one.get("value")) for one in etree.fromstring(after).iterfind(".//nodes//nvpair")
    ]
    assert pairs == [("nodes-1-x", "y"), ("nodes-1-data", "latest"), ("nodes-2-data", "stale")]
    # Afterwards the attribute belongs to the agent.
    assert not differs(after.replace(b'value="stale"', b'value="sync"'), WANTED)


def test_the_status_section_is_left_out_of_it() -> None:
    cib = CONVERGED.replace(b"<status/>", b'<status><node_state id="1" uname="ivcs-main-1"/></status>')
    assert not differs(cib, WANTED)
    assert merged(cib, WANTED) == normalised(cib)


parts = st.sampled_from(sorted({str(one.get("id")) for one in WANTED.iterfind(".//*[@id]")}))


@settings(max_examples=25, deadline=None)
@given(st.sets(parts, max_size=12), st.sets(parts, max_size=6))
def test_from_any_damage_one_merge_converges(missing: set[str], altered: set[str]) -> None:
    tree = etree.fromstring(CONVERGED)
    for one in list(tree.iterfind("configuration//*[@id]")):
        parent = one.getparent()
        if one.get("id") in missing and parent is not None:
            parent.remove(one)
        elif one.get("id") in altered and one.get("value"):
            one.set("value", "altered")
    after = merged(etree.tostring(tree), WANTED)
    assert not differs(after, WANTED)
    assert {one.get("id") for one in WANTED.iterfind(".//*[@id]")} == {
        one.get("id") for one in etree.fromstring(after).iterfind("configuration//*[@id]")
    }


def test_only_the_history_of_fencing_devices_is_left_out() -> None:
    lrm = b"<lrm_resource id='fence-ivcs-main-1' class='stonith'><lrm_rsc_op id='a'/></lrm_resource>"
    kept = b"<lrm_resource id='db-ip' class='ocf'><lrm_rsc_op id='b'/></lrm_resource>"
    state = b"<status><node_state id='1'><lrm_resources>%s</lrm_resources></node_state></status>"
    full = CONVERGED.replace(b"<status/>", state % (lrm + kept))
    assert without_device_history(full) == normalised(CONVERGED.replace(b"<status/>", state % kept))
