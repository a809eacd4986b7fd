"""`live-cluster configure`: from options to a wish."""

from __future__ import annotations

import uuid
from dataclasses import replace

from live_cluster.cli.application_profile import has_filestorage, text_to_keep, usable_profile
from live_cluster.cli.arguments import Arguments, settings_of
from live_cluster.cli.configure_command import ConfigureCommand
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output
from live_cluster.cli.progress import Screen
from live_cluster.cli.run_cli import asked_by, carry_out, site_secret
from live_cluster.cli.settings_file import cluster_toml, secrets_toml
from live_cluster.commands.configure import Wish
from live_cluster.errors import InputRejected, Problem, Severity
from live_cluster.model.storage_orders import StorageOrders


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
    profile, more = usable_profile(arguments.profile)
    settings, found = settings_of(arguments, problems, has_filestorage=has_filestorage(profile))
    together = (*found, *more)
    if settings is None or profile is None:
        raise InputRejected(*together)
    screen.warnings(tuple(one for one in together if one.severity is Severity.WARNING))
    return Wish(
        settings=replace(settings, storage_orders=_storage_orders(arguments)),
        profile=profile,
        cluster_toml=cluster_toml(arguments.settings),
        secrets_toml=secrets_toml(arguments.settings),
        profile_toml=text_to_keep(arguments.profile),
        site_secret=site_secret(arguments.passphrase_file or "", output, screen),
        asked_by=asked_by(),
        dry_run=arguments.dry_run,
        yes=arguments.yes,
        prune=arguments.prune,
    )


def _storage_orders(arguments: Arguments) -> StorageOrders:
    return StorageOrders(
        may_format=arguments.format_filestorage,
        may_move=arguments.migrate_filestorage,
        new_uuid=str(uuid.uuid4()),
    )


configure = ConfigureCommand(run_configure, before=lambda: require_root("live-cluster configure"))
