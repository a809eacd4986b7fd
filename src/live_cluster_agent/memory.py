"""What one look at the server must know of the looks before; kept in /run, worthless after a reboot."""

import json
import os
from dataclasses import asdict, dataclass, replace

from live_cluster_agent.files import read_text
from live_cluster_agent.replication import HandshakePhase, Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How long the standby has been silent or stuck, and the way to two copies; seconds since boot."""

    server: str = ""
    reply: str = ""
    reply_since: float = 0.0
    flushed: int = 0
    flushed_since: float = 0.0
    phase: HandshakePhase = HandshakePhase.NONE
    phase_position: int = 0
    phase_since: float = 0.0
    member_since: float = 0.0
    gone_since: float = 0.0
    unseen_since: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StandbySign:
    """The standby's last sign in one look: reply is its own clock's text, only compared for being another one."""

    streaming: bool
    reply: str
    flushed: int
    commits_waiting: int


def remember(memory: Memory, sign: StandbySign, *, server: str, now_s: float) -> Memory:
    """The memory after one more look; another server process makes it start anew."""
    if memory.server != server:
        memory = Memory(server=server, reply_since=now_s, flushed_since=now_s)
    if sign.streaming and sign.reply != memory.reply:
        memory = replace(memory, reply=sign.reply, reply_since=now_s)
    if sign.commits_waiting == 0 or sign.flushed != memory.flushed:
        memory = replace(memory, flushed=sign.flushed, flushed_since=now_s)
    return memory


def note_surroundings(memory: Memory, around: Surroundings, *, now_s: float) -> Memory:
    """The memory after one look at membership and networks; zero stands for: not so."""
    unseen = around.without_vote and around.client_network_seen is False
    gone = around.without_vote and not unseen and around.peer_answers is False
    return replace(
        memory,
        member_since=(memory.member_since or now_s) if around.peer_is_member else 0.0,
        gone_since=(memory.gone_since or now_s) if gone else 0.0,
        unseen_since=(memory.unseen_since or now_s) if unseen else 0.0,
    )


def load(path: str) -> Memory:
    """The memory of the last look, or an empty one."""
    text = read_text(path)
    if not text:
        return Memory()
    try:
        stored = json.loads(text)
        return Memory(**{**stored, "phase": HandshakePhase(stored["phase"])})
    except (ValueError, KeyError, TypeError):
        return Memory()


def save(path: str, memory: Memory) -> None:
    """Keep the memory for the next look."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    temporary = f"{path}.new"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(asdict(memory), file)
    os.replace(temporary, path)
