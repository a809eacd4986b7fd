"""Virtual time and everything that happens in it, in an order that the seed alone decides.

The agent's code is synchronous and Pacemaker starts a fresh process for each action. Here each such process is a
`Task`: a greenlet that gives way whenever it waits. Nothing else is concurrent: a seed always runs the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from typing import Protocol

from greenlet import GreenletExit, getcurrent, greenlet


class SimulationError(Exception):
    """The simulator itself is wrong or lacks something: never a finding about the agent."""


class TimeIsUp(BaseException):
    """The time limit of the program that is being run has passed; no agent code may catch it."""


class Host(Protocol):
    """A machine: what happens on it stops with its power and waits while it is frozen."""

    boot: int
    frozen_until: float


class Event:
    """Something that will happen, unless it is cancelled."""

    __slots__ = ("boot", "call", "host")

    def __init__(self, call: Callable[[], None] | None, host: Host | None) -> None:
        self.call = call
        self.host = host
        self.boot = host.boot if host is not None else 0

    def cancel(self) -> None:
        """It shall not happen any more."""
        self.call = None


class Loop:
    """The queue of events, the clock, and the only source of chance."""

    def __init__(self, seed: int) -> None:
        self.now = 1000.0
        self.random = Random(seed)
        self.steps = 0
        self.task: Task | None = None
        self.hub = getcurrent()
        self.stopped = False
        self._queue: list[tuple[float, int, Event]] = []
        self._count = 0

    def after(self, delay_s: float, call: Callable[[], None], host: Host | None = None) -> Event:
        """Let something happen later; on a host only if that has not lost power since."""
        event = Event(call, host)
        self._push(self.now + delay_s, event)
        return event

    def _push(self, moment: float, event: Event) -> None:
        self._count += 1
        heappush(self._queue, (moment, self._count, event))

    def run_until(self, end: float) -> None:
        """Let everything happen that is due by then."""
        queue = self._queue
        while queue and queue[0][0] <= end and not self.stopped:
            moment, _, event = heappop(queue)
            call, host = event.call, event.host
            if call is None or (host is not None and host.boot != event.boot):
                continue
            if host is not None and host.frozen_until > moment:
                self._push(host.frozen_until, event)
                continue
            self.now = max(self.now, moment)
            self.steps += 1
            call()
        if not self.stopped:
            self.now = max(self.now, end)

    def between(self, least: float, most: float) -> float:
        """A duration by chance."""
        return least + (most - least) * self.random.random()


class Task:
    """One process of agent code on a host."""

    def __init__(self, loop: Loop, host: Host, name: str, code: Callable[[], object]) -> None:
        self.loop = loop
        self.host = host
        self.name = name
        self.boot = host.boot
        self.dead = False
        self.ended = False
        self.result: object = None
        self.problem: Exception | None = None
        # A fault may end this process just before its n-th call into a door.
        self.calls_left: int | None = None
        # Time limits of the programs that this process waits for, the innermost last.
        self.limits: list[float] = []
        self.locks: set[str] = set()
        self.memory: dict[str, object] = {}
        self.on_end: list[Callable[[Task], None]] = []
        self._code = code
        self._greenlet = greenlet(self._run, parent=loop.hub)

    def start(self, delay_s: float = 0.0) -> Task:
        """Begin soon."""
        self.loop.after(delay_s, self._resume, self.host)
        return self

    def _run(self) -> None:
        try:
            self.result = self._code()
        except GreenletExit:
            self.dead = True
        except Exception as problem:
            self.problem = problem
            if isinstance(problem, SimulationError):
                raise
        finally:
            self.ended = True

    def _resume(self) -> None:
        if self.ended:
            return
        before, self.loop.task = self.loop.task, self
        try:
            self._greenlet.switch()
        finally:
            self.loop.task = before
        self._settle()

    def _settle(self) -> None:
        if self.ended and self.on_end:
            calls, self.on_end = self.on_end, []
            for call in calls:
                call(self)

    def kill(self) -> None:
        """SIGKILL: nothing of it runs any more, no clean-up either (the doors refuse a dead task)."""
        if self.ended or self.dead:
            return
        self.dead = True
        if getcurrent() is self._greenlet:
            raise GreenletExit
        self.bury()
        self._settle()

    def bury(self) -> None:
        """Its machine has lost power, or it was killed: unwind what is left of it, without any effect."""
        self.dead = True
        if self.ended or getcurrent() is self._greenlet:
            return
        before, self.loop.task = self.loop.task, self
        # Back to whoever kills it, which may be another task.
        self._greenlet.parent = getcurrent()
        try:
            self._greenlet.throw(GreenletExit)
        finally:
            self.loop.task = before
        self.ended = True

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return not (self.ended or self.dead) and self.boot == self.host.boot

    def pause(self, seconds: float) -> None:
        """Give way for some time; TimeIsUp when a time limit passes meanwhile."""
        if self.dead:
            raise GreenletExit
        loop = self.loop
        limit = min(self.limits, default=None)
        if limit is not None and loop.now + seconds > limit:
            loop.after(max(0.0, limit - loop.now), self._resume, self.host)
            loop.hub.switch()
            self._check()
            raise TimeIsUp
        loop.after(seconds, self._resume, self.host)
        loop.hub.switch()
        self._check()

    def _check(self) -> None:
        if self.dead or self.boot != self.host.boot:
            self.dead = True
            raise GreenletExit

    def wait_for(self, condition: Callable[[], bool], every_s: float = 0.02) -> None:
        """Give way until the condition holds."""
        while not condition():
            self.pause(every_s)
