"""Modules of tests/lab run beside each other: what one boots, no other has."""

from itertools import combinations
from pathlib import PurePath

from sources import modules

from lab_names import lab_of, names_in

BOOTED = {
    module: set(names_in(module, one.text))
    for one in modules()
    for path in [PurePath(one.name)]
    if path.is_relative_to("tests/lab") and path.stem.startswith("test_")
    for module in [path.stem]
}


def is_one_lab(name: str, other: str) -> bool:
    """Of a name that is computed the beginning is known: it ends with a dash, and no other may begin like it."""
    begins = (name.endswith("-") and other.startswith(name)) or (
        other.endswith("-") and name.startswith(other)
    )
    return name == other or begins


def test_every_module_boots_a_lab() -> None:
    assert len(BOOTED) > 12
    assert not [module for module, names in BOOTED.items() if not names]


def test_no_two_modules_boot_labs_of_one_name() -> None:
    shared = [
        (module, other_module, name, other)
        for (module, names), (other_module, others) in combinations(BOOTED.items(), 2)
        for name in names
        for other in others
        if is_one_lab(name, other)
    ]
    assert not shared


def test_the_lab_of_a_fixture_is_named_after_the_module() -> None:
    assert lab_of("test_failover") == "failover"
    assert lab_of("lab.test_planned_work") == "planned"
    assert lab_of("test_configure") == "configur"
