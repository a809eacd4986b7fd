"""Figures of containers and of virtual machines: named, shown and compared each for themselves."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from bench import results
from bench.comparison import AGAINST, HOSTS, figures_of
from bench.figures import NSPAWN, VM, Figure, Notebook
from bench.plot import GROUPS, plot
from bench.storage import ON_MACHINES, ON_NSPAWN, WAYS
from bench.table import amount, page, table

SPEEDS = {"san": 40.0, "drbd": 20.0, "cifs": 10.0, "nfs": 8.0}


@pytest.fixture
def notebook() -> Notebook:
    taken = Notebook()
    taken.note("configure.first", 20.0, 21.0, 22.0)
    for way in WAYS:
        taken.note(ON_NSPAWN[0].figure(way), 400.0)
        for one in ON_MACHINES:
            speed = SPEEDS[one.kind]
            taken.note(one.figure(way), speed - 1, speed + 5, speed)
    return taken


@pytest.fixture
def figures(notebook: Notebook) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures_of(notebook)}


def test_throughput_is_a_median_in_mib_a_second_without_a_goal(figures: dict[str, Figure]) -> None:
    figure = figures["storage.vm.drbd.fsync"]
    assert (figure.value, figure.unit, figure.goal, figure.host) == (20.0, "MiB/s", None, VM)
    assert figures["storage.nspawn.san.smb"].host == NSPAWN
    assert (figures["configure.first"].unit, figures["configure.first"].host) == ("s", NSPAWN)


def test_each_kind_on_machines_is_compared_with_the_san_on_machines(figures: dict[str, Figure]) -> None:
    ratios = {name: (one.against, one.ratio) for name, one in figures.items() if one.ratio is not None}
    assert ratios == {
        f"storage.vm.{kind}.{way}": (f"storage.vm.san.{way}", ratio)
        for kind, ratio in (("drbd", 0.5), ("cifs", 0.25), ("nfs", 0.2))
        for way in WAYS
    }


def test_without_the_san_on_machines_there_is_no_ratio(notebook: Notebook) -> None:
    for way in WAYS:
        del notebook.runs[f"storage.vm.san.{way}"]
    assert [one.name for one in figures_of(notebook) if one.ratio is not None] == []


def test_nothing_is_compared_across_the_kinds_of_host() -> None:
    mixed = [
        (name, against)
        for name, against in AGAINST.items()
        if HOSTS.get(name, NSPAWN) != HOSTS.get(against, NSPAWN)
    ]
    assert mixed == []
    assert [title for title, names in GROUPS if len({HOSTS.get(name, NSPAWN) for name in names}) > 1] == []


def test_machines_have_a_table_of_their_own(figures: dict[str, Figure]) -> None:
    containers, machines = table(list(figures.values())).split("On virtual machines")
    assert re.findall(r"^\| `([a-z_.]+)`", containers, re.MULTILINE) == [
        "configure.first",
        "storage.nspawn.san.fsync",
        "storage.nspawn.san.smb",
    ]
    assert set(re.findall(r"^\| `([a-z_.]+)`", machines, re.MULTILINE)) == {
        name for name in figures if name.startswith("storage.vm.")
    }
    assert (
        "| `storage.vm.nfs.smb` | 8.0 MiB/s | 7.0 MiB/s to 13.0 MiB/s | 3 | `storage.vm.san.smb` | 0.20 |"
        in machines
    )
    assert containers.count("| figure |") == machines.count("| figure |") == 1


def test_where_nothing_was_taken_on_machines_there_is_no_table_for_them(figures: dict[str, Figure]) -> None:
    text = page([figures["configure.first"]], {}, ["file storage: nfs on vm: gone"])
    assert "On virtual machines" not in text
    assert "Not taken: file storage: nfs on vm: gone" in text


def test_the_picture_shows_the_unit_of_each_group(figures: dict[str, Figure]) -> None:
    picture = plot(list(figures.values()))
    assert ">20.0 MiB/s</text>" in picture
    assert ">400 MiB/s</text>" in picture
    assert ">21.0 s</text>" in picture


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2630.4, "/s", "2630 /s"), (9.94, "MiB/s", "9.9 MiB/s"), (0.04, "s", "40 ms"), (1.254, "s", "1.25 s"),
        (12.34, "s", "12.3 s"),
    ],
)  # fmt: skip
def test_amounts_have_two_digits_or_more(value: float, unit: str, text: str) -> None:
    assert amount(value, unit) == text


def test_programs_see_the_kind_of_host(notebook: Notebook, tmp_path: Path) -> None:
    results.write_results(notebook, {}, [], tmp_path)
    document = json.loads((tmp_path / "latest.json").read_text())
    assert {one["name"]: one["host"] for one in document["figures"]} == {
        one.name: one.host for one in figures_of(notebook)
    }
