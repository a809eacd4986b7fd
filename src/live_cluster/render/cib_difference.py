"""What has to change in a running CIB so that all that is ours is as wanted, and nothing else is touched."""

from __future__ import annotations

import copy
import difflib

from lxml import etree

from live_cluster.render.cib_drbd import FENCE_PREFIX
from live_cluster.render.cib_elements import Element, element, is_passing
from live_cluster.render.cib_foreign import is_ours, remove_foreign

_PARSER = etree.XMLParser(remove_blank_text=True)


def merged(running: bytes, wanted: Element, *, prune: bool = False) -> bytes:
    """The running CIB with our elements as wanted; same bytes in the same form where nothing differs.

    With `prune` the objects that are not ours (cib_foreign) are taken out, too.
    """
    cib = etree.fromstring(running, _PARSER)
    configuration = cib.find("configuration")
    assert configuration is not None  # the CIB schema demands it
    for section in wanted:
        _merge_section(configuration, section)
    if prune:
        remove_foreign(configuration, wanted)
    return etree.tostring(cib, pretty_print=True)


def differs(running: bytes, wanted: Element, *, prune: bool = False) -> bool:
    """Is anything of ours missing or other than wanted?"""
    return normalised(running) != merged(running, wanted, prune=prune)


def normalised(cib: bytes) -> bytes:
    """The CIB in the form that `merged` gives."""
    return etree.tostring(etree.fromstring(cib, _PARSER), pretty_print=True)


def without_device_history(cib: bytes) -> bytes:
    """The CIB without what fencing devices did: crm_verify(8) warns of history whose device is not there any more.

    The rest of the status stays: with fencing on, it warns of nodes of which nothing is known.
    """
    root = etree.fromstring(cib, _PARSER)
    for histories in root.iterfind("status//lrm_resources"):
        for history in histories.findall("lrm_resource[@class='stonith']"):
            histories.remove(history)
    return etree.tostring(root, pretty_print=True)


def preview(running: bytes, wanted: Element, *, prune: bool = False) -> str:
    """A unified difference of the configuration sections."""
    before = _configuration_text(normalised(running))
    after = _configuration_text(merged(running, wanted, prune=prune))
    lines = difflib.unified_diff(before, after, "CIB", "CIB", lineterm="", n=1)
    return "".join(line + "\n" for line in lines)


def changes_resources(running: bytes, wanted: Element) -> bool:
    """Does any resource that is there get another definition?

    What is only added or taken away does not count, nor how a stop is judged, which restarts nothing.
    """
    cib = etree.fromstring(running, _PARSER)
    after = etree.fromstring(merged(running, wanted), _PARSER)
    for operations in (*cib.iter("operations"), *after.iter("operations")):
        for stop in operations.findall("op[@name='stop']"):
            operations.remove(stop)
    new = {child.get("id"): _meaning(child) for child in after.iterfind("configuration/resources/*")}
    return any(
        new.get(child.get("id"), _meaning(child)) != _meaning(child)
        for child in cib.iterfind("configuration/resources/*")
    )


def with_node_attributes(wanted: Element, running: bytes, name: str, values: dict[str, str]) -> Element:
    """`wanted` plus a permanent attribute for each named node, under the ids that crm_attribute(8) uses."""
    result = copy.deepcopy(wanted)
    nodes = result.find("nodes")
    assert nodes is not None
    cib = etree.fromstring(running, _PARSER)
    for node in cib.iterfind("configuration/nodes/node"):
        value = values.get(str(node.get("uname")))
        if value is None:
            continue
        changed = copy.deepcopy(node)
        identity = f"nodes-{node.get('id')}"
        block = changed.find("instance_attributes")
        if block is None:
            block = element("instance_attributes", id=identity)
            changed.append(block)
        for old in block.findall(f"nvpair[@name='{name}']"):
            block.remove(old)
        block.append(element("nvpair", id=f"{identity}-{name}", name=name, value=value))
        nodes.append(changed)
    return result


def _merge_section(configuration: Element, wanted: Element) -> None:
    section = configuration.find(str(wanted.tag))
    if section is None:
        section = etree.SubElement(configuration, str(wanted.tag))
    for child in wanted:
        present = _child_with_id(section, str(child.get("id")))
        new = copy.deepcopy(child)
        if present is None:
            section.append(new)
            continue
        _keep_foreign_pairs(present, new)
        if _meaning(present) != _meaning(new):
            section.replace(present, new)
    _remove_retired(section, wanted)


def _keep_foreign_pairs(present: Element, new: Element) -> None:
    """An administrator's target-role or is-managed inside our elements stays, and his cluster properties.

    What we had set for a choice or a moment that is past does not.
    """
    for block in present.iter("meta_attributes", "cluster_property_set"):
        ours = _element_with_id(new, str(block.get("id")))
        if ours is None:
            owner = _element_with_id(new, str(block.getparent().get("id")))  # type: ignore[union-attr]
            if owner is not None and len(block) and not is_passing(block, str(owner.get("id"))):
                owner.append(copy.deepcopy(block))
            continue
        names = {pair.get("name") for pair in ours}
        ours.extend(copy.deepcopy(pair) for pair in block if pair.get("name") not in names)


def _remove_retired(section: Element, wanted: Element) -> None:
    """What an earlier version of ours left in the constraints and is wanted no more; our fencing devices, too.

    And DRBD where the files have left it, with what its own handlers have written about it.
    """
    if section.tag not in ("resources", "constraints"):
        return
    ours = {child.get("id") for child in wanted}
    for child in list(section):
        if (is_ours(child) and child.get("id") not in ours) or _is_about_nothing(child):
            section.remove(child)


def _is_about_nothing(child: Element) -> bool:
    if not str(child.get("id")).startswith(FENCE_PREFIX):
        return False
    return not child.xpath("../../resources//*[@id=$rsc]", rsc=str(child.get("rsc")))


def _child_with_id(section: Element, identity: str) -> Element | None:
    return next((child for child in section if child.get("id") == identity), None)


def _element_with_id(root: Element, identity: str) -> Element | None:
    return next((found for found in root.iter() if found.get("id") == identity), None)


# Pacemaker adds what others set at the end, and its tools write in orders of their own. Only here order counts.
_ORDERED = {("group", "primitive"), ("resource_set", "resource_ref")}
Meaning = tuple[str, tuple[tuple[str, str], ...], tuple["Meaning", ...]]


def _meaning(part: Element) -> Meaning:
    """The element as Pacemaker understands it: equal for two notations of the same configuration."""
    tag = str(part.tag)
    children = [_meaning(child) for child in part.iterchildren(tag=etree.Element)]
    free = sorted(child for child in children if (tag, child[0]) not in _ORDERED)
    kept = [child for child in children if (tag, child[0]) in _ORDERED]
    values = sorted((str(name), str(value)) for name, value in part.attrib.items())
    return (tag, tuple(values), (*free, *kept))


def _configuration_text(cib: bytes) -> list[str]:
    configuration = etree.fromstring(cib, _PARSER).find("configuration")
    assert configuration is not None
    return etree.tostring(configuration, pretty_print=True).decode().splitlines()
