"""What Pacemaker's controller decides: who starts, stops, is promoted and demoted, and what a failure costs.

A plan is carried out in stages, as Pacemaker's transitions are: demote, stop, start, promote. A stage begins when
nothing is under way in the partition any more, and every new fact makes the controller think anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from simulation.cib import RESOURCE, SCORE, Failure, NodeState
from simulation.executor import PROMOTED, STOPPED, UNPROMOTED, Outcome

if TYPE_CHECKING:
    from simulation.head import Head

MIGRATION_THRESHOLD = 3
FAILURE_TIMEOUT_S = 30.0
THINK_S = (0.05, 0.12)
FENCING_S = (1.0, 3.0)
REBOOT_S = (15.0, 40.0)
INFINITY = 1_000_000


def score_of(text: str) -> int | None:
    """A promotion score; None forbids."""
    if not text or text == "-INFINITY":
        return None
    return min(INFINITY, int(text))


class Controller:
    """The controller of one head; `active` while it controls its partition."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.world = head.world
        self.loop = head.world.loop
        self.forget()

    def forget(self) -> None:
        """As after a boot."""
        self.active = False
        self._thinking = False
        self._fencing = False
        self.failures: dict[str, list[float]] = {}
        self._joined: tuple[Head, ...] = ()

    # --- when to think -----------------------------------------------------------------------------------------

    def joined(self, partition: Iterable[Head]) -> None:
        """A partition has formed."""
        self._joined = tuple(partition)
        for head in self._partition():
            head.pacemaker.executor.done = self._failed_at(head)
        self.think()

    def think(self) -> None:
        """Something has changed: look at everything soon."""
        pacemaker = self.head.pacemaker
        if not self.active:
            controlling = pacemaker.controlling()
            if controlling is not None and controlling is not pacemaker:
                controlling.controller.think()
            return
        if not self._thinking:
            self._thinking = True
            self.loop.after(self.loop.between(*THINK_S), self._think, self.head)

    def _think(self) -> None:
        self._thinking = False
        if self.active and self.head.pacemaker.dc == self.head.name:
            self._plan()

    def _partition(self) -> list[Head]:
        """Those who have joined and are members as far as this head knows, reached or not."""
        members = self.head.pacemaker.members
        return [head for head in self._joined if head.name in members]

    def _reaches(self, head: Head) -> bool:
        linked = head is self.head or self.world.corosync.linked
        return linked and head.works and head.pacemaker.running and head.pacemaker.dc == self.head.name

    # --- failures ----------------------------------------------------------------------------------------------

    def _failed_at(self, head: Head) -> Callable[[Outcome], None]:
        def note(outcome: Outcome) -> None:
            controlling = head.pacemaker.controlling()
            if controlling is not None:
                controlling.controller.note(head, outcome)

        return note

    def note(self, head: Head, outcome: Outcome) -> None:
        """The end of an action, or a monitor that found something wrong."""
        harmless = outcome.code == 0 or (outcome.action == "probe" and outcome.code in (7, 8))
        if not harmless:
            self.failures.setdefault(head.name, []).append(self.loop.now)
            self.loop.after(FAILURE_TIMEOUT_S + 0.1, self.think, self.head)
            self._record(head, outcome)
            if outcome.action == "stop":
                self._stop_failed(head)
        self.think()

    def _record(self, head: Head, outcome: Outcome) -> None:
        interval = 2000 if outcome.action == "monitor" else 0
        task = "monitor" if outcome.action == "probe" else outcome.action
        at = int(self.world.wall_clock(self.head))
        failure = Failure(head.name, task, outcome.code, at, outcome.reason, interval, outcome.timed_out)
        others = tuple(one for one in self.head.pacemaker.cib.failures if one.node != head.name)
        self.head.pacemaker.apply(lambda cib: cib.noted(failures=(*others, failure)))

    def _stop_failed(self, head: Head) -> None:
        if self._fences:
            self._fence(head)
        else:
            self.world.tell(head.name, "Pacemaker: the stop failed, the resource is blocked here")
            head.pacemaker.executor.blocked = True
            head.pacemaker.executor.suspend()

    def _failure_count(self, head: Head) -> int:
        """All of them count until the last one is old enough."""
        moments = self.failures.get(head.name, [])
        if moments and self.loop.now - moments[-1] >= FAILURE_TIMEOUT_S:
            moments.clear()
            self.head.pacemaker.apply(
                lambda cib: (
                    cib.noted(failures=tuple(one for one in cib.failures if one.node != head.name))
                    if any(one.node == head.name for one in cib.failures)
                    else cib
                )
            )
        return len(moments)

    def clean_up(self) -> None:
        """`crm_resource --cleanup`."""
        self.failures.clear()
        for head in self._partition():
            executor = head.pacemaker.executor
            if executor.blocked or executor.failed:
                executor.blocked = executor.failed = False
                executor.suspend()
                executor.role = None
        self.head.pacemaker.apply(lambda cib: cib.noted(failures=()) if cib.failures else cib)
        self.think()

    # --- the plan ----------------------------------------------------------------------------------------------

    def _plan(self) -> None:
        cib = self.head.pacemaker.cib
        partition = self._partition()
        if any(head.pacemaker.executor.pending for head in partition):
            return
        executors = [head.pacemaker.executor for head in partition]
        unknown = [head for head in partition if head.pacemaker.executor.role is None]
        if unknown:
            self._perform([(head, "probe") for head in unknown])
            return
        if cib.option("maintenance-mode") == "true":
            for executor in executors:
                executor.suspend()
            return
        for executor in executors:
            if not executor.failed:
                executor.keep_monitoring()
        if self._must_fence_first():
            return
        stage = self._next_stage(partition)
        if stage:
            self._perform(stage)

    def _next_stage(self, partition: list[Head]) -> list[tuple[Head, str]]:
        """The first stage in which there is something to do."""
        free = [head for head in partition if not head.pacemaker.executor.blocked]
        stays = {head: self._may_run(head) for head in free}
        chosen = self._chosen(partition, stays)
        demote, stop, start, promote = [], [], [], []
        for head in free:
            executor = head.pacemaker.executor
            leaves = executor.failed or not stays[head]
            is_over = leaves or head is not chosen
            if executor.role == PROMOTED and is_over and not executor.demoted:
                demote.append((head, "demote"))
            elif leaves and (executor.role != STOPPED or executor.failed):
                stop.append((head, "stop"))
            elif executor.role == STOPPED and stays[head]:
                start.append((head, "start"))
            elif executor.role == UNPROMOTED and head is chosen:
                promote.append((head, "promote"))
        return demote or stop or start or promote

    def _may_run(self, head: Head) -> bool:
        cib = self.head.pacemaker.cib
        if not self.head.corosync.quorate or cib.option("stop-all-resources") == "true":
            return False
        standby = cib.permanent.get((head.name, "standby"), "") == "on"
        return not standby and self._failure_count(head) < MIGRATION_THRESHOLD

    def _chosen(self, partition: list[Head], stays: dict[Head, bool]) -> Head | None:
        """Whose instance is to be the promoted one. A blocked one keeps its role."""
        for head in partition:
            executor = head.pacemaker.executor
            if executor.blocked and executor.role == PROMOTED:
                return head
        cib = self.head.pacemaker.cib
        best: tuple[int, bool, int] | None = None
        chosen = None
        for place, head in enumerate(self.world.heads):
            score = score_of(cib.transient.get((head.name, SCORE), ""))
            executor = head.pacemaker.executor
            if head not in stays or not stays[head] or score is None or executor.failed:
                continue
            rank = (score, executor.role == PROMOTED, -place)
            if best is None or rank > best:
                best, chosen = rank, head
        return chosen

    def _perform(self, stage: list[tuple[Head, str]]) -> None:
        """Start what has to be done; who cannot be reached is waited for until the membership says more."""
        for head, action in stage:
            if not self._reaches(head):
                continue
            self.world.tell(head.name, f"Pacemaker: {action} {RESOURCE}")
            executor = head.pacemaker.executor
            executor.done = self._failed_at(head)
            executor.perform(action, self._failed_at(head))

    # --- fencing -----------------------------------------------------------------------------------------------

    @property
    def _fences(self) -> bool:
        return self.head.pacemaker.cib.option("stonith-enabled") == "true"

    def _must_fence_first(self) -> bool:
        """A lost node may do anything until its power is off."""
        peer = self.head.peer
        state = self.head.pacemaker.cib.states.get(peer.name, NodeState())
        lost = peer.name not in self.head.pacemaker.members and state.expected == "member"
        if not (self._fences and lost and self.head.corosync.quorate):
            return False
        self._fence(peer)
        return True

    def _fence(self, target: Head) -> None:
        if self._fencing:
            return
        self._fencing = True
        # The one with the primary counts for more: the other one hesitates.
        hesitates = self.head.pacemaker.executor.role != PROMOTED
        delay = self.loop.between(*FENCING_S) + (3.0 if hesitates else 0.0)

        def shoot() -> None:
            self._fencing = False
            if not self.active:
                return
            if self.head.fencing_fails:
                self.think()
                return
            self.world.tell(target.name, f"is switched off by {self.head.name}")
            target.power_off()
            self.loop.after(self.loop.between(*REBOOT_S), target.power_on)
            states = {**self.head.pacemaker.cib.states, target.name: NodeState("down", "down")}
            self.head.pacemaker.apply(lambda cib: cib.noted(states=states))
            self.think()

        self.loop.after(delay, shoot, self.head)
