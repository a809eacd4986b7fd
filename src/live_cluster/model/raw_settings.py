"""What was said, by whom: texts from options, files and the environment, before anything is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from live_cluster.messages import Message, message
from live_cluster.model.parameters import SERVICES, media_number, table_order
from live_cluster.model.subjects.row import Service

MAX_SHOWN = 80


class Source(IntEnum):
    """Who said it; a greater one wins."""

    STORED = 0
    FILE = 1
    ENVIRONMENT = 2
    SECRET_FILE = 3
    OPTION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a text comes from; `detail` is the path of the file or the name of the variable."""

    source: Source
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawValue:
    """One setting as it was written; never shown by repr, for it may be a password."""

    name: str
    text: str = field(repr=False)
    origin: Origin

    @property
    def source(self) -> Source:
        """Who said it."""
        return self.origin.source

    @property
    def place(self) -> Message:
        """Where to look for it: the option, the line of a file, the variable."""
        detail = self.origin.detail
        match self.source:
            case Source.OPTION:
                return message("place-option", name=self.name)
            case Source.SECRET_FILE:
                return message("place-secret-file", name=self.name, path=detail)
            case Source.ENVIRONMENT:
                return message("place-environment", variable=detail)
            case Source.FILE | Source.STORED:
                return message("place-file", name=self.name, path=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSettings:
    """Everything that was said, by anyone; `effective` is what counts."""

    given: tuple[RawValue, ...] = ()
    removed_media: frozenset[str] = frozenset()

    def effective(self) -> Mapping[str, RawValue]:
        """The winning value of each setting, in the order of the table.

        A service that is turned off loses the values said before; naming its server again turns it on (B3).
        """
        winners: dict[str, RawValue] = {}
        for value in sorted(self.given, key=lambda one: one.source):
            winners[value.name] = value
        for value in tuple(winners.values()):
            # One that this command line names as well stays: the rules see the contradiction.
            is_removed = media_number(value.name) and value.text in self.removed_media
            if is_removed and value.source is not Source.OPTION:
                del winners[value.name]
        for service in SERVICES:
            _resolve_switch(winners, service)
        return {name: winners[name] for name in sorted(winners, key=table_order)}

    def get(self, name: str) -> RawValue | None:
        """The winning value of one setting."""
        return self.effective().get(name)

    def text(self, name: str) -> str | None:
        """Its text."""
        value = self.get(name)
        return None if value is None else value.text

    def stored(self, name: str) -> RawValue | None:
        """What earlier runs left, whatever this run says."""
        return RawSettings(given=tuple(one for one in self.given if one.source is Source.STORED)).get(name)

    def also(self, other: RawSettings) -> RawSettings:
        """Both together."""
        return RawSettings(
            given=self.given + other.given, removed_media=self.removed_media | other.removed_media
        )


def shown(text: str) -> str:
    """A text for a sentence: on one line, not too long, broken characters made visible."""
    visible = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
    return visible if len(visible) <= MAX_SHOWN else f"{visible[:MAX_SHOWN]}…"


def options(values: Mapping[str, str]) -> RawSettings:
    """Settings as if they were given on the command line."""
    origin = Origin(source=Source.OPTION)
    return RawSettings(
        given=tuple(RawValue(name=name, text=text, origin=origin) for name, text in values.items())
    )


def _resolve_switch(winners: dict[str, RawValue], service: Service) -> None:
    """Keep either the switch or the values; both stay where one and the same source said both."""
    switch = winners.get(service.disable.name)
    if switch is None:
        return
    key = winners.get(service.key.name)
    is_off = key is None or key.source <= switch.source
    if not is_off:
        del winners[service.disable.name]
    for name in service.members:
        value = winners.get(name)
        if value is None:
            continue
        # A password that only lies around in the environment does not speak against the switch.
        is_stray = is_off and value.source is Source.ENVIRONMENT
        if value.source < switch.source or is_stray:
            del winners[name]
