"""The moments of a takeover, read from the journals of the heads, and what lies between them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from live_lab import Host

# What is waited for, and the line that shows it; {database} and the like are the profile's names in the lab.
MARKS = {
    "membership": r"corosync\[\d+\]: .*A new membership .* was formed",
    "decision": r"Requesting local execution of promote operation for ivcs-db ",
    "promotion": r"Result of promote operation for ivcs-db .*: ok",
    "addresses": r"Result of start operation for (?:db-ip|ivcs-server-ip) .*: ok",
}
# The last phase ends with the first acknowledged write.
PHASES = (*MARKS, "services")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a journal; `at_s` in seconds since 1970."""

    at_s: float
    text: str


def journal(host: Host, *, since_s: float) -> tuple[Line, ...]:
    """What the host's journal says from then on."""
    argv = ("journalctl", "--quiet", "--output=short-unix", f"--since=@{since_s:.6f}")
    lines = (line.partition(" ") for line in host.run(argv).stdout.splitlines())
    return tuple(Line(at_s=float(at), text=text) for at, _, text in lines if at.replace(".", "").isdigit())


def phases(lines: Sequence[Line], *, began_s: float, acknowledged_s: float) -> dict[str, float]:
    """Seconds of each phase; a moment that came before the one it should follow took no time of its own.

    Empty where the journal does not show every moment, as after a restart in place.
    """
    taken: dict[str, float] = {}
    before = began_s
    for phase, mark in MARKS.items():
        found = [
            line.at_s
            for line in lines
            if began_s <= line.at_s <= acknowledged_s and re.search(mark, line.text)
        ]
        if not found:
            return {}
        moment = max(max(found) if phase == "addresses" else min(found), before)
        taken[phase] = moment - before
        before = moment
    taken["services"] = acknowledged_s - before
    return taken
