"""Elements of the CIB with stable ids, so that differences between two runs stay small and readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

Element = etree._Element
# What we made has it in its name where nothing else tells.
OUR_PREFIX = "live-cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One `op`: interval and timeout in the CIB's notation ("10s"), the role for promotable resources.

    `parameters` are for the agent in this operation alone; `on_fail` as in Pacemaker Explained.
    """

    name: str
    interval: str = "0s"
    timeout: str
    role: str = ""
    on_fail: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive:
    """One resource: agent as `class:provider:type` or `systemd:unit`, its parameters, operations and meta.

    `passing_meta` goes with a choice or a moment, and is taken away with it.
    """

    id: str
    agent: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    passing_meta: Mapping[str, str] = field(default_factory=dict)


def element(tag: str, *children: Element, **values: str) -> Element:
    """One element; a trailing underscore in an attribute's name is for Python's own words."""
    made = etree.Element(tag, {name.rstrip("_").replace("__", "-"): text for name, text in values.items()})
    made.extend(children)
    return made


def primitive(resource: Primitive) -> Element:
    """<primitive> with its attributes and operations."""
    standard, _, rest = resource.agent.partition(":")
    provider, _, kind = rest.rpartition(":")
    made = element("primitive", id=resource.id, class_=standard, type=kind)
    if provider:
        made.set("provider", provider)
    if resource.parameters:
        made.append(attributes("instance_attributes", resource.id, resource.parameters))
    if resource.meta or resource.passing_meta:
        # Also an empty one: pcs writes an administrator's words into the first set, not to be the passing one.
        made.append(attributes("meta_attributes", resource.id, resource.meta))
    made.extend(_passing(resource.id, resource.passing_meta))
    operations = element(
        "operations",
    )
    for operation in resource.operations:
        operations.append(_operation(resource.id, operation))
    made.append(operations)
    return made


def group(identity: str, members: tuple[Primitive, ...], meta: Mapping[str, str] | None = None) -> Element:
    """<group>: its members start in this order and stay together."""
    made = element("group", id=identity)
    if meta:
        made.append(attributes("meta_attributes", identity, meta))
    made.extend(primitive(member) for member in members)
    return made


def clone(
    identity: str, resource: Primitive, meta: Mapping[str, str], passing_meta: Mapping[str, str] | None = None
) -> Element:
    """<clone>: one instance on each head."""
    made = element("clone", id=identity)
    made.append(attributes("meta_attributes", identity, meta))
    made.extend(_passing(identity, passing_meta))
    made.append(primitive(resource))
    return made


def attributes(tag: str, owner: str, values: Mapping[str, str], *, suffix: str = "") -> Element:
    """A set of name-value pairs; ids follow from the owner's id and the names."""
    identity = f"{owner}-{tag}{suffix}"
    made = etree.Element(tag, id=identity)
    for name, value in values.items():
        made.append(element("nvpair", id=f"{identity}-{name}", name=name, value=value))
    return made


def _passing(owner: str, values: Mapping[str, str] | None) -> list[Element]:
    """In a set of our own name: what crm_resource(8) writes for an administrator has the names of the other one.

    By its score it counts before those, and less than the hold of a split-brain that is being resolved.
    """
    if not values:
        return []
    made = attributes("meta_attributes", f"{OUR_PREFIX}-{owner}", values)
    made.set("score", "500")
    return [made]


def is_passing(block: Element, owner: str) -> bool:
    """Is it the set of what goes with a choice or a moment?"""
    return block.get("id") == f"{OUR_PREFIX}-{owner}-meta_attributes"


def colocation(
    identity: str, who: str, with_whom: str, *, role: str = "", has_influence: bool = True
) -> Element:
    """`who` runs where `with_whom` runs (in `role`); without influence it has no say in where that is."""
    made = element("rsc_colocation", id=identity, rsc=who, score="INFINITY")
    made.set("with-rsc", with_whom)
    if role:
        made.set("with-rsc-role", role)
    if not has_influence:
        made.set("influence", "false")
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordering:
    """First one action, then another; `kind` and symmetry as in Pacemaker Explained, "Ordering"."""

    id: str
    first: str
    first_action: str
    then: str
    then_action: str
    kind: str = "Mandatory"
    symmetrical: bool = False


def ordering(order: Ordering) -> Element:
    """<rsc_order>."""
    made = element("rsc_order", id=order.id, first=order.first, then=order.then, kind=order.kind)
    made.set("first-action", order.first_action)
    made.set("then-action", order.then_action)
    made.set("symmetrical", "true" if order.symmetrical else "false")
    return made


def _operation(owner: str, operation: Operation) -> Element:
    role = f"-{operation.role.lower()}" if operation.role else ""
    made = element(
        "op",
        id=f"{owner}-{operation.name}{role}-{operation.interval}",
        name=operation.name,
        interval=operation.interval,
        timeout=operation.timeout,
    )
    if operation.role:
        made.set("role", operation.role)
    if operation.on_fail:
        made.set("on-fail", operation.on_fail)
    if operation.parameters:
        made.append(attributes("instance_attributes", str(made.get("id")), operation.parameters))
    return made
