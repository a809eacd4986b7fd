"""The only module that prints: data to standard output, what happens to standard error."""

from __future__ import annotations

import os
import sys

from live_cluster.errors import LiveClusterError, Problem, Severity
from live_cluster.messages import Message, language_of, message, render

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from live_cluster.messages import Language

_RESET = "\x1b[0m"
_STYLES = {"bold": "\x1b[1m", "red": "\x1b[31m", "green": "\x1b[32m", "yellow": "\x1b[33m", "dim": "\x1b[2m"}


class Output:
    """Words and colours of one run; colours only on a terminal and never with NO_COLOR (no-color.org)."""

    def __init__(
        self,
        *,
        out: TextIO | None = None,
        err: TextIO | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        self._environment = os.environ if environment is None else environment
        self.language: Language = language_of(self._environment)

    def data(self, text: str) -> None:
        """A line of what was asked for, to standard output."""
        print(text, file=self._out)

    def json(self, value: object) -> None:
        """One JSON document, to standard output."""
        # Takes 4 ms to load, and `status` needs it only with --json.
        import json

        print(json.dumps(value, ensure_ascii=False, indent=2), file=self._out)

    def say(self, text: Message, *, style: str = "") -> None:
        """A sentence on the way, to standard error."""
        self.line(render(text, self.language), style=style)

    def line(self, text: str, *, style: str = "") -> None:
        """Ready text (a tool's own output, a difference) to standard error."""
        print(self.styled(text, style, self._err), file=self._err, flush=True)

    def words(self, text: Message) -> str:
        """The sentence in the language of this run."""
        return render(text, self.language)

    def problems(self, problems: Sequence[Problem]) -> None:
        """Every problem on a line of its own, errors after warnings, with its code for searching."""
        for entry in sorted(problems, key=lambda one: one.severity is Severity.ERROR):
            is_error = entry.severity is Severity.ERROR
            label = self.words(message("label-error" if is_error else "label-warning"))
            colour = "red" if is_error else "yellow"
            head = self.styled(label, colour, self._err)
            print(f"{head} {self.words(entry.message)} [{entry.code}]", file=self._err, flush=True)

    def failure(self, error: LiveClusterError) -> None:
        """All that an error has to say."""
        self.problems(error.problems)

    def styled(self, text: str, style: str, stream: TextIO | None = None) -> str:
        """`text` in colour where `stream` shows colours."""
        if not style or not self.has_colour(stream or self._out):
            return text
        return f"{_STYLES[style]}{text}{_RESET}"

    def has_colour(self, stream: TextIO) -> bool:
        """NO_COLOR and a dumb terminal switch colours off."""
        if self._environment.get("NO_COLOR") or self._environment.get("TERM") == "dumb":
            return False
        return stream.isatty()


def problem_json(entry: Problem) -> dict[str, str]:
    """The stable shape of one problem; the sentence is in English so that programs can rely on it."""
    return {
        "code": entry.code,
        "severity": entry.severity.value,
        "option": entry.option,
        "node": entry.node,
        "message": render(entry.message, "en"),
    }
