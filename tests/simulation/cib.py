"""The cluster's configuration as each head holds it: snapshots that are never changed, only replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

from simulation.engine import SimulationError
from simulation.network import HEADS

RESOURCE = "ivcs-db"
DATA = f"{RESOURCE}-data"
SCORE = f"master-{RESOURCE}"
MET = f"{RESOURCE}-met"
WANTED = f"{RESOURCE}-wanted"
IDENTIFIERS = {name: str(number) for number, name in enumerate(HEADS, start=1)}
_NAMES = {identifier: name for name, identifier in IDENTIFIERS.items()}
_VERSIONS = ("admin_epoch", "epoch", "num_updates")


@dataclass(frozen=True, slots=True)
class NodeState:
    """What the controller says of a node."""

    join: str = "down"
    expected: str = "down"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed operation as the status section keeps it."""

    node: str
    task: str
    code: int
    at: int
    reason: str
    interval: int
    timed_out: bool


@dataclass(frozen=True, slots=True)
class Cib:
    """One version. permanent: node attributes that outlive a reboot, by node and name."""

    version: tuple[int, int, int] = (0, 1, 0)
    permanent: Mapping[tuple[str, str], str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    transient: Mapping[tuple[str, str], str] = field(default_factory=dict)
    states: Mapping[str, NodeState] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    _answers: dict[str, str] = field(default_factory=dict, compare=False, repr=False)

    def option(self, name: str, default: str = "") -> str:
        """A cluster property."""
        return self.options.get(name, default)

    def data_of(self, node: str) -> str:
        """What is recorded of a node's data."""
        return self.permanent.get((node, DATA), "")

    def configured(self, **changes: object) -> Cib:
        """The next version with a change of the configuration."""
        admin_epoch, epoch, _ = self.version
        return replace(self, version=(admin_epoch, epoch + 1, 0), _answers={}, **changes)

    def noted(self, **changes: object) -> Cib:
        """The next version with a change of the status only."""
        admin_epoch, epoch, updates = self.version
        return replace(self, version=(admin_epoch, epoch, updates + 1), _answers={}, **changes)

    def with_permanent(self, changes: Mapping[tuple[str, str], str | None]) -> Cib:
        """Node attributes changed; nothing new is no new version."""
        after = {key: value for key, value in self.permanent.items() if key not in changes}
        after |= {key: value for key, value in changes.items() if value is not None}
        return self if after == self.permanent else self.configured(permanent=after)

    def with_options(self, changes: Mapping[str, str]) -> Cib:
        """Cluster properties changed."""
        after = {**self.options, **changes}
        return self if after == self.options else self.configured(options=after)

    def with_transient(self, changes: Mapping[tuple[str, str], str | None]) -> Cib:
        """Transient attributes changed."""
        after = {key: value for key, value in self.transient.items() if key not in changes}
        after |= {key: value for key, value in changes.items() if value is not None}
        return self if after == self.transient else self.noted(transient=after)

    def answer(self, xpath: str) -> str:
        """What `cibadmin --query --xpath` prints; empty where nothing matches."""
        found = self._answers.get(xpath)
        if found is None:
            found = self._answers[xpath] = _answer(self.document(), xpath)
        return found

    def document(self) -> etree._Element:
        """The whole as XML."""
        version = dict(zip(_VERSIONS, map(str, self.version), strict=True))
        root = etree.Element("cib", version)
        configuration = etree.SubElement(root, "configuration")
        options = etree.SubElement(
            etree.SubElement(configuration, "crm_config"), "cluster_property_set", id="o"
        )
        for name, value in self.options.items():
            etree.SubElement(options, "nvpair", id=f"o-{name}", name=name, value=value)
        nodes = etree.SubElement(configuration, "nodes")
        status = etree.SubElement(root, "status")
        for name, identifier in IDENTIFIERS.items():
            node = etree.SubElement(nodes, "node", id=identifier, uname=name)
            pairs = {key[1]: value for key, value in self.permanent.items() if key[0] == name}
            _pairs(node, f"nodes-{identifier}", pairs)
            state = self.states.get(name)
            if state is None:
                continue
            known = {"join": state.join, "expected": state.expected}
            part = etree.SubElement(status, "node_state", id=identifier, uname=name, **known)
            fleeting = {key[1]: value for key, value in self.transient.items() if key[0] == name}
            if fleeting:
                attributes = etree.SubElement(part, "transient_attributes", id=identifier)
                _pairs(attributes, f"status-{identifier}", fleeting)
            self._failures(part, name)
        return root

    def _failures(self, part: etree._Element, name: str) -> None:
        for failure in self.failures:
            if failure.node == name:
                values = {
                    "id": f"{RESOURCE}_last_failure_0",
                    "operation": failure.task,
                    "rc-code": str(failure.code),
                    "interval": str(failure.interval),
                    "last-rc-change": str(failure.at),
                    "on_node": name,
                    "exit-reason": failure.reason,
                    "op-status": "2" if failure.timed_out else "0",
                }
                etree.SubElement(part, "lrm_rsc_op", values)


def _pairs(parent: etree._Element, identifier: str, pairs: Mapping[str, str]) -> None:
    if pairs:
        attributes = etree.SubElement(parent, "instance_attributes", id=identifier)
        for name, value in pairs.items():
            etree.SubElement(attributes, "nvpair", id=f"{identifier}-{name}", name=name, value=value)


def _answer(root: etree._Element, xpath: str) -> str:
    found = root.xpath(xpath)
    if not isinstance(found, list):
        raise SimulationError(f"no node set: {xpath}")
    elements = [one for one in found if isinstance(one, etree._Element)]
    texts = [etree.tostring(one, encoding="unicode") for one in elements]
    if len(texts) < 2:
        return "".join(texts)
    return "<xpath-query>" + "".join(texts) + "</xpath-query>"


def modified(cib: Cib, text: str) -> Cib:
    """What `cibadmin --modify` makes of a configuration."""
    root = etree.fromstring(text)
    changed = cib
    permanent: dict[tuple[str, str], str | None] = {}
    for node in root.iter("node"):
        name = _NAMES.get(node.get("id", ""), node.get("uname", ""))
        for pair in node.iter("nvpair"):
            permanent[name, pair.get("name", "")] = pair.get("value", "")
    changed = changed.with_permanent(permanent)
    options = {
        pair.get("name", ""): pair.get("value", "")
        for part in root.iter("crm_config")
        for pair in part.iter("nvpair")
    }
    changed = changed.with_options(options) if options else changed
    if root.tag == "cib":
        changed = _with_version(cib, changed, root)
    return changed


def _with_version(before: Cib, changed: Cib, root: etree._Element) -> Cib:
    """Versions that are named are set, and `name++` or `++` raises one; a higher one starts those below anew."""
    numbers = list(changed.version)
    for place, name in enumerate(_VERSIONS):
        wanted = root.get(name)
        if wanted is None:
            continue
        value = before.version[place] + 1 if wanted.endswith("++") else int(wanted)
        if value > numbers[place] and place == 0:
            numbers = [value, numbers[1], 0]
        else:
            numbers[place] = value
    return replace(changed, version=(numbers[0], numbers[1], numbers[2]), _answers={})
