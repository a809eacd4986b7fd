"""Random faults in a row on one pair, the same ones for the same seed; stops at the first violation."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from live_lab.errors import FaultNotSurvived
from live_lab.fault_run import RESULTS, FaultRun, Outcome, RowCounts, total
from live_lab.lab import Lab
from live_lab.matrix import Row, load_matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakReport:
    """How a soak went; `problem` is empty when all rounds passed."""

    seed: int
    rounds: int
    survived: int
    release: str
    at: str
    duration_s: float
    acknowledged: int
    lost: int
    rows: RowCounts
    longest_gap_s: float
    faults: tuple[str, ...]
    problem: str


def draw(seed: int, rounds: int) -> tuple[Row, ...]:
    """The rows of these rounds; a longer soak of the same seed begins with the same ones."""
    # Not for secrets: the same seed has to give the same faults.
    source = random.Random(seed)  # noqa: S311
    rows = [row for row in load_matrix().values() if row.soak]
    return tuple(source.choice(rows) for _ in range(rounds))


def soak(lab: Lab, *, seed: int, rounds: int, announce: Callable[[str], None]) -> SoakReport:
    """Carries them out one after the other; the report is also written beside the results."""
    began, at = time.monotonic(), datetime.now(UTC)
    outcomes: list[Outcome] = []
    problem = ""
    for number, row in enumerate(draw(seed, rounds), start=1):
        announce(f"{number}/{rounds} {row.id}: {row.title}")
        try:
            outcomes.append(FaultRun(lab, row).carry_out())
        except FaultNotSurvived as error:
            problem = f"seed {seed}, round {number}: {error}"
            break
        announce(f"    {told(outcomes[-1])}")
    report = SoakReport(
        seed=seed,
        rounds=rounds,
        survived=len(outcomes),
        release=lab.release,
        at=at.isoformat(timespec="seconds"),
        duration_s=round(time.monotonic() - began),
        acknowledged=sum(one.acknowledged for one in outcomes),
        lost=sum(one.lost for one in outcomes),
        rows=total([one.rows for one in outcomes if one.rows]),
        longest_gap_s=max((one.gap_s for one in outcomes), default=0.0),
        faults=tuple(one.row for one in outcomes),
        problem=problem,
    )
    _write(RESULTS / f"soak-{at:%Y%m%d-%H%M%S}-{seed}.json", report)
    return report


def told(outcome: Outcome) -> str:
    """One line about an outcome."""
    place = "the primary moved" if outcome.moved else "the primary stayed"
    return (
        f"{place}, longest silence {outcome.gap_s} s, whole again after {outcome.recovery_s} s,"
        f" lost {outcome.lost} of {outcome.acknowledged} conferences{_rows_told(outcome.rows)}"
    )


def _rows_told(rows: RowCounts | None) -> str:
    if rows is None:
        return ""
    return (
        f" and {rows.lost} of {rows.acknowledged} rows, {rows.duplicated} rows twice, {rows.diverging} on one head"
        f" only; of {rows.reads} reads {rows.stale} stale, {rows.outdated} outdated"
    )


def _write(path: Path, report: SoakReport) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(report), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
