"""What Pacemaker says of a configuration before it is put into force: crm_simulate(8) and crm_verify(8).

Both read it from standard input and change nothing. crm_simulate's XML is the same in Pacemaker 2.1.5 and 3.0.
"""

from __future__ import annotations

from dataclasses import dataclass

from live_cluster.probes.xml_tree import Element, NotXml, parse_xml
from live_cluster.remote.requests import Command, CommandResult

# The same words come for every configuration without fencing, and count for nothing (both releases).
_ALWAYS_SAID = "Blind faith"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One thing that Pacemaker would do: `action` in its own word (start, stop, move, restart, promote, demote …).

    `source` is where the resource is now, `target` where it will be; either may be empty.
    """

    action: str
    resource: str
    source: str = ""
    target: str = ""


class NoSimulation(ValueError):
    """crm_simulate gave no result; the text is its own."""


def simulate(cib: bytes) -> Command:
    """What would this configuration change?"""
    return Command(argv=("crm_simulate", "--simulate", "--xml-pipe", "--output-as=xml"), stdin=cib)


def verify(cib: bytes) -> Command:
    """What is wrong with this configuration? Twice verbose: with warnings."""
    return Command(argv=("crm_verify", "-V", "-V", "--xml-pipe"), stdin=cib)


def effects_of(reply: CommandResult) -> tuple[Effect, ...]:
    """What is in crm_simulate's answer; NoSimulation where it is none."""
    try:
        root = parse_xml(reply.stdout)
    except NotXml as error:
        raise NoSimulation((reply.error_text or reply.text).strip()[-300:]) from error
    if not reply.ok or root.find("transition") is None:
        raise NoSimulation((reply.error_text or reply.text).strip()[-300:])
    actions = root.find("actions")
    return tuple(_effect(one) for one in actions.children) if actions is not None else ()


def only_warns(reply: CommandResult) -> bool:
    """crm_verify ends with 78 for errors and for mere warnings; its last sentence tells which."""
    said = reply.error_text + reply.text
    return not reply.ok and ("Warnings found during check" in said or "(with warnings)" in said)


def warnings_of(reply: CommandResult) -> tuple[str, ...]:
    """Each of crm_verify's warnings once."""
    found = (line.partition("warning: ")[2].strip() for line in reply.error_text.splitlines())
    return tuple(dict.fromkeys(text for text in found if text and not text.startswith(_ALWAYS_SAID)))


def errors_of(reply: CommandResult) -> str:
    """What crm_verify says is wrong, on one line."""
    lines = (line.strip() for line in reply.error_text.splitlines())
    said = (
        line.partition("error: ")[2].strip() or line for line in lines if line and "warning: " not in line
    )
    return "; ".join(dict.fromkeys(said))[-1000:]


def _effect(one: Element) -> Effect:
    if one.tag == "node_action":
        return Effect(action="fence", resource="", source=one.get("node"))
    action, node = one.get("action").lower(), one.get("node")
    starts = action == "start"
    return Effect(
        action=action,
        resource=one.get("resource").partition(":")[0],
        source=one.get("source") or ("" if starts else node),
        target=one.get("dest") or (node if starts else ""),
    )
