"""The programs that the agent starts: one function for each, by what its arguments mean."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from live_cluster_agent.process import Finished
from simulation import sql
from simulation.cib import SCORE, modified
from simulation.corosync import TOKEN_S
from simulation.data import Data, ancestors, copy_histories, history_name, history_text
from simulation.engine import SimulationError, Task
from simulation.network import ADDRESSES, ARP, DATABASE, HEADS, ICMP, INTERFACES, SSH
from simulation.pacemaker import FOREVER_S
from simulation.postgres import STOPPING, Server

if TYPE_CHECKING:
    from simulation.head import Head
    from simulation.world import World

QUICK_S = (0.003, 0.02)
COPY_S = (1.0, 5.0)
REWIND_S = (0.3, 2.0)
NO_CLUSTER = Finished(
    code=102, out="", error="Connection to the cluster failed: Transport endpoint is not connected"
)
NOTHING_FOUND = Finished(code=105, out="", error="Call cib_query failed: No such device or address")


def done(out: str = "", *, code: int = 0, error: str = "") -> Finished:
    """How a program ended."""
    return Finished(code=code, out=out, error=error)


class Programs:
    """All programs of both heads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.loop = world.loop
        self._known: dict[str, Callable[[Task, Head, tuple[str, ...]], Finished]] = {
            "cibadmin": self._cibadmin,
            "crm_attribute": self._crm_attribute,
            "attrd_updater": self._attrd_updater,
            "crm_node": lambda task, head, argv: done(head.name + "\n"),
            "ip": lambda task, head, argv: done(
                f"{argv[-1]} dev {INTERFACES[ADDRESSES[argv[-1]][1]]} src 10.0.0.0\n"
            ),
            "corosync-quorumtool": self._quorumtool,
            "corosync-cmapctl": self._cmapctl,
            "psql": self._psql,
            "pg_controldata": self._controldata,
            "pg_waldump": self._waldump,
            "postgres": self._settings,
            "systemd-run": self._systemd_run,
            "systemctl": self._systemctl,
        }

    def run(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        """Run a program to its end."""
        name = argv[0].rpartition("/")[2]
        if name in ("ping", "pg_isready", "arping", "timeout"):
            code, seconds = self.probe(head, argv)
            task.pause(seconds)
            return done(code=code)
        task.pause(self.loop.between(*QUICK_S) * head.slowness)
        if name not in self._known:
            raise SimulationError(f"no model of the program {name}")
        return self._known[name](task, head, argv)

    # --- signs of life -----------------------------------------------------------------------------------------

    def probe(self, head: Head, argv: tuple[str, ...]) -> tuple[int, float]:
        """Exit code of a question to another host, and how long it takes."""
        name = argv[0].rpartition("/")[2]
        if name == "ping":
            return self._reaches(head, argv[-1], ICMP, 1.0)
        if name == "arping":
            return self._reaches(head, argv[-1], ARP, 1.0)
        if name == "timeout" and "/dev/tcp/$0/22" in argv[4]:
            return self._reaches(head, argv[-1], SSH, float(argv[1]))
        if name == "pg_isready":
            patience_s = float(argv[argv.index("--timeout") + 1])
            return self._isready(head, argv[argv.index("--host") + 1], patience_s)
        raise SimulationError(f"no model of the program {name}")

    def _reaches(self, head: Head, address: str, protocol: str, patience_s: float) -> tuple[int, float]:
        host, network = ADDRESSES[address]
        target = self.world.head(host) if host in HEADS else None
        alive = target is None or target.works
        if alive and self.world.network.answers(head.name, host, protocol, network):
            return 0, self.loop.between(0.001, 0.01)
        return 1, patience_s

    def _isready(self, head: Head, address: str, patience_s: float) -> tuple[int, float]:
        accepting, rejecting, silent = 0, 1, 2
        host, network = ADDRESSES[address]
        target = self.world.head(host)
        if not target.works or not self.world.network.answers(head.name, host, DATABASE, network):
            return silent, patience_s
        server = target.server
        if server is None:
            return silent, 0.01
        if "postmaster" in server.stopped:
            return silent, patience_s
        return (accepting if server.takes_connections else rejecting), 0.01

    # --- the cluster -------------------------------------------------------------------------------------------

    def _cibadmin(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        pacemaker = head.pacemaker
        if not pacemaker.running:
            return NO_CLUSTER
        if "--modify" in argv:
            text = argv[argv.index("--xml-text") + 1]
            pacemaker.change(task, lambda cib: modified(cib, text))
            return done()
        if "--query" not in argv:
            raise SimulationError(f"cibadmin {argv}")
        if "--node" in argv:
            other = self.world.head(argv[argv.index("--node") + 1])
            task.wait_for(lambda: self._hears(head, other), 0.05)
            pacemaker = other.pacemaker
        elif "--local" not in argv:
            task.wait_for(lambda: head.pacemaker.controlling() is not None, 0.05)
        text = pacemaker.cib.answer(argv[argv.index("--xpath") + 1] if "--xpath" in argv else "/cib")
        return done(text) if text else NOTHING_FOUND

    def _hears(self, head: Head, other: Head) -> bool:
        together = other.name in head.pacemaker.members and self.world.corosync.linked
        return together and other.works and other.pacemaker.running

    def _crm_attribute(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        if not head.pacemaker.running:
            return NO_CLUSTER
        options = dict(word.partition("=")[::2] for word in argv[1:])
        node = options.get("--node", head.name)
        value = None if "--delete" in options else options["--update"]
        name = SCORE if "--promotion" in options else options["--name"]
        if options.get("--lifetime") == "forever":
            head.pacemaker.change(task, lambda cib: cib.with_permanent({(node, name): value}))
        else:
            head.pacemaker.set_attribute(node, name, value)
        return done()

    def _attrd_updater(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        head.pacemaker.write_attributes()
        return done()

    def _quorumtool(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        view = head.corosync
        if not view.running:
            return done(code=1, error="Cannot initialize CMAP service")
        if view.settling_until > self.loop.now:
            task.pause(
                FOREVER_S
                if view.settling_until > self.loop.now + 2.0
                else view.settling_until - self.loop.now
            )
        flags = ("Quorate " if view.quorate else "") + (
            "Qdevice" if self.world.corosync.has_arbiter else "2Node"
        )
        members = [
            f"{number:>10}          1 {name}{' (local)' if name == head.name else ''}\n"
            for number, name in enumerate(HEADS, start=1)
            if name in view.members
        ]
        out = (
            f"Quorate:          {'Yes' if view.quorate else 'No'}\nFlags:            {flags}\n\n"
            "Membership information\n----------------------\n    Nodeid      Votes Name\n" + "".join(members)
        )
        return done(out)

    def _cmapctl(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        if "runtime.config.totem.token" in argv:
            return done(f"runtime.config.totem.token (u32) = {int(TOKEN_S * 1000)}\n")
        name = "stats.schedmiss"
        lines = [
            f"{name}.{number}.timestamp (u64) = {moment}\n{name}.{number}.delay (flt) = {delay}.0\n"
            for number, (moment, delay) in enumerate(head.corosync.misses[-10:])
        ]
        return done("".join(lines))

    # --- questions to PostgreSQL -------------------------------------------------------------------------------

    def _psql(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        statement = argv[argv.index("--command") + 1]
        target = argv[argv.index("--dbname") + 1]
        if target == "postgres":
            server = head.server
            if server is None or server.status == "starting":
                return done(
                    code=2,
                    error="psql: error: connection to server on socket failed: No such file or directory",
                )
        else:
            found = self._connect_to_peer(task, head, writable="read-write" in target)
            if found is None:
                return done(code=2, error="psql: error: connection to server failed: timeout expired")
            server = found
        return self._ask(task, server, statement)

    def _connect_to_peer(self, task: Task, head: Head, *, writable: bool) -> Server | None:
        network = self.world.network.path(head.name, head.peer.name, DATABASE)
        server = head.peer.server
        if network is None or not head.peer.works:
            task.pause(4.0)
            return None
        if server is None or server.status in ("starting", "standby"):
            return None
        return None if writable and server.in_recovery else server

    def _ask(self, task: Task, server: Server, statement: str) -> Finished:
        if "postmaster" in server.stopped or not server.head.works:
            task.pause(FOREVER_S)
        if server.connections_used_up:
            return done(code=2, error="psql: error: FATAL:  sorry, too many clients already")
        if server.status == STOPPING or not server.takes_connections:
            return done(code=2, error=f"psql: error: FATAL:  the database system is {server.status}")
        if statement.startswith("SELECT pg_promote"):
            return self._promote(task, server)
        if statement.startswith("SELECT pg_terminate_backend"):
            pid = int(re.findall(r"\d+", statement)[0])
            for sender in [one for one in server.senders if one.pid == pid and not one.frozen_process]:
                sender.break_off()
            return done("t\n")
        if statement == "CHECKPOINT":
            complete: list[bool] = []
            server.checkpoint(lambda: complete.append(True))
            task.wait_for(lambda: bool(complete) or server.ended, 0.02)
            return done() if complete else done(code=2, error="server closed the connection unexpectedly")
        try:
            return done(sql.select(server, statement))
        except OSError as problem:
            return done(code=1, error=f"psql: error: ERROR:  could not open file: {problem.strerror}")

    def _promote(self, task: Task, server: Server) -> Finished:
        complete: list[bool] = []
        server.promote(lambda: complete.append(True))
        task.wait_for(lambda: bool(complete) or server.ended, 0.01)
        return done("t\n") if complete else done(code=2, error="server closed the connection unexpectedly")

    # --- programs that look at files ---------------------------------------------------------------------------

    def _controldata(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        found = head.disk.seen.get(argv[1])
        if head.disk.dead or not isinstance(found, Data) or found.broken.startswith("pg_control"):
            return done(
                code=1, error="pg_controldata: error: could not open file global/pg_control for reading"
            )
        control = found.control
        return done(
            f"Database system identifier:           {found.system}\n"
            f"Database cluster state:               {control.state}\n"
            f"Latest checkpoint's REDO location:    {sql.lsn(control.redo)}\n"
            f"Latest checkpoint's TimeLineID:       {control.timeline}\n"
            f"Minimum recovery ending location:     {sql.lsn(found.end if control.recovery_timeline else 0)}\n"
            f"Min recovery ending loc's timeline:   {control.recovery_timeline}\n"
            "wal_log_hints setting:                on\nData page checksum version:           0\n"
        )

    def _waldump(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        options = dict(zip(argv[1::2], argv[2::2], strict=False))
        path = argv[argv.index("--path") + 1].removesuffix("/pg_wal")
        timeline, start = int(argv[argv.index("--timeline") + 1]), _position(argv[argv.index("--start") + 1])
        del options
        found = head.disk.seen.get(path)
        if not isinstance(found, Data) or head.disk.dead:
            return done(code=1, error='pg_waldump: error: could not open directory "pg_wal"')
        records = [one for one in found.records_from(start) if one.timeline >= timeline]
        if "--end" in argv:
            end = _position(argv[argv.index("--end") + 1])
            shown = [one for one in records if one.end <= end]
            return done(
                "".join(f"desc: {'COMMIT' if one.commit is not None else one.kind}\n" for one in shown)
            )
        if not records:
            return done(
                code=1, error=f"pg_waldump: error: could not find a valid record after {sql.lsn(start)}"
            )
        end = records[-1].end
        where = sql.lsn(end)
        return done(
            code=1,
            error=f"pg_waldump: error: error in WAL record at {where}: invalid record length at {where}",
        )

    def _settings(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        obstacle = head.start_obstacle
        if "configuration" in obstacle or "library" in obstacle:
            return done(code=1, error=f"FATAL:  {obstacle}")
        return done("5432\n")

    # --- repairs -----------------------------------------------------------------------------------------------

    def _systemd_run(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        if any(one.name == "rejoin" and one.alive for one in head.tasks):
            return done(code=1, error="Failed to start transient service unit: Unit was already loaded")
        self.world.agent.repair(head)
        return done()

    def _systemctl(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        for one in [one for one in head.tasks if one.name == "rejoin" and one.alive]:
            one.calls_left = 0
            one.kill()
        return done()

    def follow(
        self, task: Task, head: Head, argv: tuple[str, ...], on_line: Callable[[str], None]
    ) -> Finished:
        """A long command with its progress."""
        name = argv[0].rpartition("/")[2]
        if name == "pg_basebackup":
            return self._basebackup(task, head, argv, on_line)
        if name == "pg_rewind":
            return self._rewind(task, head, argv)
        raise SimulationError(f"no model of the program {name}")

    def _basebackup(
        self, task: Task, head: Head, argv: tuple[str, ...], on_line: Callable[[str], None]
    ) -> Finished:
        path = argv[argv.index("--pgdata") + 1]
        source = self._connect_to_peer(task, head, writable=True)
        if source is None:
            return done(code=1, error="pg_basebackup: error: connection to server failed")
        head.disk.make_directory(path)
        for share in range(1, 5):
            if not self._copies_on(task, head, source, COPY_S):
                return done(
                    code=1, error="pg_basebackup: error: could not receive data: server closed the connection"
                )
            on_line(f"{share * 256}/1024 kB ({share * 25}%), 0/1 tablespace")
        if head.disk.dead or head.disk.full:
            return done(
                code=1, error="pg_basebackup: error: could not write to file: No space left on device"
            )
        copy = Data()
        copy.become(source.data)
        head.disk.write(path, copy, durably=True)
        name = f"pg_wal/{history_name(copy.timeline)}"
        text = source.head.disk.seen.get(f"{source.path}/{name}")
        if text is not None:
            head.disk.write(f"{path}/{name}", text, durably=True)
        return done()

    def _copies_on(self, task: Task, head: Head, source: Server, seconds: tuple[float, float]) -> bool:
        task.pause(self.loop.between(*seconds) / 4 * head.slowness)
        reached = self.world.network.path(head.name, source.head.name, DATABASE) is not None
        return reached and source.head.works and source.takes_connections

    def _rewind(self, task: Task, head: Head, argv: tuple[str, ...]) -> Finished:
        path = argv[argv.index("--target-pgdata") + 1]
        source = self._connect_to_peer(task, head, writable=True)
        target = head.disk.seen.get(path)
        if source is None or not isinstance(target, Data):
            return done(code=1, error="pg_rewind: error: connection to server failed")
        if target.broken:
            return done(code=1, error="pg_rewind: error: target server needs crash recovery, which fails")
        # A server that crashed recovers first, on whatever timeline it was.
        target.control.timeline = max(target.control.timeline, target.timeline)
        target.control.state = "shut down"
        ours, theirs = target.control.timeline, source.data.control.timeline
        if ours == theirs:
            return done(
                error="pg_rewind: source and target cluster are on the same timeline\npg_rewind: no rewind required"
            )
        fork = _common_end(head, path, source)
        if target.end <= fork:
            return done(error="pg_rewind: no rewind required")
        if target.oldest > fork:
            return done(
                code=1, error="pg_rewind: error: could not find previous WAL record: could not open file"
            )
        target.broken = "could not locate a valid checkpoint record (a rewind was interrupted)"
        for _ in range(4):
            if not self._copies_on(task, head, source, REWIND_S):
                return done(code=1, error="pg_rewind: error: could not receive data")
        if head.disk.dead or head.disk.full:
            return done(code=1, error="pg_rewind: error: could not write file: No space left on device")
        gone = [one for one in target.chain if one.commit is not None and one.commit not in source.data.index]
        target.become(source.data)
        self.world.checks.discarded(head, gone)
        for name in [one for one in head.disk.within(f"{path}/pg_wal") if one.endswith(".history")]:
            head.disk.remove(name)
        copy_histories((source.head.disk, source.path), (head.disk, path))
        head.disk.sync_directory(path)
        return done(error="pg_rewind: Done!")


def _common_end(head: Head, path: str, source: Server) -> int:
    """Where both histories part, by timeline numbers and positions, which is all that pg_rewind compares."""
    target = head.disk.seen[path]
    assert isinstance(target, Data)
    ours = [*ancestors(history_text(head.disk, path, target.timeline)).items(), (target.timeline, FAR)]
    theirs_disk = source.head.disk
    timeline = source.data.control.timeline
    theirs = [*ancestors(history_text(theirs_disk, source.path, timeline)).items(), (timeline, FAR)]
    common = 0
    for (our_number, our_end), (their_number, their_end) in zip(ours, theirs, strict=False):
        if our_number != their_number:
            break
        common = min(our_end, their_end)
        if our_end != their_end:
            break
    return common


FAR = 1 << 60


def _position(text: str) -> int:
    high, _, low = text.partition("/")
    return (int(high, 16) << 32) + int(low, 16)
