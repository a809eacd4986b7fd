"""How every run of a command line ends: with a sentence where it failed, and always with an exit code."""

from __future__ import annotations

import sys

import click

from live_cluster.cli.output import Output
from live_cluster.errors import ExitCode, LiveClusterError
from live_cluster.messages import Message


def exit_code_of(
    program: click.Group, name: str, arguments: list[str] | None, *, interrupted: Message
) -> int:
    """Run one verb; every expected failure becomes a sentence and an exit code of Pacemaker's table."""
    output = Output()
    try:
        result = program.main(
            args=sys.argv[1:] if arguments is None else arguments, prog_name=name, standalone_mode=False
        )
    except click.ClickException as error:
        # What click itself finds (unknown verb or option) ends like every other wrong input.
        error.show(file=sys.stderr)
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        output.say(interrupted)
        return 128 + 2
    except LiveClusterError as error:
        output.failure(error)
        return error.exit_code
    return result if isinstance(result, int) else ExitCode.OK
