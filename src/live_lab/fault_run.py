"""Carries one row of the fault matrix out on a configured pair, under load, and records what came of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from live_lab import audits
from live_lab.errors import FaultNotSurvived, LabError, WaitTimeout
from live_lab.faults import NETWORK_VERBS, VERBS, heal_everything
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.matrix import Act, Primary, Row, Service
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
class Outcome:
    """What was seen of one row, as it stands in the results file; times in seconds."""

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
        self._beside: Writer | None = None
        heal_everything(lab)
        audits.wait_until_clean(lab, deadline_s=LEAST_DEADLINE_S)
        have_arbiter(lab, wanted=row.arbiter)
        first, second = lab.heads
        self.active, self.standby = (first, second) if audits.is_primary(first) else (second, first)

    def carry_out(self) -> Outcome:
        """From a clean pair to a clean pair; FaultNotSurvived after the outcome was recorded and logs kept."""
        began = datetime.now(UTC)
        problem, recovery_s = "", 0.0
        with _writers(self._lab, self.active) as writers:
            self._beside = writers[1]
            writers[0].wait_for_more()
            calm = len(writers[0].acknowledged)
            try:
                self._break(writers[0])
                self._expect(writers[0])
                recovery_s = self._recover(writers[0])
            except LabError as error:
                problem = str(error)
            finally:
                heal_everything(self._lab)
            acknowledged = [one for writer in writers for one in writer.stop()]
            gap_s = longest_silence_s(writers[0].acknowledged[calm - 1 :])
        problem = problem or self._final_problem(acknowledged)
        outcome = Outcome(
            row=self._row.id,
            release=self._lab.release,
            at=began.isoformat(timespec="seconds"),
            passed=not problem,
            moved=audits.is_primary(self.standby),
            gap_s=round(gap_s, 2),
            recovery_s=round(recovery_s, 1),
            verdict_seen=tuple(sorted(self._seen)),
            acknowledged=len(acknowledged),
            lost=audits.lost(self._lab, acknowledged),
            problem=problem,
        )
        _record(outcome)
        if problem:
            logs = RESULTS / f"{self._row.id}-{began:%H%M%S}-{self._lab.name}"
            self._lab.collect_logs(logs)
            raise FaultNotSurvived(f"fault {self._row.id}: {problem}\nlogs: {logs.resolve()}")
        return outcome

    # -- the fault ------------------------------------------------------------------------------------------

    def _break(self, writer: Writer) -> None:
        for act in self._row.do:
            if act.verb != "await":
                self._do(act)
            elif act.what == ("move",):
                self._wait_for_the_move()
            else:
                writer.wait_for_more(deadline_s=self._deadline_s)
        self._broken_at = time.monotonic()

    def _do(self, act: Act) -> None:
        if act.verb in NETWORK_VERBS:
            for what in act.what or ("",):
                NETWORK_VERBS[act.verb](self._lab, what)
            return
        for host in (host for target in act.targets for host in self._hosts(target)):
            if act.verb == "reboot" and host is self.active and self._beside is not None:
                # A command from outside belongs to no unit: the host would wait for its end, 90 s.
                self._beside.stop()
            for what in act.what or ("",):
                VERBS[act.verb](self._lab, host, what)
            if act.silences:
                self._silent.add(host.name)
            elif act.verb in ("power-on", "thaw", "connect"):
                self._silent.discard(host.name)

    def _hosts(self, target: str) -> tuple[Host, ...]:
        return {
            "active": (self.active,),
            "standby": (self.standby,),
            "both": (self.active, self.standby),
            "media": tuple(self._lab.media[:1]),
            "arbiter": tuple(self._lab.media[:1]),
        }[target]

    def _wait_for_the_move(self) -> None:
        wait_until(
            lambda: audits.is_primary(self.standby),
            deadline_s=self._deadline_s,
            what=f"{self.standby.name} becomes the primary",
            every_s=0.5,
        )

    # -- what has to come of it -----------------------------------------------------------------------------

    def _expect(self, writer: Writer) -> None:
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
            writer.wait_for_more(self._row.conferences, deadline_s=self._deadline_s)
        self._look()

    def _look(self) -> set[str]:
        """All codes that `status` has shown so far, on the heads that can be asked."""
        for host in (self.standby, self.active):
            if host.name not in self._silent:
                verdict = verdict_of(host)
                self._seen |= verdict.codes if verdict else {"(status gives no answer)"}
                break
        return self._seen

    def _recover(self, writer: Writer) -> float:
        """Heals; seconds until all audits held, which they went on doing: from healing, if there was any."""
        for act in self._row.heal:
            self._do(act)
        heal_everything(self._lab)
        self._silent.clear()
        began = self._broken_at if self._row.is_over_at_once else time.monotonic()
        steady = _Steady(self._lab)
        wait_until(steady.looks, deadline_s=self._deadline_s, what="all audits hold", every_s=1.0)
        writer.wait_for_more(deadline_s=self._deadline_s)
        if self._row.primary is Primary.STAYS and not audits.is_primary(self.active):
            raise WaitTimeout(f"the primary moved to {self.standby.name}; it should have stayed")
        return steady.since - began

    def _final_problem(self, acknowledged: Sequence[Acknowledged]) -> str:
        try:
            audits.wait_until_clean(self._lab, acknowledged, deadline_s=self._deadline_s)
            wait_until(
                lambda: _Healthy(self._lab),
                deadline_s=self._deadline_s,
                what="status is healthy",
                every_s=1.0,
            )
        except WaitTimeout as error:
            return str(error)
        return ""


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


@contextmanager
def _writers(lab: Lab, active: Host) -> Iterator[tuple[Writer, Writer]]:
    """Users at the client, and one beside the active head: a primary that is cut off must not answer him either."""
    client, beside = Writer(lab), Writer(lab, host=active, per_second=5.0)
    try:
        yield client, beside
    finally:
        client.stop()
        beside.stop()


def _record(outcome: Outcome) -> None:
    """A line more in the results file; many runs may write to it."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    with (RESULTS / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(outcome), ensure_ascii=False) + "\n")
