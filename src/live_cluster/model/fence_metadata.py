"""What a fence agent says about itself (`AGENT -o metadata`), and whether a device fits to it."""

from __future__ import annotations

import re

# Written by a program of the server's own packages, which root is about to run.
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from live_cluster.errors import Problem, problem
from live_cluster.model.fencing_rules import is_for_pacemaker
from live_cluster.model.raw_settings import shown
from live_cluster.model.settings import FenceDevice

_BOOLEANS = frozenset({"0", "1", "yes", "no", "true", "false", "on", "off"})
# What Pacemaker gives the agent anyway: the action, and as its plug the server's name.
_GIVEN = frozenset({"action", "plug", "port", "nodename"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentParameter:
    """One parameter; `kind` in the agent's words, `choices` where only those are allowed.

    `replaces` is its former name, which the agent still takes; the former one is `deprecated`.
    """

    name: str
    kind: str
    required: bool
    default: str = ""
    choices: tuple[str, ...] = ()
    replaces: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentMetadata:
    """All parameters by name."""

    parameters: dict[str, AgentParameter]

    @property
    def password_script(self) -> str:
        """The parameter that names a program which prints the password; empty where the agent has none."""
        return next((name for name in ("password_script", "passwd_script") if name in self.parameters), "")

    @property
    def ipmitool_parameter(self) -> str:
        """Agents of the IPMI family have it; they hand the password to that program as an argument."""
        return "ipmitool_path" if "ipmitool_path" in self.parameters else ""

    @property
    def plug_parameter(self) -> str:
        """Which of the device's outlets or machines; empty where a device is one machine's alone."""
        return next((name for name in ("plug", "port") if name in self.parameters), "")


def parse_metadata(text: str) -> AgentMetadata | None:
    """None where the text is no metadata: the agent is not installed, or does not start."""
    try:
        root = ET.fromstring(text)  # noqa: S314
    except ET.ParseError:
        return None
    found = {}
    for element in root.iterfind("parameters/parameter"):
        content = element.find("content")
        name = element.get("name", "")
        found[name] = AgentParameter(
            name=name,
            kind="" if content is None else content.get("type", ""),
            required=element.get("required") == "1",
            replaces=element.get("obsoletes", ""),
            deprecated=element.get("deprecated") == "1",
            default="" if content is None else content.get("default", ""),
            choices=()
            if content is None
            else tuple(one.get("value", "") for one in content.iterfind("option")),
        )
    return AgentMetadata(parameters=found) if found else None


def device_problems(option: str, device: FenceDevice, metadata: AgentMetadata) -> Iterator[Problem]:
    """Every parameter that the agent does not know, lacks or cannot read."""
    given = dict(device.parameters)
    for name, value in device.parameters:
        if is_for_pacemaker(name):
            continue
        known = metadata.parameters.get(name)
        place = {"option": option, "agent": device.agent, "parameter": name, "value": shown(value)}
        if known is None:
            yield _unknown(place, metadata)
        elif known.choices and value not in known.choices:
            yield problem("fencing-choice", choices=", ".join(known.choices), **place)
        elif not _fits(value, known.kind):
            yield problem(f"fencing-not-{known.kind}", **place)
    for needed in metadata.parameters.values():
        names = {needed.name, needed.replaces}
        if needed.required and not needed.deprecated and not names & (given.keys() | _GIVEN):
            yield problem(
                "fencing-parameter-missing", option=option, agent=device.agent, parameter=needed.name
            )
    if device.password is not None and not (metadata.password_script or metadata.ipmitool_parameter):
        yield problem("fencing-password-useless", option=f"{option}-password", agent=device.agent)


def _unknown(place: dict[str, str], metadata: AgentMetadata) -> Problem:
    similar = next(iter(get_close_matches(place["parameter"], metadata.parameters, n=1, cutoff=0.6)), "")
    if similar:
        return problem("fencing-parameter-unknown-similar", similar=similar, **place)
    return problem("fencing-parameter-unknown", **place)


def _fits(value: str, kind: str) -> bool:
    if kind == "boolean":
        return value.lower() in _BOOLEANS
    if kind == "integer":
        return re.fullmatch(r"-?[0-9]+", value) is not None
    return kind != "second" or re.fullmatch(r"[0-9]+(?:\.[0-9]+)?", value) is not None
