"""What administrators will want to know later, for `live-cluster events`: one line of JSON each.

Pacemaker forgets a failure after its failure-timeout, and runs its alerts on the node itself only. Every look of
the monitor reads the cluster's records anyway: so each head keeps the failures of both. Nothing here may make an
action fail: a full disk costs the history, not the service.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass

from live_cluster_agent import files, log, memory, waiting
from live_cluster_agent.outcome import DiskProblem
from live_cluster_agent.parameters import Parameters

NAME = "events.jsonl"
# With the file before it, some thousand events.
LIMIT_BYTES = 1 << 20
# What is tried again every two seconds while the cause lasts is told once in this time.
TRIED_AGAIN = ("rejoin-rewinding", "rejoin-copying", "rejoin-failed", "not-promoted")
NOT_AGAIN_WITHIN_S = 600.0
_TAIL_BYTES = 4096
# Pacemaker's status of an operation that did not answer in time (enum pcmk_exec_status).
_TIMED_OUT = "2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed operation as the cluster's status section keeps it; `at` in seconds since 1970."""

    at: int
    node: str
    resource: str
    task: str
    rc: int
    text: str


def note(parameters: Parameters, kind: str, text: str = "") -> None:
    """Record an event of the database on this node."""
    entry = {"kind": kind, "node": parameters.node, "resource": parameters.resource, "text": text}
    _append(parameters, {"time": waiting.wall_clock_s(), **entry})


def note_own_data(parameters: Parameters, before: str, now: str) -> None:
    """Record on the standby that the primary goes on without it, or waits for it again."""
    if before and now != before and now in ("stale", "sync"):
        note(parameters, f"data-{now}")


def note_failures(parameters: Parameters, failures: Iterable[Failure]) -> None:
    """Record failures in the cluster that are not recorded yet; of this node's own the alert knows all but why."""
    found = list(failures)
    if not found:
        return
    path = f"{parameters.run_dir}/{parameters.resource}.failures.json"
    known = memory.read_facts(path).get("known", [])
    keys = [f"{one.node} {one.resource} {one.task} {one.at}" for one in found]
    new = [(one, key) for one, key in zip(found, keys, strict=True) if key not in known]
    for one, _ in new:
        kind = "reason" if one.node == parameters.node else "failed"
        fields = asdict(one)
        _append(parameters, {"time": float(fields.pop("at")), "kind": kind, **fields})
    if new:
        memory.write_facts(path, {"known": keys})


def parse_failures(text: str) -> list[Failure]:
    """Failed operations in the CIB's status section; a first look that found something running is none."""
    if "<lrm_rsc_op" not in text:
        return []
    import xml.etree.ElementTree as ElementTree

    found = []
    for entry in ElementTree.fromstring(text).iter("lrm_rsc_op"):  # noqa: S314
        values = {name: entry.get(name, "") for name in ("rc-code", "interval", "last-rc-change")}
        if not all(value.lstrip("-").isdigit() for value in values.values()):
            continue
        task, rc = entry.get("operation", ""), int(values["rc-code"])
        if task == "monitor" and values["interval"] == "0" and rc in (0, 8):
            continue
        found.append(
            Failure(
                at=int(values["last-rc-change"]),
                node=entry.get("on_node", ""),
                resource=entry.get("id", "").removesuffix("_last_failure_0"),
                task=task,
                rc=rc,
                text=entry.get("exit-reason")
                or ("Timed Out" if entry.get("op-status") == _TIMED_OUT else ""),
            )
        )
    return found


def _append(parameters: Parameters, event: dict[str, object]) -> None:
    path = parameters.state(NAME)
    try:
        if _just_told(path, event):
            return
        line = json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"
        files.append_quickly(path, line, limit_bytes=LIMIT_BYTES)
    except DiskProblem as problem:
        log.warning(f"not recorded in the history: {problem.reason}")


def _just_told(path: str, event: dict[str, object]) -> bool:
    """Whether the newest lines hold the same event, of those that come again while their cause lasts."""
    if event["kind"] not in TRIED_AGAIN and "task" not in event:
        return False
    lines = files.read_end(path, _TAIL_BYTES).splitlines()
    done = max((number for number, line in enumerate(lines) if '"rejoin-done"' in line), default=0)
    return any(_is_same(line, event) for line in lines[done:])


def _is_same(line: str, event: dict[str, object]) -> bool:
    try:
        told = json.loads(line)
    except ValueError:
        return False
    if not isinstance(told, dict) or not isinstance(told.get("time"), float):
        return False
    told_at, now = told.pop("time"), event["time"]
    assert isinstance(now, float)
    same = told == {name: value for name, value in event.items() if name != "time"}
    return same and abs(now - told_at) < (0.5 if "task" in event else NOT_AGAIN_WITHIN_S)
