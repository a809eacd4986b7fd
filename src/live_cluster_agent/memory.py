"""What one look at the server must know of the looks before; kept in /run, worthless after a reboot."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from live_cluster_agent import files, log
from live_cluster_agent.outcome import DiskProblem
from live_cluster_agent.replication import HandshakePhase


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How long the standby has been silent or stuck, and the way to two copies; seconds since boot.

    waiters: since when each of the commits that wait has been seen to. On a standby, `data` is what the cluster
    said of its data, `moved_to` how far it has come, and `judged` the receiver whose primary has been found to have
    the same history. `unsafe`: settings that have been told.
    """

    server: str = ""
    reply: str = ""
    reply_since: float = 0.0
    flushed: int = 0
    flushed_since: float = 0.0
    waiters: Mapping[str, float] = field(default_factory=dict)
    phase: HandshakePhase = HandshakePhase.NONE
    phase_position: int = 0
    phase_since: float = 0.0
    data: str = ""
    moved_to: int = 0
    moved_since: float = 0.0
    judged: str = ""
    unsafe: str = ""

    @property
    def stuck_since(self) -> float:
        """Since when a commit has been waiting, or since when some have while the standby has taken nothing."""
        return min((self.flushed_since, *self.waiters.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbySign:
    """The standby's last sign in one look: reply is its own clock's text, only compared for being another one."""

    streaming: bool
    reply: str
    flushed: int
    commits_waiting: Collection[str] = ()


def remember(memory: Memory, sign: StandbySign, *, server: str, now_s: float) -> Memory:
    """The memory after one more look; another server process makes it start anew."""
    if memory.server != server:
        memory = Memory(server=server, reply_since=now_s, flushed_since=now_s, moved_since=now_s)
    if sign.streaming and sign.reply != memory.reply:
        memory = replace(memory, reply=sign.reply, reply_since=now_s)
    if not sign.commits_waiting or sign.flushed != memory.flushed:
        memory = replace(memory, flushed=sign.flushed, flushed_since=now_s)
    return replace(memory, waiters={word: memory.waiters.get(word, now_s) for word in sign.commits_waiting})


def load(path: str) -> Memory:
    """The memory of the last look, or an empty one."""
    facts = read_facts(path)
    try:
        return Memory(**{**facts, "phase": HandshakePhase(facts.get("phase", "none"))})
    except (ValueError, TypeError):
        return Memory()


def save(path: str, memory: Memory) -> None:
    """Keep the memory for the next look."""
    write_facts(path, asdict(memory))


def read_facts(path: str) -> dict[str, Any]:
    """The facts of a file in /run; none when it is missing or broken."""
    try:
        facts = json.loads(files.read_text(path) or "{}")
    except (ValueError, DiskProblem):
        return {}
    return facts if isinstance(facts, dict) else {}


def write_facts(path: str, facts: Mapping[str, object]) -> None:
    """Replace such a file; what cannot be remembered costs time at worst, and never an action."""
    try:
        files.replace_quickly(path, json.dumps(dict(facts)))
    except DiskProblem as problem:
        log.warning(f"not remembered: {problem.reason}")
