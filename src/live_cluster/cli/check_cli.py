"""`live-cluster check`: try what `status` can only look at."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from live_cluster.cli.application_profile import usable_profile
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.cli.settings_file import read_stored
from live_cluster.commands.check import Check, Finding, Tools
from live_cluster.commands.check_certificate import check_certificate
from live_cluster.commands.check_fencing import Shot, check_fencing, refuse_shot, shoot
from live_cluster.commands.check_message import OneMessage, refuse_recipient, send_message
from live_cluster.commands.check_network import check_network
from live_cluster.commands.status import Server
from live_cluster.errors import (
    Declined,
    ExitCode,
    InputRejected,
    LiveClusterError,
    NotReady,
    Problem,
    problem,
)
from live_cluster.messages import message, render
from live_cluster.model.profile import Profile


def _certificate(tools: Tools) -> Iterator[Finding]:
    stored, _ = read_stored()
    return check_certificate(tools, public_name=stored.text("public-fqdn") or stored.text("public-ip") or "")


# What can be checked by looking and asking, by the name of its option; without any option all are.
CHECKS: dict[str, Check] = {"network": check_network, "fencing": check_fencing, "certificate": _certificate}


@click.command()
@click.option(
    "--network",
    is_flag=True,
    help="Do full-size frames and all signs of life reach the other head by each network?",
)
@click.option("--fencing", is_flag=True, help="Does each server's fencing device answer the other server?")
@click.option("--certificate", is_flag=True, help="Until when is the installed certificate good?")
@click.option("--mail", metavar="ADDRESS", default="", help="Send one test mail to this address.")
@click.option("--sms", metavar="NUMBER", default="", help="Send one test SMS to this number.")
@click.option(
    "--shoot", "target", metavar="NODE", default="", help="Really cut this server's power (with --fencing)."
)
@click.option("--yes", is_flag=True, help="Do not ask before shooting.")
@click.option("--profile", type=Path, default=None, metavar="FILE", help="Another application profile.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document at the end instead of text.")
def check(*, network: bool, fencing: bool, certificate: bool, mail: str, sms: str, **more: Any) -> int:
    """Try what `status` can only look at; nothing is changed unless --shoot says so.

    --mail and --sms work on the head where the application runs; one message is sent, and only on request.

    Exit code: 0 all good; 1 something is not; 78 what was to be checked is not configured;
    107 not shot, as the answer was no; 124 shot, but not back in time.
    """
    require_root("live-cluster check")
    how = How(**more)
    wanted = {"network": network, "fencing": fencing or bool(how.target), "certificate": certificate}
    chosen = [name for name, is_wanted in wanted.items() if is_wanted]
    messages = [OneMessage(kind=kind, recipient=to) for kind, to in (("mail", mail), ("sms", sms)) if to]
    output = Output()
    try:
        checks = _checks(chosen, messages, how)
        return _run(checks, how, output)
    except LiveClusterError as error:
        if how.as_json:
            output.json({"version": 1, "problems": [problem_json(one) for one in error.problems]})
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """Options that say how to check."""

    target: str
    yes: bool
    profile: Path | None
    as_json: bool


def _checks(chosen: Sequence[str], messages: Sequence[OneMessage], how: How) -> list[Check]:
    if not chosen and not messages:
        return [_if_any_is_configured]
    checks = [CHECKS[name] for name in chosen]
    if messages:
        profile, problems = usable_profile(how.profile)
        if profile is None:
            raise InputRejected(*problems)
        for wanted in messages:
            refuse_recipient(wanted)
            checks.append(partial(_send, wanted=wanted, profile=profile))
    return checks


def _send(tools: Tools, *, wanted: OneMessage, profile: Profile) -> Iterable[Finding]:
    return send_message(tools, wanted, profile, Server())


def _if_any_is_configured(tools: Tools) -> Iterator[Finding]:
    """Everything that there is to check; NotReady where there is nothing."""
    missing: list[NotReady] = []
    for one in CHECKS.values():
        try:
            yield from one(tools)
        except NotReady as error:
            missing.append(error)
    if len(missing) == len(CHECKS):
        raise NotReady(*(found for error in missing for found in error.problems))


def _run(checks: Sequence[Check], how: How, output: Output) -> int:
    tools, server, target = Tools(), Server(), how.target
    if target:
        refuse_shot(target, tools, server)
        _agree(target, output, yes=how.yes)
    findings: list[Finding] = []
    for one in checks:
        for finding in one(tools):
            findings.append(finding)
            output.problems(finding.warnings)
            if not how.as_json:
                code = "check-ok" if finding.good else "check-failed"
                text = message(code, name=finding.subject, detail=finding.detail)
                output.data(output.styled(output.words(text), "green" if finding.good else "red"))
    good = all(one.good for one in findings)
    shot = shoot(target, tools, server, output.say) if target and good else None
    if how.as_json:
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
