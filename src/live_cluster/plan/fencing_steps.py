"""Fencing: the devices are asked before anything is changed, with the password in a program that only root reads.

The CIB is readable for the group haclient, and arguments for everybody. Every fence agent takes its password from a
program; those of the IPMI family would hand it on as an argument of ipmitool(1), which gets it from the environment
instead.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from live_cluster.errors import Problem, problem
from live_cluster.messages import message
from live_cluster.model.fence_metadata import AgentMetadata
from live_cluster.model.fencing_rules import is_for_pacemaker
from live_cluster.model.settings import FenceDevice, Fencing, TurnedOff, WatchdogFencing
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.file_steps import absent_step
from live_cluster.plan.step import Impact, Step, always, both, file_check
from live_cluster.remote.requests import Command, CommandResult, RemoveFile, Request, WriteFile
from live_cluster.render.cib_fencing import Device, disk_device

FOLDER = "/etc/live-cluster/fencing"
_CANDIDATES = "/run/live-cluster/fencing"
_MARKS = "/var/lib/live-cluster"
# The agents' own time-outs are below 10 s each; where the cipher is not said, ipmitool(1) was seen to try for 14 s.
ANSWER_DEADLINE_S = 60.0
# fence agents: the exit codes of `status`.
POWER_IS_ON, POWER_IS_OFF = 0, 2

_PRINTS = """\
#!/bin/sh
# Written by live-cluster: the password of the fencing device of {head}, for its agent.
printf '%s\\n' {password}
"""
_IPMITOOL = """\
#!/bin/sh
# Written by live-cluster: ipmitool for the fencing device of {head}. The agent would give the password as an
# argument, which everybody on this server could see; ipmitool takes it from the environment instead.
IPMI_PASSWORD={password}
export IPMI_PASSWORD
count=$#
while [ "$count" -gt 0 ]; do
    word=$1
    shift
    count=$((count - 1))
    if [ "$word" = -P ]; then
        shift
        count=$((count - 1))
        set -- "$@" -E
    else
        set -- "$@" "$word"
    fi
done
exec {ipmitool} "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadDevice:
    """A head's device as the other head uses it."""

    head: str
    peer: str
    number: int
    device: FenceDevice
    metadata: AgentMetadata

    @property
    def option(self) -> str:
        """The option that it comes from."""
        return f"head-node-{self.number}-fencing"

    @property
    def program(self) -> str:
        """The path of the program with the password, and of the mark that the device has answered."""
        return f"head-node-{self.number}"

    def parameters(self, folder: str) -> dict[str, str]:
        """What the agent gets, with the password's program in `folder`."""
        found = dict(self.device.parameters)
        if self.device.password is not None:
            path = f"{folder}/{self.program}"
            found[self.metadata.ipmitool_parameter or self.metadata.password_script] = path
        return found

    def secret_file(self, folder: str) -> tuple[WriteFile, ...]:
        """The program; none for a device without password."""
        if self.device.password is None:
            return ()
        fields = {"head": self.head, "password": shlex.quote(self.device.password.reveal())}
        text = _PRINTS.format(**fields)
        if self.metadata.ipmitool_parameter:
            default = self.metadata.parameters["ipmitool_path"].default or "/usr/bin/ipmitool"
            ipmitool = dict(self.device.parameters).get("ipmitool_path", default)
            text = _IPMITOOL.format(**fields, ipmitool=shlex.quote(ipmitool))
        return (WriteFile(path=f"{folder}/{self.program}", content=text.encode(), mode=0o700),)

    def question(self, folder: str) -> Command:
        """Ask the device for its server's power state, the way Pacemaker will."""
        wanted = {key: value for key, value in self.parameters(folder).items() if not is_for_pacemaker(key)}
        plug = self.metadata.plug_parameter
        if plug and plug not in wanted:
            wanted[plug] = self.head
        return ask_power(self.device.agent, wanted)

    @property
    def mark(self) -> WriteFile:
        """Tells that exactly this device has answered, with this password."""
        password = self.device.password.reveal() if self.device.password else ""
        said = json.dumps([self.head, self.device.agent, sorted(self.device.parameters), password])
        digest = hmac.new(b"live-cluster fencing device", said.encode(), hashlib.sha256).hexdigest()
        return WriteFile(path=f"{_MARKS}/fencing-{self.program}", content=f"{digest}\n".encode(), mode=0o600)


