"""How written files say whose they are, and blocks inside files that belong to others."""

from __future__ import annotations

import re

OWNED = (
    "# Written by live-cluster. Changes made by hand are replaced at the next `live-cluster configure`.\n"
    "# Записано live-cluster. Ручные правки заменит следующий запуск `live-cluster configure`.\n"
)
BLOCK_BEGIN = "# live-cluster begin"
BLOCK_END = "# live-cluster end"


def with_block(text: str, block: str) -> str:
    """`text` with our marked block at its end; everything outside the marks stays as it is, byte for byte."""
    rest = without_block(text)
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return rest + _marked(block)


def with_block_first(text: str, block: str) -> str:
    """The same with the block at the beginning, for files in which the first line that fits decides."""
    return _marked(block) + without_block(text)


def _marked(block: str) -> str:
    return f"{BLOCK_BEGIN}\n{block.rstrip()}\n{BLOCK_END}\n"


def without_block(text: str) -> str:
    """`text` without our marked block; of a block whose end somebody has removed only the first line goes."""
    kept: list[str] = []
    block: list[str] | None = None
    for line in lines_of(text):
        if line.strip() == BLOCK_BEGIN:
            kept += block or []
            block = []
        elif block is None:
            kept.append(line)
        elif line.strip() == BLOCK_END:
            block = None
        else:
            block.append(line)
    return "".join(kept + (block or []))


def lines_of(text: str) -> list[str]:
    """Lines with their ends. Only a line feed ends one: str.splitlines takes form feeds and more for ends, too."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)
