"""The command `live-configure`: open this server for the configurator, close it, tell which it is."""

from __future__ import annotations

import os
from datetime import datetime

import click

from live_cluster.access.status import AccessStatus, access_status
from live_cluster.access.system import this_server
from live_cluster.access.window import WINDOW_S
from live_cluster.cli.hidden_input import terminal_question
from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output
from live_cluster.cli.program import Program, exit_code_of
from live_cluster.errors import ExitCode, InputRejected, problem
from live_cluster.messages import message

STATUS_VERSION = 1


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="live-cluster", message="%(prog)s %(version)s")
def program() -> None:
    """Open this server for live-cluster configure, for one hour at most, or close it again."""


@program.command("unlock-configurator")
@click.option(
    "--passphrase-file",
    metavar="FILE",
    default="",
    help="Read the passphrase from FILE (- is standard input) instead of asking for it.",
)
@click.option("--generate", is_flag=True, help="Make a new passphrase and print it: the first server.")
@click.option("--window-seconds", type=click.IntRange(1, WINDOW_S), default=WINDOW_S, hidden=True)
def unlock_configurator(passphrase_file: str, generate: bool, window_seconds: int) -> int:  # noqa: FBT001
    """Let live-cluster configure in as root until one hour has passed, or the next reboot."""
    # asyncssh and the key derivation cost 0.2 s that the other two verbs do not need.
    from live_cluster.access.entry import SecretSources, find_or_make_secret, make_secret
    from live_cluster.access.unlock import unlock

    require_root("live-configure unlock-configurator")
    output = Output()
    if generate and passphrase_file:
        raise InputRejected(problem("generate-with-file", option="generate"))
    sources = SecretSources(
        passphrase_file=passphrase_file,
        environment=os.environ,
        ask=terminal_question(output),
        tell=lambda entry: output.problems([entry]),
    )
    chosen = make_secret(sources) if generate else find_or_make_secret(sources)
    unlocked = unlock(chosen.secret, this_server(), length_s=window_seconds)
    if chosen.fresh:
        output.say(message("passphrase-made"))
        output.data(chosen.fresh.text)
    if unlocked.key_changed:
        output.say(message("access-key-replaced", ended=unlocked.ended), style="yellow")
    status = access_status(this_server().files)
    output.say(
        message(
            "access-extended" if unlocked.previous else "access-unlocked",
            until=_time_of_day(status.closes_at),
            minutes=round(window_seconds / 60),
        ),
        style="green",
    )
    output.say(message("access-fingerprint", fingerprint=unlocked.window.fingerprint))
    return ExitCode.OK


@program.command("lock-configurator")
@click.option("--expired", metavar="WINDOW", default="", hidden=True)
def lock_configurator(expired: str) -> int:
    """Close this server for live-cluster configure at once, and end its connections."""
    from live_cluster.access.lock import lock, lock_expired

    require_root("live-configure lock-configurator")
    output = Output()
    if expired:
        # The timer's run: the journal already has its line, and nobody else listens.
        lock_expired(this_server(), expired)
        return ExitCode.OK
    closed = lock(this_server())
    output.say(message("access-locked" if closed.was_open else "access-was-locked", ended=closed.ended))
    return ExitCode.OK


@program.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def status(as_json: bool) -> int:  # noqa: FBT001
    """Tell whether this server is open for live-cluster configure, and until when."""
    require_root("live-configure status")
    output = Output()
    state = access_status(this_server().files)
    if as_json:
        output.json(status_json(state))
        return ExitCode.OK
    if state.window and state.is_open:
        output.data(
            output.words(
                message(
                    "status-open",
                    until=_time_of_day(state.closes_at),
                    minutes=-(-state.seconds_left // 60),
                    by=state.window.opened_by,
                    fingerprint=state.window.fingerprint,
                    connections=state.connections,
                )
            )
        )
    else:
        output.data(output.words(message("status-remains" if state.incomplete else "status-locked")))
    return ExitCode.OK


def status_json(state: AccessStatus) -> dict[str, object]:
    """The stable shape of `live-configure status --json`."""
    return {
        "version": STATUS_VERSION,
        "open": state.is_open,
        "closes_at": state.closes_at.isoformat() if state.is_open and state.closes_at else None,
        "seconds_left": state.seconds_left if state.is_open else 0,
        "fingerprint": state.window.fingerprint if state.window and state.is_open else None,
        "opened_by": state.window.opened_by if state.window and state.is_open else None,
        "connections": state.connections,
        "incomplete": state.incomplete,
    }


def main(argv: list[str] | None = None) -> int:
    """Run one verb; the same endings as those of live-cluster."""
    return exit_code_of(program, "live-configure", argv, interrupted=message("access-interrupted"))


def _time_of_day(moment: datetime | None) -> str:
    return f"{moment:%H:%M:%S %Z}" if moment else ""
