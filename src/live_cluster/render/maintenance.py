"""The cluster property set that switches maintenance mode on, and what its elements are called.

With an end it carries a rule: after that moment the set is worth nothing, on every head and without a timer.
"""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from live_cluster.render.cib_elements import element

SET = "live-cluster-maintenance"
# Pacemaker ignores names that it does not know; they tell the other head's administrator.
BY, SINCE, UNTIL = (
    "live-cluster-maintenance-by",
    "live-cluster-maintenance-since",
    "live-cluster-maintenance-until",
)


def moment(when: datetime) -> str:
    """As Pacemaker reads it in rules."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def maintenance_set(*, by: str, since: datetime, until: datetime | None) -> str:
    """<crm_config> with the one set, for `cibadmin --modify --allow-create`."""
    values = {"maintenance-mode": "true", BY: by, SINCE: moment(since)}
    made = element("cluster_property_set", id=SET, score="1000")
    if until is not None:
        values[UNTIL] = moment(until)
        limit = element("date_expression", id=f"{SET}-end", operation="lt", end=moment(until))
        made.append(element("rule", limit, id=f"{SET}-rule", score="INFINITY"))
    for name, value in values.items():
        made.append(element("nvpair", id=f"{SET}-{name.removeprefix(SET + '-')}", name=name, value=value))
    return etree.tostring(element("crm_config", made), encoding="unicode")
