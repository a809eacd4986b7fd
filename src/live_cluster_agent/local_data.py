"""The data directory of a server that does not run: where its history ends."""

import re
from dataclasses import dataclass

from live_cluster_agent import process, timelines, wal
from live_cluster_agent.divergence import PrimaryFacts, Verdict
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.parameters import Parameters

_POSITION = re.compile(r"\bat ([0-9A-F]+/[0-9A-F]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlData:
    """What the control file says.

    rewindable: written with wal_log_hints or checksums; crashed: the server ended without a shutdown as a primary.
    """

    system: str
    timeline: int
    rewindable: bool
    crashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """WAL of this data directory that the primary does not have; positions in bytes."""

    timeline: int
    fork: int
    end: int


def parse_control(text: str) -> ControlData:
    """The facts from the output of pg_controldata."""

    def value(label: str) -> str:
        found = re.search(rf"^{re.escape(label)}:\s+(.*)$", text, re.MULTILINE)
        return found.group(1).strip() if found else ""

    timelines = (value("Latest checkpoint's TimeLineID"), value("Min recovery ending loc's timeline"))
    return ControlData(
        system=value("Database system identifier"),
        timeline=max((int(number) for number in timelines if number.isdigit()), default=0),
        rewindable=value("wal_log_hints setting") == "on"
        or value("Data page checksum version") not in ("", "0"),
        crashed=value("Database cluster state") == "in production",
    )


def read_control(parameters: Parameters) -> ControlData:
    """The control file's facts; raises AgentProblem when it is unreadable."""
    argv = (parameters.program("pg_controldata"), parameters.pgdata)
    answer = process.run(argv, timeout_s=30, as_database=True)
    if not answer.succeeded:
        raise AgentProblem(f"the control file cannot be read: {answer.complaint}")
    return parse_control(answer.out)


def compare(
    parameters: Parameters, control: ControlData, primary: PrimaryFacts
) -> tuple[Verdict, Divergence | None]:
    """Whether this data can follow the primary and, where it is known, what is too much."""
    if control.system != primary.system:
        return Verdict.FOREIGN, None
    fork = primary.end_of(control.timeline, timelines.ancestors(parameters, control.timeline))
    if fork is None:
        return Verdict.DIVERGED, None
    end = _end_of_records(parameters, timeline=control.timeline, start=fork)
    if end is None:
        return Verdict.FOLLOWS, None
    return Verdict.DIVERGED, Divergence(timeline=control.timeline, fork=fork, end=end)


def _end_of_records(parameters: Parameters, *, timeline: int, start: int) -> int | None:
    """Where valid WAL ends behind the start; None when there is none."""
    # It always ends with a complaint, and that tells the position.
    text = _dump(parameters, timeline, start, "--quiet").error
    if "could not find a valid record" in text or "could not find file" in text:
        return None
    positions = _POSITION.findall(text)
    return wal.parse_lsn(positions[-1]) if positions else None


def commits_behind(parameters: Parameters, divergence: Divergence) -> int:
    """How many commits the primary does not have."""
    chosen = ("--end", wal.format_lsn(divergence.end), "--rmgr", "Transaction")
    shown = _dump(parameters, divergence.timeline, divergence.fork, *chosen)
    return sum("desc: COMMIT" in line for line in shown.out.splitlines())


def _dump(parameters: Parameters, timeline: int, start: int, *options: str) -> process.Finished:
    where = ("--path", f"{parameters.pgdata}/pg_wal", "--timeline", str(timeline))
    argv = (parameters.program("pg_waldump"), *where, "--start", wal.format_lsn(start), *options)
    return process.run(argv, timeout_s=600, as_database=True)
