"""Runs one action: `postgresql ACTION`, parameters in the environment as Pacemaker gives them."""

import os
import sys
from collections.abc import Callable
from types import TracebackType

from live_cluster_agent import log, outcome
from live_cluster_agent.agent import Agent, make_agent
from live_cluster_agent.cluster import own_name
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.parameters import read_parameters

ACTIONS = (
    "start",
    "stop",
    "promote",
    "demote",
    "monitor",
    "reload-agent",
    "validate-all",
    "meta-data",
    "methods",
    "usage",
)


def _chosen(action: str) -> Callable[[Agent], int] | None:
    """The function of an action; imported late, because most actions are monitors that run every few seconds."""
    if action in ("monitor", "status"):
        from live_cluster_agent.monitor import monitor

        return monitor
    if action == "rejoin":
        from live_cluster_agent.rejoin import rejoin

        return rejoin
    if action == "rejoin-survey":
        from live_cluster_agent.rejoin_survey import survey

        return survey
    from live_cluster_agent import actions

    return {
        "start": actions.start,
        "stop": actions.stop,
        "promote": actions.promote,
        "demote": actions.demote,
        "reload-agent": actions.reload_settings,
        "validate-all": actions.validate,
    }.get(action)


def _describe(action: str) -> int:
    if action == "meta-data":
        from live_cluster_agent.metadata import metadata

        sys.stdout.write(metadata())
    else:
        sys.stdout.write("\n".join(ACTIONS) + "\n")
    return outcome.SUCCESS


def report_fault(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
    """One line for Pacemaker, all of it for the log; the interpreter then ends with 1, the generic error of OCF."""
    from traceback import format_exception

    log.exit_reason(f"unexpected fault of the agent: {kind.__name__}: {fault}")
    log.error("; ".join(" ".join(part.split()) for part in format_exception(kind, fault, trace)))


def main() -> int:
    """Exit code of the action named by the first argument."""
    sys.excepthook = report_fault
    action = sys.argv[1] if len(sys.argv) > 1 else "usage"
    if action in ("meta-data", "methods", "usage", "help"):
        return _describe(action)
    perform = _chosen(action)
    if perform is None:
        log.exit_reason(f"unknown action {action}")
        return outcome.UNIMPLEMENTED
    try:
        parameters = read_parameters(os.environ, node=own_name(os.environ))
        return perform(make_agent(parameters))
    except AgentProblem as problem:
        log.exit_reason(problem.reason)
        log.error(f"{action}: {problem.reason}")
        return problem.code


if __name__ == "__main__":
    sys.exit(main())
