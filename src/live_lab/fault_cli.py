"""./lab fault, ./lab soak, ./lab split-brain: the fault matrix for people."""

from __future__ import annotations

import random
import sys

import click

from live_lab.errors import FaultNotSurvived
from live_lab.fault_run import FaultRun
from live_lab.faults import heal_everything
from live_lab.image import ImageWish
from live_lab.lab import Lab, LabWish, all_labs
from live_lab.matrix import load_matrix, row_named
from live_lab.pair import configure
from live_lab.recipe import RELEASES, default_release
from live_lab.soak import soak, told
from live_lab.split_brain import demonstrate

_NAME = click.option(
    "--name",
    default="faults",
    show_default=True,
    help="A lab with a configured pair; made where there is none.",
)
_RELEASE = click.option("--release", type=click.Choice(RELEASES), default=default_release, show_default=True)


@click.command("fault")
@_NAME
@_RELEASE
@click.argument("rows", nargs=-1)
def fault_command(*, name: str, release: str, rows: tuple[str, ...]) -> None:
    """Carry out faults of the matrix, one after the other, and see what comes of them; without ROWS: list them."""
    if not rows:
        for row in load_matrix().values():
            click.echo(f"{row.id:<40} {row.title}")
        return
    chosen = [row_named(row) for row in rows]
    lab = _pair(name, release)
    violated = False
    for row in chosen:
        click.echo(f"{row.id}: {row.title}")
        try:
            click.echo(f"    {told(FaultRun(lab, row).carry_out())}")
        except FaultNotSurvived as error:
            violated = True
            click.echo(str(error))
    sys.exit(1 if violated else 0)


@click.command("soak")
@_NAME
@_RELEASE
@click.option("--rounds", type=click.IntRange(1), default=10, show_default=True)
@click.option("--seed", type=int, help="The same seed gives the same faults; without it: any.")
def soak_command(*, name: str, release: str, rounds: int, seed: int | None) -> None:
    """Random faults under load, with audits after each; ends at the first violation, with exit code 1."""
    # Not for secrets: a number that can be typed again.
    seed = random.randrange(10_000) if seed is None else seed  # noqa: S311
    click.echo(f"Seed {seed}, {rounds} rounds")
    report = soak(_pair(name, release), seed=seed, rounds=rounds, announce=click.echo)
    click.echo(
        f"{report.survived} of {rounds} rounds in {report.duration_s} s: {report.acknowledged} acknowledged,"
        f" {report.lost} lost, longest silence {report.longest_gap_s} s"
    )
    if report.problem:
        click.echo(report.problem)
        sys.exit(1)


@click.command("split-brain")
@_NAME
@_RELEASE
def split_brain_command(*, name: str, release: str) -> None:
    """Cut the heads from each other under load, without an arbiter and with one, and count what is lost."""
    hazard, prevented = demonstrate(_pair(name, release), click.echo)
    # Exit code 1 where the hazard did not show or was not prevented.
    sys.exit(
        0 if len(hazard.primaries) == 2 and len(prevented.primaries) == 1 and not prevented.missing else 1
    )


@click.command("heal-all")
@_NAME
def heal_all_command(*, name: str) -> None:
    """Take back every fault of a lab: power, cables, switches, full disks, frozen hosts."""
    heal_everything(Lab.attach(name))


def _pair(name: str, release: str) -> Lab:
    """The lab of this name, or a fresh one with the product configured on it."""
    if name in all_labs():
        return Lab.attach(name)
    wish = LabWish(image=ImageWish(release=release), is_owned=False)
    lab = Lab.create(name, wish, announce=click.echo)
    click.echo("Configuring the pair")
    configure(lab)
    return lab
