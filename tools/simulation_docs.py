"""Writes the end of docs/simulation.md: what the simulation has explored and which mutations it has caught."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
MARK = "<!-- Made by tools/simulation_docs.py from docs/simulation.json. Do not edit below by hand. -->\n"


def main() -> None:
    """Replace everything behind the mark."""
    facts = json.loads((DOCS / "simulation.json").read_text("utf-8"))
    page = DOCS / "simulation.md"
    head, _, _ = page.read_text("utf-8").partition(MARK)
    page.write_text(head + MARK + "\n".join([*mutations(facts), "", *explored(facts), ""]), "utf-8")


def mutations(facts: dict[str, Any]) -> list[str]:
    """One row for each condition."""
    rows = [
        f"| {one['condition']} | `{'`, `'.join(one['where'])}` | {one['broken'] or '**not caught**'} | "
        f"{one['caught_by'] or ''} | {one['schedules']} | {one['seconds']} |"
        for one in facts.get("mutations", [])
    ]
    title = "| Condition that was taken out | Where | What broke | Caught by | Schedules | Seconds |"
    return ["", title, "|---|---|---|---|---|---|", *rows]


def explored(facts: dict[str, Any]) -> list[str]:
    """Numbers of all runs that were recorded."""
    found = facts.get("explored", {})
    if not found:
        return []
    names = {
        "schedules": "Schedules",
        "failing": "of them failing",
        "steps": "Steps",
        "actions": "Actions of the agent",
        "rows": "Acknowledged rows",
        "states": "Different states of the pair (most of one run)",
    }
    rows = [f"| {title} | {found.get(name, 0)} |" for name, title in names.items()]
    hours = [
        f"| Simulated time, in hours | {found.get('simulated_s', 0) / 3600:.0f} |",
        f"| Time that it took, in hours | {found.get('seconds', 0) / 3600:.1f} |",
    ]
    pairs = [f"| Pairs with {kind} | {count} |" for kind, count in sorted(found.get("pairs", {}).items())]
    faults = [f"| {kind} | {count} |" for kind, count in sorted(found.get("faults", {}).items())]
    return [
        "## What has been explored",
        "| | |",
        "|---|---|",
        *rows,
        *hours,
        *pairs,
        "",
        "| Fault or deed | Times |",
        "|---|---|",
        *faults,
    ]


if __name__ == "__main__":
    main()
