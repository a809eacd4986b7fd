"""What others put into the CIB is told apart from ours, and taken out only where that is wanted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cib_case import PLAN
from lxml import etree

from live_cluster.render.cib import configuration, first_cib
from live_cluster.render.cib_difference import differs, merged, preview
from live_cluster.render.cib_fencing import Device
from live_cluster.render.cib_foreign import Kind, foreign_objects, kept_aside

WANTED = configuration(PLAN)
CONVERGED = merged(first_cib(), WANTED)
FOREIGN = {
    "resources": (
        '<primitive id="backup" class="ocf" provider="heartbeat" type="Dummy"/>',
        '<primitive id="their-device" class="stonith" type="fence_apc"/>',
        '<group id="set"><primitive id="a" class="systemd" type="a"/><primitive id="b" template="t"/></group>',
        '<clone id="many"><primitive id="c" class="lsb" type="c"/></clone>',
        '<template id="t" class="systemd" type="t"/>',
    ),
    "constraints": (
        '<rsc_location id="cli-ban-samba" rsc="samba" role="Started" node="ivcs-main-1" score="-INFINITY"/>',
        '<rsc_location id="rule" rsc="samba"><rule id="r" score="1"/></rsc_location>',
        '<rsc_colocation id="near" rsc="backup" with-rsc="ivcs-db-ms" with-rsc-role="Promoted" score="5"/>',
        '<rsc_order id="after" first="samba" then="backup" then-action="start" kind="Optional"/>',
        '<rsc_order id="row"><resource_set id="s"><resource_ref id="samba"/></resource_set></rsc_order>',
        '<rsc_ticket id="site" rsc="backup" ticket="t1" loss-policy="stop"/>',
    ),
    "fencing-topology": ('<fencing-level id="l" target="ivcs-main-1" index="1" devices="their-device"/>',),
    "tags": ('<tag id="label"><obj_ref id="samba"/><obj_ref id="backup"/></tag>',),
    "alerts": ('<alert id="mail" path="/usr/local/bin/mail"/>',),
}
SEEN = [
    ("backup", Kind.RESOURCE, "ocf:heartbeat:Dummy"),
    ("their-device", Kind.FENCING_DEVICE, "stonith:fence_apc"),
    ("set", Kind.GROUP, "a (systemd:a), b (@t)"),
    ("many", Kind.CLONE, "c (lsb:c)"),
    ("t", Kind.TEMPLATE, "systemd:t"),
    ("cli-ban-samba", Kind.LOCATION, "samba Started @ ivcs-main-1 (-INFINITY)"),
    ("rule", Kind.LOCATION, "samba"),
    ("near", Kind.COLOCATION, "backup + ivcs-db-ms Promoted (5)"),
    ("after", Kind.ORDER, "samba → start backup (Optional)"),
    ("row", Kind.ORDER, "samba"),
    ("site", Kind.TICKET, "backup @ t1 (stop)"),
    ("l", Kind.FENCING_LEVEL, "ivcs-main-1 : their-device (1)"),
    ("label", Kind.TAG, "samba, backup"),
    ("mail", Kind.ALERT, "/usr/local/bin/mail"),
]


@pytest.fixture
def drifted() -> bytes:
    """Our CIB after somebody put one object of each kind into it."""
    cib = etree.fromstring(CONVERGED)
    place = cib.find("configuration")
    assert place is not None
    for section, objects in FOREIGN.items():
        parent = place.find(section)
        if parent is None:
            parent = etree.SubElement(place, section)
        parent.extend(etree.fromstring(text) for text in objects)
    return etree.tostring(cib)


def test_each_is_named_with_its_kind_and_what_it_is(drifted: bytes) -> None:
    assert [(one.id, one.kind, one.about) for one in foreign_objects(drifted, WANTED)] == SEEN


def test_nothing_of_ours_is_foreign() -> None:
    assert foreign_objects(CONVERGED, WANTED) == ()


def test_they_stay_unless_they_are_to_go(drifted: bytes) -> None:
    assert not differs(drifted, WANTED)
    assert differs(drifted, WANTED, prune=True)
    pruned = merged(drifted, WANTED, prune=True)
    assert foreign_objects(pruned, WANTED) == ()
    assert not differs(pruned, WANTED, prune=True)
    for section in ("resources", "constraints"):
        after, before = (
            [one.get("id") for one in etree.fromstring(cib).iterfind(f"configuration/{section}/*")]
            for cib in (pruned, CONVERGED)
        )
        assert after == before
    assert '-    <alert id="mail"' in preview(drifted, WANTED, prune=True)


def test_what_an_earlier_version_of_ours_left_is_not_foreign(drifted: bytes) -> None:
    old = drifted.replace(b'id="cli-ban-samba"', b'id="live-cluster-of-old"')
    assert "live-cluster-of-old" not in {one.id for one in foreign_objects(old, WANTED)}


def test_our_fencing_devices_are_told_from_an_administrators(drifted: bytes) -> None:
    devices = tuple(
        Device(head=head, agent="fence_ipmilan", parameters={}) for head in ("ivcs-main-1", "ivcs-main-2")
    )
    fenced = merged(drifted, configuration(replace(PLAN, fencing=devices)))
    # Turned off: our devices go by themselves, whether anything is pruned or not; theirs only with it.
    found = {one.id for one in foreign_objects(fenced, WANTED) if one.kind is Kind.FENCING_DEVICE}
    assert found == {"their-device"}
    for prune in (False, True):
        root = etree.fromstring(merged(fenced, WANTED, prune=prune))
        left = {str(one.get("id")) for one in root.iterfind(".//primitive[@class='stonith']")}
        assert left == (set() if prune else {"their-device"})


def test_what_is_taken_out_can_be_put_back(drifted: bytes) -> None:
    kept = etree.fromstring(kept_aside(drifted, WANTED))
    assert [section.tag for section in kept] == list(FOREIGN)
    assert [one.get("id") for one in kept.iterfind("*/*")] == [identity for identity, _, _ in SEEN]
