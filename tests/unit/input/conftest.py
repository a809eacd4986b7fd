"""A world without files, environment and input for each test."""

from pathlib import Path

import pytest
from input_cases import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(directory=tmp_path)
