"""Elements of the CIB with stable ids, so that differences between two runs stay small and readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree
from lxml.builder import E

Element = etree._Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One `op`: interval and timeout in the CIB's notation ("10s"), the role for promotable resources."""

    name: str
    interval: str = "0s"
    timeout: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Primitive:
    """One resource: agent as `class:provider:type` or `systemd:unit`, its parameters, operations and meta."""

    id: str
    agent: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[Operation, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)


def primitive(resource: Primitive) -> Element:
    """<primitive> with its attributes and operations."""
    standard, _, rest = resource.agent.partition(":")
    provider, _, kind = rest.rpartition(":")
    element = E.primitive(id=resource.id, **{"class": standard, "type": kind})
    if provider:
        element.set("provider", provider)
    if resource.parameters:
        element.append(attributes("instance_attributes", resource.id, resource.parameters))
    if resource.meta:
        element.append(attributes("meta_attributes", resource.id, resource.meta))
    operations = E.operations()
    for operation in resource.operations:
        operations.append(_operation(resource.id, operation))
    element.append(operations)
    return element


def group(identity: str, members: tuple[Primitive, ...], meta: Mapping[str, str] | None = None) -> Element:
    """<group>: its members start in this order and stay together."""
    element = E.group(id=identity)
    if meta:
        element.append(attributes("meta_attributes", identity, meta))
    element.extend(primitive(member) for member in members)
    return element


def clone(identity: str, resource: Primitive, meta: Mapping[str, str]) -> Element:
    """<clone>: one instance on each head."""
    element = E.clone(id=identity)
    element.append(attributes("meta_attributes", identity, meta))
    element.append(primitive(resource))
    return element


def attributes(tag: str, owner: str, values: Mapping[str, str], *, suffix: str = "") -> Element:
    """A set of name-value pairs; ids follow from the owner's id and the names."""
    identity = f"{owner}-{tag}{suffix}"
    element = etree.Element(tag, id=identity)
    for name, value in values.items():
        element.append(E.nvpair(id=f"{identity}-{name}", name=name, value=value))
    return element


def colocation(
    identity: str, who: str, with_whom: str, *, role: str = "", score: str = "INFINITY"
) -> Element:
    """`who` runs where `with_whom` runs (in `role`)."""
    element = E.rsc_colocation(id=identity, rsc=who, score=score)
    element.set("with-rsc", with_whom)
    if role:
        element.set("with-rsc-role", role)
    return element


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
    element = E.rsc_order(id=order.id, first=order.first, then=order.then, kind=order.kind)
    element.set("first-action", order.first_action)
    element.set("then-action", order.then_action)
    element.set("symmetrical", "true" if order.symmetrical else "false")
    return element


def _operation(owner: str, operation: Operation) -> Element:
    role = f"-{operation.role.lower()}" if operation.role else ""
    element = E.op(
        id=f"{owner}-{operation.name}{role}-{operation.interval}",
        name=operation.name,
        interval=operation.interval,
        timeout=operation.timeout,
    )
    if operation.role:
        element.set("role", operation.role)
    return element