def ask_power(agent: str, parameters: dict[str, str]) -> Command:
    """A question of an agent; its parameters travel on standard input, as they do from Pacemaker."""
    lines = [f"{name}={value}" for name, value in (*parameters.items(), ("action", "status"))]
    return Command(
        argv=(agent,),
        stdin="".join(line + "\n" for line in lines).encode(),
        timeout_s=ANSWER_DEADLINE_S,
        accepts=(POWER_IS_ON,),
    )


def head_devices(plan: Blueprint) -> tuple[HeadDevice, ...]:
    """Both heads' devices; none where fencing is not wanted."""
    fencing = plan.settings.fencing
    if not isinstance(fencing, Fencing):
        return ()
    first, second = plan.head_names
    found = []
    for number, (head, peer, device) in enumerate(
        ((first, second, fencing.devices[0]), (second, first, fencing.devices[1])), start=1
    ):
        metadata = plan.facts.heads[2 - number].agent_metadata(device.agent)
        assert metadata is not None  # plan/prerequisites.py refuses the run otherwise
        found.append(HeadDevice(head=head, peer=peer, number=number, device=device, metadata=metadata))
    return tuple(found)


def answer_steps(plan: Blueprint) -> tuple[Step, ...]:
    """Each device is asked from the head that will use it, once for each change of it."""
    return tuple(_answers(one) for one in head_devices(plan))


def _answers(one: HeadDevice) -> Step:
    final, candidate = one.secret_file(FOLDER), one.secret_file(_CANDIDATES)
    actions: tuple[Request, ...] = (
        *candidate,
        one.question(_CANDIDATES),
        *(RemoveFile(path=file.path) for file in candidate),
        *final,
        one.mark,
    )
    check = file_check(one.mark)
    for file in final:
        check = both(check, file_check(file))
    return Step(
        code="fencing-answers",
        node=one.peer,
        title=message("step-fencing-answers", head=one.head),
        impact=Impact.NONE,
        actions=always(*actions),
        check=check,
        explain=lambda reply: _refusal(one, reply),
    )


def _refusal(one: HeadDevice, reply: CommandResult) -> Problem:
    place = {"node": one.peer, "option": one.option, "head": one.head}
    if reply.returncode == POWER_IS_OFF:
        return problem("fencing-other-machine", **place)
    return problem("fencing-silent", answer=agent_words(reply), **place)


def agent_words(reply: CommandResult) -> str:
    """What an agent complains about, without the warnings of the language it is written in."""
    text = f"{reply.error_text}\n{reply.text}"
    lines = [line.strip() for line in text.splitlines()]
    told = [line for line in lines if "ERROR" in line or "Failed" in line]
    last = next(iter(told or [line for line in reversed(lines) if line]), f"exit code {reply.returncode}")
    return last.partition("ERROR: ")[2] or last


def removal_steps(plan: Blueprint) -> Iterator[Step]:
    """After the devices have left the CIB: their passwords go, too."""
    if not isinstance(plan.settings.fencing, TurnedOff):
        return
    for node in plan.head_names:
        for number in (1, 2):
            yield absent_step(node, f"{FOLDER}/head-node-{number}")
            yield absent_step(node, f"{_MARKS}/fencing-head-node-{number}")


def cib_devices(plan: Blueprint) -> tuple[Device, ...]:
    """The devices as resources."""
    fencing = plan.settings.fencing
    if isinstance(fencing, WatchdogFencing) and fencing.disk:
        return tuple(disk_device(head, fencing.disk) for head in plan.head_names)
    return tuple(
        Device(head=one.head, agent=one.device.agent, parameters=one.parameters(FOLDER))
        for one in head_devices(plan)
    )
