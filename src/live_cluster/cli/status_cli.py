"""`live-cluster status` as a verb with options and help."""

from __future__ import annotations

import click

from live_cluster.cli.status_show import main


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")
def status(*, as_json: bool) -> int:
    """Show the cluster and whether it can lose a server now.

    Exit code: 0 healthy; 190 working, but a server may not be lost now; 1 a service is down;
    69 the cluster software does not run here; 105 no cluster is configured here.
    """
    return main(as_json=as_json)
