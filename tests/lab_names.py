"""Which labs the modules of tests/lab boot: no two modules share a name, so that they may run beside each other."""

from __future__ import annotations

import re
from collections.abc import Iterator

# A lab's name has at most 8 letters.
_LENGTH = 8
_BOOTED = re.compile(
    r'(?:Lab\.(?:up|create|attach)|whole_pair)\(\s*(?:name=)?(f?)"([^"]+)"|= \("--name", "([^"]+)"\)'
)
# Fixtures of conftest.py files whose labs are named after the module that asks for them.
SHARED_FIXTURES = ("first_run", "own_cluster", "configurator", "server")


def lab_of(module: str) -> str:
    """The lab that a fixture boots for this module: `tests.lab.test_status` has `status`."""
    return module.rpartition(".")[2].removeprefix("test_").replace("_", "-")[:_LENGTH].strip("-")


def names_in(module: str, text: str) -> Iterator[str]:
    """Names of all labs that a module boots, as often as it says so; of a computed one its beginning."""
    for match in _BOOTED.finditer(text):
        is_computed, name, of_command = match.groups()
        yield name.partition("{")[0] if is_computed else name or of_command
    if any(re.search(rf"\b{fixture}: ", text) for fixture in SHARED_FIXTURES):
        yield lab_of(module)
