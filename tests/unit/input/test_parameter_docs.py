"""docs/parameters.md is made of the table and not older than it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from live_cluster.model.parameters import PARAMETERS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("parameter_docs", ROOT / "tools" / "parameter_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_is_not_stale(generator: ModuleType, language: str) -> None:
    """Otherwise: python3 tools/parameter_docs.py"""
    path: Path = generator.FILES[language]
    assert path.read_text(encoding="utf-8") == generator.page(language)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_row_is_documented_with_its_example(generator: ModuleType, language: str) -> None:
    text = generator.page(language)
    for row in PARAMETERS:
        assert f"`--{row.name}`" in text
        assert row.is_flag or row.example in text
        for spelling in row.hidden_spellings:
            assert f"`--{spelling}`" in text
