"""The project's own source files, read once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What is written by people and shipped or run: not what is generated, fetched or built.
FOLDERS = (".ci", "bench", "docs", "packaging", "profiles", "reference", "src", "tests", "tools")
FILES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "Makefile", "lab", "pyproject.toml")
LEFT_OUT = {"__pycache__", "work", "recordings", "golden"}


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file; `name` is its path from the project's root."""

    name: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """Its length."""
        return len(self.text.splitlines())


def files() -> Iterator[Path]:
    """Every text file of the project."""
    for name in FILES:
        if (ROOT / name).is_file():
            yield ROOT / name
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            parts = path.relative_to(ROOT).parts
            if (
                path.is_file()
                and not LEFT_OUT & set(parts)
                and not any(one.endswith(".egg-info") for one in parts)
            ):
                yield path


def modules() -> tuple[Module, ...]:
    """Every Python file of the project."""
    return tuple(
        Module(name=str(path.relative_to(ROOT)), text=text, tree=ast.parse(text))
        for path in files()
        if path.suffix == ".py"
        for text in [path.read_text("utf-8")]
    )


def imported(module: Module) -> Iterator[str]:
    """Names of the modules that this one imports, inside of functions too."""
    for part in ast.walk(module.tree):
        if isinstance(part, ast.Import):
            yield from (one.name for one in part.names)
        elif isinstance(part, ast.ImportFrom) and part.module and not part.level:
            yield part.module


def called(module: Module) -> Iterator[str]:
    """What is called or named by its dotted name: `os.system`, `print`."""
    for part in ast.walk(module.tree):
        if isinstance(part, ast.Attribute | ast.Name):
            yield ast.unparse(part)
