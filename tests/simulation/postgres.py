"""The PostgreSQL server process: start, recovery, commits that wait, checkpoints, promotion, shutdown.

The standby's side of replication is in `replication`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from simulation import data as files_of
from simulation.data import CHECKPOINT_BYTES, PROMOTION_BYTES, Data, ancestors, history_text, newest_timeline
from simulation.replication import Receiver, Sender

if TYPE_CHECKING:
    from simulation.head import Head

STARTING, STANDBY, READY, STOPPING = "starting", "standby", "ready", "stopping"
# What ALTER SYSTEM or a role's settings may spoil; everything else stands in files that the product writes.
DEFAULTS = {
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "listen_addresses": "*",
    "port": "5432",
    "wal_level": "replica",
    "wal_log_hints": "on",
    "hot_standby": "on",
    "restart_after_crash": "off",
    "max_wal_senders": "10",
}
# Processes of the server that a fault may stop (SIGSTOP).
POSTMASTER, WALSENDER, WALRECEIVER, STARTUP, CHECKPOINTER = (
    "postmaster",
    "walsender",
    "walreceiver",
    "startup",
    "checkpointer",
)


@dataclass(slots=True)
class Waiter:
    """A commit that waits for the standby; `done` is called with whether it may be acknowledged."""

    pid: int
    position: int
    since: float
    done: Callable[[bool], None]


@dataclass(slots=True)
class Command:
    """What the server was started with."""

    path: str
    settings: dict[str, str] = field(default_factory=dict)


class Server:
    """One run of the server on one head."""

    def __init__(self, head: Head, command: Command, pid: int) -> None:
        self.head = head
        self.world = head.world
        self.loop = head.world.loop
        self.command = command
        self.path = command.path
        self.pid = pid
        self.started = int(self.world.wall_clock(head))
        self.ended = False
        self.status = STARTING
        self.in_recovery = True
        self.read_write_since: float | None = None
        self.names = ""
        self.conninfo = ""
        self.commits_wait = False
        self.receiver: Receiver | None = None
        self.senders: list[Sender] = []
        self.waiters: list[Waiter] = []
        self.stopped: set[str] = set()
        self.target_timeline = 0
        self.data = Data()
        self.acknowledged: set[int] = set()
        self.last_acknowledged = 0.0
        self._reload_pending = False
        self._promoting = False

    # --- start -------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The first things that a starting server does."""
        self._later(self.loop.between(0.03, 0.2), self._take_the_directory)

    def _later(self, delay_s: float, call: Callable[[], None]) -> None:
        def still() -> None:
            if not self.ended:
                call()

        self.loop.after(delay_s, still, self.head)

    def _take_the_directory(self) -> None:
        head = self.head
        reason = self._why_not_started()
        if reason is not None:
            self.fail(reason)
            return
        found = head.disk.seen[self.path]
        assert isinstance(found, Data)
        data = self.data = found
        self._read_settings()
        self._write_pid_file()
        head.disk.sync_directory(self.path)
        crashed = data.control.state in ("in production", "in archive recovery")
        recovery_s = self.loop.between(0.2, 1.5) if crashed else 0.1
        self._later((recovery_s + head.disk.slow_s * 2) * head.slowness, self._recovered)

    def _why_not_started(self) -> str | None:
        head = self.head
        found = head.disk.seen.get(self.path)
        if head.disk.dead:
            return "FATAL:  could not open file: Input/output error"
        if not isinstance(found, Data):
            return f'FATAL:  data directory "{self.path}" does not exist'
        if head.disk.full or head.disk.inodes_used_up:
            return 'FATAL:  could not create lock file "postmaster.pid": No space left on device'
        if head.leftovers:
            return "FATAL:  pre-existing shared memory block is still in use"
        if head.start_obstacle:
            return f"FATAL:  {head.start_obstacle}"
        if found.broken:
            return f"PANIC:  {found.broken}"
        return None

    def fail(self, reason: str) -> None:
        """Say why and end."""
        self.head.server_log.append(reason)
        self.world.tell(self.head.name, f"PostgreSQL: {reason}")
        self.end(clean=False)

    def _write_pid_file(self) -> None:
        lines = (
            self.pid,
            self.path,
            self.started,
            5432,
            "/var/run/postgresql",
            "*",
            "5432001 1",
            self.status,
        )
        disk, path = self.head.disk, f"{self.path}/postmaster.pid"
        if not disk.dead:
            disk.seen[path] = disk.kept[path] = "".join(f"{line}\n" for line in lines)

    def _say(self, status: str) -> None:
        self.status = status
        self._write_pid_file()

    def _recovered(self) -> None:
        data, disk = self.data, self.head.disk
        known = max(data.control.timeline, data.timeline)
        self.target_timeline = newest_timeline(disk, self.path, known)
        if self.target_timeline != known:
            fork = ancestors(history_text(disk, self.path, self.target_timeline)).get(known)
            if fork is None or fork < data.end:
                self.fail(
                    f"FATAL:  requested timeline {self.target_timeline} is not a child of this server's history"
                )
                return
        if disk.exists(f"{self.path}/standby.signal"):
            data.control.state = "in archive recovery"
            self.commits_wait = self.names != ""
            self._say(STANDBY)
            self.receiver = Receiver(self)
            self.look_for_consistency()
        else:
            self._start_as_primary()

    def look_for_consistency(self) -> None:
        """A standby takes connections once it has replayed what its data needs."""
        if self.in_recovery and self.status == STANDBY and self.data.end >= self.data.consistent_at:
            self._say(READY)

    def _start_as_primary(self) -> None:
        data = self.data
        if data.control.state in ("in production", "in archive recovery"):
            # Connections come after the checkpoint that ends the recovery, and the checkpointer has read its
            # settings before that.
            data.write(data.timeline, "checkpoint", CHECKPOINT_BYTES)
            data.control.redo = data.end
            data.control.timeline = data.timeline
            data.flush()
            self.commits_wait = self.names != ""
        else:
            # Without a recovery connections may come before the checkpointer has read that commits have to wait.
            self._reload_pending = True
            self._later(self.loop.between(0.0, 0.8), self._checkpointer_reads_settings)
        self._become_primary()

    def _become_primary(self) -> None:
        self.in_recovery = False
        self.data.control.state = "in production"
        self.read_write_since = self.loop.now
        self._say(READY)
        self.world.became_primary(self)

    # --- settings ----------------------------------------------------------------------------------------------

    def _read_settings(self) -> None:
        text = self.head.disk.text(f"{self.head.state_dir}/replication.conf") or ""
        found = re.search(r"^synchronous_standby_names = '(.*)'$", text, re.MULTILINE)
        conninfo = re.search(r"^primary_conninfo = '(.*)'$", text, re.MULTILINE)
        self.names = self.command.settings.get(
            "synchronous_standby_names",
            self.data.auto_conf.get("synchronous_standby_names", found.group(1) if found else ""),
        )
        self.conninfo = conninfo.group(1) if conninfo else ""

    def setting(self, name: str) -> str:
        """A setting in force."""
        if name == "synchronous_standby_names":
            return self.names
        if name == "primary_conninfo":
            return self.conninfo
        return self.command.settings.get(name, self.data.auto_conf.get(name, DEFAULTS[name]))

    def session_setting(self, name: str) -> str:
        """The same in a client's session, where a role's or database's own settings count first."""
        return self.data.role_settings.get(name, self.setting(name))

    def reload(self) -> None:
        """SIGHUP."""
        if POSTMASTER in self.stopped:
            self._later(1.0, self.reload)
            return
        self._later(self.loop.between(0.005, 0.05), self._apply_reload)

    def _apply_reload(self) -> None:
        self._read_settings()
        self._reload_pending = True
        self._later(self.loop.between(0.0, 0.4), self._checkpointer_reads_settings)

    def _checkpointer_reads_settings(self) -> None:
        if CHECKPOINTER in self.stopped:
            self._later(1.0, self._checkpointer_reads_settings)
            return
        if self._reload_pending:
            self._reload_pending = False
            self.commits_wait = self.names != ""
            if not self.commits_wait:
                self._release(lambda waiter: True)

    # --- commits -----------------------------------------------------------------------------------------------

    @property
    def connections_used_up(self) -> bool:
        """Whether somebody holds all connections."""
        return self.head.connections_used_up

    @property
    def takes_connections(self) -> bool:
        """Whether a new connection gets an answer now."""
        return self.status == READY and POSTMASTER not in self.stopped and not self.ended

    def commit(self, number: int, done: Callable[[bool], None]) -> None:
        """A client's row: written, flushed here, then waiting for the standby if commits have to."""
        data, disk = self.data, self.head.disk
        if disk.dead or disk.full:
            self.fail(
                "PANIC:  could not write to file: " + ("Input/output error" if disk.dead else "No space left")
            )
            return
        data.write(data.timeline, "commit", 8 * self.loop.random.randrange(12, 700), number)
        data.flush()
        self.send()
        if self.commits_wait and self.session_setting("synchronous_commit") in ("on", "remote_apply"):
            self.waiters.append(Waiter(self.head.new_pid(), data.end, self.loop.now, done))
        else:
            done(True)

    def send(self) -> None:
        """Tell the walsenders that there is more."""
        for sender in self.senders:
            sender.send()

    def release(self) -> None:
        """A standby has answered: let go what it has."""
        standby = self.synchronous_sender()
        if standby is not None:
            self._release(lambda waiter: waiter.position <= standby.flushed)

    def _release(self, chosen: Callable[[Waiter], bool]) -> None:
        released = [waiter for waiter in self.waiters if chosen(waiter)]
        if released:
            self.waiters = [waiter for waiter in self.waiters if not chosen(waiter)]
            for waiter in released:
                waiter.done(True)

    def synchronous_sender(self) -> Sender | None:
        """The walsender whose standby counts: of several with the wanted name the one in the lowest slot."""
        wanted = self.names.strip('"')
        found = [one for one in self.senders if one.name == wanted and one.state == "streaming"]
        return min(found, key=lambda one: one.slot, default=None)

    # --- checkpoint, promotion ---------------------------------------------------------------------------------

    def checkpoint(self, done: Callable[[], None] = lambda: None) -> None:
        """CHECKPOINT: the checkpointer reads new settings before it begins."""
        if CHECKPOINTER in self.stopped or self.head.disk.dead:
            self._later(1.0, lambda: self.checkpoint(done))
            return
        self._checkpointer_reads_settings()
        redo = self.data.end

        def complete() -> None:
            data = self.data
            if not self.in_recovery:
                data.write(data.timeline, "checkpoint", CHECKPOINT_BYTES)
                data.flush()
                self.send()
            data.control.redo = redo
            data.control.timeline = data.timeline
            done()

        self._later((self.loop.between(0.03, 0.8) + self.head.disk.slow_s) * self.head.slowness, complete)

    def promote(self, done: Callable[[], None]) -> None:
        """pg_promote: the next free timeline number as far as this server knows."""
        if not self.in_recovery or self._promoting:
            return
        self._promoting = True
        if self.receiver is not None:
            self.receiver.close()
            self.receiver.wanted = False
        self._later(self.loop.between(0.02, 0.2), lambda: self._write_history(done))

    def _write_history(self, done: Callable[[], None]) -> None:
        data, disk, start = self.data, self.head.disk, f"{self.path}/pg_wal"
        if disk.dead or disk.full or disk.inodes_used_up:
            self.fail("PANIC:  could not create file of the new timeline's history")
            return
        timeline = newest_timeline(disk, self.path, max(self.target_timeline, data.timeline)) + 1
        before = history_text(disk, self.path, data.timeline)
        line = (
            f"{data.timeline}\t{data.end >> 32:X}/{data.end & 0xFFFFFFFF:X}\tno recovery target specified\n"
        )
        disk.write(f"{start}/{files_of.history_name(timeline)}", before + line, durably=True)
        self._later(self.loop.between(0.01, 0.15), lambda: self._finish_promotion(timeline, done))

    def _finish_promotion(self, timeline: int, done: Callable[[], None]) -> None:
        data, disk = self.data, self.head.disk
        if disk.dead or disk.full:
            self.fail("PANIC:  could not write to file")
            return
        data.write(timeline, "promotion", PROMOTION_BYTES)
        data.flush()
        self.target_timeline = timeline
        if disk.exists(f"{self.path}/standby.signal"):
            disk.remove(f"{self.path}/standby.signal")
            disk.sync_directory(self.path)
        self.world.tell(
            self.head.name, f"PostgreSQL is primary now, on timeline {timeline} from {data.end:X}"
        )
        self._become_primary()
        # The control file names the old timeline until the first checkpoint.
        self._later(self.loop.between(0.05, 3.0), self.checkpoint)
        self.loop.after(self.loop.between(0.0, 0.1), done, self.head)

    # --- the end -----------------------------------------------------------------------------------------------

    def shut_down(self) -> None:
        """SIGINT: sessions end, everything is shipped to the standby, a clean end."""
        if self.ended or POSTMASTER in self.stopped or self.status == STARTING:
            return
        was = self.status
        self._say(STOPPING)
        self._drop_waiters()
        if self.receiver is not None:
            self.receiver.close()
            self.receiver.wanted = False
        if self.in_recovery or was == STOPPING:
            self._later(self.loop.between(0.05, 0.3), lambda: self.end(clean=True))
        else:
            self._later(self.head.slow_shutdown_s + self.loop.between(0.05, 0.3), self._last_checkpoint)

    def _last_checkpoint(self) -> None:
        data = self.data
        if self.head.disk.dead or self.head.disk.full:
            self.end(clean=False)
            return
        data.write(data.timeline, "checkpoint", CHECKPOINT_BYTES)
        data.flush()
        data.control.redo = data.end
        data.control.timeline = data.timeline
        self.send()
        self._wait_for_standbys()

    def _wait_for_standbys(self) -> None:
        if any(one.flushed < self.data.end for one in self.senders):
            self._later(0.05, self._wait_for_standbys)
        else:
            self.end(clean=True)

    def _drop_waiters(self) -> None:
        waiters, self.waiters = self.waiters, []
        for waiter in waiters:
            waiter.done(False)

    def power_lost(self) -> None:
        """Gone with the machine; whoever was connected finds out by waiting."""
        self.ended = True
        self.waiters.clear()
        if self.receiver is not None:
            self.receiver.wanted = False
            sender, self.receiver.sender = self.receiver.sender, None
            if sender is not None:
                sender.look()
        for sender in list(self.senders):
            sender.break_off()

    def end(self, *, clean: bool) -> None:
        """The process is gone; only a clean end removes the pid file."""
        if self.ended:
            return
        self.ended = True
        self._drop_waiters()
        for sender in list(self.senders):
            sender.break_off()
        if self.receiver is not None:
            self.receiver.close()
            self.receiver.wanted = False
        found = self.head.disk.seen.get(self.path)
        if clean and isinstance(found, Data):
            found.control.state = "shut down in recovery" if self.in_recovery else "shut down"
            found.flush()
            self.head.disk.seen.pop(f"{self.path}/postmaster.pid", None)
            self.head.disk.kept.pop(f"{self.path}/postmaster.pid", None)
        if self.head.server is self:
            self.head.server = None
        self.world.server_ended(self)
