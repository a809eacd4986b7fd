"""The repair of a standby's data, run as a transient systemd unit; it converges wherever it was interrupted."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from live_cluster_agent import (
    connection,
    files,
    local_data,
    log,
    process,
    set_aside,
    timelines,
    upstream,
    waiting,
)
from live_cluster_agent.agent import Agent
from live_cluster_agent.divergence import Line, PrimaryFacts
from live_cluster_agent.local_data import ControlData, Divergence
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.rejoin_request import ARRIVED, HALF_REWOUND, RECLONE, REPAIR, RejoinRequest
from live_cluster_agent.replication import DataState

LOOK_AGAIN_S = 2.0
REPORT_EVERY_S = 1.0
# Left free on the file system beside a fresh copy, for WAL that arrives while it is made.
SPARE_BYTES = 256 << 20
_PROGRESS = re.compile(r"^\s*(\d+)/(\d+) kB")


@dataclass(frozen=True, slots=True)
class Repair:
    """One run of the repair."""

    agent: Agent
    request: RejoinRequest
    rewound_in_vain: bool

    @property
    def incoming(self) -> str:
        """Directory in which a fresh copy grows; its content is ours and may be thrown away."""
        return f"{self.agent.parameters.pgdata}.live-cluster-incoming"

    def run(self) -> None:
        """Work until nothing is ordered any more."""
        self.request.report("checking", "looking for the primary")
        while self.request.pending:
            try:
                self._attempt()
            except AgentProblem as problem:
                self.request.report("failed", problem.reason)
                waiting.pause(LOOK_AGAIN_S)

    def _attempt(self) -> None:
        if files.exists(self.request.path(ARRIVED)):
            self._install()
            return
        obstacle = self._obstacle()
        primary = None if obstacle else upstream.primary_facts(self.agent.parameters)
        if primary is None:
            self.request.report("waiting", obstacle or "the primary does not answer yet")
            waiting.pause(LOOK_AGAIN_S)
            return
        if self._is_later_than(primary):
            reason = "this data was promoted later than the primary's and holds commits that are nowhere else"
            self.request.report("waiting", f"{reason}: choose with live-cluster rejoin --keep or --reclone")
            waiting.pause(LOOK_AGAIN_S)
            return
        self.agent.server.stop(deadline_s=60.0)
        if self.request.copy_wanted:
            self._copy(primary)
        else:
            self._repair(primary)

    def _obstacle(self) -> str | None:
        """Why nothing may be touched now; a copy that still counts is given up first."""
        records = self.agent.cluster.nodes()
        own = records[self.agent.parameters.node].data
        if own is DataState.LATEST:
            return "this node holds the latest data, nothing here will be replaced"
        if records[self.agent.parameters.peer].data is not DataState.LATEST:
            return "no node holds the latest data"
        if own is not DataState.STALE:
            written = self.agent.cluster.write_data({self.agent.parameters.node: DataState.STALE}, records)
            return None if written else "the cluster does not take the change of the data's state"
        return None

    def _is_later_than(self, primary: PrimaryFacts) -> bool:
        """Whether this data left the primary's timeline by its own promotion and served, and nobody has chosen."""
        if self.request.copy_wanted or self.request.rewind_wanted or not self.agent.acknowledged_alone:
            return False
        try:
            timeline = local_data.read_control(self.agent.parameters).timeline
        except AgentProblem:
            return False
        ancestors = timelines.ancestors(self.agent.parameters, timeline)
        own = Line(timeline=timeline, position=0, ancestors=ancestors)
        return primary.timeline != timeline and own.end_of(primary.timeline, primary.ancestors) is not None

    def _repair(self, primary: PrimaryFacts) -> None:
        """Rewind if that loses nothing that was acknowledged; else a copy takes the data's place."""
        parameters = self.agent.parameters
        try:
            control = local_data.read_control(parameters)
        except AgentProblem as problem:
            self.request.order_reclone(problem.reason)
            return
        verdict, divergence = local_data.compare(parameters, control, primary)
        if divergence is None:
            self.request.order_reclone(f"the data is {verdict}")
            return
        reason = self._why_no_rewind(control, divergence)
        if reason is not None:
            self.request.order_reclone(reason)
            return
        kept = set_aside.keep_diverged_wal(parameters, divergence, segment_bytes=primary.segment_bytes)
        message = f"taking back what the primary does not have; its WAL was set aside as {kept}"
        self.request.report("rewinding", message, method="rewind", set_aside=[kept])
        # Half-rewound data is good for nothing: this order stands until the rewind is through.
        files.write_durably(self.request.path(RECLONE), HALF_REWOUND + "\n")
        done = self._rewind()
        if not done.succeeded:
            log.warning(f"pg_rewind: {done.complaint}")
            return
        self.agent.server.become_standby_at_start()
        self._finish("the data has been rewound")

    def _why_no_rewind(self, control: ControlData, divergence: Divergence) -> str | None:
        if not control.rewindable:
            return "the data was written without wal_log_hints and checksums"
        # "No rewind required", and diverged all the same: has been seen, and then only a copy helps.
        if self.rewound_in_vain:
            return "it was rewound and did not follow the primary"
        if not self.agent.acknowledged_alone or self.request.rewind_wanted:
            return None
        # Clients were told that these commits are safe: the whole data directory is kept, not only their WAL.
        commits = local_data.commits_behind(self.agent.parameters, divergence)
        return f"{commits} commits made alone are not on the primary" if commits else None

    def _rewind(self) -> process.Finished:
        parameters = self.agent.parameters
        # PG < 16: up to its checkpoint a promoted server's control file names the old timeline; a rewind corrupts.
        checkpoint = upstream.ask(parameters, "CHECKPOINT", timeout_s=600)
        if not checkpoint.succeeded:
            return checkpoint
        # pg_rewind recovers in single-user mode, which refuses to be a standby.
        files.remove_durably(f"{parameters.pgdata}/standby.signal")
        target = f"{connection.peer_connection(parameters, purpose='live_cluster_rejoin')} dbname=postgres"
        argv = (parameters.program("pg_rewind"), "--target-pgdata", parameters.pgdata, "--progress")
        source = ("--source-server", target, "--config-file", parameters.config_file)
        return process.follow(argv + source, self._progress("rewinding", "rewind"))

    def _copy(self, primary: PrimaryFacts) -> None:
        parameters = self.agent.parameters
        parent = os.path.dirname(parameters.pgdata)
        files.remove_tree(self.incoming)
        needed = primary.data_bytes + primary.data_bytes // 20 + SPARE_BYTES
        if files.free_bytes(parent) < needed:
            self.request.report(
                "waiting", f"a fresh copy needs {needed >> 20} MiB free in {parent}", method="copy"
            )
            waiting.pause(LOOK_AGAIN_S)
            return
        self.request.report(
            "copying", "making a fresh copy of the primary", method="copy", bytes_total=primary.data_bytes
        )
        files.make_directory(self.incoming, mode=0o700, owned_like=parameters.pgdata)
        target = (
            connection.peer_connection(parameters, purpose="live_cluster_rejoin")
            + " target_session_attrs=read-write"
        )
        argv = (parameters.program("pg_basebackup"), "--pgdata", self.incoming, "--dbname", target)
        manner = ("--wal-method=stream", "--checkpoint=fast", "--no-password", "--progress")
        done = process.follow(argv + manner, self._progress("copying", "copy"))
        if not done.succeeded:
            raise AgentProblem(f"pg_basebackup: {done.complaint}")
        kept = set_aside.free_name(f"{parameters.pgdata}.set-aside-{set_aside.stamp()}")
        files.write_durably(self.request.path(ARRIVED), kept + "\n")

    def _install(self) -> None:
        """Put a complete copy in the place of the old data; every step may already have been done."""
        kept = (files.read_text(self.request.path(ARRIVED)) or "").strip()
        if files.is_directory(self.incoming):
            self.agent.server.stop(deadline_s=60.0)
            set_aside.move_data_directory(self.agent.parameters, kept)
            files.move_directory(self.incoming, self.agent.parameters.pgdata)
        self.agent.server.become_standby_at_start()
        if files.is_directory(kept):
            self.request.report(
                "copying", f"the old data was set aside as {kept}", method="copy", set_aside=[kept]
            )
        self._finish("the fresh copy is in place")

    def _finish(self, message: str) -> None:
        self.agent.clear_alone()
        for name in (REPAIR, RECLONE, ARRIVED):
            files.remove_durably(self.request.path(name))
        self.request.report("ready", message)

    def _progress(self, state: str, method: str) -> Callable[[str], None]:
        last = 0.0

        def note(line: str) -> None:
            nonlocal last
            found = _PROGRESS.match(line)
            if found is None or waiting.now_s() - last < REPORT_EVERY_S:
                return
            last = waiting.now_s()
            done, total = (int(number) << 10 for number in found.groups())
            self.request.report(state, "in progress", method=method, bytes_done=done, bytes_total=total)

        return note


def rejoin(agent: Agent) -> int:
    """Repair this node's data if that is ordered and nobody else is at it."""
    request = RejoinRequest(agent.parameters)
    with request.working() as mine:
        if mine:
            before = request.status
            in_vain = before.get("method") == "rewind" and before.get("state") in ("ready", "started")
            Repair(agent, request, in_vain).run()
    return 0
