"""What both command lines share: help in the user's language, and an exit code at every end."""

from __future__ import annotations

import os
import sys

import click

from live_cluster.cli.output import Output
from live_cluster.errors import ExitCode, LiveClusterError
from live_cluster.messages import Message, language_of


class Program(click.Group):
    """Verbs whose help speaks the language of the environment."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's own click command; None makes click say that there is no such verb."""
        command = self.verb(ctx, cmd_name)
        if command is None or language_of(os.environ) != "ru":
            return command
        from live_cluster.cli.help_ru import in_russian

        return in_russian(command)

    def verb(self, ctx: click.Context, name: str) -> click.Command | None:
        """The verb, in English."""
        return super().get_command(ctx, name)

    def in_language(self) -> click.Command:
        """The program itself, for its own help."""
        if language_of(os.environ) != "ru":
            return self
        from live_cluster.cli.help_ru import in_russian

        return in_russian(self)


def exit_code_of(program: Program, name: str, arguments: list[str] | None, *, interrupted: Message) -> int:
    """Run one verb; every expected failure becomes a sentence and an exit code of Pacemaker's table."""
    output = Output()
    try:
        result = program.in_language().main(
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
