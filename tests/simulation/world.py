"""Two heads, what is around them, and the clients; put together as a healthy pair."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from simulation.agent import AgentProgram
from simulation.checks import Checks
from simulation.cib import DATA, MET, SCORE, Cib, NodeState
from simulation.clients import Writer
from simulation.corosync import Corosync
from simulation.coverage import State, state_of
from simulation.data import FIRST_POSITION, Data, Record, history_name
from simulation.disk import Directory
from simulation.doors import Doors, open_for
from simulation.engine import Loop, Task
from simulation.executor import PROMOTED, UNPROMOTED, Outcome
from simulation.head import PGDATA, RUN_DIR, STATE_DIR, Head
from simulation.network import HEADS, Network
from simulation.postgres import Command, Server
from simulation.programs import Programs

SETTLE_S = 4.0
START_OF_TIME = 1_800_000_000.0


@dataclass(frozen=True, slots=True)
class Pair:
    """What kind of pair it is. primary: the number of the head that begins as one."""

    arbiter: bool = False
    fencing: bool = False
    gateway: bool = True
    primary: int = 0
    clients: bool = True

    @property
    def kind(self) -> str:
        """What decides when the heads lose each other."""
        return "arbiter" if self.arbiter else "fencing" if self.fencing else "neither"

    def __str__(self) -> str:
        extras = [name for name in ("arbiter", "fencing", "gateway") if getattr(self, name)]
        return f"{HEADS[self.primary]} is primary; there is {', '.join(extras) or 'no arbiter, fencing or gateway'}"


class World:
    """Everything; one at a time is at work (see `doors`)."""

    def __init__(self, pair: Pair, seed: int) -> None:
        self.scenario = pair
        self.loop = Loop(seed)
        self.story: list[tuple[float, str, str]] = []
        self.network = Network()
        self.heads = tuple(Head(self, name) for name in HEADS)
        self.heads[0].peer, self.heads[1].peer = self.heads[1], self.heads[0]
        self.corosync = Corosync(self, arbiter=pair.arbiter)
        self.agent = AgentProgram(self)
        self.programs = Programs(self)
        self.checks = Checks(self)
        self.writers = [Writer(self, name) for name in ("floating", *HEADS)] if pair.clients else []
        self.network.on_change.append(self.changed)
        # What was explored: actions of the agent that ended, and states that they ended in.
        self.actions = 0
        self.states: set[State] = set()
        self._next_commit = 0
        self.assemble()

    @contextmanager
    def at_work(self) -> Iterator[World]:
        """The agent's doors lead into this world while the block runs."""
        with open_for(Doors(self.loop, self.programs)):
            yield self

    def head(self, name: str) -> Head:
        """A head by its name."""
        return self.heads[HEADS.index(name)]

    def wall_clock(self, head: Head) -> float:
        """A head's own clock."""
        return START_OF_TIME + self.loop.now + head.clock_offset_s

    def tell(self, who: str, what: str) -> None:
        """A line of the story."""
        self.story.append((self.loop.now, who, what))

    def new_commit(self) -> int:
        """The number of the next row that a client writes."""
        self._next_commit += 1
        return self._next_commit

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.loop.run_until(self.loop.now + seconds)

    # --- a healthy pair ----------------------------------------------------------------------------------------

    def assemble(self) -> None:
        """As `configure` leaves it, some time later: both heads up, the standby synchronous."""
        primary = self.heads[self.scenario.primary]
        permanent = {(head.name, DATA): "latest" if head is primary else "sync" for head in self.heads}
        options = {
            "stonith-enabled": "true" if self.scenario.fencing else "false",
            "no-quorum-policy": "stop",
        }
        states = {name: NodeState("member", "member") for name in HEADS}
        attributes = {
            head.name: {MET: "1", SCORE: "1000" if head is primary else "100"} for head in self.heads
        }
        transient = {(name, key): value for name, pairs in attributes.items() for key, value in pairs.items()}
        cib = Cib(
            version=(0, 50, 10), permanent=permanent, options=options, transient=transient, states=states
        )
        base = self._base_data()
        for head in self.heads:
            self._furnish(head, base)
            view = head.corosync
            view.running = view.quorate = view.seen_both = True
            view.vote = self.scenario.arbiter
            view.members = frozenset(HEADS)
            pacemaker = head.pacemaker
            pacemaker.running = True
            pacemaker.cib = cib
            pacemaker.kept = Cib(version=(0, 50, 0), permanent=permanent, options=options)
            pacemaker.attributes = attributes[head.name]
            pacemaker.members = frozenset(HEADS)
            pacemaker.dc = HEADS[0]
        self.corosync.linked = True
        self.heads[0].pacemaker.controller.active = True
        self._start_servers(primary)
        self.loop.after(SETTLE_S - 1.0, lambda: self.heads[0].pacemaker.controller.joined(self.heads))

    @staticmethod
    def _base_data() -> Data:
        data = Data()
        data.add(Record(FIRST_POSITION, FIRST_POSITION + 40, 0, 1, "checkpoint"))
        data.write(1, "other", 4096)
        data.write(2, "promotion", 48)
        data.flush()
        data.control.timeline = 2
        data.control.redo = data.end
        return data

    def _furnish(self, head: Head, base: Data) -> None:
        disk = head.disk
        for path in ("/var/lib/postgresql/15", STATE_DIR, RUN_DIR):
            disk.seen[path] = disk.kept[path] = Directory()
        data = Data()
        data.become(base)
        data.oldest = base.oldest
        disk.write(PGDATA, data, durably=True)
        fork = base.chain[-1].start
        text = f"1\t{fork >> 32:X}/{fork & 0xFFFFFFFF:X}\tno recovery target specified\n"
        disk.write(f"{PGDATA}/pg_wal/{history_name(2)}", text, durably=True)

    def _start_servers(self, primary: Head) -> None:
        for head in self.heads:
            is_primary = head is primary
            settings = f"primary_conninfo = 'host=peer'\nsynchronous_standby_names = '\"{head.peer.name}\"'\n"
            head.disk.write(f"{STATE_DIR}/replication.conf", settings, durably=True)
            data = head.data
            assert data is not None
            data.control.state = "in production" if is_primary else "in archive recovery"
            if not is_primary:
                head.disk.write(f"{PGDATA}/standby.signal", "", durably=True)
            certain = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
            head.start_server(Command(PGDATA, certain if self.agent.passes_settings else {}))
            executor = head.pacemaker.executor
            executor.role = PROMOTED if is_primary else UNPROMOTED
            head.has_address = is_primary

    # --- what others tell --------------------------------------------------------------------------------------

    def changed(self) -> None:
        """Power, freezes, cables: whoever may notice looks."""
        self.corosync.look()
        for head in self.heads:
            server = head.server
            if server is not None:
                for sender in list(server.senders):
                    sender.look()
        self.checks.look_at_paths()

    def records_changed(self) -> None:
        """A head holds another version of the configuration."""
        self.states.add(state_of(self))
        self.checks.look_at_records()

    def became_primary(self, server: Server) -> None:
        """A server takes writes from now on."""
        self.checks.became_primary(server)

    def server_ended(self, server: Server) -> None:
        """A server is gone."""
        if server.read_write_since is not None:
            self.tell(server.head.name, "PostgreSQL: the primary has ended")

    def acted(self, head: Head, task: Task, outcome: Outcome) -> None:
        """An action of the agent has ended."""
        if outcome.action != "monitor" or outcome.code not in (0, 8):
            self.tell(
                head.name, f"agent: {outcome.action} ended with {outcome.code} {outcome.reason}".rstrip()
            )
        self.actions += 1
        self.states.add(state_of(self))
        self.checks.acted(head, task, outcome)
