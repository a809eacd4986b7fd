"""Every verb's help speaks Russian as well."""

from collections.abc import Callable

import click
import pytest

from live_cluster.cli.configurator_cli import main as configurator_main
from live_cluster.cli.configurator_cli import program as configurator
from live_cluster.cli.help_ru import HELP, first_sentence
from live_cluster.cli.main import VERBS, main, program

# It has a help of its own, from the table of settings.
OTHERS = sorted(VERBS.keys() - {"configure"})


def texts(verb: str) -> list[str]:
    command = program.get_command(click.Context(program), verb)
    assert command is not None
    below = list(command.commands.values()) if isinstance(command, click.Group) else []
    shown = [
        one.help or "" for each in (command, *below) for one in each.params if isinstance(one, click.Option)
    ]
    return [one.help or "" for one in (command, *below)] + shown


@pytest.mark.parametrize("verb", OTHERS)
def test_each_text_is_known_in_russian(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert [text for text in texts(verb) if first_sentence(text) not in HELP] == []


@pytest.mark.parametrize("verb", ["unlock-configurator", "lock-configurator", "status"])
def test_each_text_of_the_configurator_s_access_is_known_in_russian(
    verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    command = configurator.commands[verb]
    shown = [one.help or "" for one in command.params if isinstance(one, click.Option) and not one.hidden]
    assert [text for text in [command.help or "", *shown] if first_sentence(text) not in HELP] == []


@pytest.mark.parametrize("run", [main, configurator_main])
@pytest.mark.parametrize("words", [["--help"], ["status", "--help"]])
def test_help_in_russian_has_no_english_line(
    run: Callable[[list[str]], int],
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert run(words) == 0
    # `configure` chooses its language when it is loaded, here perhaps by an earlier test.
    shown = [one for one in capsys.readouterr().out.splitlines() if one.strip() and " configure " not in one]
    assert [line for line in shown if not any("а" <= letter <= "я" for letter in line.lower())] == []


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert main(["timeouts", "--help"]) == 0
    assert "Показать таймауты Corosync" in capsys.readouterr().out


def test_paragraphs_stay_apart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert main(["stop-resources", "--help"]) == 0
    assert "Код завершения: 0 остановлены" in capsys.readouterr().out
