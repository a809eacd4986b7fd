"""The steps of a run, as every document with steps has them (docs/operations.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from live_cluster.apply.run import StepResult
from live_cluster.messages import render
from live_cluster.plan.step import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsJson:
    """`changed`: any step did something."""

    changed: bool
    steps: list[dict[str, object]]


def steps_json(plan: Plan, results: Sequence[StepResult]) -> StepsJson:
    """A dry run, which has no results, lists its steps as `planned`."""
    rows = [(one.step, one.state.value, one.seconds) for one in results]
    rows = rows or [(step, "planned", 0.0) for step in plan.steps]
    return StepsJson(
        changed=any(state == "changed" for _, state, _ in rows),
        steps=[
            {
                "node": step.node,
                "code": step.code,
                "title": render(step.title, "en"),
                "impact": step.impact.word,
                "state": state,
                "seconds": round(seconds, 3),
            }
            for step, state, seconds in rows
        ],
    )
