"""The figures as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.figures import NSPAWN, VM, Figure

_HEAD = "| figure | median | range | runs | compared with | ratio | goal | met |\n|---|--:|--:|--:|---|--:|--:|---|"
_TITLES: Mapping[str, tuple[str, ...]] = {
    NSPAWN: (),
    VM: ("On virtual machines (User-mode Linux), to be compared among themselves only:",),
}
_MET = {None: "", True: "yes", False: "**no**"}


def table(figures: Sequence[Figure]) -> str:
    """A row for each figure; those of virtual machines stand in a table of their own."""
    parts = []
    for host, title in _TITLES.items():
        rows = [_row(figure) for figure in figures if figure.host == host]
        if rows:
            parts += [*title, "\n".join((_HEAD, *rows))]
    return "\n\n".join(parts)


def page(figures: Sequence[Figure], machine: Mapping[str, object], remarks: Sequence[str]) -> str:
    """The table with what it was taken on; `remarks` name what could not be taken."""
    facts = "\n".join(f"- {name.replace('_', ' ')}: {value}" for name, value in machine.items())
    notes = "".join(f"\nNot taken: {remark}\n" for remark in remarks)
    return (
        "# Latest figures\n\nWritten by `make bench`; docs/benchmarks.md says what is measured and how.\n\n"
        f"{table(figures)}\n{notes}\n![The figures as bars](latest.svg)\n\n## Taken on\n\n{facts}\n"
    )


def verdict(figures: Sequence[Figure]) -> str:
    """Which goals are met, in one line each."""
    lines = []
    for figure in figures:
        if figure.goal is not None:
            met = {None: "not taken", True: "met", False: "NOT met"}[figure.meets_goal]
            lines.append(f"{figure.name}: {_goal(figure)} {met} ({_measured(figure)})")
    return "\n".join(lines)


def _row(figure: Figure) -> str:
    cells = (
        f"`{figure.name}`",
        amount(figure.value, figure.unit),
        f"{amount(min(figure.runs), figure.unit)} to {amount(max(figure.runs), figure.unit)}",
        str(len(figure.runs)),
        figure.against if "`" in figure.against or not figure.against else f"`{figure.against}`",
        "" if figure.ratio is None else f"{figure.ratio:.2f}",
        _goal(figure),
        _MET[figure.meets_goal],
    )
    return f"| {' | '.join(cells)} |"


def _measured(figure: Figure) -> str:
    if figure.goal and figure.goal.is_for_ratio and figure.ratio is not None:
        return f"{figure.ratio:.2f} ×"
    return amount(figure.value, figure.unit)


def _goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    return f"≤ {figure.goal.limit:g} {'×' if figure.goal.is_for_ratio else figure.unit}"


def amount(value: float, unit: str) -> str:
    """Two digits or more, and the unit."""
    if unit != "s":
        return f"{value:.0f} {unit}" if value >= 100 else f"{value:.1f} {unit}"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value >= 10 else f"{value:.2f} s"
