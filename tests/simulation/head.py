"""One head server: its power, its disk, its Corosync, Pacemaker and PostgreSQL, and its processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from simulation.corosync import View
from simulation.data import Data
from simulation.disk import Disk
from simulation.engine import Task
from simulation.pacemaker import Pacemaker
from simulation.postgres import Command, Server

if TYPE_CHECKING:
    from simulation.replication import Sender
    from simulation.world import World

STATE_DIR = "/var/lib/live-cluster/postgresql"
RUN_DIR = "/run/live-cluster/postgresql"
PGDATA = "/var/lib/postgresql/15/main"
BOOT_S = (6.0, 12.0)


class Head:
    """A head; `works` while it has power and does not stand still."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.peer: Head = self
        self.boot = 1
        self.powered = True
        self.frozen_until = 0.0
        self.frozen_at = 0.0
        self.booted_at = world.loop.now - 1000.0
        self.disk = Disk(name)
        self.state_dir, self.run_dir = STATE_DIR, RUN_DIR
        self.corosync = View()
        self.pacemaker = Pacemaker(self)
        self.server: Server | None = None
        self.tasks: list[Task] = []
        self.leftovers: set[int] = set()
        self.server_log: list[str] = []
        self.has_address = False
        # Faults: why no server starts, how long a shutdown hangs, how busy the machine is, how wrong its clock is.
        self.start_obstacle = ""
        self.connections_used_up = False
        self.slow_shutdown_s = 0.0
        self.slowness = 1.0
        self.clock_offset_s = 0.0
        self.frozen_senders: set[Sender] = set()
        self.calls_until_power_loss: int | None = None
        self.calls_until_freeze: int | None = None
        self.freezes_for_s = 0.0
        self.fencing_fails = False
        # Whether this head has had a fault that excuses a slow or a failed action.
        self.was_slow = False
        self.disk_was_ill = False
        self._last_pid = 1000

    @property
    def works(self) -> bool:
        """It has power and does not stand still."""
        return self.powered and self.frozen_until <= self.world.loop.now

    def new_pid(self) -> int:
        """A process number."""
        self._last_pid += 1
        return self._last_pid

    @property
    def data(self) -> Data | None:
        """The database's files, where there are any."""
        found = self.disk.seen.get(PGDATA) if self.powered else self.disk.kept.get(PGDATA)
        return found if isinstance(found, Data) else None

    # --- processes ---------------------------------------------------------------------------------------------

    def run(self, name: str, code: Callable[[], object], *, delay_s: float = 0.0) -> Task:
        """Start a process."""
        task = Task(self.world.loop, self, name, code)
        self.tasks = [one for one in self.tasks if one.alive]
        self.tasks.append(task)
        return task.start(delay_s)

    def start_server(self, command: Command) -> Server:
        """Start PostgreSQL."""
        server = Server(self, command, self.new_pid())
        if self.server is None:
            self.server = server
            server.begin()
        else:
            server.ended = True
            self.server_log.append('FATAL:  lock file "postmaster.pid" already exists')
        return server

    # --- power and time ----------------------------------------------------------------------------------------

    def power_off(self) -> None:
        """Power loss, at once."""
        if not self.powered:
            return
        self.world.tell(self.name, "power lost")
        self.powered = False
        self.boot += 1
        self.frozen_until = 0.0
        self.calls_until_power_loss = self.calls_until_freeze = None
        for task in self.tasks:
            task.dead = True
        tasks, self.tasks = self.tasks, []
        server, self.server = self.server, None
        if server is not None:
            server.power_lost()
        self.leftovers.clear()
        self.frozen_senders.clear()
        self.has_address = False
        self.disk.lose_power()
        for contents in self.disk.kept.values():
            if isinstance(contents, Data):
                contents.lose_power()
        self.pacemaker.power_lost()
        self.corosync = View()
        self.world.changed()
        for task in tasks:
            task.bury()

    def power_on(self) -> None:
        """Boot: the cluster's services start by themselves."""
        if self.powered:
            return
        self.world.tell(self.name, "boots")
        self.powered = True
        self.booted_at = self.world.loop.now
        self.disk.lose_power()
        self.world.loop.after(self.world.loop.between(*BOOT_S), self.start_cluster, self)

    def start_cluster(self) -> None:
        """Corosync, then Pacemaker."""
        self.world.corosync.start(self)
        self.world.loop.after(self.world.loop.between(1.0, 2.0), self.pacemaker.start, self)

    def freeze(self, seconds: float) -> None:
        """The whole machine stands still for a while."""
        if not self.powered or self.frozen_until > self.world.loop.now:
            return
        self.world.tell(self.name, f"stands still for {seconds:.1f} s")
        self.was_slow = True
        self.frozen_at = self.world.loop.now
        self.frozen_until = self.world.loop.now + seconds
        boot = self.boot
        self.world.changed()

        def thaw() -> None:
            if self.boot == boot:
                self.world.tell(self.name, "goes on")
                self.world.corosync.thawed(self, seconds)
                self.world.changed()

        self.world.loop.after(seconds, thaw)
