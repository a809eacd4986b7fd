"""In which language the pages speak: Russian to browsers that ask for it, English to all others."""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import cache

ENGLISH, RUSSIAN = "en", "ru"
# The language of the request that is being answered.
current_language: ContextVar[str] = ContextVar("current_language", default=ENGLISH)
_HOLE = re.compile(r"\{(\w*)\}")


def language_of(accepted: str) -> str:
    """The one of ours that the header Accept-Language likes best."""
    likings = {ENGLISH: 0.0, RUSSIAN: 0.0}
    for wish in accepted.lower().split(","):
        name, _, weight = wish.partition(";q=")
        language = name.strip().partition("-")[0]
        if language in likings:
            likings[language] = max(likings[language], _number(weight) if weight else 1.0)
    return max(likings, key=lambda language: likings[language])


def say(text: str) -> str:
    """The text in the current language; what nobody has translated stays as it is."""
    if current_language.get() == ENGLISH:
        return text
    # Imported with the first page in Russian.
    from ivcs_server.russian import TEXTS

    if text in TEXTS:
        return TEXTS[text]
    for pattern, holes, translation in _patterns():
        if found := pattern.fullmatch(text):
            words = (say(word) if hole else word for hole, word in zip(holes, found.groups(), strict=True))
            return _HOLE.sub(lambda _, words=words: next(words), translation)  # type: ignore[misc]
    return text


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], tuple[str, ...], str], ...]:
    """Of texts with holes: `{}` stands for anything, `{said}` for a text that is translated as well."""
    from ivcs_server.russian import TEXTS

    return tuple(
        (
            re.compile("(.+?)".join(map(re.escape, _HOLE.split(text)[::2])), re.DOTALL),
            tuple(_HOLE.findall(text)),
            translation,
        )
        for text, translation in TEXTS.items()
        if "{" in text
    )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
