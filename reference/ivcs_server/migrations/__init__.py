"""The database's schema, as files NNNN_name.sql that are applied once each, in order."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

APPLIED_TABLE = """\
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT now()
)"""


def migrations(folder: Path = FOLDER) -> dict[int, str]:
    """SQL text by number, in order."""
    return {int(file.name.split("_")[0]): file.read_text("utf-8") for file in sorted(folder.glob("*.sql"))}
