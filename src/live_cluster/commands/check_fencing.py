"""Does each head's fencing device answer the other head? And on request: does it really cut the power?"""

from __future__ import annotations

# The XML comes from this server's own Pacemaker.
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from live_cluster.apply.waiting import wait_until
from live_cluster.commands.check import Finding, Tools
from live_cluster.commands.check_watchdog import local_watchdog, watchdog_findings
from live_cluster.commands.status import Asked, Server, understand
from live_cluster.errors import CommandFailed, InputRejected, LiveClusterError, NotReady, problem, warning
from live_cluster.messages import Message, message
from live_cluster.model.fencing_rules import is_for_pacemaker
from live_cluster.model.health import Verdict, judge
from live_cluster.plan.fencing_steps import (
    ANSWER_DEADLINE_S,
    POWER_IS_OFF,
    POWER_IS_ON,
    agent_words,
    ask_power,
)
from live_cluster.remote.requests import CommandResult
from live_cluster.render.cib_fencing import PREFIX, PRIORITY_DELAY_S

# stonith-timeout of the CIB, twice: Pacemaker may try a second time.
SHOOT_DEADLINE_S = 150.0
# A head boots within minutes and may have to copy its database again.
WHOLE_DEADLINE_S = 1800.0
_DEVICES = "/cib/configuration/resources//primitive[@class='stonith']"
_POWER = {POWER_IS_ON: "on", POWER_IS_OFF: "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Device:
    head: str
    resource: str
    agent: str
    parameters: dict[str, str]


def check_fencing(tools: Tools) -> Iterator[Finding]:
    """A finding for each head; NotReady where no fencing is configured."""
    own, heads = _names(tools)
    devices = _devices(tools)
    watchdogs = tuple(watchdog_findings(tools, own, heads))
    if not devices and not watchdogs:
        raise NotReady(problem("check-no-fencing"))
    yield from watchdogs
    for head in heads if devices else ():
        device = next((one for one in devices if one.head == head), None)
        if device is None:
            yield _bad(head, message("check-device-missing"))
        elif head == own:
            peer = next((name for name in heads if name != own), "")
            yield _ask_through_pacemaker(tools, device, peer)
        else:
            yield _ask_myself(tools, device, own)


def _names(tools: Tools) -> tuple[str, tuple[str, ...]]:
    own = tools.run(("crm_node", "--name"), check=True).text.strip()
    listed = tools.run(("cibadmin", "--query", "--xpath", "/cib/configuration/nodes"), check=True)
    names = (str(node.get("uname")) for node in ET.fromstring(listed.stdout).iter("node"))  # noqa: S314
    return own, tuple(sorted(names))


def _devices(tools: Tools) -> tuple[_Device, ...]:
    answer = tools.run(("cibadmin", "--query", "--xpath", _DEVICES))
    if answer.returncode != 0:
        return ()
    found = []
    # One match is the document itself, several are wrapped.
    for element in ET.fromstring(answer.stdout).iter("primitive"):  # noqa: S314
        pairs = {
            pair.get("name", ""): pair.get("value", "")
            for pair in element.iterfind("instance_attributes/nvpair")
        }
        resource = element.get("id", "")
        head = pairs.get("pcmk_host_list", resource.removeprefix(PREFIX))
        found.append(_Device(head=head, resource=resource, agent=element.get("type", ""), parameters=pairs))
    return tuple(found)


def _ask_myself(tools: Tools, device: _Device, own: str) -> Finding:
    parameters = {name: value for name, value in device.parameters.items() if not is_for_pacemaker(name)}
    question = ask_power(device.agent, parameters)
    began = tools.clock.now()
    answer = tools.run(question.argv, stdin=question.stdin, timeout_s=ANSWER_DEADLINE_S)
    seconds = tools.clock.now() - began
    reply = CommandResult(returncode=answer.returncode, stdout=answer.stdout, stderr=answer.stderr)
    power = _POWER.get(answer.returncode, "")
    if not power:
        reason = message("check-agent-silent", agent=device.agent, answer=agent_words(reply))
        return _bad(device.head, reason, own)
    if power == "off" and _is_online(tools, device.head):
        return _bad(device.head, message("check-other-machine"), own)
    found = _good(device.head, _Answer(asked_from=own, seconds=seconds, power=power))
    # Before it shoots, an agent asks the device and then tells it: both must fit into the delay.
    if 2 * seconds <= PRIORITY_DELAY_S:
        return found
    slow = warning("check-slow", node=device.head, seconds=f"{seconds:.1f}", delay=PRIORITY_DELAY_S)
    return replace(found, warnings=(slow,))


def _is_online(tools: Tools, node: str) -> bool:
    xpath = f"//node_state[@uname='{node}'][@crmd='online' or number(@crmd) > 1]"
    return tools.run(("cibadmin", "--query", "--no-children", "--xpath", xpath)).returncode == 0


def _ask_through_pacemaker(tools: Tools, device: _Device, peer: str) -> Finding:
    """This head's own device is asked by the other one: forgetting what it knows makes Pacemaker ask again."""
    if not _is_online(tools, peer):
        return _bad(device.head, message("check-refresh-failed", peer=peer))
    began = tools.clock.now()
    before = _operations(tools, device, peer)
    tools.run(("crm_resource", "--refresh", "--resource", device.resource, "--node", peer))
    result: tuple[int, str] | None = None

    def answered() -> bool:
        nonlocal result
        seen = _operations(tools, device, peer)
        fresh = {key: value for key, value in seen.items() if before.get(key) != value}
        ends = [(code, reason) for (kind, _), (code, reason) in fresh.items() if kind in ("monitor", "start")]
        failed = [one for one in ends if one[0] != 0]
        is_watched = any(kind == "monitor" for kind, _ in fresh)
        result = failed[0] if failed else ends[0] if is_watched else None
        return result is not None

    if not wait_until(answered, deadline_s=2 * ANSWER_DEADLINE_S, poll_s=0.5, clock=tools.clock):
        reason = message("check-not-asked", peer=peer, seconds=round(2 * ANSWER_DEADLINE_S))
        return _bad(device.head, reason, peer)
    seconds = tools.clock.now() - began
    if result is not None and result[0] != 0:
        reason = message("check-monitor-failed", peer=peer, reason=result[1] or f"rc {result[0]}")
        return _bad(device.head, reason, peer)
    # That this server runs is proof enough of its power.
    return _good(device.head, _Answer(asked_from=peer, seconds=seconds, power="on"))


def _operations(tools: Tools, device: _Device, peer: str) -> dict[tuple[str, str], tuple[int, str]]:
    """Ended operations with call id: (kind, call id) to (exit code, reason); probes left out."""
    xpath = f"//node_state[@uname='{peer}']//lrm_resource[@id='{device.resource}']"
    answer = tools.run(("cibadmin", "--query", "--xpath", xpath))
    if answer.returncode != 0:
        return {}
    ended = {}
    for one in ET.fromstring(answer.stdout).iter("lrm_rsc_op"):  # noqa: S314
        kind, interval = one.get("operation", ""), one.get("interval", "0")
        if one.get("op-status") != "-1" and (kind == "start" or interval != "0"):
            key = (kind, f"{one.get('call-id')} {one.get('last-rc-change')}")
            ended[key] = (int(one.get("rc-code", "0")), one.get("exit-reason", ""))
    return ended


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """From whom the device was asked, how long that took, and what it said of the power."""

    asked_from: str
    seconds: float
    power: str


def _good(head: str, answer: _Answer) -> Finding:
    detail = message(
        "check-detail-power",
        asked_from=answer.asked_from,
        seconds=f"{answer.seconds:.1f}",
        power=message(f"power-{answer.power}"),
    )
    return Finding(
        subject=message("check-fencing", node=head),
        good=True,
        detail=detail,
        facts={**_facts(head, answer.asked_from, answer.power), "seconds": round(answer.seconds, 2)},
    )


def _bad(head: str, reason: Message, asked_from: str = "") -> Finding:
    return Finding(
        subject=message("check-fencing", node=head),
        good=False,
        detail=message("check-detail-reason", reason=reason),
        facts={**_facts(head, asked_from), "seconds": None},
    )


def _facts(head: str, asked_from: str, power: str = "") -> dict[str, object]:
    return {"check": "fencing", "node": head, "asked_from": asked_from or None, "power": power or None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A head's power was cut on purpose; seconds until that was confirmed, and until the cluster was whole."""

    node: str
    fenced_s: float
    whole_s: float | None


def refuse_shot(node: str, tools: Tools, server: Server) -> None:
    """Raises where shooting at `node` would be a mistake, or would end the service."""
    own, heads = _names(tools)
    if node not in heads:
        raise InputRejected(problem("shoot-unknown", node=node, known=", ".join(heads)))
    if node == own:
        raise InputRejected(problem("shoot-myself", node=node))
    if not _devices(tools) and local_watchdog(tools) is None:
        raise NotReady(problem("check-no-fencing"))
    if not _verdict(server).healthy:
        raise NotReady(problem("shoot-not-whole"))


def shoot(node: str, tools: Tools, server: Server, tell: Callable[[Message], None]) -> Shot:
    """Cut the power through Pacemaker, and wait until the head is back and the cluster whole."""
    tell(message("shoot-fencing", node=node))
    began = tools.clock.now()
    argv = ("stonith_admin", "--reboot", node, f"--timeout={round(SHOOT_DEADLINE_S)}")
    answer = tools.run(argv, timeout_s=SHOOT_DEADLINE_S + 10)
    if answer.returncode != 0:
        told = (answer.stderr or answer.stdout).decode(errors="replace").strip().splitlines()
        raise CommandFailed(
            problem("shoot-failed", node=node, answer=told[-1] if told else str(answer.returncode))
        )
    fenced_s = tools.clock.now() - began
    tell(message("shoot-fenced", node=node, seconds=f"{fenced_s:.0f}"))

    def is_whole() -> bool:
        try:
            return _verdict(server).healthy
        except LiveClusterError:
            return False

    # Right after the shot the cluster may not have noticed yet.
    wait_until(lambda: not is_whole(), deadline_s=30, poll_s=0.2, clock=tools.clock)
    is_back = wait_until(is_whole, deadline_s=WHOLE_DEADLINE_S, clock=tools.clock)
    return Shot(node=node, fenced_s=fenced_s, whole_s=tools.clock.now() - began if is_back else None)


def _verdict(server: Server) -> Verdict:
    return judge(understand(Asked(server), server))
