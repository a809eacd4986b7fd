"""What media servers add to a run without change."""

from __future__ import annotations

from bench.figures import Notebook
from bench.installation import (
    WITH_PASSPHRASE,
    configure,
    first_options,
    forget_site_key,
    media_options,
    unlock_with_passphrase,
    unlock_with_site_key,
)
from bench.product import no_change_runs
from live_lab import Lab, LabError


def measure_media(lab: Lab, notebook: Notebook, rounds: int) -> None:
    """The same heads without and with all media servers of the lab, which run in both cases.

    On the lab's machine the servers' own work counts as well, which elsewhere is done by themselves side by
    side; `processor` is what the controller alone computes.
    """
    head = lab.heads[0]
    unlock_with_site_key(lab.heads)
    configure(head, *first_options(lab))
    _take("configure.no_change.media_0.site_key", lab, notebook, rounds)
    forget_site_key(lab.heads)
    unlock_with_passphrase((*lab.heads, *lab.media))
    _take("configure.no_change.media_0", lab, notebook, rounds, *WITH_PASSPHRASE)
    done = configure(head, *media_options(lab), *WITH_PASSPHRASE)
    reached = {step["node"] for step in done.steps}
    if not reached.issuperset(host.name for host in lab.media):
        raise LabError(f"the media servers were not configured, only {reached}")
    notebook.note(f"configure.add_media_{len(lab.media)}", done.run.seconds)
    _take(f"configure.no_change.media_{len(lab.media)}", lab, notebook, rounds, *WITH_PASSPHRASE)
    unlock_with_site_key((*lab.heads, *lab.media))
    _take(f"configure.no_change.media_{len(lab.media)}.site_key", lab, notebook, rounds)


def _take(name: str, lab: Lab, notebook: Notebook, rounds: int, *options: str) -> None:
    runs = no_change_runs(lab.heads[0], rounds, *options)
    notebook.note(name, *(run.seconds for run in runs))
    notebook.note(f"{name}.processor", *(run.processor_seconds for run in runs))
