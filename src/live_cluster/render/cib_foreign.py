"""What others put into the CIB: told apart from ours, described, taken out, kept as XML."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from enum import Enum

from lxml import etree

from live_cluster.render.cib_drbd import FENCE_PREFIX, WITH_PRIMARY
from live_cluster.render.cib_elements import OUR_PREFIX, Element, element
from live_cluster.render.cib_fencing import location_id

# Where objects stand that run, move, or are called by something. Properties, defaults and access lists are an
# administrator's settings: they stay in any case.
SECTIONS = ("resources", "constraints", "fencing-topology", "tags", "alerts")


class Kind(Enum):
    """What sort of object it is; the values stand in JSON."""

    RESOURCE = "resource"
    GROUP = "group"
    CLONE = "clone"
    BUNDLE = "bundle"
    TEMPLATE = "template"
    FENCING_DEVICE = "fencing-device"
    LOCATION = "location"
    COLOCATION = "colocation"
    ORDER = "order"
    TICKET = "ticket"
    FENCING_LEVEL = "fencing-level"
    TAG = "tag"
    ALERT = "alert"
    OTHER = "other"


_KINDS = {
    "primitive": Kind.RESOURCE,
    "group": Kind.GROUP,
    "clone": Kind.CLONE,
    "master": Kind.CLONE,
    "bundle": Kind.BUNDLE,
    "template": Kind.TEMPLATE,
    "rsc_location": Kind.LOCATION,
    "rsc_colocation": Kind.COLOCATION,
    "rsc_order": Kind.ORDER,
    "rsc_ticket": Kind.TICKET,
    "fencing-level": Kind.FENCING_LEVEL,
    "tag": Kind.TAG,
    "alert": Kind.ALERT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignObject:
    """One object that is not ours; `about` is what it is, in the CIB's own words."""

    id: str
    kind: Kind
    about: str


def foreign_objects(cib: bytes, wanted: Element) -> tuple[ForeignObject, ...]:
    """Everything in these sections that is neither wanted nor left over from us, in the CIB's order."""
    return tuple(
        ForeignObject(id=str(one.get("id")), kind=_kind(one), about=_about(one))
        for one in foreign_elements(_configuration(cib), wanted)
    )


def foreign_elements(configuration: Element, wanted: Element) -> list[Element]:
    """The same as elements."""
    return [
        child
        for section in SECTIONS
        for child in configuration.iterfind(f"{section}/*")
        if wanted.find(f"{section}/*[@id='{child.get('id')}']") is None
        and not is_ours(child)
        and not str(child.get("id")).startswith(FENCE_PREFIX)
    ]


def is_ours(child: Element) -> bool:
    """Did we make it, now or in an earlier version?"""
    if child.tag == "primitive":
        # Resources come before constraints: the one that goes with our devices is still there.
        constraint = location_id(str(child.get("id")))
        return child.get("class") == "stonith" and bool(
            child.xpath("../../constraints/rsc_location[@id=$id]", id=constraint)
        )
    if child.tag == "clone":
        # As long as its constraint is there, as with the devices.
        path = "../../constraints/rsc_colocation[@id=$id and @rsc=$rsc]"
        return bool(child.xpath(path, id=WITH_PRIMARY, rsc=str(child.get("id"))))
    return str(child.get("id")).startswith(OUR_PREFIX)


def remove_foreign(configuration: Element, wanted: Element) -> None:
    """Take them out of this tree."""
    for one in foreign_elements(configuration, wanted):
        parent = one.getparent()
        assert parent is not None  # every one stands in a section
        parent.remove(one)


def kept_aside(cib: bytes, wanted: Element) -> bytes:
    """All of them as a <configuration> that `cibadmin --modify --allow-create` takes back."""
    kept = element(
        "configuration",
    )
    for one in foreign_elements(_configuration(cib), wanted):
        section = str(one.getparent().tag)  # type: ignore[union-attr]
        place = kept.find(section)
        if place is None:
            place = etree.SubElement(kept, section)
        place.append(copy.deepcopy(one))
    return etree.tostring(kept, pretty_print=True)


def _configuration(cib: bytes) -> Element:
    found = etree.fromstring(cib, etree.XMLParser(remove_blank_text=True)).find("configuration")
    assert found is not None  # the CIB schema demands it
    return found


def _kind(one: Element) -> Kind:
    if one.tag == "primitive" and one.get("class") == "stonith":
        return Kind.FENCING_DEVICE
    return _KINDS.get(str(one.tag), Kind.OTHER)


# What stands left and right of a sign, and what the relation weighs.
_RELATIONS = {
    Kind.COLOCATION: (("rsc", "rsc-role"), "+", ("with-rsc", "with-rsc-role"), "score"),
    Kind.ORDER: (("first-action", "first"), "→", ("then-action", "then"), "kind"),
    Kind.LOCATION: (("rsc", "rsc-pattern", "role"), "@", ("node",), "score"),
    Kind.TICKET: (("rsc",), "@", ("ticket",), "loss-policy"),
    Kind.FENCING_LEVEL: (("target", "target-pattern", "target-value"), ":", ("devices",), "index"),
}


def _about(one: Element) -> str:
    kind = _kind(one)
    if kind in _RELATIONS:
        return _relation(one, *_RELATIONS[kind])
    if kind in (Kind.RESOURCE, Kind.FENCING_DEVICE, Kind.TEMPLATE):
        return _agent(one)
    if kind is Kind.TAG:
        return ", ".join(str(inner.get("id")) for inner in one.iter("obj_ref"))
    members = ", ".join(f"{inner.get('id')} ({_agent(inner)})" for inner in one.iter("primitive"))
    return members or str(one.get("path") or one.tag)


def _agent(one: Element) -> str:
    words = (one.get("class"), one.get("provider"), one.get("type"))
    return ":".join(word for word in words if word) or f"@{one.get('template')}"


def _relation(one: Element, left: tuple[str, ...], sign: str, right: tuple[str, ...], weight: str) -> str:
    """`LEFT SIGN RIGHT (WEIGHT)`; resource sets and rules are too long for a line and shown by their resources."""
    sides = [" ".join(str(one.get(name)) for name in names if one.get(name)) for names in (left, right)]
    if not sides[0]:
        sides[0] = ", ".join(str(inner.get("id")) for inner in one.iter("resource_ref"))
    shown = f" {sign} ".join(side for side in sides if side)
    score = one.get(weight)
    return f"{shown} ({score})" if score else shown
