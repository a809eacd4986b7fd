"""Passwords reach the settings from everywhere, unchanged, and show themselves nowhere."""

from __future__ import annotations

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from input_cases import World, codes, good_but

from live_cluster.cli.secret_input import SecretSource
from live_cluster.messages import Message, render

HARD = "пароль \"в\" 'кавычках' $HOME `id` 100% \\n \\\\ #;=!"
NAME = "smsc-password"


def password_of(world: World, *words: str) -> str | None:
    arguments, _, _ = world.read([*good_but(), *words])
    return arguments.settings.text(NAME)


def test_from_the_command_line(world: World) -> None:
    assert password_of(world, "--smsc-password", HARD) == HARD
    assert password_of(world, f"--smsc-password={HARD}") == HARD


def test_from_a_file_without_its_last_line_end(world: World) -> None:
    for end in ("", "\n", "\r\n"):
        path = world.write("p", HARD + end)
        assert password_of(world, "--smsc-password-file", str(path)) == HARD


def test_only_one_line_end_is_cut_off(world: World) -> None:
    path = world.write("p", "  a \n\n")
    assert password_of(world, "--smsc-password-file", str(path)) == "  a \n"


def test_from_standard_input(world: World) -> None:
    world.stdin = f"{HARD}\n".encode()
    assert password_of(world, "--smsc-password-file", "-") == HARD


def test_from_the_environment(world: World) -> None:
    world.environment["LIVE_CLUSTER_SMSC_PASSWORD"] = HARD
    assert password_of(world) == HARD


def test_an_empty_variable_is_none(world: World) -> None:
    world.environment["LIVE_CLUSTER_SMSC_PASSWORD"] = ""
    assert password_of(world) is None


def test_from_what_is_stored_unless_said_anew(world: World) -> None:
    world.write("stored/secrets.toml", 'smsc-password = "stored"\n')
    assert password_of(world) == "stored"
    world.environment["LIVE_CLUSTER_SMSC_PASSWORD"] = "environment"
    assert password_of(world) == "environment"
    path = world.write("p", "file")
    assert password_of(world, "--smsc-password-file", str(path)) == "file"


@pytest.mark.parametrize("text", ["--abc", "-", "-x", "=", "--smsc", "- -"])
def test_a_password_may_begin_with_hyphens(world: World, text: str) -> None:
    assert password_of(world, "--smsc-password", text) == text


def test_a_terminal_asks() -> None:
    asked: list[str] = []

    def ask(prompt: Message) -> str:
        asked.append(render(prompt, "en"))
        return HARD

    source = SecretSource(stdin=io.BytesIO(), is_terminal=True, ask=ask)
    secret, problems = source.read(NAME, "-")
    assert not problems
    assert secret is not None
    assert secret.reveal() == HARD
    source.read("filestorage-password", "-")
    assert asked == ["Password for --smsc-password: ", "Password for --filestorage-password: "]


def test_no_answer_is_a_problem() -> None:
    def ask(prompt: Message) -> str:
        raise EOFError

    secret, problems = SecretSource(stdin=io.BytesIO(), is_terminal=True, ask=ask).read(NAME, "-")
    assert secret is None
    assert codes(problems) == ["secret-not-entered smsc-password"]


def test_an_open_password_file_is_warned_about(world: World) -> None:
    path = world.write("p", "a", mode=0o644)
    _, _, problems = world.read([*good_but(), "--smsc-password-file", str(path)])
    assert "secret-file-visible smsc-password" in codes(problems)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    secret=st.text(st.characters(categories=["Lu", "Nd", "Cc"]), min_size=8, max_size=12), stray=st.booleans()
)
def test_no_sentence_shows_a_password(world: World, secret: str, *, stray: bool) -> None:
    secret = f"Ъ{secret}Ъ"
    words = ["--filestorage-password", secret, "--smsc-password", "a b", *([secret] if stray else [])]
    _, _, problems = world.read([*good_but(), *words])
    for one in problems:
        for language in ("en", "ru"):
            assert secret not in render(one.message, language)
        assert secret not in repr(one)
