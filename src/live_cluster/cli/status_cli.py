"""`live-cluster status`: the cluster in the article's layout, the verdict, and an exit code by health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from live_cluster.cli.main import require_root
from live_cluster.cli.output import Output, problem_json
from live_cluster.commands.status import Server, observe
from live_cluster.errors import ExitCode, LiveClusterError

if TYPE_CHECKING:
    from live_cluster.messages import Message
    from live_cluster.model.health import Observation, Verdict
    from live_cluster.model.replication import Rejoin


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")
def status(*, as_json: bool) -> int:
    """Show the cluster and whether it can lose a server now.

    Exit code: 0 healthy; 190 working, but a server may not be lost now; 1 a service is down;
    69 the cluster software does not run here; 105 no cluster is configured here.
    """
    require_root("live-cluster status")
    return show_status(Server(), Output(), as_json=as_json)


def show_status(server: Server, output: Output, *, as_json: bool) -> int:
    """Observe, judge, show; the exit code."""
    try:
        seen = observe(server)
    except LiveClusterError as error:
        if as_json:
            output.json({"version": 1, "problems": [problem_json(one) for one in error.problems]})
        raise
    from live_cluster.model.health import judge

    verdict = judge(seen)
    if as_json:
        output.json(document(seen, verdict))
    else:
        from live_cluster.cli.status_text import article_lines, our_lines

        output.data("\n".join((*article_lines(seen.view, output), "", *our_lines(seen, verdict, output))))
    return exit_code(verdict)


def exit_code(verdict: Verdict) -> ExitCode:
    """0 healthy, 190 degraded, 1 down."""
    if verdict.down:
        return ExitCode.ERROR
    return ExitCode.OK if verdict.healthy else ExitCode.DEGRADED


def document(seen: Observation, verdict: Verdict) -> dict[str, object]:
    """The JSON form; new fields may be added within version 1, none is removed or renamed."""
    view, replication = seen.view, seen.replication
    return {
        "version": 1,
        "stack": view.stack,
        "dc": {"name": view.dc, "version": view.dc_version, "quorum": view.with_quorum},
        "maintenance_mode": view.maintenance_mode,
        "resources_stopped": view.stop_all_resources,
        "nodes": [
            {
                "name": node.name,
                "online": node.online,
                "standby": node.standby,
                "maintenance": node.maintenance,
                "pending": node.pending,
                "unclean": node.unclean,
            }
            for node in view.nodes
        ],
        "resources": [
            {
                "id": one.id,
                "agent": one.agent,
                "group": group.id,
                "node": one.nodes[0] if one.nodes else None,
                "role": one.role.value,
                "failed": one.failed,
                "managed": one.managed,
            }
            for group, one in view.instances()
        ],
        "failed_actions": [
            {
                "resource": one.resource,
                "task": one.task,
                "node": one.node,
                "reason": one.exit_reason or one.exit_status,
                "when": one.when,
            }
            for one in view.failures
        ],
        "replication": {
            "mode": replication.mode.value,
            "primary": replication.primary,
            "standby": replication.standby,
            "standby_state": replication.standby_state,
            "lag_bytes": replication.lag_bytes,
        },
        "rejoin": _rejoin(seen.rejoin),
        "verdict": {
            "healthy": verdict.healthy,
            "level": verdict.level.value,
            "can_lose": list(verdict.can_lose),
            "reasons": [_reason(one) for one in verdict.reasons],
            "hazards": [_reason(one) for one in verdict.hazards],
        },
    }


def _rejoin(rejoin: Rejoin | None) -> dict[str, object] | None:
    if rejoin is None:
        return None
    return {
        "state": rejoin.state,
        "method": rejoin.method,
        "message": rejoin.message,
        "done_bytes": rejoin.done_bytes,
        "total_bytes": rejoin.total_bytes,
        "set_aside": list(rejoin.set_aside),
    }


def _reason(reason: Message) -> dict[str, str]:
    from live_cluster.messages import render

    return {"code": reason.code, "message": render(reason, "en")}
