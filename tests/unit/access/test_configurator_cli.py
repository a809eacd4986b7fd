"""live-configure as a command: exit codes, and words in both languages."""

import json
import os
from datetime import UTC, datetime
from string import Formatter

import pytest

from live_cluster.access.status import AccessStatus
from live_cluster.access.window import Window
from live_cluster.cli.configurator_cli import main, status_json
from live_cluster.messages.access_en import TEXTS as ENGLISH
from live_cluster.messages.access_ru import TEXTS as RUSSIAN

WINDOW = Window(
    window_id="0a1b2c3d",
    opened_uptime_s=100,
    deadline_uptime_s=3700,
    fingerprint="2940-821b-24a9-ebf7",
    opened_by="иван",
)
OPEN = AccessStatus(
    window=WINDOW,
    seconds_left=1800,
    closes_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    connections=1,
    incomplete=False,
)


def places_of(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same() -> None:
    assert ENGLISH.keys() == RUSSIAN.keys()
    for code, text in ENGLISH.items():
        assert places_of(text) == places_of(RUSSIAN[code]), code


@pytest.mark.parametrize("verb", ["unlock-configurator", "lock-configurator", "status"])
def test_without_root_every_verb_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main([verb]) == 77
    assert f"sudo live-configure {verb}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["unlock"],
        ["unlock-configurator", "--no-such-option"],
        ["unlock-configurator", "--window-seconds", "3601"],
        ["unlock-configurator", "--window-seconds", "0"],
        ["unlock-configurator", "--generate", "--passphrase-file", "x"],
        ["lock-configurator", "now"],
    ],
)
def test_wrong_use_ends_with_64(monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert main(argv) == 64


def test_open_state_as_json() -> None:
    assert json.loads(json.dumps(status_json(OPEN))) == {
        "version": 1,
        "open": True,
        "closes_at": "2030-01-02T03:04:05+00:00",
        "seconds_left": 1800,
        "fingerprint": "2940-821b-24a9-ebf7",
        "opened_by": "иван",
        "connections": 1,
        "incomplete": False,
    }


@pytest.mark.parametrize(
    "state",
    [
        AccessStatus(window=None, seconds_left=0, closes_at=None, connections=0, incomplete=False),
        AccessStatus(window=WINDOW, seconds_left=0, closes_at=None, connections=0, incomplete=False),
        AccessStatus(window=WINDOW, seconds_left=9, closes_at=None, connections=0, incomplete=True),
    ],
    ids=["never opened", "time is over", "cleaned up by half"],
)
def test_locked_states_as_json(state: AccessStatus) -> None:
    answer = status_json(state)
    assert answer["open"] is False
    assert (answer["closes_at"], answer["seconds_left"], answer["fingerprint"]) == (None, 0, None)
