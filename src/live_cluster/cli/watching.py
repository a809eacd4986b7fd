"""Progress while the cluster carries something out: a sentence for each change, on a terminal a live line below."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from live_cluster.cli.output import Output
from live_cluster.commands.missing import Missing
from live_cluster.messages import Message, message


class Spinner(Protocol):
    """The one line at the bottom of a terminal."""

    def update(self, status: str) -> None:
        """Show another text."""


@contextmanager
def spinning(*, quiet: bool = False) -> Iterator[Spinner | None]:
    """A live line where standard error is a terminal; lines written meanwhile appear above it."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status


class Watch:
    """Tells what happens; `waiting_code` names what is still missing on the live line."""

    def __init__(self, spinner: Spinner | None, waiting_code: str, *, quiet: bool) -> None:
        # Made while the live line is shown, so that it writes above it.
        self._output = Output()
        self._spinner = spinner
        self._waiting_code = waiting_code
        self._quiet = quiet

    def tell(self, text: Message) -> None:
        """A sentence on the way."""
        if not self._quiet:
            self._output.say(text)

    def remaining(self, missing: Sequence[Missing], total: int) -> None:
        """What is still missing."""
        if self._spinner is None or not missing:
            return
        names = ", ".join(dict.fromkeys(one.resource for one in missing))
        text = message(self._waiting_code, count=len(missing), total=total, resources=names)
        self._spinner.update(self._output.words(text))


@contextmanager
def watched(waiting_code: str, *, quiet: bool) -> Iterator[Watch]:
    """A watch for as long as the work takes."""
    with spinning(quiet=quiet) as spinner:
        yield Watch(spinner, waiting_code, quiet=quiet)
