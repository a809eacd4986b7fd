"""What a run looks like: the plan, each server's present step, what is done, the summary."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from live_cluster.apply.run import StepResult, StepState
from live_cluster.cli.output import Output
from live_cluster.cli.plan_text import show_drift, show_plan
from live_cluster.errors import Declined, Problem, problem
from live_cluster.messages import Message, message
from live_cluster.plan.step import Plan, Stage, Step
from live_cluster.render.cib_foreign import ForeignObject

# Rich takes 60 ms to load, and a run that has nothing to do shows nothing by it.
if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

_MARKS = {
    StepState.CHANGED: ("✓", "green"),
    StepState.UNCHANGED: ("=", "dim"),
    StepState.FAILED: ("✗", "red"),
    StepState.NOT_REACHED: ("-", "dim"),
}


@dataclass(slots=True)
class _StageSoFar:
    """The stage at work: when it began, what has ended of it, whether its heading stands on the screen."""

    stage: Stage
    began: float
    ended: list[StepState] = field(default_factory=list)
    is_headed: bool = False


class Screen:
    """The administrator at a terminal, or a log file: the same lines, and on a terminal a live part below.

    A line for each stage that is done; with `every_step` its heading and a line for each step.
    """

    def __init__(
        self, output: Output, *, quiet: bool = False, show_previews: bool = False, every_step: bool = False
    ) -> None:
        self._output = output
        self._quiet = quiet
        self._show_previews = show_previews
        self._every_step = every_step
        self._stage: _StageSoFar | None = None
        self._now: dict[str, tuple[Step, float, str]] = {}
        self._live: Live | None = None

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        colour = self._output.has_colour(sys.stderr)
        return Console(file=sys.stderr, no_color=not colour, highlight=False, soft_wrap=True)

    def say(self, text: Message) -> None:
        """A sentence on the way."""
        if not self._quiet:
            self._output.say(text)

    def warnings(self, problems: tuple[Problem, ...]) -> None:
        """What is worth knowing although the run goes on."""
        if not self._quiet:
            self._output.problems(problems)

    def drift(self, objects: tuple[ForeignObject, ...], node: str, pruned_to: str) -> None:
        """What is in the CIB and not ours."""
        if not self._quiet:
            show_drift(objects, self._output, node=node, pruned_to=pruned_to)

    def plan(self, plan: Plan) -> None:
        """What would be done; with previews every step with its difference."""
        if not self._quiet:
            show_plan(plan, self._output, in_full=self._show_previews)

    def agree(self, question: Message) -> bool:
        """Asked on the terminal only: a script must say --yes."""
        if not sys.stdin.isatty():
            raise Declined(problem("cannot-ask", question=question))
        self._output.line(f"{self._output.words(question)} [yes/NO] ", style="bold")
        return sys.stdin.readline().strip().lower() in ("yes", "y", "да", "д")

    def stage(self, stage: Stage) -> None:
        """Its line comes at its end."""
        self._stage = _StageSoFar(stage, time.monotonic())
        if self._every_step:
            self._heading()

    def began(self, step: Step) -> None:
        """The server's present step."""
        self._now[step.node] = (step, time.monotonic(), "")
        self._refresh()

    def progress(self, step: Step, text: Message | None) -> None:
        """How far a long step is; away from a terminal only when it changes."""
        shown = self._now.get(step.node)
        words = self._output.words(text) if text else ""
        if shown and words and shown[2] != words:
            self._now[step.node] = (step, shown[1], words)
            if not self._console.is_terminal:
                self._line(f"  {step.node}: {self._output.words(step.title)}: {words}")
        self._refresh()

    def ended(self, result: StepResult) -> None:
        """A line for the step where it failed or every one is wanted, and one for the stage at its end."""
        self._now.pop(result.step.node, None)
        if self._every_step or result.state is StepState.FAILED:
            self._heading()
            words = f" {result.step.node}: {self._output.words(result.step.title)}  "
            self._line("  ", _MARKS[result.state], words, self._took(result.seconds))
        so_far = self._stage
        if so_far is not None:
            so_far.ended.append(result.state)
            if len(so_far.ended) == len(so_far.stage.steps) and not so_far.is_headed:
                self._stage_done(so_far)
        self._refresh()

    def summary(self, results: list[StepResult], seconds: float) -> None:
        """What was done and how long it took."""
        self.close()
        counts = Counter(result.state for result in results)
        self.say(
            message(
                "run-summary",
                changed=counts[StepState.CHANGED],
                unchanged=counts[StepState.UNCHANGED],
                seconds=f"{seconds:.1f}",
            )
        )
        if counts[StepState.FAILED]:
            left = counts[StepState.NOT_REACHED]
            self.say(message("run-failed", failed=counts[StepState.FAILED], left=left))

    def close(self) -> None:
        """Take the live part off the screen."""
        if self._live:
            self._live.stop()
            self._live = None

    def _heading(self) -> None:
        if self._stage is not None and not self._stage.is_headed:
            self._stage.is_headed = True
            self._line((self._output.words(self._stage.stage.title), "bold"))

    def _stage_done(self, so_far: _StageSoFar) -> None:
        state = StepState.CHANGED if StepState.CHANGED in so_far.ended else StepState.UNCHANGED
        seconds = time.monotonic() - so_far.began
        self._line(_MARKS[state], f" {self._output.words(so_far.stage.title)}  ", self._took(seconds))

    def _took(self, seconds: float) -> tuple[str, str]:
        return self._seconds(f"{seconds:.1f}"), "dim"

    def _seconds(self, number: str) -> str:
        return self._output.words(message("seconds", number=number))

    def _line(self, *parts: str | tuple[str, str]) -> None:
        """One line from plain parts and parts with a style."""
        if not self._quiet:
            from rich.text import Text

            self._console.print(Text.assemble(*parts))

    def _refresh(self) -> None:
        if self._quiet or not self._console.is_terminal:
            return
        if self._live is None:
            from rich.live import Live

            self._live = Live(
                console=self._console, get_renderable=self._present, refresh_per_second=4, transient=True
            )
            self._live.start()
        self._live.refresh()

    def _present(self) -> Table:
        """Every server's present step, and for how long it has been at it."""
        from rich.table import Table

        table = Table.grid(padding=(0, 1))
        if self._stage is not None and self._now and not self._stage.is_headed:
            table.title = self._output.words(self._stage.stage.title)
            table.title_justify = "left"
        for node, (step, began, text) in list(self._now.items()):
            seconds = time.monotonic() - began
            table.add_row(
                f"  … {node}:", self._output.words(step.title), text, self._seconds(f"{seconds:.0f}")
            )
        return table
