"""Resources that run nowhere until a certain time: the pause ends by itself, whatever becomes of who ordered it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from live_cluster.render.cib_elements import OUR_PREFIX, Element, element

# With our prefix: whoever brings the CIB into the wanted state takes the pause out with the same patch.
_PREFIX = f"{OUR_PREFIX}-pause"


def pause(resources: Iterable[str], until: datetime) -> bytes:
    """<constraints> for `cibadmin --modify --allow-create`; `until` in UTC."""
    made = element(
        "constraints",
    )
    made.extend(_one(resource, until) for resource in resources)
    return etree.tostring(made)


def end_of_pause(resource: str) -> bytes:
    """For `cibadmin --delete`."""
    return etree.tostring(element("rsc_location", id=pause_id(resource)))


def pause_id(resource: str) -> str:
    """The constraint's id."""
    return f"{_PREFIX}-{resource}"


def _one(resource: str, until: datetime) -> Element:
    identity = pause_id(resource)
    end = until.strftime("%Y-%m-%dT%H:%M:%SZ")
    date = element("date_expression", id=f"{identity}-until", operation="lt", end=end)
    rule = element("rule", date, id=f"{identity}-rule", score="-INFINITY")
    return element("rsc_location", rule, id=identity, rsc=resource)
