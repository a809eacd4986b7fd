"""The local PostgreSQL server: its process, its answers, starting and stopping it."""

import signal
from dataclasses import dataclass

from live_cluster_agent import connection, files, log, process, timelines, waiting, wal
from live_cluster_agent.outcome import AgentProblem, DiskProblem
from live_cluster_agent.parameters import Parameters

# Of several connections of the peer, the one that commits wait for: PostgreSQL chooses it by its place in shared
# memory, so it may be one that answers no more beside one that has just been made.
_LOOK = """SELECT pg_is_in_recovery(), current_setting('synchronous_standby_names'),
 current_setting('primary_conninfo') <> '',
 CASE WHEN pg_is_in_recovery() THEN lpad(to_hex((SELECT timeline_id FROM pg_control_checkpoint())), 8, '0')
  ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END,
 CASE WHEN pg_is_in_recovery() THEN '0/0' ELSE pg_current_wal_insert_lsn() END,
 CASE WHEN pg_is_in_recovery() THEN '0/0' ELSE pg_current_wal_flush_lsn() END,
 (SELECT redo_lsn FROM pg_control_checkpoint()),
 greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn(), '0/0'),
 coalesce(pg_last_wal_replay_lsn(), '0/0'),
 coalesce((SELECT status FROM pg_stat_wal_receiver), ''),
 coalesce((SELECT pid::text FROM pg_stat_wal_receiver), ''),
 coalesce(link.pid, 0), coalesce(link.state, ''), coalesce(link.sync_state, ''),
 coalesce(link.flush_lsn, '0/0'), coalesce(link.replay_lsn, '0/0'), coalesce(link.reply_time::text, ''),
 (SELECT count(*) FROM pg_stat_replication WHERE application_name = '{peer}'),
 coalesce((SELECT string_agg(pid || '@' || extract(epoch FROM query_start), ' ')
  FROM pg_stat_activity WHERE wait_event = 'SyncRep'), ''),
 concat_ws(' ', CASE WHEN current_setting('fsync') <> 'on' THEN 'fsync=off' END,
  CASE WHEN current_setting('full_page_writes') <> 'on' THEN 'full_page_writes=off' END,
  CASE WHEN current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
   THEN 'synchronous_commit=' || current_setting('synchronous_commit') END,
  (SELECT string_agg(DISTINCT setting, ' ') FROM pg_db_role_setting, unnest(setconfig) AS setting
   WHERE setting ~ '^synchronous_commit=(off|local|remote_write)$'))
FROM (SELECT 1) AS one LEFT JOIN (SELECT pid, state, sync_state, flush_lsn, replay_lsn, reply_time
 FROM pg_stat_replication WHERE application_name = '{peer}'
 ORDER BY sync_state = 'sync' DESC, state = 'streaming' DESC, reply_time DESC LIMIT 1) AS link ON true"""
