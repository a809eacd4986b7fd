"""`live-cluster configure`: from options to a run, from its outcome to the screen, JSON and an exit code."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from live_cluster.access.entry import SecretSources, find_secret
from live_cluster.cli.arguments import Arguments, settings_of
from live_cluster.cli.configure_command import ConfigureCommand
from live_cluster.cli.hidden_input import terminal_question
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.cli.progress import Screen
from live_cluster.cli.settings_file import cluster_toml, secrets_toml
from live_cluster.commands.configure import Outcome, Wish
from live_cluster.commands.configure import configure as bring_about
from live_cluster.errors import ExitCode, InputRejected, LiveClusterError, Problem, Severity, problem
from live_cluster.messages import message, render
from live_cluster.model.profile import DEFAULT_PROFILE, Profile, ProfileError, load_profile

JSON_VERSION = 1


def run_configure(arguments: Arguments, problems: tuple[Problem, ...]) -> int:
    """One run; with --json its outcome also where it failed."""
    output = Output()
    outcome = Outcome()
    screen = Screen(output, quiet=arguments.as_json, show_previews=arguments.dry_run)
    try:
        wish = _wish(arguments, problems, output, screen)
        asyncio.run(bring_about(wish, screen, outcome))
    except LiveClusterError as error:
        screen.close()
        if not arguments.as_json:
            if outcome.results:
                screen.summary(outcome.results, outcome.seconds)
            raise
        outcome.problems += error.problems
        output.json(_as_json(outcome))
        return error.exit_code
    finally:
        screen.close()
    if arguments.as_json:
        output.json(_as_json(outcome))
    else:
        _say_end(arguments, outcome, screen)
    return ExitCode.OK


def _wish(arguments: Arguments, problems: tuple[Problem, ...], output: Output, screen: Screen) -> Wish:
    settings, found = settings_of(arguments, problems)
    profile, more = _profile(arguments.profile)
    together = (*found, *more)
    if settings is None or profile is None:
        raise InputRejected(*together)
    screen.warnings(tuple(one for one in together if one.severity is Severity.WARNING))
    sources = SecretSources(
        passphrase_file=arguments.passphrase_file or "",
        environment=os.environ,
        ask=terminal_question(output),
        tell=lambda entry: screen.warnings((entry,)),
    )

    return Wish(
        settings=settings,
        profile=profile,
        cluster_toml=cluster_toml(arguments.settings),
        secrets_toml=secrets_toml(arguments.settings),
        site_secret=lambda: find_secret(sources),
        asked_by=os.environ.get("SUDO_USER") or os.environ.get("LOGNAME") or "root",
        dry_run=arguments.dry_run,
        yes=arguments.yes,
    )


def _profile(path: Path | None) -> tuple[Profile | None, tuple[Problem, ...]]:
    try:
        return load_profile(path or DEFAULT_PROFILE), ()
    except ProfileError as error:
        return None, tuple(
            problem("profile-unusable", option="profile", path=error.path, reason=reason)
            for reason in error.problems
        )


def _say_end(arguments: Arguments, outcome: Outcome, screen: Screen) -> None:
    if not outcome.plan.steps:
        screen.say(message("nothing-to-do", seconds=f"{outcome.seconds:.1f}"))
    elif arguments.dry_run:
        screen.say(message("dry-run-ends"))
    else:
        screen.summary(outcome.results, outcome.seconds)
        screen.say(message("what-next"))


def _as_json(outcome: Outcome) -> dict[str, object]:
    """The stable document (docs/operations.md); a dry run lists its steps as `planned`."""
    rows = [(one.step, one.state.value, one.seconds) for one in outcome.results]
    rows = rows or [(step, "planned", 0.0) for step in outcome.plan.steps]
    return {
        "version": JSON_VERSION,
        "changed": any(state == "changed" for _, state, _ in rows),
        "steps": [
            {
                "node": step.node,
                "code": step.code,
                "title": render(step.title, "en"),
                "impact": step.impact.name.lower().replace("_", "-"),
                "state": state,
                "seconds": round(seconds, 3),
            }
            for step, state, seconds in rows
        ],
        "problems": [problem_json(one) for one in outcome.problems],
    }


configure = ConfigureCommand(run_configure, before=lambda: require_root("live-cluster configure"))
