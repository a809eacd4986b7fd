"""What a run looks like, in a log file and on a terminal."""

from __future__ import annotations

import io

import pytest

from live_cluster.apply.run import StepResult, StepState
from live_cluster.cli.output import Output
from live_cluster.cli.progress import Screen
from live_cluster.messages import message
from live_cluster.plan.step import Check, Impact, Plan, Stage, Step, always


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def step(code: str = "x", node: str = "ivcs-main-1", impact: Impact = Impact.NONE) -> Step:
    return Step(
        code=code,
        node=node,
        title=message("step-file", path=f"/etc/{code}"),
        impact=impact,
        actions=always(),
        check=Check(requests=(), holds=lambda _: False),
        preview="-old\n+new\n",
    )


def screen(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, quiet: bool = False, show_previews: bool = False
) -> Screen:
    monkeypatch.setattr("sys.stderr", stream)
    output = Output(out=io.StringIO(), err=stream, environment={"TERM": "xterm"})
    return Screen(output, quiet=quiet, show_previews=show_previews)


def work(shown: Screen) -> None:
    first, second = step("a"), step("b", "ivcs-main-2")
    shown.stage(Stage(title=message("stage-prepare"), steps=(first, second)))
    shown.began(first)
    shown.began(second)
    shown.progress(second, None)
    for percent in (1, 1, 2):
        state = message("rejoin-copying")
        shown.progress(second, message("step-progress", state=state, percent=percent, mib=70))
    shown.ended(StepResult(step=first, state=StepState.CHANGED, seconds=1.24))
    shown.ended(StepResult(step=second, state=StepState.FAILED, seconds=0.5))
    shown.close()


def test_a_log_gets_a_line_for_each_thing_that_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    work(screen(monkeypatch, log))
    assert log.getvalue().splitlines() == [
        "Preparing the servers",
        "  ivcs-main-2: Write /etc/b: copying the primary's data, 1 % (70 MiB)",
        "  ivcs-main-2: Write /etc/b: copying the primary's data, 2 % (70 MiB)",
        "  ✓ ivcs-main-1: Write /etc/a  1.2 s",
        "  ✗ ivcs-main-2: Write /etc/b  0.5 s",
    ]


def test_a_terminal_shows_what_every_server_is_at(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    work(screen(monkeypatch, terminal))
    shown = terminal.getvalue()
    assert "… ivcs-main-1:" in shown
    assert "copying the primary's data, 2 % (70 MiB)" in shown
    assert "✓" in shown
    assert "\x1b[" in shown


def test_a_program_that_reads_json_is_told_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    shown = screen(monkeypatch, log, quiet=True)
    shown.say(message("dry-run-ends"))
    shown.plan(Plan(stages=(Stage(title=message("stage-prepare"), steps=(step(),)),)))
    work(shown)
    assert log.getvalue() == ""


def test_the_plan_names_every_impact_and_the_worst_one(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    steps = (step("a"), step("b", impact=Impact.RESTART), step("c", impact=Impact.RELOAD))
    shown = screen(monkeypatch, log)
    shown.plan(Plan(stages=(Stage(title=message("stage-prepare"), steps=steps),)))
    assert log.getvalue().splitlines() == [
        "To be done, 3 steps:",
        "  ivcs-main-1: Write /etc/a",
        "  ivcs-main-1: Write /etc/b  [a service restarts]",
        "  ivcs-main-1: Write /etc/c  [a service reads its settings again]",
        "Worst impact of all steps: a service restarts.",
    ]


def test_differences_are_shown_where_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    shown = screen(monkeypatch, log, show_previews=True)
    shown.plan(Plan(stages=(Stage(title=message("stage-prepare"), steps=(step(),)),)))
    assert "      -old\n      +new\n" in log.getvalue()
