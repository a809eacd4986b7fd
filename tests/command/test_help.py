"""Every verb's help speaks Russian as well."""

import click
import pytest

from live_cluster.cli.help_ru import HELP, first_sentence
from live_cluster.cli.main import VERBS, main, program

# It has a help of its own, from the table of settings.
OTHERS = sorted(VERBS.keys() - {"configure"})


def texts(verb: str) -> list[str]:
    command = program.get_command(click.Context(program), verb)
    assert command is not None
    return [command.help or ""] + [one.help or "" for one in command.params if isinstance(one, click.Option)]


@pytest.mark.parametrize("verb", OTHERS)
def test_each_text_is_known_in_russian(verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert [text for text in texts(verb) if first_sentence(text) not in HELP] == []


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert main(["timeouts", "--help"]) == 0
    assert "Показать тайм-ауты Corosync" in capsys.readouterr().out


def test_paragraphs_stay_apart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert main(["stop-resources", "--help"]) == 0
    assert "Код выхода: 0 остановлены" in capsys.readouterr().out
