"""bench/results/: the figures for programs, for readers and as a picture."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.comparison import figures_of
from bench.figures import Notebook
from bench.plot import plot
from bench.table import page

RESULTS = Path(__file__).parent / "results"
JSON_VERSION = 1


def write_results(
    notebook: Notebook, machine: Mapping[str, object], failures: Sequence[str], folder: Path
) -> None:
    """latest.json, latest.md and latest.svg."""
    figures = figures_of(notebook)
    document = {
        "version": JSON_VERSION,
        "taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine,
        "figures": [figure.as_json() for figure in figures],
        "steps": notebook.steps,
        "failures": list(failures),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n")
    (folder / "latest.md").write_text(page(figures, machine, failures))
    (folder / "latest.svg").write_text(plot(figures))
