"""The pages in Russian: every text is there, and messages with something in them are found, too."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivcs_server import russian
from ivcs_server.admin_pages import PAGES
from ivcs_server.administration import SETTINGS
from ivcs_server.form_values import TITLES
from ivcs_server.language import current_language, language_of, say
from ivcs_server.pages import TEMPLATES
from ivcs_server.placement import Reach

SOURCES = TEMPLATES.parent
SAID = re.compile(r'_\("([^"]+)"\)')
# Texts that a template chooses between inside one `_(…)`.
CHOSEN = {"valid", "healthy", "something is missing"}
SHOWN = {text for path in TEMPLATES.glob("*.html") for text in SAID.findall(path.read_text("utf-8"))}


@pytest.fixture(autouse=True)
def _in_russian() -> Iterator[None]:
    token = current_language.set("ru")
    yield
    current_language.reset(token)


def holes(text: str) -> list[str]:
    return re.findall(r"\{\w*\}", text)


def test_every_text_of_the_pages_is_translated_and_no_other() -> None:
    named = {*PAGES.values(), *SETTINGS.values(), *TITLES.values(), *Reach, *CHOSEN}
    assert SHOWN | named == set(russian.PAGES | russian.WORDS | russian.ADVICE)


def test_messages_are_those_of_the_code() -> None:
    code = " ".join(
        re.sub(r'"\s+f?"', "", path.read_text("utf-8"))
        for path in Path(SOURCES).glob("*.py")
        if path.name != "russian.py"
    )
    code = re.sub(r"\{[^{}]+\}", "{}", code)
    system = {"Connection refused", "No route to host"}
    missing = [
        text
        for text in {**russian.MESSAGES, **russian.PROBLEMS}
        if text not in system and text.replace("{said}", "{}") not in code
    ]
    assert not missing


@pytest.mark.parametrize("text", [text for text in russian.TEXTS if "{" in text])
def test_what_stands_in_a_text_stands_in_its_translation(text: str) -> None:
    assert holes(text) == holes(russian.TEXTS[text])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("“Port” has to be a number from 1 to 65535.", "«Порт»: число от 1 до 65535."),
        ("The conference Password is created.", "Конференция Password создана."),
        (
            "The license is installed, but it does not hold: it expired on 2020-01-01.",
            "Лицензия установлена, но не действует: срок действия истёк 2020-01-01.",
        ),
        ("mail:25 took one message for a@b", "mail:25 принял одно сообщение для a@b"),
        (
            "smsc:2775 took one message for +7900, with the id 12",
            "smsc:2775 принял одно сообщение для +7900, идентификатор 12",
        ),
        (
            "mail:25: Connection refused: nothing listens there; see address and port",
            "mail:25: в соединении отказано: там ничего не слушает; проверьте адрес и порт",
        ),
        (
            "SMPP 3.4 allows 20 characters of ASCII for the sender",
            "SMPP 3.4 допускает 20 символов ASCII: отправитель",
        ),
        ("mail:25: an unknown reason", "mail:25: an unknown reason"),
        ("a text {} of somebody else", "a text {} of somebody else"),
    ],
)
def test_a_message_is_found_by_its_pattern(text: str, said: str) -> None:
    assert say(text) == said


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en-US,en;q=0.9,ru;q=0.8", "en"),
        ("de,ru;q=0.5,en;q=0.3", "ru"),
        ("*", "en"),
        ("ru;q=x,en", "en"),
    ],
)
def test_the_browser_says_the_language(accepted: str, language: str) -> None:
    assert language_of(accepted) == language
