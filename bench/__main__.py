"""`make bench`: take all figures, write bench/results/, print the table and which goals are met."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from bench.comparison import figures_of
from bench.machine import machine_facts
from bench.results import RESULTS, write_results
from bench.rounds import PARTS, QUICK, Bench, Extent
from bench.table import table, verdict
from live_lab.recipe import RELEASES, default_release


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--quick", is_flag=True, help="One run of everything: shows that it works, not how fast.")
@click.option("--only", multiple=True, type=click.Choice(PARTS), help="A part; without: all of them.")
@click.option("--release", type=click.Choice(RELEASES), default=default_release, show_default=True)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    show_default="bench/results; of parts: bench/results/PART",
    help="Folder for the results.",
)
def main(*, quick: bool, only: tuple[str, ...], release: str, out: Path | None) -> None:
    """Measure live-cluster beside crm_mon, pcs and Ansible on virtual servers of this machine.

    A goal that is not met is shown, and is no failure: the exit code is 0 when all figures could be taken.
    """
    began = time.monotonic()
    machine = machine_facts()

    def say(text: str) -> None:
        click.echo(f"{time.monotonic() - began:6.0f} s  {text}", err=True)

    parts = frozenset(only or PARTS)
    bench = Bench(extent=QUICK if quick else Extent(), release=release, parts=parts, say=say)
    bench.carry_out()
    machine |= {
        "release": release,
        **bench.versions,
        "load_at_end": [round(load, 2) for load in os.getloadavg()],
        "minutes": round((time.monotonic() - began) / 60, 1),
    }
    figures = figures_of(bench.notebook)
    if figures:
        # The figures of some parts never take the place of those of all.
        folder = out or (RESULTS / "-".join(sorted(only)) if only else RESULTS)
        write_results(bench.notebook, machine, bench.failures, folder)
        click.echo(f"{table(figures)}\n\n{verdict(figures)}\n\nWritten to {folder}")
    sys.exit(1 if bench.failures or not figures else 0)


if __name__ == "__main__":
    main(prog_name="python -m bench")
