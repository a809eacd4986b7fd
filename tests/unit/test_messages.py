"""Both catalogues say the same, with the same fields, and have words for every code that the product raises."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

import pytest

from live_cluster.messages import SECTIONS, catalogue, language_of, message, render

SOURCE = Path(__file__).resolve().parents[2] / "src" / "live_cluster"
# The functions whose first argument is a code, and the fields that they add themselves.
MAKERS = {"problem": {"option", "node"}, "warning": {"option", "node"}, "message": set[str]()}


def fields_of(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@dataclass(frozen=True)
class Raised:
    """One call with a literal code; `fields` is None where they are passed on as **mapping."""

    code: str
    place: str
    fields: set[str] | None


def raised() -> list[Raised]:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if name in MAKERS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                given = {keyword.arg for keyword in node.keywords}
                fields = None if None in given else {*map(str, given), *MAKERS[name]}
                found.append(Raised(first.value, f"{path.relative_to(SOURCE)}:{node.lineno}", fields))
    return found


def is_used(code: str, literals: set[str], formatted: list[tuple[str, str]]) -> bool:
    """The code stands in the source, or a formatted text there has its beginning and its end."""
    return code in literals or any(
        code.startswith(beginning) and code.endswith(ending) for beginning, ending in formatted
    )


def texts_in_source() -> tuple[set[str], list[tuple[str, str]]]:
    """All literals outside the catalogues, and the fixed ends of those formatted texts that look like codes."""
    literals, formatted = set(), []
    for path in SOURCE.rglob("*.py"):
        if path.parent.name == "messages":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                literals.add(node.value)
            if isinstance(node, ast.JoinedStr):
                ends = [one.value if isinstance(one, ast.Constant) else "" for one in node.values]
                beginning, ending = str(ends[0]), str(ends[-1])
                if beginning.endswith("-") or ending.startswith("-"):
                    formatted.append((beginning, ending))
    return literals, formatted


def test_both_languages_have_the_same_codes() -> None:
    assert catalogue("en").keys() == catalogue("ru").keys()


@pytest.mark.parametrize("code", sorted(catalogue("en")))
def test_both_languages_use_the_same_fields(code: str) -> None:
    assert fields_of(catalogue("en")[code]) == fields_of(catalogue("ru").get(code, ""))


def test_every_code_that_is_raised_has_words() -> None:
    assert not [f"{one.code} ({one.place})" for one in raised() if one.code not in catalogue("en")]


def test_every_code_gets_the_fields_of_its_sentence() -> None:
    lacking = [
        f"{one.code} ({one.place}): {sorted(wanted - one.fields)}"
        for one in raised()
        if one.fields is not None and (wanted := fields_of(catalogue("en").get(one.code, ""))) - one.fields
    ]
    assert not lacking


def test_no_sentence_is_left_over() -> None:
    literals, formatted = texts_in_source()
    assert not [code for code in catalogue("en") if not is_used(code, literals, formatted)]


def test_codes_are_kebab_case() -> None:
    for code in catalogue("en"):
        assert code == code.lower()
        assert code.replace("-", "").isalnum()


def test_russian_sentences_are_russian() -> None:
    for code, template in catalogue("ru").items():
        words = "".join(text for text, _, _, _ in Formatter().parse(template))
        is_frame = not any(letter.isalpha() for letter in words.replace("file", ""))
        assert is_frame or any("а" <= letter <= "я" for letter in words.lower()), code


def test_a_nested_message_is_rendered_too() -> None:
    text = message("value-empty", place=message("place-option", name="public-ip"))
    assert render(text, "en").startswith("--public-ip: ")
    assert render(text, "ru").startswith("--public-ip: ")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LC_ALL": "C", "LANG": "ru_RU.UTF-8"}, "en"),
        ({"LC_ALL": "", "LC_MESSAGES": "ru", "LANG": "en_US.UTF-8"}, "ru"),
    ],
)
def test_the_environment_chooses_the_language(environment: dict[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_sections_are_pairs() -> None:
    names = {path.stem for path in (SOURCE / "messages").glob("*_*.py") if not path.stem.startswith("__")}
    assert names == {f"{section}_{language}" for section in SECTIONS for language in ("en", "ru")}
