"""Carries one row of the fault matrix out on a configured pair, under load, and records what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from live_lab import audits
from live_lab.checker import Checker, checker
from live_lab.errors import FaultNotSurvived, LabError, WaitTimeout
from live_lab.fault_waits import has_repair, log_end, logged
from live_lab.faults import NETWORK_VERBS, VERBS, heal_everything
from live_lab.history import Judgement
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.matrix import GIVE_UP, Act, Primary, Row, Service
from live_lab.pair import Verdict, have_arbiter, verdict_of
from live_lab.wait import wait_until
from live_lab.writer import Acknowledged, Writer, longest_silence_s

# What the matrix expects is for people; machines may be ten times slower, and more.
GENEROSITY = 10
LEAST_DEADLINE_S = 300.0
# A fault that is noticed late looks like none at first: the audits have to hold in so many looks in a row.
STEADY_LOOKS = 4
RESULTS = Path("test-logs/faults")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCounts:
    """What the checker of the database found, in rows and reads; only `outdated` reads are no violation."""

    acknowledged: int
    reads: int
    lost: int
    duplicated: int
    diverging: int
    stale: int
    outdated: int


def total(counts: Sequence[RowCounts]) -> RowCounts:
    """The sum of each."""
    return RowCounts(
        **{one.name: sum(getattr(count, one.name) for count in counts) for one in fields(RowCounts)}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was seen of one row, as it stands in the results file; times in seconds.

    `acknowledged` and `lost` are conferences; `rows` is what the checker of the database found.
    """

    row: str
    release: str
    at: str
    passed: bool
    moved: bool
    gap_s: float
    recovery_s: float
    verdict_seen: tuple[str, ...]
    acknowledged: int
    lost: int
    rows: RowCounts | None = None
    problem: str = ""


