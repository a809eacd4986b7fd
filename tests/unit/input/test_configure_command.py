"""The click command: help in both languages without reading anything, arguments for the rest."""

from __future__ import annotations

import pytest

from live_cluster.cli.arguments import Arguments
from live_cluster.cli.configure_command import ConfigureCommand
from live_cluster.cli.option_names import RUN_OPTIONS
from live_cluster.errors import NotPermitted, Problem, problem
from live_cluster.model.parameters import PARAMETERS


class Called(Exception):
    pass


def never(arguments: Arguments, problems: tuple[Problem, ...]) -> int:
    raise AssertionError((arguments, problems))


def help_text(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str) -> str:
    monkeypatch.setenv("LC_ALL", language)
    assert (
        ConfigureCommand(never).main(["--public-ip", "x", "--help"], "configure", standalone_mode=False) == 0
    )
    return capsys.readouterr().out


@pytest.mark.parametrize("language", ["C", "ru_RU.UTF-8"])
def test_help_has_every_option(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    text = help_text(capsys, monkeypatch, language)
    for name in (*(row.name for row in PARAMETERS), *(one.name for one in RUN_OPTIONS)):
        assert f"--{name}" in text
    for row in PARAMETERS:
        for spelling in row.hidden_spellings:
            assert spelling not in text


def test_help_speaks_the_user_s_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Head servers:" in help_text(capsys, monkeypatch, "C")
    assert "Головные серверы:" in help_text(capsys, monkeypatch, "ru_RU.UTF-8")


def test_help_is_for_everybody_and_the_rest_is_not() -> None:
    def before() -> None:
        raise NotPermitted(problem("root-required", command="live-cluster configure"))

    command = ConfigureCommand(never, before=before)
    assert command.main(["-h"], "configure", standalone_mode=False) == 0
    with pytest.raises(NotPermitted):
        command.main([], "configure", standalone_mode=False)


def test_the_callback_gets_arguments_and_problems() -> None:
    def run(arguments: Arguments, problems: tuple[Problem, ...]) -> int:
        assert arguments.settings.text("public-ip") == "10.81.0.100"
        assert arguments.dry_run
        return 7 if [one.code for one in problems] == ["option-unknown"] else 0

    words = ["--public-ip", "10.81.0.100", "--dry-run", "--frobnicate"]
    assert ConfigureCommand(run).main(words, "configure", standalone_mode=False) == 7
