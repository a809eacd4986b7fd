"""The only place of the package builder that starts processes."""

from __future__ import annotations

import importlib.util
import os
import subprocess  # noqa: TID251
import sys
from pathlib import Path

from deb_builder.source import SOURCE, BuildProblem


def run(*argv: str, environment: dict[str, str] | None = None) -> str:
    """Standard output of a command that must succeed; its error output is in the BuildProblem otherwise."""
    finished = subprocess.run(
        argv, check=False, capture_output=True, text=True, env={**os.environ, **(environment or {})}
    )
    if finished.returncode != 0:
        raise BuildProblem(f"{' '.join(argv[:4])} … ended with {finished.returncode}:\n{finished.stderr}")
    return finished.stdout


def pip(*arguments: str) -> None:
    """Runs the pip of this interpreter, or of the development environment where this one has none."""
    run(_interpreter_with_pip(), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments)


def _interpreter_with_pip() -> str:
    if importlib.util.find_spec("pip") is not None:
        return sys.executable
    development = Path(SOURCE, ".venv/bin/python")
    if development.exists():
        return str(development)
    raise BuildProblem("pip is needed to fetch what is bundled: run tools/bootstrap first")
