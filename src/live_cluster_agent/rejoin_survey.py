"""What a repair of this node's data would discard, as JSON for `live-cluster rejoin`; nothing is changed."""

import json
import os
import sys

from live_cluster_agent import files, local_data, outcome, upstream, wal
from live_cluster_agent.agent import Agent
from live_cluster_agent.divergence import PrimaryFacts
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.rejoin_request import ARRIVED, RECLONE, RejoinRequest


def survey(agent: Agent) -> int:
    """Print the facts; what cannot be known is null."""
    parameters = agent.parameters
    records = agent.cluster.nodes()
    request = RejoinRequest(parameters)
    parent = os.path.dirname(parameters.pgdata)
    primary = upstream.primary_facts(parameters)
    facts: dict[str, object] = {
        "node": parameters.node,
        "peer": parameters.peer,
        "own_data": records[parameters.node].data,
        "peer_data": records[parameters.peer].data,
        "pgdata": parameters.pgdata,
        "repairing": request.decided,
        # Half-rewound data, or a copy that has only arrived, is nobody's truth.
        "unusable": any(files.exists(request.path(name)) for name in (RECLONE, ARRIVED)),
        "acknowledged_alone": agent.acknowledged_alone,
        "free_bytes": files.free_bytes(parent),
        "primary_bytes": None if primary is None else primary.data_bytes,
        "primary_timeline": None if primary is None else primary.timeline,
    }
    sys.stdout.write(json.dumps(facts | _divergence(agent, primary)) + "\n")
    return outcome.SUCCESS


def _divergence(agent: Agent, primary: PrimaryFacts | None) -> dict[str, object]:
    parameters = agent.parameters
    try:
        control = local_data.read_control(parameters)
    except AgentProblem as problem:
        return {"verdict": "unreadable", "detail": problem.reason, "rewindable": False}
    known: dict[str, object] = {"timeline": control.timeline, "rewindable": control.rewindable}
    if primary is None:
        return known | {"verdict": None}
    verdict, found = local_data.compare(parameters, control, primary)
    if found is None:
        return known | {"verdict": verdict}
    return known | {
        "verdict": verdict,
        "fork": wal.format_lsn(found.fork),
        "end": wal.format_lsn(found.end),
        "discarded_bytes": found.end - found.fork,
        "discarded_commits": local_data.commits_behind(parameters, found),
    }
