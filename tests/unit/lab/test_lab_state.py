"""What is written down about a lab, read by another version of ./lab than the one that made it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from live_lab import LabError, cli
from live_lab.errors import LabOfAnotherVersion
from live_lab.places import Places
from live_lab.state import LabState, ProcessMark, load_lab, load_power, mark_of, myself, save_lab, save_power

STATE = LabState(
    release="bookworm", media=1, has_product=True, is_complete=True, lun_device="/dev/loop0", owner=None
)
# The oldest record there is: what has a default came later.
OLDEST: dict[str, Any] = {
    "release": "bookworm", "media": 1, "has_product": True, "is_complete": True, "lun_device": "/dev/loop0",
    "owner": {"pid": 4711, "started": 12},
}  # fmt: skip


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Places:
    monkeypatch.setattr("live_lab.places.STATE_ROOT", tmp_path)
    monkeypatch.setattr("live_lab.lab.STATE_ROOT", tmp_path)
    return Places(lab="one")


def write(places: Places, values: dict[str, Any]) -> None:
    places.state.mkdir(parents=True)
    (places.state / "lab.json").write_text(json.dumps(values))


def test_what_is_saved_is_loaded(places: Places) -> None:
    assert load_lab(places) is None
    state = LabState(
        release="trixie", media=2, has_product=False, is_complete=False, lun_device="", owner=myself(),
        scheme="full", has_nas=True, kernel="bookworm",
    )  # fmt: skip
    save_lab(places, state)
    assert load_lab(places) == state


def test_fields_of_a_newer_version_are_left_out(places: Places) -> None:
    owner = {**OLDEST["owner"], "host": "elsewhere"}
    write(places, {**OLDEST, "owner": owner, "scheme": "none", "has_robots": True})
    state = load_lab(places)
    assert state is not None
    assert (state.owner, state.scheme) == (ProcessMark(pid=4711, started=12), "none")


def test_what_an_older_version_did_not_know_has_its_default(places: Places) -> None:
    write(places, OLDEST)
    state = load_lab(places)
    assert state is not None
    assert (state.scheme, state.has_nas, state.kernel) == ("", False, "trixie")


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({name: OLDEST[name] for name in OLDEST if name != "lun_device"}, "its record lacks lun_device;"),
        ({**OLDEST, "scheme": "triple"}, "its network scheme is 'triple';"),
    ],
)
def test_a_lab_that_cannot_be_understood_is_named_with_the_way_out(
    places: Places, values: dict[str, Any], reason: str
) -> None:
    write(places, values)
    with pytest.raises(LabOfAnotherVersion) as caught:
        load_lab(places)
    assert isinstance(caught.value, LabError)
    assert reason in str(caught.value)
    assert "./lab down --name one" in str(caught.value)


def test_the_power_of_a_host_may_say_more_than_is_known(places: Places) -> None:
    places.state.mkdir(parents=True)
    mark = myself()
    save_power(places, "client", mark)
    path = places.host_state("client")
    path.write_text(json.dumps({**json.loads(path.read_text()), "since": 1}))
    assert load_power(places, "client") == mark == mark_of(mark.pid)


def test_status_shows_the_labs_of_every_version(places: Places) -> None:
    write(places, {**OLDEST, "scheme": "triple"})
    save_lab(Places(lab="three"), STATE)
    write(Places(lab="two"), {**OLDEST, "has_robots": True})
    shown = CliRunner().invoke(cli.main, ["status"])
    assert (shown.exit_code, shown.exception) == (0, None)
    assert "Lab one cannot be shown: lab one was made by another version" in shown.output
    assert [line for line in shown.output.splitlines() if line.startswith("Lab t")] == [
        "Lab three (bookworm):",
        "Lab two (bookworm):",
    ]
    assert shown.output.count("ivcs-main-1") == 2
