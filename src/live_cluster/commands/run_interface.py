"""What a run that changes servers wants of the administrator's side."""

from __future__ import annotations

from typing import Protocol

from live_cluster.apply.run import Observer
from live_cluster.errors import Declined, Problem, problem
from live_cluster.messages import Message
from live_cluster.plan.step import Plan


class RunInterface(Observer, Protocol):
    """The administrator's side of a run."""

    def say(self, text: Message) -> None:
        """A sentence on the way."""

    def warnings(self, problems: tuple[Problem, ...]) -> None:
        """What is worth knowing although the run goes on."""

    def plan(self, plan: Plan) -> None:
        """All that would be done."""

    def agree(self, question: Message) -> bool:
        """A yes or no; Declined where nobody can be asked."""


def want_agreement(plan: Plan, interface: RunInterface) -> None:
    """Ask what the plan's steps ask; Declined at the first no."""
    for step in plan.steps:
        if step.asks is not None and not interface.agree(step.asks):
            raise Declined(problem("declined"))
