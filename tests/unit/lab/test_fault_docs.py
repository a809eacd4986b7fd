"""docs/faults.md is made of the matrix and the recorded results, and not older than they are."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from live_lab.matrix import load_matrix

ROOT = Path(__file__).resolve().parents[3]
OUTCOME: dict[str, Any] = {
    "row": "kill-nginx", "release": "bookworm", "at": "2026-01-01T00:00:00+00:00", "passed": True, "moved": False,
    "gap_s": 1.5, "recovery_s": 4.0, "verdict_seen": ["hazard-split-brain", "health-asynchronous"],
    "acknowledged": 100, "lost": 0, "problem": "",
    "rows": {
        "acknowledged": 50, "lost": 0, "duplicated": 0, "diverging": 0, "reads": 30, "stale": 0, "outdated": 2,
    },
}  # fmt: skip


@pytest.fixture
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fault_docs", ROOT / "tools" / "fault_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_not_stale(generator: ModuleType) -> None:
    """Otherwise: make docs"""
    results = json.loads((ROOT / "docs/faults.json").read_text("utf-8"))
    assert (ROOT / "docs/faults.md").read_text("utf-8") == generator.page(load_matrix(), results)


def test_results_name_rows_that_there_are() -> None:
    results = json.loads((ROOT / "docs/faults.json").read_text("utf-8"))
    assert {one["row"] for one in results["outcomes"]} <= set(load_matrix())


def test_a_row_shows_medians_the_worst_and_what_was_lost(generator: ModuleType) -> None:
    rows = {**OUTCOME["rows"], "lost": 3, "duplicated": 1, "stale": 4}
    worse = {**OUTCOME, "gap_s": 9.5, "moved": True, "lost": 2, "passed": True, "rows": rows}
    failed = {**OUTCOME, "gap_s": 99.0, "passed": False, "problem": "no", "rows": None}
    text = generator.page(load_matrix(), {"outcomes": [OUTCOME, worse, failed], "soaks": []})
    assert (
        "| kill-nginx | 2 of 3 | moved 1 of 3 times | 5.5 s (9.5) | 4.0 s (4.0) | 300, lost 2 |"
        " 100, lost 3, 1 twice | 60, stale 4, outdated 4 | `health-asynchronous` |" in text
    )
    assert "| power-loss-active | not run |" in text


def test_runs_from_before_the_checker_count_no_rows(generator: ModuleType) -> None:
    old = {key: value for key, value in OUTCOME.items() if key != "rows"}
    text = generator.page(load_matrix(), {"outcomes": [old], "soaks": []})
    assert "| 100, lost 0 | not counted | not counted |" in text


def test_taking_results_replaces_the_old_ones(generator: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").write_text(json.dumps(OUTCOME) + "\n", "utf-8")
    (tmp_path / "soak-1.json").write_text('{"seed": 7, "problem": "round 2\\nlogs: /here"}', "utf-8")
    assert generator.take(tmp_path) == {"outcomes": [OUTCOME], "soaks": [{"seed": 7, "problem": "round 2"}]}
