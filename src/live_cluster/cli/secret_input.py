"""Passwords kept off the command line: from a file, standard input, the terminal or the environment."""

from __future__ import annotations

import getpass
import io
import os
import stat
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from live_cluster.errors import Problem, problem, warning
from live_cluster.messages import Message, message, render
from live_cluster.model.parameters import PARAMETERS
from live_cluster.model.raw_settings import Origin, RawSettings, RawValue, Source, shown
from live_cluster.model.settings import Secret

STANDARD_INPUT = "-"

# A password is a line; a file far bigger is the wrong one.
MAX_SECRET_BYTES = 64 * 1024


def ask_on_terminal(prompt: Message) -> str:
    """One line from the terminal, not echoed; raises EOFError at Ctrl-D."""
    return getpass.getpass(render(prompt))


@dataclass(slots=True, kw_only=True)
class SecretSource:
    """Where this process can read passwords; standard input serves once, a terminal as often as asked."""

    stdin: BinaryIO
    is_terminal: bool
    ask: Callable[[Message], str]
    _reader: str = field(default="", init=False)

    @classmethod
    def of_process(cls) -> SecretSource:
        """Standard input of this process, and its terminal."""
        # A process may be started with standard input closed.
        if sys.stdin is None:
            return cls(stdin=io.BytesIO(), is_terminal=False, ask=ask_on_terminal)
        return cls(stdin=sys.stdin.buffer, is_terminal=sys.stdin.isatty(), ask=ask_on_terminal)

    def reserve(self, reader: str) -> None:
        """Standard input is for `reader`, an option; on a terminal everybody can ask in turn."""
        self._reader = reader

    def read(self, option: str, path: str) -> tuple[Secret | None, tuple[Problem, ...]]:
        """The first line's text of `path` ("-": standard input or a question); one line end is cut off."""
        if path != STANDARD_INPUT:
            return _read_file(option, path)
        if self.is_terminal:
            return self._ask(option)
        if self._reader:
            return None, (problem("stdin-wanted-twice", option=option, other=self._reader),)
        self.reserve(f"--{option}-file")
        try:
            content = self.stdin.read(MAX_SECRET_BYTES + 1)
        except OSError as error:
            reason = error.strerror or ""
            return None, (problem("secret-file-unreadable", option=option, path=path, reason=reason),)
        return _decoded(option, path, content)

    def _ask(self, option: str) -> tuple[Secret | None, tuple[Problem, ...]]:
        try:
            text = self.ask(message("prompt-secret", option=option))
        except EOFError:
            text = ""
        except UnicodeDecodeError:
            return None, (problem("secret-file-not-utf8", option=option, path=STANDARD_INPUT),)
        if not text:
            return None, (problem("secret-not-entered", option=option),)
        return Secret(text), ()


def secrets_in(environment: Mapping[str, str]) -> RawSettings:
    """Passwords from LIVE_CLUSTER_… variables; an empty variable counts as not set."""
    given = []
    for row in PARAMETERS:
        text = environment.get(row.environment_variable, "") if row.is_secret else ""
        if text:
            origin = Origin(source=Source.ENVIRONMENT, detail=row.environment_variable)
            given.append(RawValue(name=row.name, text=text, origin=origin))
    return RawSettings(given=tuple(given))


def is_open_to_others(found: os.stat_result) -> bool:
    """More than root (and its group) may read the file; pipes and devices do not count."""
    by_group = found.st_mode & stat.S_IRGRP and found.st_gid != 0
    return stat.S_ISREG(found.st_mode) and bool(found.st_mode & stat.S_IROTH or by_group)


def _read_file(option: str, path: str) -> tuple[Secret | None, tuple[Problem, ...]]:
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_SECRET_BYTES + 1)
            is_open = is_open_to_others(os.fstat(file.fileno()))
    except FileNotFoundError:
        return None, (problem("secret-file-missing", option=option, path=shown(path)),)
    except (OSError, ValueError) as error:
        # ValueError: a NUL in the path.
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        return None, (problem("secret-file-unreadable", option=option, path=shown(path), reason=reason),)
    secret, problems = _decoded(option, path, content)
    if is_open:
        problems += (warning("secret-file-visible", option=option, path=shown(path)),)
    return secret, problems


def _decoded(option: str, path: str, content: bytes) -> tuple[Secret | None, tuple[Problem, ...]]:
    if len(content) > MAX_SECRET_BYTES:
        return None, (problem("secret-file-too-big", option=option, path=shown(path)),)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None, (problem("secret-file-not-utf8", option=option, path=shown(path)),)
    if not text.strip("\r\n"):
        return None, (problem("secret-file-empty", option=option, path=shown(path)),)
    line_end = "\r\n" if text.endswith("\r\n") else "\n"
    return Secret(text.removesuffix(line_end)), ()
