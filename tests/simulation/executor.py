"""Runs the actions of one head's resource: each a fresh process of the agent's real code, with its time-out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulation.engine import Event, SimulationError, Task

if TYPE_CHECKING:
    from simulation.head import Head

TIMEOUTS_S = {
    "start": 300.0,
    "stop": 120.0,
    "promote": 120.0,
    "demote": 180.0,
    "monitor": 60.0,
    "probe": 60.0,
}
INTERVALS_S = {"Unpromoted": 3.0, "Promoted": 2.0}
ADDRESS_S = (0.05, 0.2)
STOPPED, UNPROMOTED, PROMOTED = "Stopped", "Unpromoted", "Promoted"
_EXPECTED = {UNPROMOTED: 0, PROMOTED: 8}
_ROLES = {0: UNPROMOTED, 7: STOPPED, 8: PROMOTED, 9: PROMOTED}
NOT_RUNNING = 7
_AFTER = {"start": UNPROMOTED, "stop": STOPPED, "promote": PROMOTED, "demote": UNPROMOTED}


@dataclass(slots=True)
class Outcome:
    """How an action ended."""

    action: str
    code: int
    reason: str
    timed_out: bool = False


class Executor:
    """The resource of one head: its role as far as its actions have told, and what is under way."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.world = head.world
        self.loop = head.world.loop
        self.forget()

    def forget(self) -> None:
        """As after a boot."""
        self.role: str | None = None
        self.failed = False
        # A demotion has been tried since the resource was started: whatever came of it, it is stopped next.
        self.demoted = False
        self.blocked = False
        self.pending: str | None = None
        self.running: Task | None = None
        self.done: Callable[[Outcome], None] = lambda outcome: None
        self._monitor: Event | None = None
        self._waiting: Callable[[], None] | None = None
        self._monitored = False

    def start(self) -> None:
        """Pacemaker has started: nothing is known of the resource before the probe."""
        self.forget()

    # --- actions -----------------------------------------------------------------------------------------------

    def perform(self, action: str, done: Callable[[Outcome], None]) -> None:
        """Run an action of the controller's; a monitor that is under way ends first."""
        self.pending = action
        self._cancel_monitor()

        def begin() -> None:
            if action in ("demote", "stop") and self.head.has_address:
                self.head.has_address = False
                self.loop.after(self.loop.between(*ADDRESS_S), run, self.head)
            else:
                run()

        def run() -> None:
            self._run(action, lambda outcome: self._performed(outcome, done))

        if self.running is None:
            begin()
        else:
            self._waiting = begin

    def _performed(self, outcome: Outcome, done: Callable[[Outcome], None]) -> None:
        self.pending = None
        if outcome.action == "probe":
            self.role = _ROLES.get(outcome.code, STOPPED)
            self.failed = outcome.code not in (0, 7, 8)
        elif outcome.code == 0:
            self._succeeded(outcome.action)
        else:
            self.failed = True
            if outcome.code == NOT_RUNNING:
                self.role = STOPPED
        self.demoted = outcome.action == "demote" and self.failed
        if self.role in (UNPROMOTED, PROMOTED) and not self.failed:
            self.keep_monitoring()
        done(outcome)

    def _succeeded(self, action: str) -> None:
        self.role = _AFTER[action]
        # What had failed is stopped after its demotion.
        self.failed = self.failed and action == "demote"
        if action == "promote":
            self.loop.after(self.loop.between(*ADDRESS_S), self._bring_address, self.head)

    def _bring_address(self) -> None:
        if self.role == PROMOTED and self.pending not in ("demote", "stop"):
            self.head.has_address = True

    # --- monitors ----------------------------------------------------------------------------------------------

    def keep_monitoring(self, *, delay_s: float | None = None) -> None:
        """The recurring monitor, unless it is on already."""
        if self.role not in INTERVALS_S or self._monitored or self.blocked:
            return
        self._monitored = True
        self._monitor = self.loop.after(0.02 if delay_s is None else delay_s, self._look, self.head)

    def _cancel_monitor(self) -> None:
        self._monitored = False
        if self._monitor is not None:
            self._monitor.cancel()
            self._monitor = None

    def suspend(self) -> None:
        """Maintenance: no monitors."""
        self._cancel_monitor()

    def _look(self) -> None:
        if not self._monitored or self.running is not None or self.pending is not None:
            return
        self._run("monitor", self._looked)

    def _looked(self, outcome: Outcome) -> None:
        if not self._monitored or self.role is None:
            return
        if outcome.code == _EXPECTED.get(self.role):
            self._monitor = self.loop.after(INTERVALS_S[self.role], self._look, self.head)
            return
        self._cancel_monitor()
        self.failed = True
        if not outcome.timed_out:
            self.role = _ROLES.get(outcome.code, self.role)
        self.done(outcome)

    # --- one process -------------------------------------------------------------------------------------------

    def _run(self, action: str, ended: Callable[[Outcome], None]) -> None:
        limit = TIMEOUTS_S[action]
        was_promoted = self.role == PROMOTED
        task = self.world.agent.action(self.head, action, timeout_s=limit, promoted=was_promoted)
        self.running = task
        expiry = self.loop.after(limit, task.kill, self.head)

        def finish(task: Task) -> None:
            expiry.cancel()
            if self.running is not task:
                return
            self.running = None
            outcome = self._judge(task, action)
            self.world.acted(self.head, task, outcome)
            ended(outcome)
            waiting, self._waiting = self._waiting, None
            if waiting is not None:
                waiting()

        task.on_end.append(finish)

    def _judge(self, task: Task, action: str) -> Outcome:
        reason = str(task.memory.get("reason", ""))
        if task.dead:
            timed_out = task.calls_left is None
            return Outcome(action, 1, "Timed Out" if timed_out else "killed", timed_out)
        if task.problem is not None:
            return Outcome(action, 1, f"{type(task.problem).__name__}: {task.problem}")
        if not isinstance(task.result, int):
            raise SimulationError(f"{action} returned {task.result!r}")
        return Outcome(action, task.result, reason)
