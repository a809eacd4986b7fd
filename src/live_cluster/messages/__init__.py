"""Every sentence shown to users: a code with fields here, its words in the catalogues.

Nothing below the command line interface formats text: it passes `Message` values up,
so that the words exist once per language and JSON output carries the stable codes.
"""

from __future__ import annotations

import os
from importlib import import_module

from live_cluster.record import Record

# As in the module typing, which takes 3 ms to load.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    Language = Literal["en", "ru"]
else:
    Language = str

# One pair of catalogue modules (SECTION_en, SECTION_ru) per part of the product.
# `status` needs the first one only, and a section takes 0.3 ms to load.
SECTIONS = (
    "status",
    "network",
    "general",
    "input",
    "checks",
    "steps",
    "access",
    "fencing",
    "watchdog",
    "planned",
    "check",
    "cib",
    "events",
    "application",
    "mirror",
    "san",
    "moving",
    "drbd",
    "resolve",
    "nas",
    "truth",
)


class Message(Record):
    """A sentence to be: `code` names it in the catalogues, `fields` fill its places."""

    code: str
    fields: tuple[tuple[str, object], ...] = ()

    def field(self, name: str) -> object:
        """The value of one field; KeyError where there is none."""
        return dict(self.fields)[name]


def message(code: str, **fields: object) -> Message:
    """Shorthand that keeps the fields hashable and ordered by name."""
    return Message(code, tuple(sorted(fields.items())))


def language_of(environment: Mapping[str, str]) -> Language:
    """The first of LC_ALL, LC_MESSAGES, LANG that is set decides (locale(7)); English otherwise."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        value = environment.get(name, "")
        if value:
            return "ru" if value.lower().startswith("ru") else "en"
    return "en"


def render(text: Message, language: Language | None = None) -> str:
    """The sentence in `language` (default: that of the environment). A nested Message field is rendered too."""
    chosen = language or language_of(os.environ)
    template = _template(text.code, chosen)
    if template is None:
        # A sentence without words must not hide what happened; a unit test keeps this from being reached.
        return f"{text.code}: " + ", ".join(f"{name}={value}" for name, value in text.fields)
    words = {
        name: render(value, chosen) if isinstance(value, Message) else value for name, value in text.fields
    }
    return template.format_map(words)


def catalogue(language: Language) -> Mapping[str, str]:
    """All sentences of one language; raises ValueError where two sections use the same code."""
    merged: dict[str, str] = {}
    for section in SECTIONS:
        texts = _section(section, language)
        twice = merged.keys() & texts.keys()
        if twice:
            raise ValueError(f"message codes in two sections: {sorted(twice)}")
        merged.update(texts)
    return merged


def _template(code: str, language: Language) -> str | None:
    for section in SECTIONS:
        text = _section(section, language).get(code)
        if text is not None:
            return text
    return None


def _section(section: str, language: Language) -> dict[str, str]:
    # Python itself keeps modules that were loaded.
    texts: dict[str, str] = import_module(f"live_cluster.messages.{section}_{language}").TEXTS
    return texts
