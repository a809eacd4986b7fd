"""A CIB as Pacemaker will see it once sbd(8) runs: it notes that itself, and relies on no watchdog without it."""

from __future__ import annotations

from lxml import etree

from live_cluster.render.cib_elements import Element, element

_NOTE = "have-watchdog"
_CLOCK = "stonith-watchdog-timeout"


def as_if_armed(cib: bytes, wanted: Element) -> bytes:
    """`cib` with Pacemaker's own note, where the wanted configuration relies on watchdogs; otherwise as it is."""
    clock = wanted.find(f"crm_config//nvpair[@name='{_CLOCK}']")
    if clock is None or clock.get("value") == "0":
        return cib
    root = etree.fromstring(cib)
    notes = root.findall(f"configuration/crm_config//nvpair[@name='{_NOTE}']")
    for note in notes:
        note.set("value", "true")
    properties = root.find("configuration/crm_config/cluster_property_set")
    if not notes and properties is not None:
        properties.append(element("nvpair", id=f"{properties.get('id')}-{_NOTE}", name=_NOTE, value="true"))
    return etree.tostring(root, pretty_print=True)