class FaultRun:
    """One row on one pair: calm, fault, expectation, healing, audits."""

    def __init__(self, lab: Lab, row: Row) -> None:
        self._lab = lab
        self._row = row
        self._seen: set[str] = set()
        self._silent: set[str] = set()
        self._deadline_s = max(LEAST_DEADLINE_S, GENEROSITY * max(row.gap_s, row.recovery_s))
        self._broken_at = 0.0
        self._given_up_at = 0.0
        heal_everything(lab)
        audits.wait_until_clean(lab, deadline_s=LEAST_DEADLINE_S)
        have_arbiter(lab, wanted=row.arbiter)
        if row.on_head:
            self._move_to(lab.heads[row.on_head - 1])
        first, second = lab.heads
        self.active, self.standby = (first, second) if audits.is_primary(first) else (second, first)
        self._logs = {head.name: log_end(head) for head in lab.heads}

    def _move_to(self, head: Host) -> None:
        """The row begins with the primary there."""
        if not audits.is_primary(head):
            head.run(("live-cluster", "switchover", "--yes"), timeout_s=LEAST_DEADLINE_S)
            audits.wait_until_clean(self._lab, deadline_s=LEAST_DEADLINE_S)

    def carry_out(self) -> Outcome:
        """From a clean pair to a clean pair; FaultNotSurvived after the outcome was recorded and logs kept."""
        began = datetime.now(UTC)
        with _clients(self._lab, self.active) as self._clients:
            public, beside, rows = self._clients
            public.wait_for_more()
            rows.wait_for_more(deadline_s=LEAST_DEADLINE_S)
            calm = len(public.acknowledged)
            problems, recovery_s = self._undergo()
            kept = [one for one in (*public.stop(), *beside.stop()) if one.at_s >= self._given_up_at]
            gap_s = longest_silence_s(public.acknowledged[calm - 1 :])
            problems = problems or self._final_problems(kept)
            judgement, found = self._judged(rows)
            problems += found
            outcome = Outcome(
                row=self._row.id,
                release=self._lab.release,
                at=began.isoformat(timespec="seconds"),
                passed=not problems,
                moved=audits.is_primary(self.standby),
                gap_s=round(gap_s, 2),
                recovery_s=round(recovery_s, 1),
                verdict_seen=tuple(sorted(self._seen)),
                acknowledged=len(kept),
                lost=audits.lost(self._lab, kept),
                rows=_counted(judgement) if judgement else None,
                problem="\n".join(problems),
            )
            _record(outcome)
            if problems:
                logs = RESULTS / f"{self._row.id}-{began:%H%M%S}-{self._lab.name}"
                self._lab.collect_logs(logs)
                rows.save(logs)
                raise FaultNotSurvived(f"fault {self._row.id}: {outcome.problem}\nlogs: {logs.resolve()}")
        return outcome

    def _undergo(self) -> tuple[list[str], float]:
        """The faults, what has to come of them, and healing; problems, and how long healing took."""
        try:
            for act in self._row.do:
                self._do(act)
            self._broken_at = time.monotonic()
            self._expect()
            return [], self._recover()
        except LabError as error:
            return [str(error)], 0.0
        finally:
            heal_everything(self._lab)

    def _judged(self, rows: Checker) -> tuple[Judgement | None, list[str]]:
        try:
            judgement = rows.judge(deadline_s=self._deadline_s)
        except LabError as error:
            return None, [str(error)]
        return judgement, list(judgement.violations)

    # -- the fault ------------------------------------------------------------------------------------------

    def _do(self, act: Act) -> None:
        if act.verb == GIVE_UP:
            self._given_up_at = time.time()
            self._clients.rows.give_up(time.monotonic())
        elif act.verb == "await":
            self._await(act)
        elif act.verb in NETWORK_VERBS:
            for what in act.what or ("",):
                NETWORK_VERBS[act.verb](self._lab, what)
        else:
            for host in (host for target in act.targets for host in self._hosts(target)):
                self._do_to(host, act)

    def _do_to(self, host: Host, act: Act) -> None:
        if act.verb == "reboot":
            self._clients.leave(host, is_active=host is self.active)
        for what in act.what or ("",):
            named = what.replace("ACTIVE", self.active.name).replace("STANDBY", self.standby.name)
            VERBS[act.verb](self._lab, host, named)
        if act.silences:
            self._silent.add(host.name)
        elif act.verb in ("power-on", "thaw", "connect"):
            self._silent.discard(host.name)
        if act.verb in ("power-on", "reboot"):
            self._clients.rows.start_missing()

    def _hosts(self, target: str) -> tuple[Host, ...]:
        return {
            "active": (self.active,),
            "standby": (self.standby,),
            "both": (self.active, self.standby),
            "media": tuple(self._lab.media[:1]),
            "arbiter": tuple(self._lab.media[:1]),
            "client": (self._lab.client,),
        }[target]

    def _await(self, act: Act) -> None:
        if not act.targets:
            for what in act.what:
                self._await_pair(what)
        for host in (host for target in act.targets for host in self._hosts(target)):
            self._await_host(host, *act.what)

    def _await_host(self, host: Host, kind: str, text: str = "") -> None:
        line, place = text.replace("_", " "), self._logs[host.name]
        if kind == "log":
            self._wait(lambda: logged(host, place, line), f"{host.name} logs {line}")
        else:
            self._wait(lambda: has_repair(host), f"a repair on {host.name} has begun")

    def _await_pair(self, what: str) -> None:
        if what == "move":
            self._wait_for_the_move()
        elif what == "return":
            self._wait(lambda: audits.is_primary(self.active), f"{self.active.name} is the primary again")
        elif what == "service":
            self._clients.public.wait_for_more(deadline_s=self._deadline_s)
        else:
            over = time.monotonic() + float(what.removesuffix("s"))
            self._wait(lambda: time.monotonic() >= over, f"{what} are over")

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        wait_until(condition, deadline_s=self._deadline_s, what=what)

    def _wait_for_the_move(self) -> None:
        self._wait(lambda: audits.is_primary(self.standby), f"{self.standby.name} becomes the primary")

    # -- what has to come of it -----------------------------------------------------------------------------

    def _expect(self) -> None:
        """While the fault lasts: the primary moves, the verdict is right, conferences are acknowledged."""
        if self._row.primary is Primary.MOVES:
            self._wait_for_the_move()
        if self._row.verdict:
            wait_until(
                lambda: set(self._row.verdict) <= self._look(),
                deadline_s=self._deadline_s,
                what=f"status shows {', '.join(self._row.verdict)}",
                every_s=0.5,
            )
        if self._row.service is Service.GOES_ON:
            self._clients.public.wait_for_more(self._row.conferences, deadline_s=self._deadline_s)
        self._look()

    def _look(self) -> set[str]:
        """All codes that `status` has shown so far, on the heads that can be asked."""
        for host in (self.standby, self.active):
            if host.name not in self._silent:
                verdict = verdict_of(host)
                self._seen |= verdict.codes if verdict else {"(status gives no answer)"}
                break
        return self._seen

    def _recover(self) -> float:
        """Heals; seconds until all audits held, which they went on doing: from healing, if there was any."""
        for act in self._row.heal:
            self._do(act)
        heal_everything(self._lab)
        self._clients.rows.start_missing()
        self._silent.clear()
        began = self._broken_at if self._row.is_over_at_once else time.monotonic()
        steady = _Steady(self._lab)
        wait_until(steady.looks, deadline_s=self._deadline_s, what="all audits hold", every_s=1.0)
        self._clients.rows.healed_s = steady.since
        self._clients.public.wait_for_more(deadline_s=self._deadline_s)
        self._clients.rows.wait_for_more(deadline_s=self._deadline_s)
        if self._row.primary is Primary.STAYS and not audits.is_primary(self.active):
            raise WaitTimeout(f"the primary moved to {self.standby.name}; it should have stayed")
        return steady.since - began

    def _final_problems(self, acknowledged: Sequence[Acknowledged]) -> list[str]:
        try:
            audits.wait_until_clean(self._lab, acknowledged, deadline_s=self._deadline_s)
            wait_until(
                lambda: _Healthy(self._lab),
                deadline_s=self._deadline_s,
                what="status is healthy",
                every_s=1.0,
            )
        except WaitTimeout as error:
            return [str(error)]
        return []


