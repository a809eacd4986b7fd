"""The command `live-cluster`: its verbs, each loaded only when it is called."""

from __future__ import annotations

import os
from importlib import import_module

import click

from live_cluster.cli.program import Program, exit_code_of
from live_cluster.errors import NotPermitted, problem
from live_cluster.messages import message

# Loading all verbs costs 0.3 s (asyncssh, pydantic); `status` is called often and needs none of them.
VERBS = {
    "configure": "live_cluster.cli.configure_cli:configure",
    "status": "live_cluster.cli.status_cli:status",
    "start-resources": "live_cluster.cli.resources_cli:start_resources",
    "stop-resources": "live_cluster.cli.resources_cli:stop_resources",
    "rejoin": "live_cluster.cli.rejoin_cli:rejoin",
    "standby": "live_cluster.cli.node_cli:standby",
    "online": "live_cluster.cli.node_cli:online",
    "maintenance": "live_cluster.cli.maintenance_cli:maintenance",
    "switchover": "live_cluster.cli.switchover_cli:switchover",
    "filestorage": "live_cluster.cli.filestorage_cli:filestorage",
    "check": "live_cluster.cli.check_cli:check",
    "events": "live_cluster.cli.events_cli:events",
    "timeouts": "live_cluster.cli.timeouts_cli:timeouts",
}


class LazyProgram(Program):
    """A group that imports a verb's module when the verb is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All verbs, for the help text."""
        return list(VERBS)

    def verb(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        """The verb's own click command."""
        target = VERBS.get(name)
        if target is None:
            return None
        module, attribute = target.split(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=LazyProgram, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="live-cluster", message="%(prog)s %(version)s")
def program() -> None:
    """Turn two head servers into a high-availability pair, and keep them one."""


def main(argv: list[str] | None = None) -> int:
    """Run one verb; its exit code."""
    return exit_code_of(program, "live-cluster", argv, interrupted=message("interrupted"))


def require_root(command: str) -> None:
    """A9: anything but root gets a clear error before anything else happens."""
    if os.geteuid() != 0:
        raise NotPermitted(problem("root-required", command=command))
