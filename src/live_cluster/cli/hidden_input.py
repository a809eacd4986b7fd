"""Secrets typed at the terminal, without showing them."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable

from live_cluster.cli.output import Output
from live_cluster.messages import message


def terminal_question(output: Output) -> Callable[[str], str] | None:
    """A function that asks with the sentence of a message code; None where there is no terminal to ask at."""
    if not sys.stdin.isatty():
        return None
    return lambda code: getpass.getpass(output.words(message(code)) + " ")
