"""`live-cluster check`: try what `status` can only look at."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.commands.check import Check, Finding, Tools
from live_cluster.commands.check_fencing import Shot, check_fencing, refuse_shot, shoot
from live_cluster.commands.status import Server
from live_cluster.errors import (
    Declined,
    ExitCode,
    LiveClusterError,
    Problem,
    problem,
)
from live_cluster.messages import message, render

# Everything that can be checked, by the name of its option; without any option all are.
CHECKS: dict[str, Check] = {"fencing": check_fencing}


@click.command()
@click.option("--fencing", is_flag=True, help="Does each server's fencing device answer the other server?")
@click.option(
    "--shoot", "target", metavar="NODE", default="", help="Really cut this server's power (with --fencing)."
)
@click.option("--yes", is_flag=True, help="Do not ask before shooting.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document at the end instead of text.")
def check(*, fencing: bool, target: str, yes: bool, as_json: bool) -> int:
    """Try what `status` can only look at; nothing is changed unless --shoot says so.

    Exit code: 0 all good; 1 something is not; 78 what was to be checked is not configured;
    107 not shot, as the answer was no; 124 shot, but not back in time.
    """
    require_root("live-cluster check")
    chosen = [name for name, wanted in {"fencing": fencing or bool(target)}.items() if wanted]
    output = Output()
    try:
        return _run(chosen or list(CHECKS), target, output, yes=yes, as_json=as_json)
    except LiveClusterError as error:
        if as_json:
            output.json({"version": 1, "problems": [problem_json(one) for one in error.problems]})
        raise


def _run(names: Sequence[str], target: str, output: Output, *, yes: bool, as_json: bool) -> int:
    tools, server = Tools(), Server()
    if target:
        refuse_shot(target, tools, server)
        _agree(target, output, yes=yes)
    findings: list[Finding] = []
    for name in names:
        for finding in CHECKS[name](tools):
            findings.append(finding)
            output.problems(finding.warnings)
            if not as_json:
                code = "check-ok" if finding.good else "check-failed"
                text = message(code, name=finding.subject, detail=finding.detail)
                output.data(output.styled(output.words(text), "green" if finding.good else "red"))
    good = all(one.good for one in findings)
    shot = shoot(target, tools, server, output.say) if target and good else None
    if as_json:
        output.json(document(findings, shot))
    elif shot is not None and shot.whole_s is not None:
        output.data(output.words(message("shoot-whole", node=shot.node, seconds=f"{shot.whole_s:.0f}")))
    return _exit_code(good=good, shot=shot, output=output)


def _agree(target: str, output: Output, *, yes: bool) -> None:
    if yes:
        return
    question = message("shoot-question", node=target)
    if not sys.stdin.isatty():
        raise Declined(problem("cannot-ask", question=question))
    output.line(f"{output.words(question)} [yes/NO] ", style="bold")
    if sys.stdin.readline().strip().lower() not in ("yes", "y", "да", "д"):
        raise Declined(problem("declined"))


def _exit_code(*, good: bool, shot: Shot | None, output: Output) -> int:
    if shot is not None and shot.whole_s is None:
        output.problems((_not_back(shot),))
        return ExitCode.TIMEOUT
    return ExitCode.OK if good else ExitCode.ERROR


def _not_back(shot: Shot) -> Problem:
    return problem("shoot-not-back", node=shot.node, seconds=round(shot.fenced_s))


def document(findings: Sequence[Finding], shot: Shot | None) -> dict[str, object]:
    """The JSON form; new fields may be added within version 1, none is removed or renamed."""
    return {
        "version": 1,
        "good": all(one.good for one in findings),
        "findings": [
            {**one.facts, "good": one.good, "message": render(one.subject, "en") + render(one.detail, "en")}
            for one in findings
        ],
        "shot": None
        if shot is None
        else {"node": shot.node, "fenced_s": round(shot.fenced_s, 1), "whole_s": shot.whole_s},
        "problems": [problem_json(problem_) for one in findings for problem_ in one.warnings],
    }
