"""The comparisons as bars, in SVG."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from xml.sax.saxutils import escape

from bench.figures import Figure
from bench.storage import ON_MACHINES, ON_NSPAWN, WAYS, Storage
from bench.table import amount
from bench.takeover import PHASES


def _written(storages: Sequence[Storage], *ways: str) -> tuple[str, ...]:
    return tuple(storage.figure(way) for storage in storages for way in ways)


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
    (
        "From the fault to the first acknowledged write (phases in the order in which they follow)",
        (
            "failover.power_loss",
            "failover.power_loss.token_1000",
            "failover.postgres_killed",
            "failover.application_killed",
            "switchover",
        ),
    ),
    ("From a media server's death until its conferences run elsewhere", ("media_server.power_loss",)),
    ("File storage, containers: 64 MiB with fsync on the head, and by SMB", _written(ON_NSPAWN, *WAYS)),
    ("File storage, virtual machines: 64 MiB with fsync on the head", _written(ON_MACHINES, "fsync")),
    ("File storage, virtual machines: 64 MiB by SMB", _written(ON_MACHINES, "smb")),
)
# Of the figures that consist of phases, from the fault on.
_PHASE_COLORS = dict(zip(PHASES, ("#8fa3b8", "#c9a227", "#2f6db5", "#5b9a68", "#b5532f"), strict=True))
_WIDTH, _LABEL, _ROW, _BAR = 820, 270, 24, 400
_OURS, _OTHERS = "#2f6db5", "#9aa5b1"
_OUR_FIGURES = ("configure", "status", "failover", "switchover", "media_server", "storage")


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
            rows += _phases(group, by_name, y)
            y += _ROW * len(group) + 8
            if any(f"{figure.name}.{PHASES[0]}" in by_name for figure in group):
                rows += _legend(y)
                y += _ROW
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
        color = _OURS if figure.name.startswith(_OUR_FIGURES) else _OTHERS
        color = _OTHERS if figure.name.startswith("status.") else color
        yield f'<text x="20" y="{y + 15}">{escape(figure.name)}</text>'
        yield f'<rect x="{_LABEL}" y="{y + 3}" width="{width:.1f}" height="{_ROW - 8}" fill="{color}"/>'
        yield f'<text x="{_LABEL + width + 6:.1f}" y="{y + 15}">{amount(figure.value, figure.unit)}</text>'


def _phases(group: Sequence[Figure], by_name: Mapping[str, Figure], top: int) -> Iterable[str]:
    """Over the bar of a figure that has them: its phases' medians, scaled to the bar's length."""
    longest = max(figure.value for figure in group)
    for number, figure in enumerate(group):
        parts = [by_name.get(f"{figure.name}.{phase}") for phase in PHASES]
        total = sum(part.value for part in parts if part)
        x: float = _LABEL
        for phase, part in zip(PHASES, parts, strict=True):
            if part and total:
                width = part.value / total * figure.value / longest * _BAR
                yield (
                    f'<rect x="{x:.1f}" y="{top + number * _ROW + 3}" width="{width:.1f}" height="{_ROW - 8}" '
                    f'fill="{_PHASE_COLORS[phase]}"/>'
                )
                x += width


def _legend(top: int) -> Iterable[str]:
    x = _LABEL
    for phase, color in _PHASE_COLORS.items():
        yield f'<rect x="{x}" y="{top}" width="12" height="12" fill="{color}"/>'
        yield f'<text x="{x + 17}" y="{top + 11}">{phase}</text>'
        x += 100
