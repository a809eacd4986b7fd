"""Who asks for a change, and whether the administrator agrees to it."""

from __future__ import annotations

import os
import sys
import time

from live_cluster.cli.output import Output
from live_cluster.errors import Declined, problem
from live_cluster.messages import Message


def asked_by(verb: str) -> str:
    """Who is at the keyboard, since when and for what, for those who find the lock taken."""
    who = os.environ.get("SUDO_USER") or os.environ.get("LOGNAME") or "root"
    return f"{who}, {verb}, {time.strftime('%Y-%m-%d %H:%M:%S %z')}"


def agreed(question: Message, output: Output, *, yes: bool) -> None:
    """Ask on the terminal; Declined at a no, and where nobody can be asked without --yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Declined(problem("cannot-ask", question=question))
    output.line(f"{output.words(question)} [yes/NO] ", style="bold")
    if sys.stdin.readline().strip().lower() not in ("yes", "y", "да", "д"):
        raise Declined(problem("declined"))
