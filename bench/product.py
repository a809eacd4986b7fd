"""The product on two heads: first run, runs that change nothing, status."""

from __future__ import annotations

from dataclasses import dataclass

from bench.figures import Notebook
from bench.installation import (
    WITH_PASSPHRASE,
    ConfigureRun,
    configure,
    configure_argv,
    first_options,
    nothing_changed,
    unlock_with_passphrase,
    unlock_with_site_key,
    wait_settled,
)
from bench.stopwatch import Run, time_commands
from live_lab import Host, Lab, LabError

STATUS = ("live-cluster", "status")
CRM_MON = ("crm_mon", "-1")
INTERPRETER = ("/usr/bin/python3", "-IS", "-c", "pass")

MOMENT_S = 0.2
# What `pcs` does in its part: the steps of the first head from Corosync's files to running resources.
CLUSTER_STEPS = frozenset(
    {"default-cluster-stopped", "first-cib", "service-running", "members-online", "cib", "database-promoted"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How often each figure is taken in one round."""

    no_change: int
    status: int


def measure_first(lab: Lab, notebook: Notebook) -> ConfigureRun:
    """The first run on fresh servers: `configure.first`, and the part that pcs covers as well."""
    unlock_with_passphrase(lab.heads)
    wait_settled(lab)
    done = configure(lab.heads[0], *first_options(lab), *WITH_PASSPHRASE)
    notebook.note("configure.first", done.run.seconds)
    notebook.note("configure.first.cluster_part", _cluster_part(done))
    notebook.steps["configure.first"] = [step for step in done.steps if _duration(step) >= MOMENT_S]
    return done


def measure_no_change(lab: Lab, notebook: Notebook, amount: Amount) -> None:
    """With the passphrase, from which the key is derived each time, and with a key file."""
    head = lab.heads[0]
    notebook.note("configure.no_change", *_seconds(no_change_runs(head, amount.no_change, *WITH_PASSPHRASE)))
    unlock_with_site_key(lab.heads)
    notebook.note("configure.no_change.site_key", *_seconds(no_change_runs(head, amount.no_change)))


def measure_status(lab: Lab, notebook: Notebook, amount: Amount) -> None:
    """`status`, and in turn with it what it is to be compared with."""
    commands = (STATUS, CRM_MON, INTERPRETER)
    turns = time_commands(lab.heads[0], commands, rounds=amount.status, warm_up=True)
    for name, runs in zip(("status", "status.crm_mon", "status.interpreter"), turns, strict=True):
        notebook.note(name, *_seconds(runs))


def no_change_runs(head: Host, rounds: int, *options: str) -> tuple[Run, ...]:
    """Runs that had nothing to do; LabError where one of them did change something."""
    runs = time_commands(head, (configure_argv(*options),), rounds=rounds)[0]
    if not all(nothing_changed(run) for run in runs):
        raise LabError("a second `live-cluster configure` changed something: this is no run without change")
    return runs


def _seconds(runs: tuple[Run, ...]) -> tuple[float, ...]:
    return tuple(run.seconds for run in runs)


def _cluster_part(done: ConfigureRun) -> float:
    """Seconds from the end of the fresh installation's own cluster until all resources run.

    The steps of one head follow one another; the last two, of either head, are waited for side by side.
    """
    first_head = next(step["node"] for step in done.steps if step["code"] == "cib")
    alone = sum(
        _duration(step)
        for step in done.steps
        if step["node"] == first_head
        and (step["code"] in CLUSTER_STEPS or "/etc/corosync/" in str(step["title"]))
    )
    together = max(
        _duration(step) for step in done.steps if step["code"] in ("resources-running", "standby-synchronous")
    )
    return alone + together


def _duration(step: dict[str, object]) -> float:
    seconds = step["seconds"]
    assert isinstance(seconds, float | int)
    return float(seconds)