class _Steady:
    """Counts looks in a row at which nothing was found; its text is what was found at the last one."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._count = 0
        self._found: tuple[str, ...] = ()
        self.since = 0.0

    def looks(self) -> _Steady:
        at = time.monotonic()
        self._found = audits.findings(self._lab)
        if self._found:
            self._count = 0
        else:
            self._count += 1
            self.since = at if self._count == 1 else self.since
        return self

    def __bool__(self) -> bool:
        return self._count >= STEADY_LOOKS

    def __repr__(self) -> str:
        return f"{self._count} looks without findings, then {self._found}"


class _Healthy:
    """True when `status` on both heads says that either may be lost."""

    def __init__(self, lab: Lab) -> None:
        self._verdicts: list[Verdict | None] = [verdict_of(head) for head in lab.heads]

    def __bool__(self) -> bool:
        return all(one is not None and one.healthy for one in self._verdicts)

    def __repr__(self) -> str:
        return str(self._verdicts)


class _Clients(NamedTuple):
    """A user at the client, one beside the active head, which must not answer him once it is cut off, and rows."""

    public: Writer
    beside: Writer
    rows: Checker

    def leave(self, host: Host, *, is_active: bool) -> None:
        """A command from outside belongs to no unit: a host that reboots would wait for its end, 90 s."""
        if is_active:
            self.beside.stop()
        self.rows.leave(host)


@contextmanager
def _clients(lab: Lab, active: Host) -> Iterator[_Clients]:
    with checker(lab) as rows:
        public, beside = Writer(lab), Writer(lab, host=active, per_second=5.0)
        try:
            yield _Clients(public, beside, rows)
        finally:
            public.stop()
            beside.stop()


def _counted(judgement: Judgement) -> RowCounts:
    return RowCounts(
        acknowledged=judgement.acknowledged,
        reads=judgement.reads,
        lost=len(judgement.lost),
        duplicated=len(judgement.duplicated),
        diverging=len(judgement.diverging),
        stale=len(judgement.stale),
        outdated=len(judgement.outdated),
    )


def _record(outcome: Outcome) -> None:
    """A line more in the results file; many runs may write to it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
