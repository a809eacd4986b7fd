"""`live-cluster timeouts`: show, or change on both heads while the cluster runs (A8)."""

from __future__ import annotations

from dataclasses import replace

import click

from live_cluster.cli.application_profile import has_filestorage, usable_profile
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output
from live_cluster.cli.planned_work import force_option
from live_cluster.cli.progress import Screen
from live_cluster.cli.run_cli import JSON_VERSION, asked_by, carry_out, site_secret
from live_cluster.cli.settings_file import cluster_toml, read_stored, secrets_toml
from live_cluster.commands.configure import Scope, Wish
from live_cluster.commands.timeouts import Timeouts, running_timeouts
from live_cluster.errors import ExitCode, InputRejected, Unconfigured, problem
from live_cluster.messages import message
from live_cluster.model.raw_settings import options
from live_cluster.model.settings_rules import settings_from


@click.command()
@click.option("--token", metavar="MS", help="How long until a silent server counts as lost (ms).")
@click.option("--token-retransmits", metavar="N", help="How often the token is sent again in that time.")
@force_option
@click.option("--passphrase-file", metavar="FILE", default="", help="The passphrase; -: standard input.")
@click.option("--dry-run", is_flag=True, help="Show what would be done; touch nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document at the end instead of text.")
def timeouts(  # noqa: PLR0913  as many as there are options
    *,
    token: str | None,
    token_retransmits: str | None,
    force: bool,
    passphrase_file: str,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Show Corosync's time-outs, or change them on both heads without a restart of anything."""
    require_root("live-cluster timeouts")
    output = Output()
    given = {"token": token, "token-retransmits": token_retransmits}
    wanted = {name: text for name, text in given.items() if text is not None}
    if not wanted:
        _show(running_timeouts(), output, as_json=as_json)
        return ExitCode.OK
    return carry_out(
        lambda screen: replace(_wish(wanted, passphrase_file, output, screen), dry_run=dry_run, force=force),
        output,
        as_json=as_json,
        dry_run=dry_run,
    )


def _wish(wanted: dict[str, str], passphrase_file: str, output: Output, screen: Screen) -> Wish:
    stored, faults = read_stored()
    if not stored.given:
        raise Unconfigured(*faults, problem("cluster-not-configured"))
    raw = stored.also(options(wanted))
    profile, more = usable_profile(None)
    settings, found = settings_from(raw, has_filestorage=has_filestorage(profile))
    if settings is None or profile is None or faults:
        raise InputRejected(*faults, *found, *more)
    return Wish(
        settings=settings,
        profile=profile,
        cluster_toml=cluster_toml(raw),
        secrets_toml=secrets_toml(raw),
        site_secret=site_secret(passphrase_file, output, screen),
        asked_by=asked_by(),
        scope=Scope.TIMEOUTS,
    )


def _show(now: Timeouts, output: Output, *, as_json: bool) -> None:
    if as_json:
        output.json(
            {
                "version": JSON_VERSION,
                "token_ms": now.token_ms,
                "token_retransmits": now.retransmits,
                "consensus_ms": now.consensus_ms,
                "retransmit_interval_ms": round(now.retransmit_interval_ms),
                "expected_detection_ms": now.detection_ms,
                "expected_switch_over_ms": now.switch_over_ms,
            }
        )
        return
    text = message(
        "timeouts-now",
        token=now.token_ms,
        retransmits=now.retransmits,
        interval=round(now.retransmit_interval_ms),
        consensus=now.consensus_ms,
        noticed=f"{now.detection_ms / 1000:.2f}",
        total=f"{now.switch_over_ms / 1000:.2f}",
    )
    output.data(output.words(text))
