"""A fencing device as it is written: `AGENT name=value …`, with quotes as in a shell."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

_AGENT = re.compile(r"fence_[A-Za-z0-9_]+")


class DeviceUnreadable(ValueError):
    """The text is not AGENT followed by words; `code` is that of the sentence."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceText:
    """The agent and the words behind it, not yet judged."""

    agent: str
    words: tuple[str, ...]

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Every word that is name=value."""
        parts = (word.partition("=") for word in self.words)
        return tuple((name, value) for name, equals, value in parts if equals)


def device_of(text: str) -> DeviceText:
    """The words; DeviceUnreadable for open quotes and for what is no fence agent's name."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise DeviceUnreadable("fencing-quotes", str(error)) from None
    if not words or not _AGENT.fullmatch(words[0]):
        raise DeviceUnreadable("fencing-no-agent", words[0] if words else text)
    return DeviceText(agent=words[0], words=tuple(words[1:]))
