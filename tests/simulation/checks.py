"""What must hold, looked at after everything that may break it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.data import Data, Record
from simulation.network import ARP, DATABASE, GATEWAY, HEADS, ICMP, KNET, SSH

if TYPE_CHECKING:
    from simulation.engine import Task
    from simulation.executor import Outcome
    from simulation.head import Head
    from simulation.postgres import Server
    from simulation.world import World

# A cut shorter than this lets nobody go on alone.
HAZARD_S = 2.5
# Within this time a primary has looked at a peer that has just left the membership.
LOOKED_S = 3.0
_DISK_ACTIONS = ("stop", "demote")


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken."""

    at: float
    kind: str
    text: str


class Checks:
    """The promises of docs/database-agent.md, and what the clients were told."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.acknowledged_rows: dict[int, str] = {}
        self.given_up: set[int] = set()
        self.violations: list[Violation] = []
        # For how long no client has got an acknowledgement, at most.
        self.acknowledged_at = world.loop.now
        self.longest_pause_s = 0.0
        self.hazard = False
        # Somebody has just acted against the promise behind the cluster's back: what is acknowledged before the
        # agent has had time to notice counts for nothing.
        self.unsafe_until = 0.0
        # Somebody has written records by hand: they prove nothing, but rows must not be lost by that.
        self.records_by_hand = False
        self._hazard_since: float | None = None
        self._apart_since: dict[str, float] = {}
        self._promoted_apart: set[str] = set()
        self._seen: dict[str, bool] = {}
        self._last: int | None = None
        self._records: dict[str, object] = {}

    def report(self, kind: str, text: str) -> None:
        """A promise is broken."""
        self.violations.append(Violation(self.world.loop.now, kind, text))
        self.world.loop.stopped = True
        self.world.tell("CHECK", f"{kind}: {text}")

    # --- commits -----------------------------------------------------------------------------------------------

    def acknowledged(self, number: int, server: Server) -> None:
        """A client was told that its row is safe."""
        head, peer = server.head, server.head.peer
        if self.world.loop.now < self.unsafe_until:
            return
        if not self.hazard:
            self._check_copy(number, head, peer)
            self._check_history(server)
            self._check_rival(server, peer)
        now = self.world.loop.now
        self.longest_pause_s = max(self.longest_pause_s, now - self.acknowledged_at)
        self.acknowledged_at = now
        self.acknowledged_rows[number] = head.name
        server.acknowledged.add(number)
        server.last_acknowledged = now
        self._last = number

    def _check_copy(self, number: int, head: Head, peer: Head) -> None:
        """Who may be promoted has the row."""
        if self.records_by_hand:
            return
        cib = head.pacemaker.cib if head.pacemaker.running else head.pacemaker.kept
        data = peer.data
        if cib.data_of(peer.name) in ("sync", "latest") and (data is None or not data.has(number)):
            self.report(
                "copy missing",
                f"row {number} was acknowledged by {head.name} while {peer.name}, recorded as "
                f"{cib.data_of(peer.name)}, does not have it",
            )

    def _check_history(self, server: Server) -> None:
        """Who acknowledges has everything that was acknowledged before."""
        if not server.acknowledged:
            missing = self.missing(server.data)
        else:
            last = self._last
            missing = [last] if last is not None and not self._has(server.data, last) else []
        if missing:
            self.report(
                "rows lost",
                f"{server.head.name} acknowledges without {len(missing)} rows that were acknowledged before, "
                f"such as {missing[0]} by {self.acknowledged_rows[missing[0]]}",
            )
            self.given_up.update(missing)

    def _check_rival(self, server: Server, peer: Head) -> None:
        rival = peer.server
        if rival is None or rival.in_recovery or rival.ended or not peer.works:
            return
        since = max(server.read_write_since or 0.0, rival.read_write_since or 0.0)
        if rival.acknowledged and server.acknowledged and rival.last_acknowledged >= since:
            self.report("two primaries", f"{peer.name} and {server.head.name} both acknowledge")

    def _has(self, data: Data, number: int) -> bool:
        return number in self.given_up or data.has(number)

    def missing(self, data: Data | None) -> list[int]:
        """Acknowledged rows that are not on this disk."""
        rows = (number for number in self.acknowledged_rows if number not in self.given_up)
        return [number for number in rows if data is None or not data.has(number)]

    def give_up(self, head: Head) -> None:
        """An administrator decides for this head's data: what only the other one has is his to lose."""
        self.given_up.update(self.missing(head.data))

    def became_primary(self, server: Server) -> None:
        """Noted for the story; what counts is whether it acknowledges."""
        if server.head.name in self._apart_since:
            self._promoted_apart.add(server.head.name)
        missing = self.missing(server.data)
        if missing and not self.hazard:
            self.world.tell(server.head.name, f"this primary lacks {len(missing)} acknowledged rows")

    def look_at_records(self) -> None:
        """Who is recorded as synchronous has everything."""
        for head in self.world.heads:
            server, cib = head.server, head.pacemaker.cib
            if self._records.get(head.name) is cib.permanent:
                continue
            self._records[head.name] = cib.permanent
            self._tell_records(head)
            if server is None or server.in_recovery or not head.pacemaker.running:
                continue
            if self.hazard or self.records_by_hand:
                continue
            peer = head.peer
            if cib.data_of(head.name) == "latest" and cib.data_of(peer.name) == "sync":
                missing = self.missing(peer.data)
                if missing:
                    self.report(
                        "no copy",
                        f"{peer.name} is recorded as sync and lacks {len(missing)} rows of {head.name}",
                    )

    def _tell_records(self, head: Head) -> None:
        cib = head.pacemaker.cib
        known = ", ".join(f"{name} {cib.data_of(name) or 'unknown'}" for name in HEADS)
        self.world.tell(head.name, f"records here: {known} (version {'.'.join(map(str, cib.version))})")

    # --- the hazard --------------------------------------------------------------------------------------------

    def look_at_paths(self) -> None:
        """Without arbiter and fencing two heads that cannot reach each other at all may both serve."""
        for head in self.world.heads:
            programs = (self.world.network.path(head.name, head.peer.name, one) for one in (DATABASE, SSH))
            seen = head.works and any(programs)
            if self._seen.get(head.name, True) and not seen:
                self._fell_silent(head)
            self._seen[head.name] = seen
        now = self.world.loop.now
        if self._exposed():
            if self._hazard_since is None:
                self._hazard_since = now
                self.world.loop.after(HAZARD_S, self._exposed_for_long)
        else:
            self._hazard_since = None

    def membership_told(self, head: Head, members: frozenset[str]) -> None:
        """Since when a head counts as alone."""
        if len(members) == 1:
            self._apart_since.setdefault(head.name, self.world.loop.now)
        else:
            self._apart_since.pop(head.name, None)
            self._promoted_apart.discard(head.name)

    def _fell_silent(self, head: Head) -> None:
        """A head that was promoted alone, before its peer could see that it lives."""
        now, pair = self.world.loop.now, self.world.scenario
        left = head.name in self._promoted_apart
        unnoticed = now - self._apart_since.get(head.peer.name, now) < LOOKED_S
        alone = head.peer.works and not (pair.arbiter or pair.fencing)
        if left and unnoticed and alone and not self.hazard:
            self.hazard = True
            self.world.tell("CHECK", f"{head.name} falls silent before anybody saw it alone (known hazard)")

    def _exposed_for_long(self) -> None:
        since = self._hazard_since
        if since is not None and self.world.loop.now - since >= HAZARD_S - 0.001 and not self.hazard:
            self.hazard = True
            self.world.tell(
                "CHECK", "all paths between the heads are cut: both may serve from now on (known hazard)"
            )

    def _exposed(self) -> bool:
        pair, network = self.world.scenario, self.world.network
        if pair.arbiter or pair.fencing or not network.blocked:
            return False
        if any(network.path(*HEADS, protocol) is not None for protocol in (KNET, ICMP, ARP, DATABASE, SSH)):
            return False
        return not pair.gateway or all(network.path(head, GATEWAY, ICMP) is not None for head in HEADS)

    # --- actions and repairs -----------------------------------------------------------------------------------

    def acted(self, head: Head, task: Task, outcome: Outcome) -> None:
        """No action runs into its time-out or ends by an unexpected exception."""
        if task.problem is not None:
            ill = head.disk_was_ill and isinstance(task.problem, OSError)
            if not ill or outcome.action in _DISK_ACTIONS:
                self.report("exception", f"{outcome.action} on {head.name}: {outcome.reason}")
        elif outcome.timed_out and not head.was_slow:
            self.report("too long", f"{outcome.action} on {head.name} was ended at its time-out")

    def discarded(self, head: Head, records: list[Record]) -> None:
        """What a repair takes away is kept somewhere on that head."""
        commits = {record.commit for record in records if record.commit is not None}
        if not commits:
            return
        for contents in head.disk.kept.values():
            if isinstance(contents, tuple):
                commits -= {record.commit for record in contents}
            elif isinstance(contents, Data):
                commits -= contents.index.keys()
        if commits:
            self.report("not set aside", f"{head.name} discarded {len(commits)} rows, such as {min(commits)}")

    def _give_up_what_is_set_aside(self) -> None:
        """After the known hazard one side's rows are not in the service any more, but all of them are kept."""
        kept: set[int] = set()
        for head in self.world.heads:
            for contents in head.disk.kept.values():
                if isinstance(contents, tuple):
                    kept |= {record.commit for record in contents if record.commit is not None}
                elif isinstance(contents, Data) and contents is not head.data:
                    kept |= contents.index.keys()
        self.given_up |= kept & self.acknowledged_rows.keys()

    # --- the end -----------------------------------------------------------------------------------------------

    def why_not_whole(self) -> str | None:
        """What is missing to a healthy pair; None when nothing is."""
        first, second = self.world.heads
        primaries = [head for head in (first, second) if head.server and not head.server.in_recovery]
        if len(primaries) != 1:
            return f"{len(primaries)} primaries"
        head = primaries[0]
        peer, cib = head.peer, head.pacemaker.cib
        if (
            not first.pacemaker.running
            or not second.pacemaker.running
            or first.pacemaker.dc != second.pacemaker.dc
        ):
            return "the cluster has not formed"
        if cib.version != peer.pacemaker.cib.version:
            return "the configurations differ"
        if (cib.data_of(head.name), cib.data_of(peer.name)) != ("latest", "sync"):
            return f"{head.name} is {cib.data_of(head.name)}, {peer.name} is {cib.data_of(peer.name)}"
        if not head.has_address or peer.has_address:
            return "the floating address is not where the primary is"
        if any(one.pacemaker.executor.blocked for one in (first, second)):
            return "a resource is blocked"
        if self.hazard:
            self._give_up_what_is_set_aside()
        for one in (first, second):
            missing = self.missing(one.data)
            if missing:
                return f"{one.name} lacks {len(missing)} acknowledged rows"
        return None
