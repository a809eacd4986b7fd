"""`live-cluster configure`: from options to a wish."""

from __future__ import annotations

from pathlib import Path

from live_cluster.cli.arguments import Arguments, settings_of
from live_cluster.cli.configure_command import ConfigureCommand
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output
from live_cluster.cli.progress import Screen
from live_cluster.cli.run_cli import asked_by, carry_out, site_secret
from live_cluster.cli.settings_file import cluster_toml, secrets_toml
from live_cluster.commands.configure import Wish
from live_cluster.errors import InputRejected, Problem, Severity, problem
from live_cluster.model.profile import DEFAULT_PROFILE, Profile, ProfileError, load_profile


def run_configure(arguments: Arguments, problems: tuple[Problem, ...]) -> int:
    """One run."""
    output = Output()
    return carry_out(
        lambda screen: _wish(arguments, problems, output, screen),
        output,
        as_json=arguments.as_json,
        dry_run=arguments.dry_run,
        verbose=arguments.verbose,
    )


def _wish(arguments: Arguments, problems: tuple[Problem, ...], output: Output, screen: Screen) -> Wish:
    settings, found = settings_of(arguments, problems)
    profile, more = usable_profile(arguments.profile)
    together = (*found, *more)
    if settings is None or profile is None:
        raise InputRejected(*together)
    screen.warnings(tuple(one for one in together if one.severity is Severity.WARNING))
    return Wish(
        settings=settings,
        profile=profile,
        cluster_toml=cluster_toml(arguments.settings),
        secrets_toml=secrets_toml(arguments.settings),
        site_secret=site_secret(arguments.passphrase_file or "", output, screen),
        asked_by=asked_by(),
        dry_run=arguments.dry_run,
        yes=arguments.yes,
        prune=arguments.prune,
    )


def usable_profile(path: Path | None) -> tuple[Profile | None, tuple[Problem, ...]]:
    """The profile, or what is wrong with it."""
    try:
        return load_profile(path or DEFAULT_PROFILE), ()
    except ProfileError as error:
        return None, tuple(
            problem("profile-unusable", option="profile", path=error.path, reason=reason)
            for reason in error.problems
        )


configure = ConfigureCommand(run_configure, before=lambda: require_root("live-cluster configure"))
