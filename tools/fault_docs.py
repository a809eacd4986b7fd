#!/usr/bin/env python3
"""Write docs/faults.md from the fault matrix and docs/faults.json; --check says if it is stale.

--take DIRECTORY first replaces the results in docs/faults.json by those of a run (test-logs/faults).
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from live_lab.matrix import Act, Primary, Row, Service, load_matrix  # noqa: E402

PAGE = ROOT / "docs" / "faults.md"
RESULTS = ROOT / "docs" / "faults.json"
Result = Mapping[str, Any]

_INTRODUCTION = """\
<!-- Made by tools/fault_docs.py from src/live_lab/fault_matrix.toml and docs/faults.json. Do not edit by hand. -->
# Faults that the pair survives

Each row was carried out on whole servers in [the lab](lab.md): a configured pair without fencing and, but for the rows that say so, without an arbiter, token 3000 ms,
a user at the public address who creates 20 conferences a second, and another one beside the active head. Beside them
[a checker](lab.md#the-checker-of-the-database) appends rows to the database and reads them, through the floating address and at both servers. Afterwards
all audits have to hold: one partition, one primary, each resource exactly where it must be, replication synchronous, every
acknowledged conference and row on both heads exactly once, no failed records, no constraint that nobody took back; and `status` says of both
heads that they may be lost. "Seen" are medians, with the worst in brackets, of machines that share two cores with others; "expected" is
what the matrix states. Tests never measure time: they wait ten times as long as expected.

    ./lab fault                        # lists them
    ./lab fault power-loss-active      # one of them, on a lab of its own
    ./lab soak --rounds 10 --seed 7    # random ones

| columns | |
|---|---|
| silence | the longest time without an acknowledgement at the public address, from the fault until everything is whole again |
| whole again | from the end of the fault until all audits held; from the fault itself where nothing is left to end, as after a killed process or a reboot |
| primary | where it was in the end |
| conferences | acknowledged by the application, and how many of them were lost |
| checker's rows | acknowledged by the database; lost, there twice, or on one head only |
| checker's reads | answered by a primary: stale ones, which are a violation, and outdated ones, of a primary that did not know yet that another one had taken over |
"""
_NOT_HAD = """
## What could not be had in the lab

| fault | why not | what stands for it |
|---|---|---|
| clock jump of one head | all hosts share the machine's clock, and the lab withholds the right to set it; there is no kernel \
interface for a wall clock per container, and a preloaded library does not reach Pacemaker's children reliably | Corosync and \
the agent measure with the monotonic clock; the difference of the clocks is a prerequisite of `configure` and unit-tested |
| the path to the SAN lost at one head only | one loop device serves both heads; the kernel has no device mapper to break one path | \
`lun-gone`: the device answers both heads with errors |
| delay and reordering of packets | the kernel has no netem | `slow-network` (a token bucket with a full queue), `lossy-network` \
(packets dropped at random) |
| a NIC of a bond, a bond's fail-over | the kernel has no bonding; `bond0` and `bond1` are plain interfaces | the whole link cut; \
and on [virtual machines](lab.md#virtual-machines), which have bonds, each NIC, cable and switch (`tests/lab/test_network_schemes.py`) |
| writes lost by a disk without power | the page cache is the machine's and survives | on virtual machines it does not: \
power loss there in `test_failover.py` (`LIVE_LAB_SCHEME=full`) and in the tests of each file storage |
"""


def page(rows: Mapping[str, Row], results: Mapping[str, Any]) -> str:
    """The whole page."""
    parts = [_INTRODUCTION, "\n## Expected\n\n", *_expected(rows.values()), "\n## Seen\n\n"]
    for release in sorted({one["release"] for one in results["outcomes"]}):
        outcomes = [one for one in results["outcomes"] if one["release"] == release]
        parts += [f"### {release}\n\n", _recorded(outcomes), *_seen(rows, outcomes), "\n"]
    parts += ["## Soaks\n\n", *_soaks(results["soaks"]), _NOT_HAD]
    return "".join(parts)


def _recorded(outcomes: list[Result]) -> str:
    times = sorted(one["at"] for one in outcomes)
    survived = sum(one["passed"] for one in outcomes)
    lost = sum(one["lost"] for one in outcomes)
    kept = sum(one["acknowledged"] for one in outcomes)
    return (
        f"{survived} of {len(outcomes)} runs survived; {lost} of {kept} acknowledged conferences lost;"
        f" the checker's rows: {_rows(outcomes)}; its reads: {_reads(outcomes)}."
        f" Recorded from {times[0]} to {times[-1]}.\n\n"
    )


def _expected(rows: Iterable[Row]) -> Iterable[str]:
    yield "| row | fault | done to the lab | primary | service | silence | whole again | `status` shows |\n"
    yield "|---|---|---|---|---|---|---|---|\n"
    service = {
        Service.GOES_ON: "goes on by itself",
        Service.WAITS: "waits until healed",
        Service.EITHER: "not said",
    }
    primary = {Primary.STAYS: "stays", Primary.MOVES: "moves", Primary.EITHER: "stays or moves"}
    for row in rows:
        done = ", ".join(f"`{_told(act)}`" for act in row.do)
        if row.heal:
            done += "; healed by " + ", ".join(f"`{_told(act)}`" for act in row.heal)
        codes = ", ".join(f"`{code}`" for code in row.verdict)
        yield (
            f"| {row.id} | {row.title} | {done} | {primary[row.primary]} | {service[row.service]} |"
            f" {row.gap_s:g} s | {row.recovery_s:g} s | {codes} |\n"
        )


def _told(act: Act) -> str:
    return " ".join((act.verb, *act.targets, *act.what))


def _seen(rows: Mapping[str, Row], outcomes: list[Result]) -> Iterable[str]:
    yield "| row | survived | primary | silence | whole again | conferences | checker's rows | checker's reads | `status` showed |\n"
    yield "|---|---|---|---|---|---|---|---|---|\n"
    for row in rows:
        runs = [one for one in outcomes if one["row"] == row]
        if not runs:
            yield f"| {row} | not run | | | | | | | |\n"
            continue
        moved = sum(one["moved"] for one in runs)
        place = {0: "stayed", len(runs): "moved"}.get(moved, f"moved {moved} of {len(runs)} times")
        codes = sorted({code for one in runs for code in one["verdict_seen"]} - {"hazard-split-brain"})
        yield (
            f"| {row} | {sum(one['passed'] for one in runs)} of {len(runs)} | {place} | {_times(runs, 'gap_s')} |"
            f" {_times(runs, 'recovery_s')} | {sum(one['acknowledged'] for one in runs)},"
            f" lost {sum(one['lost'] for one in runs)} | {_rows(runs)} | {_reads(runs)} | {', '.join(f'`{code}`' for code in codes)} |\n"
        )


def _rows(runs: list[Result]) -> str:
    """What the checker counted; runs from before there was one count nothing."""
    counted = [one["rows"] for one in runs if one.get("rows")]
    if not counted:
        return "not counted"
    acknowledged, lost, twice, alone = (
        sum(rows[key] for rows in counted) for key in ("acknowledged", "lost", "duplicated", "diverging")
    )
    rest = f", {twice} twice" * bool(twice) + f", {alone} on one head only" * bool(alone)
    return f"{acknowledged}, lost {lost}{rest}"


def _reads(runs: list[Result]) -> str:
    counted = [one["rows"] for one in runs if one.get("rows")]
    if not counted:
        return "not counted"
    reads, stale, outdated = (sum(rows[key] for rows in counted) for key in ("reads", "stale", "outdated"))
    return f"{reads}, stale {stale}" + f", outdated {outdated}" * bool(outdated)


def _times(runs: list[Result], key: str) -> str:
    values = [one[key] for one in runs if one["passed"]]
    if not values:
        return ""
    median, worst = statistics.median(values), max(values)
    return f"{median:.1f} s" if len(values) == 1 else f"{median:.1f} s ({worst:.1f})"


def _soaks(soaks: list[Result]) -> Iterable[str]:
    if not soaks:
        yield "None is recorded.\n"
        return
    yield "| seed | release | rounds survived | time | conferences | checker's rows | checker's reads | longest silence | ended by |\n"
    yield "|---|---|---|---|---|---|---|---|---|\n"
    for one in soaks:
        problem = one["problem"].splitlines()[0] if one["problem"] else "all rounds done"
        yield (
            f"| {one['seed']} | {one['release']} | {one['survived']} of {one['rounds']} | {one['duration_s'] / 60:.0f} min |"
            f" {one['acknowledged']}, lost {one['lost']} | {_rows([one])} | {_reads([one])} |"
            f" {one['longest_gap_s']:.1f} s | {problem} |\n"
        )


def take(directory: Path) -> dict[str, Any]:
    """The results of a run, in the form of docs/faults.json."""
    lines = (directory / "results.jsonl").read_text("utf-8").splitlines()
    soaks = [json.loads(path.read_text("utf-8")) for path in sorted(directory.glob("soak-*.json"))]
    for soak in soaks:
        # Where the logs were is nothing for others.
        soak["problem"] = soak["problem"].partition("\nlogs: ")[0]
    return {"outcomes": [json.loads(line) for line in lines], "soaks": soaks}


def main(arguments: list[str]) -> int:
    """Write the page; with --check only say whether it is stale (exit code 1)."""
    if "--take" in arguments:
        taken = take(Path(arguments[arguments.index("--take") + 1]))
        RESULTS.write_text(json.dumps(taken, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    text = page(load_matrix(), json.loads(RESULTS.read_text("utf-8")))
    if PAGE.exists() and PAGE.read_text("utf-8") == text:
        return 0
    sys.stderr.write(f"{PAGE.relative_to(ROOT)}: {'stale' if '--check' in arguments else 'written'}\n")
    if "--check" in arguments:
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
