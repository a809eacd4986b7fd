"""What a run looks like, in a log file and on a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from live_cluster.apply.run import StepResult, StepState
from live_cluster.cli.output import Output
from live_cluster.cli.plan_text import effect_message
from live_cluster.cli.progress import Screen
from live_cluster.messages import Language, message, render
from live_cluster.plan.step import Check, Impact, Plan, Stage, Step, always
from live_cluster.probes.simulation import Effect
from live_cluster.render.cib_foreign import ForeignObject, Kind


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


EFFECT = Effect(action="move", resource="samba", source="ivcs-main-1", target="ivcs-main-2")
DRIFT = (ForeignObject(id="backup", kind=Kind.RESOURCE, about="systemd:backup"),)


def screen(
    monkeypatch: pytest.MonkeyPatch,
    stream: io.StringIO,
    *,
    quiet: bool = False,
    show_previews: bool = False,
    every_step: bool = False,
) -> Screen:
    monkeypatch.setattr("sys.stderr", stream)
    output = Output(out=io.StringIO(), err=stream, environment={"TERM": "xterm"})
    return Screen(output, quiet=quiet, show_previews=show_previews, every_step=every_step)


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


PROGRESS = [
    "  ivcs-main-2: Write /etc/b: copying the primary's data, 1 % (70 MiB)",
    "  ivcs-main-2: Write /etc/b: copying the primary's data, 2 % (70 MiB)",
]


def test_a_log_gets_a_line_for_each_thing_that_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    work(screen(monkeypatch, log, every_step=True))
    assert log.getvalue().splitlines() == [
        "Preparing the servers",
        *PROGRESS,
        "  ✓ ivcs-main-1: Write /etc/a  1.2 s",
        "  ✗ ivcs-main-2: Write /etc/b  0.5 s",
    ]


def test_of_a_stage_that_fails_the_steps_that_failed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    work(screen(monkeypatch, log))
    assert log.getvalue().splitlines() == [
        *PROGRESS,
        "Preparing the servers",
        "  ✗ ivcs-main-2: Write /etc/b  0.5 s",
    ]


@pytest.mark.parametrize(
    ("states", "mark"),
    [
        ((StepState.CHANGED, StepState.UNCHANGED), "✓"),
        ((StepState.UNCHANGED, StepState.UNCHANGED), "="),
    ],
)
def test_a_stage_that_is_done_gets_one_line(
    monkeypatch: pytest.MonkeyPatch, states: tuple[StepState, ...], mark: str
) -> None:
    log = io.StringIO()
    shown = screen(monkeypatch, log)
    steps = (step("a"), step("b"))
    shown.stage(Stage(title=message("stage-prepare"), steps=steps))
    for one, state in zip(steps, states, strict=True):
        shown.began(one)
        assert log.getvalue() == ""
        shown.ended(StepResult(step=one, state=state, seconds=0.1))
    (line,) = log.getvalue().splitlines()
    assert line.startswith(f"{mark} Preparing the servers  ")


@pytest.mark.parametrize("every_step", [False, True])
def test_a_terminal_shows_what_every_server_is_at(
    monkeypatch: pytest.MonkeyPatch, *, every_step: bool
) -> None:
    terminal = Terminal()
    work(screen(monkeypatch, terminal, every_step=every_step))
    shown = terminal.getvalue()
    assert "Preparing the servers" in shown
    assert "… ivcs-main-1:" in shown
    assert "copying the primary's data, 2 % (70 MiB)" in shown
    assert ("✓" in shown) is every_step
    assert "✗" in shown
    assert "\x1b[" in shown


def test_a_program_that_reads_json_is_told_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    shown = screen(monkeypatch, log, quiet=True)
    shown.say(message("dry-run-ends"))
    shown.plan(Plan(stages=(Stage(title=message("stage-prepare"), steps=(step(),)),)))
    shown.drift(DRIFT, "ivcs-main-1", "")
    work(shown)
    assert log.getvalue() == ""


def test_the_plan_names_every_impact_and_the_worst_one(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    steps = (step("a"), step("b", impact=Impact.RESTART), step("c", impact=Impact.RELOAD))
    shown = screen(monkeypatch, log)
    shown.plan(Plan(stages=(Stage(title=message("stage-prepare"), steps=steps),)))
    assert log.getvalue().splitlines() == [
        "Steps to be done: 3",
        "  ivcs-main-1: Write /etc/a",
        "  ivcs-main-1: Write /etc/b  [a service restarts]",
        "  ivcs-main-1: Write /etc/c  [a service reads its settings again]",
        "Worst impact of all steps: a service restarts.",
    ]


def test_a_long_plan_is_told_by_stage_and_server(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    files = tuple(step(str(number), f"ivcs-main-{number % 2 + 1}") for number in range(12))
    (cib,) = (replace(step("cib", impact=Impact.RESTART), effects=(EFFECT,)),)
    stages = (
        Stage(title=message("stage-prepare"), steps=(*files, step("x", impact=Impact.RELOAD))),
        Stage(title=message("stage-resources"), steps=(cib,)),
    )
    screen(monkeypatch, log).plan(Plan(stages=stages))
    assert log.getvalue().splitlines() == [
        "Steps to be done: 14",
        "  Preparing the servers: ivcs-main-1 7, ivcs-main-2 6  [a service reads its settings again]",
        "  Configuring the resources: ivcs-main-1 1  [a service restarts]",
        "      Pacemaker: samba moves from ivcs-main-1 to ivcs-main-2",
        "Every step with its difference: the same command with --dry-run. As it is done: --verbose.",
        "Worst impact of all steps: a service restarts.",
    ]


def test_that_pacemaker_would_do_nothing_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    cib = replace(step("cib"), effects=())
    screen(monkeypatch, log).plan(Plan(stages=(Stage(title=message("stage-resources"), steps=(cib,)),)))
    assert "Pacemaker: nothing starts, stops, restarts or moves." in log.getvalue()


@pytest.mark.parametrize(
    ("place", "words"), [("", "It is left alone; --prune takes it out:"), ("/x/y.xml", "/x/y.xml:")]
)
def test_what_is_not_ours_is_named(monkeypatch: pytest.MonkeyPatch, place: str, words: str) -> None:
    log = io.StringIO()
    screen(monkeypatch, log).drift(DRIFT, "ivcs-main-1", place)
    title, line = log.getvalue().splitlines()
    assert title.endswith(words)
    assert line == "  resource backup: systemd:backup"


@pytest.mark.parametrize("action", ["start", "stop", "reload", "promote", "fence", "something-new"])
def test_every_effect_has_words(action: str) -> None:
    effect = Effect(action=action, resource="samba", source="ivcs-main-1", target="ivcs-main-1")
    languages: tuple[Language, ...] = ("en", "ru")
    for language in languages:
        assert "ivcs-main-1" in render(effect_message(effect), language)


def test_differences_are_shown_where_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    log = io.StringIO()
    shown = screen(monkeypatch, log, show_previews=True)
    shown.plan(Plan(stages=(Stage(title=message("stage-prepare"), steps=(step(),)),)))
    assert "      -old\n      +new\n" in log.getvalue()
