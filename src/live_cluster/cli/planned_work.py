"""What the verbs for planned work have in common: options, the JSON of a refusal, the run's lock."""

from __future__ import annotations

from collections.abc import Callable

import click

from live_cluster.apply.run_lock import run_lock
from live_cluster.cli.asking import asked_by
from live_cluster.cli.output import Output, problem_json
from live_cluster.errors import LiveClusterError, problem

JSON_VERSION = 1
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")
force_option = click.option(
    "--force", is_flag=True, help="Even where the other head is out of sight and may be serving."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON document at the end instead of text."
)


def carried_out(verb: str, work: Callable[[], int], output: Output, *, as_json: bool) -> int:
    """The work under the run's lock; with --json an error is the one document, too."""
    try:
        with run_lock(asked_by(verb)):
            return work()
    except (LiveClusterError, KeyboardInterrupt) as error:
        if not as_json:
            raise
        ended = error if isinstance(error, LiveClusterError) else None
        found = ended.problems if ended else (problem("planned-interrupted"),)
        problems = [problem_json(one) for one in found]
        output.json({"version": JSON_VERSION, "action": verb, "problems": problems})
        return ended.exit_code if ended else 128 + 2
