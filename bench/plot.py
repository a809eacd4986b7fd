"""The comparisons as bars, in SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from bench.figures import Figure

# Each group has its own scale: the longest bar of a group fills the width.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("From fresh servers to running resources", ("configure.first", "ansible_and_pcs.first")),
    ("The cluster's part of it", ("configure.first.cluster_part", "pcs.cluster")),
    (
        "A run that changes nothing",
        ("configure.no_change", "configure.no_change.site_key", "ansible.no_change"),
    ),
    (
        "The same with media servers",
        ("configure.no_change.media_0", "configure.no_change.media_20"),
    ),
    ("Status", ("status", "status.crm_mon", "status.interpreter")),
)
_WIDTH, _LABEL, _ROW, _BAR = 820, 270, 24, 400
_OURS, _OTHERS = "#2f6db5", "#9aa5b1"


def plot(figures: Sequence[Figure]) -> str:
    """One row for each figure of a group that was taken."""
    by_name = {figure.name: figure for figure in figures}
    rows: list[str] = []
    y = 10
    for title, names in GROUPS:
        group = [by_name[name] for name in names if name in by_name]
        if group:
            y += 20
            rows.append(f'<text x="10" y="{y}" font-weight="bold">{escape(title)}</text>')
            y += 8
            rows += _bars(group, y)
            y += _ROW * len(group) + 8
    body = "\n".join(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{y + 10}" '
        f'font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _bars(group: Sequence[Figure], top: int) -> Iterable[str]:
    longest = max(figure.value for figure in group)
    for number, figure in enumerate(group):
        y = top + number * _ROW
        width = max(1.0, figure.value / longest * _BAR)
        color = _OURS if figure.name.startswith(("configure", "status")) else _OTHERS
        color = _OTHERS if figure.name.startswith("status.") else color
        yield f'<text x="20" y="{y + 15}">{escape(figure.name)}</text>'
        yield f'<rect x="{_LABEL}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 8}" fill="{color}"/>'
        yield f'<text x="{_LABEL + width + 6:.1f}" y="{y + 15}">{figure.value:.3g} s</text>'
