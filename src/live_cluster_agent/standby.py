"""The standby's own care: does it follow the primary, and if not, why?"""

from dataclasses import replace

from live_cluster_agent import history, log, memory, outcome, waiting
from live_cluster_agent.agent import Agent
from live_cluster_agent.cluster import NodeRecord
from live_cluster_agent.divergence import LocalEnd, Verdict, judge
from live_cluster_agent.outcome import ClusterSilent
from live_cluster_agent.postgres import ServerFacts
from live_cluster_agent.rejoin_request import RejoinRequest
from live_cluster_agent.replication import DataState
from live_cluster_agent.upstream import local_end, peer_line, primary_facts
from live_cluster_agent.wal import format_lsn

# A walreceiver needs this long to come up again by itself (retry interval, two addresses).
PATIENCE_S = 2.0
# One whose primary answers, and that neither receives nor replays anything for so long, never will.
STALLED_S = 90.0


def check_upstream(agent: Agent, facts: ServerFacts, records: dict[str, NodeRecord]) -> bool:
    """Order a repair when this data cannot follow the primary; True when one has been ordered."""
    streaming = facts.receiver == "streaming"
    now = waiting.now_s()
    sign = memory.StandbySign(streaming=streaming, reply=f"{now}", flushed=facts.received)
    running = agent.server.postmaster()
    before = memory.load(agent.memory_path)
    seen = memory.remember(before, sign, server=running.identity if running else "", now_s=now)
    own = str(records[agent.parameters.node].data or "")
    position = facts.received + facts.replayed
    if streaming or position != seen.moved_to:
        seen = replace(seen, moved_to=position, moved_since=now)
    memory.save(agent.memory_path, replace(seen, data=own))
    history.note_own_data(agent.parameters, before.data, own)
    request = RejoinRequest(agent.parameters)
    if streaming:
        return _judge_what_streams(agent, facts, request)
    following = records[agent.parameters.peer].data is DataState.LATEST
    if not following or records[agent.parameters.node].data is DataState.LATEST:
        return False
    # Asking a dead peer takes seconds, and a promotion would have to wait for them.
    if now - seen.reply_since < PATIENCE_S or not agent.cluster.quorum().peer_is_member:
        return False
    return _order_repair(agent, facts, request, stalled=now - seen.moved_since >= STALLED_S)


def _judge_what_streams(agent: Agent, facts: ServerFacts, request: RejoinRequest) -> bool:
    """Once for each start of the receiver: PostgreSQL compares numbers of timelines, not their histories."""
    seen = memory.load(agent.memory_path)
    if facts.receiver_pid != seen.judged:
        primary = primary_facts(agent.parameters)
        if primary is None:
            return False
        local = local_end(agent.server, received=facts.received)
        verdict = judge(local, primary)
        if verdict in (Verdict.DIVERGED, Verdict.FOREIGN):
            return _repair(request, verdict, local)
        agent.remember(judged=facts.receiver_pid)
    if request.status.get("state") in ("ready", "started"):
        request.report("done", "the standby follows the primary")
    return False


def _order_repair(agent: Agent, facts: ServerFacts, request: RejoinRequest, *, stalled: bool) -> bool:
    local = local_end(agent.server, received=facts.received)
    primary = primary_facts(agent.parameters)
    if primary is None:
        return False
    verdict = judge(local, primary)
    if verdict is Verdict.FOLLOWS and stalled:
        # Nothing that can be compared speaks against it, and it does not follow all the same.
        request.order_reclone(f"it has not moved for {STALLED_S:.0f} s: {agent.server.log_tail()}")
        request.launch()
        return True
    return verdict is not Verdict.FOLLOWS and _repair(request, verdict, local)


def _repair(request: RejoinRequest, verdict: Verdict, local: LocalEnd) -> bool:
    request.order_repair(f"it is {verdict} at {format_lsn(local.position)} of timeline {local.timeline}")
    request.launch()
    return True


def replace_lost_record(agent: Agent, facts: ServerFacts, records: dict[str, NodeRecord]) -> bool:
    """Where the cluster knows of neither node whose data is the latest, that which contains the other is."""
    node, peer = agent.parameters.node, agent.parameters.peer
    if records[node].data is not None or records[peer].data is not None:
        return False
    around = agent.cluster.quorum()
    other = peer_line(agent.parameters) if around.quorate and around.peer_is_member else None
    # A primary there claims the record by itself.
    if other is None or not other.in_recovery:
        return False
    own = local_end(agent.server, received=facts.received)
    if not own.contains(other) or (other.contains(own) and not agent.parameters.is_first):
        return False
    log.warning("the cluster has lost its record of the data; the data here contains the other node's")
    return agent.claim(records)


def resume_repair(agent: Agent, request: RejoinRequest) -> int:
    """Keep a repair going or start the server after it; the node counts as a running standby meanwhile."""
    if request.pending:
        if not request.active:
            request.launch()
    elif request.ready_to_start and agent.server.postmaster() is None and not request.active:
        start_repaired(agent, request)
    try:
        records = agent.cluster.nodes()
        agent.keep_contact(records)
        agent.cluster.set_score(None, known=records[agent.parameters.node].score)
    except ClusterSilent as problem:
        log.warning(problem.reason)
    return outcome.SUCCESS


def start_repaired(agent: Agent, request: RejoinRequest) -> None:
    """First start on repaired data; when it fails, Pacemaker's next monitor finds nothing running."""
    request.report("started", "the server starts on the repaired data")
    agent.server.write_replication_settings(required=True)
    agent.server.become_standby_at_start()
    agent.server.launch(wait_s=agent.parameters.action_timeout_s / 2)
