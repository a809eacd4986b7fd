"""How written files say whose they are, and blocks inside files that belong to others."""

from __future__ import annotations

OWNED = (
    "# Written by live-cluster. Changes made by hand are replaced at the next `live-cluster configure`.\n"
    "# Записано live-cluster. Ручные правки заменит следующий запуск `live-cluster configure`.\n"
)
BLOCK_BEGIN = "# live-cluster begin"
BLOCK_END = "# live-cluster end"


def with_block(text: str, block: str, *, first: bool = False) -> str:
    """`text` with our marked block replaced, or added at its end (`first`: at its beginning).

    Everything outside the marks stays as it is, byte for byte.
    """
    marked = f"{BLOCK_BEGIN}\n{block.rstrip()}\n{BLOCK_END}\n"
    rest = without_block(text)
    if first:
        return marked + rest
    if rest and not rest.endswith("\n"):
        rest += "\n"
    return rest + marked


def without_block(text: str) -> str:
    """`text` without our marked block."""
    kept = []
    inside = False
    for line in text.splitlines(keepends=True):
        if line.strip() == BLOCK_BEGIN:
            inside = True
        elif inside and line.strip() == BLOCK_END:
            inside = False
        elif not inside:
            kept.append(line)
    return "".join(kept)