# On the server's command line, where neither ALTER SYSTEM nor a file overrides them: what the contract rests on.
_CERTAIN = ("fsync=on", "full_page_writes=on", "synchronous_commit=on")


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmaster:
    """The running server process; status is its own word: starting, standby, ready, stopping."""

    pid: int
    started: str
    status: str

    @property
    def identity(self) -> str:
        """Distinguishes this run of the server from any other."""
        return f"{self.pid}:{self.started}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """One look at the server; positions in bytes of WAL.

    timeline: of a standby that of its last restart point, which may be an earlier one. link_…: the connection of
    the peer's standby that commits wait for; links: how many it has. commits_waiting: one word for each commit that
    waits for the standby. unsafe: settings in force that do not keep what is acknowledged, as NAME=VALUE.
    """

    in_recovery: bool
    required_names: str
    conninfo_known: bool
    timeline: int
    inserted: int
    flushed: int
    redo: int
    received: int
    replayed: int
    receiver: str
    receiver_pid: str
    link_pid: int
    link_state: str
    link_sync: str
    link_flushed: int
    link_replayed: int
    link_reply: str
    links: int
    commits_waiting: tuple[str, ...]
    unsafe: str


def parse_facts(line: str) -> ServerFacts:
    """The facts from the one line that the look returns."""
    fields = line.split("\x1f")
    return ServerFacts(
        in_recovery=fields[0] == "t",
        required_names=fields[1],
        conninfo_known=fields[2] == "t",
        timeline=int(fields[3], 16),
        inserted=wal.parse_lsn(fields[4]),
        flushed=wal.parse_lsn(fields[5]),
        redo=wal.parse_lsn(fields[6]),
        received=wal.parse_lsn(fields[7]),
        replayed=wal.parse_lsn(fields[8]),
        receiver=fields[9],
        receiver_pid=fields[10],
        link_pid=int(fields[11]),
        link_state=fields[12],
        link_sync=fields[13],
        link_flushed=wal.parse_lsn(fields[14]),
        link_replayed=wal.parse_lsn(fields[15]),
        link_reply=fields[16],
        links=int(fields[17]),
        commits_waiting=tuple(fields[18].split()),
        unsafe=fields[19],
    )


@dataclass(frozen=True, slots=True)
class Server:
    """The server of this node's data directory."""

    parameters: Parameters

    def postmaster(self) -> Postmaster | None:
        """The server process of this data directory, or None; a pid file left by a crash does not count."""
        text = files.read_text(f"{self.parameters.pgdata}/postmaster.pid")
        lines = text.splitlines() if text else []
        if len(lines) < 3 or not lines[0].strip().isdigit() or not self._works_here(int(lines[0])):
            return None
        status = lines[7].strip() if len(lines) > 7 else "starting"
        return Postmaster(pid=int(lines[0]), started=lines[2].strip(), status=status)

    def _works_here(self, pid: int) -> bool:
        # Every server process stays in its data directory; neither a recycled pid nor somebody's shell is one.
        return process.works_in(pid, self.parameters.pgdata, name="postgres")

    def query(self, sql: str, *, timeout_s: float = 10.0) -> list[str]:
        """Lines of the answer, fields separated by 0x1f; raises AgentProblem when there is none."""
        done = process.run(self._psql(sql), timeout_s=timeout_s, as_database=True)
        if not done.succeeded:
            raise AgentProblem(f"the database does not answer: {done.complaint}")
        return done.out.splitlines()

    def _psql(self, sql: str) -> tuple[str, ...]:
        target = (
            "--host",
            self.parameters.socket_dir,
            "--port",
            str(self.parameters.port),
            "--username",
            "postgres",
        )
        layout = ("--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--field-separator", "\x1f")
        return (self.parameters.program("psql"), *layout, *target, "--dbname", "postgres", "--command", sql)

    def look(self, *, timeout_s: float = 10.0) -> ServerFacts:
        """One round of facts in one connection; a new connection also proves that the server takes them."""
        return parse_facts(self.query(_LOOK.format(peer=self.parameters.peer), timeout_s=timeout_s)[0])

    def end_connection(self, pid: int) -> None:
        """Ask the process that serves this connection to end."""
        self.query(f"SELECT pg_terminate_backend({pid})")

    def start_checkpoint(self) -> None:
        """Ask for a checkpoint and do not wait; pg_control tells when it is done."""
        process.leave_running(self._psql("CHECKPOINT"))

    def write_replication_settings(self, *, required: bool) -> None:
        """Put replication.conf in place; the server reads it at its next start or reload."""
        wanted = connection.replication_settings(self.parameters, required=required)
        path = self.parameters.state(connection.REPLICATION_SETTINGS)
        if files.read_text(path) != wanted:
            files.write_durably(path, wanted)

    def reload(self) -> None:
        """Make the running server read its settings again."""
        running = self.postmaster()
        if running is not None:
            process.signal(running.pid, signal.SIGHUP)

    @property
    def _standby_signal(self) -> str:
        return f"{self.parameters.pgdata}/standby.signal"

    @property
    def is_standby_at_start(self) -> bool:
        """Whether the next start of this data directory only follows."""
        return files.exists(self._standby_signal)

    def become_standby_at_start(self) -> None:
        """Whatever this data directory was, its next start only follows."""
        path = self._standby_signal
        if not self.is_standby_at_start:
            files.write_durably(path, "", mode=0o600, owned_like=self.parameters.pgdata)

    def launch(self, *, wait_s: float) -> bool:
        """Start the server; True once it takes connections, False while it still recovers after wait_s seconds."""
        self._clear_the_way()
        timelines.release_unused(self.parameters)
        argv = [self.parameters.program("postgres"), "-D", self.parameters.pgdata]
        # After a crash the server first makes its whole directory durable: file by file that took over 10 s on a
        # busy disk. Every supported kernel (5.8 and later) reports errors of syncfs as well.
        own = (f"config_file={self.parameters.config_file}", "recovery_init_sync_method=syncfs")
        for setting in (*own, *_CERTAIN):
            argv += ["-c", setting]
        server = process.start_daemon(argv, log_file=self.parameters.log_file)

        def settled() -> bool:
            running = self.postmaster()
            return server.ended or (running is not None and (wait_s == 0 or running.status == "ready"))

        waiting.wait_until(settled, deadline_s=max(wait_s, 10.0), every_s=0.02)
        if server.ended:
            raise AgentProblem(f"the server did not start: {self.log_tail()}")
        running = self.postmaster()
        return running is not None and running.status == "ready"

    def settings_are_valid(self) -> bool:
        """Whether the server could read its settings; data is never to blame for what they spoil."""
        question = (
            "-C",
            "port",
            "-D",
            self.parameters.pgdata,
            "-c",
            f"config_file={self.parameters.config_file}",
        )
        return process.run(
            (self.parameters.program("postgres"), *question), timeout_s=10, as_database=True
        ).succeeded

    def _clear_the_way(self) -> None:
        """A server refuses to start while backends of a killed predecessor hold its shared memory."""
        end_processes(self.leftovers(), deadline_s=10.0)
        pid_file = f"{self.parameters.pgdata}/postmaster.pid"
        if self.postmaster() is None and files.exists(pid_file):
            log.info("removing the pid file of a server that is gone")
            files.remove_durably(pid_file)

    def leftovers(self) -> tuple[int, ...]:
        """Processes that work in this data directory although its server is gone."""
        if self.postmaster() is not None:
            return ()
        return self._processes()

    def _processes(self) -> tuple[int, ...]:
        return process.all_that_work_in(self.parameters.pgdata, name="postgres")

    def stop(self, *, deadline_s: float) -> None:
        """Fast shutdown, which ships all WAL to the standby; immediate, then kill, when that takes too long."""
        try:
            running = self.postmaster()
        except DiskProblem as problem:
            log.warning(f"ending every process of the server, which cannot be asked: {problem.reason}")
            end_processes(self._processes(), deadline_s=deadline_s)
            return
        if running is None:
            end_processes(self._processes(), deadline_s=deadline_s)
            return
        steps = ((signal.SIGINT, 0.6), (signal.SIGQUIT, 0.2), (signal.SIGKILL, 0.1))
        # A server that starts serves nobody, and hears SIGINT only once it has synced its whole directory.
        for step, share in steps[1:] if running.status == "starting" else steps:
            process.signal(running.pid, step)
            # By its pid: the pid file may be on a disk that has just died.
            if waiting.wait_until(
                lambda: not self._works_here(running.pid), deadline_s=deadline_s * share, every_s=0.05
            ):
                end_processes(self._processes(), deadline_s=5.0)
                return
            log.warning(f"the server did not end after {step.name}")
        raise AgentProblem("the server cannot be stopped")

    def log_tail(self) -> str:
        """The server's last complaint, for the reason of a failed start."""
        text = files.read_text(self.parameters.log_file) or ""
        lines = [line for line in text[-8000:].splitlines() if "FATAL" in line or "PANIC" in line]
        return lines[-1].strip() if lines else "no reason in the server's log"


def end_processes(pids: tuple[int, ...], *, deadline_s: float) -> None:
    """End exactly these processes: first asked to quit, then killed; AgentProblem when that does not help."""

    def gone() -> bool:
        return not any(process.is_there(pid) for pid in pids)

    for step in (signal.SIGQUIT, signal.SIGKILL):
        for pid in pids:
            process.signal(pid, step)
        if waiting.wait_until(gone, deadline_s=deadline_s / 2, every_s=0.05):
            return
    raise AgentProblem(f"processes of the server do not end: {' '.join(map(str, pids))}")
