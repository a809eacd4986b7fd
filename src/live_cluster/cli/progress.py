"""What a run looks like: the plan, each server's present step, what is done, the summary."""

from __future__ import annotations

import sys
import time
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from live_cluster.apply.run import StepResult, StepState
from live_cluster.cli.output import Output
from live_cluster.errors import Declined, Problem, problem
from live_cluster.messages import Message, message
from live_cluster.plan.step import Impact, Plan, Stage, Step

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
_IMPACT_STYLE = {Impact.REPLACES_DATA: "red", Impact.OUTAGE: "yellow", Impact.FAILOVER: "yellow"}


class Screen:
    """The administrator at a terminal, or a log file: the same lines, and on a terminal a live part below."""

    def __init__(self, output: Output, *, quiet: bool = False, show_previews: bool = False) -> None:
        self._output = output
        self._quiet = quiet
        self._show_previews = show_previews
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

    def plan(self, plan: Plan) -> None:
        """Every step with its impact; with `--dry-run` also the differences."""
        if self._quiet:
            return
        self.say(message("plan-title", count=len(plan.steps)))
        for step in plan.steps:
            impact = "" if step.impact is Impact.NONE else f"  [{self._impact(step.impact)}]"
            style = _IMPACT_STYLE.get(step.impact, "")
            self._output.line(f"  {step.node}: {self._output.words(step.title)}{impact}", style=style)
            if self._show_previews and step.preview:
                self._preview(step.preview)
        self.say(message("plan-impact", impact=self._impact(plan.impact)))

    def agree(self, question: Message) -> bool:
        """Asked on the terminal only: a script must say --yes."""
        if not sys.stdin.isatty():
            raise Declined(problem("cannot-ask", question=question))
        self._output.line(f"{self._output.words(question)} [yes/NO] ", style="bold")
        return sys.stdin.readline().strip().lower() in ("yes", "y", "да", "д")

    def stage(self, stage: Stage) -> None:
        """A heading."""
        self._line((self._output.words(stage.title), "bold"))

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
        """One line for each step that is done."""
        mark, colour = _MARKS[result.state]
        step = result.step
        self._now.pop(step.node, None)
        words = f" {step.node}: {self._output.words(step.title)}  "
        self._line("  ", (mark, colour), words, (self._seconds(f"{result.seconds:.1f}"), "dim"))
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

    def _impact(self, impact: Impact) -> str:
        return self._output.words(message(f"impact-{impact.name.lower().replace('_', '-')}"))

    def _preview(self, text: str) -> None:
        for line in text.splitlines():
            colour = {"+": "green", "-": "red"}.get(line[:1], "dim")
            self._output.line(f"      {line}", style=colour)

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
        for node, (step, began, text) in list(self._now.items()):
            seconds = time.monotonic() - began
            table.add_row(
                f"  … {node}:", self._output.words(step.title), text, self._seconds(f"{seconds:.0f}")
            )
        return table
