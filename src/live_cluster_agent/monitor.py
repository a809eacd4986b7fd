"""The monitor action: health of the server, and in the primary the care for the standby."""

from dataclasses import replace

from live_cluster_agent import history, log, memory, outcome, peer_signs, replication, timelines, waiting
from live_cluster_agent.agent import Agent
from live_cluster_agent.bonds import degraded_bonds
from live_cluster_agent.cluster import NodeRecord
from live_cluster_agent.divergence import Line
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.postgres import Postmaster, ServerFacts
from live_cluster_agent.rejoin_request import RejoinRequest
from live_cluster_agent.replication import DataState, Decision, HandshakePhase, ReplicationView, StandbyLink
from live_cluster_agent.standby import check_upstream, replace_lost_record, resume_repair
from live_cluster_agent.upstream import peer_line

# In doubt about the standby one monitor looks on for this long: token and consensus take 3.6 s and the confirmation
# 3 s, and the commits that wait should be released at that moment and not an interval later.
WATCH_S = 8.0
WATCH_EVERY_S = 0.15
# A requested checkpoint that has not been seen after this is asked for again.
CHECKPOINT_AGAIN_S = 30.0


def monitor(agent: Agent) -> int:
    """The exit code for Pacemaker: 0 unpromoted, 7 not running, 8 primary, 9 broken primary."""
    request = RejoinRequest(agent.parameters)
    if request.active or (request.pending and not agent.parameters.is_probe):
        return resume_repair(agent, request)
    running = agent.server.postmaster()
    if running is None:
        return _not_running(agent, request)
    if running.status in ("starting", "standby"):
        return outcome.SUCCESS
    try:
        facts = agent.server.look(timeout_s=agent.parameters.action_timeout_s / 3)
    except AgentProblem as problem:
        return _unanswered(agent, request, problem)
    healthy = outcome.SUCCESS if facts.in_recovery else outcome.RUNNING_PROMOTED
    if agent.parameters.is_probe:
        return healthy
    try:
        return (
            _care_for_standby(agent, facts) if facts.in_recovery else _care_for_primary(agent, running, facts)
        )
    except AgentProblem as problem:
        if problem.code == outcome.FAILED_PROMOTED:
            raise
        # The database has answered; a restart would not make the cluster's services quicker.
        log.warning(problem.reason)
        return healthy


def _not_running(agent: Agent, request: RejoinRequest) -> int:
    if agent.parameters.is_probe:
        return outcome.NOT_RUNNING
    if request.ready_to_start:
        return resume_repair(agent, request)
    if agent.parameters.promoted_expected:
        from live_cluster_agent.restart import restart_in_place

        if restart_in_place(agent):
            return outcome.RUNNING_PROMOTED
    return outcome.NOT_RUNNING


# FATAL messages of a server that lives and has no room for one more connection: ERRCODE_TOO_MANY_CONNECTIONS.
_BUSY = ("too many clients already", "remaining connection slots are reserved", "too many connections")


def _unanswered(agent: Agent, request: RejoinRequest, problem: AgentProblem) -> int:
    # The server may have ended between two looks; that has the quicker recovery.
    if agent.server.postmaster() is None:
        return _not_running(agent, request)
    if agent.parameters.promoted_expected and any(words in problem.reason for words in _BUSY):
        # Its clients are served, and another server would be as busy.
        log.warning(f"the primary is busy: {problem.reason}")
        return outcome.RUNNING_PROMOTED
    code = outcome.FAILED_PROMOTED if agent.parameters.promoted_expected else outcome.ERROR
    raise AgentProblem(problem.reason, code=code)


def _care_for_standby(agent: Agent, facts: ServerFacts) -> int:
    records = agent.look_at_records()
    agent.keep_contact(records)
    upstream_lost = check_upstream(agent, facts, records)
    if replace_lost_record(agent, facts, records):
        records = agent.cluster.nodes()
    candidate = agent.eligibility(records, repair_pending=upstream_lost)
    score = replication.promotion_score(candidate, promoted=False)
    own = records[agent.parameters.node]
    agent.cluster.set_score(score, known=own.score)
    agent.cluster.set_network(degraded_bonds(), known=own.network)
    if own.wanted_until and not candidate.wanted:
        agent.cluster.forget_wish()
    return outcome.SUCCESS


def _care_for_primary(agent: Agent, running: Postmaster, facts: ServerFacts) -> int:
    records = agent.look_at_records()
    end = waiting.now_s() + min(WATCH_S, agent.parameters.action_timeout_s / 3)
    decision = _take_care(agent, running, facts, records)
    while (
        decision in (Decision.WATCH, Decision.REQUIRE_STANDBY, Decision.NOTE_EFFECT) and waiting.now_s() < end
    ):
        waiting.pause(WATCH_EVERY_S)
        if agent.server.postmaster() is None:
            return _not_running(agent, RejoinRequest(agent.parameters))
        records = agent.cluster.nodes()
        decision = _take_care(agent, running, agent.server.look(), records)
    if decision is Decision.YIELD:
        agent.cluster.set_score(None, known=records[agent.parameters.node].score)
        raise AgentProblem("the other node holds the latest data", code=outcome.FAILED_PROMOTED)
    _tell_unsafe_settings(agent, facts)
    if decision is Decision.WATCH and facts.links > 1:
        # One that answers takes the message and ends; one that stands still keeps the commits waiting.
        agent.server.end_connection(facts.link_pid)
    own = records[agent.parameters.node]
    peer_counts = records[agent.parameters.peer].data is DataState.SYNC
    if not own.met or (peer_counts and agent.proof_is_due):
        agent.keep_contact(records)
    score = replication.promotion_score(
        agent.eligibility(records, repair_pending=False), promoted=True, timeline=facts.timeline
    )
    agent.cluster.set_score(score, known=own.score)
    agent.cluster.set_network(degraded_bonds(), known=own.network)
    if own.wanted_until:
        agent.cluster.forget_wish()
    return outcome.RUNNING_PROMOTED


def _tell_unsafe_settings(agent: Agent, facts: ServerFacts) -> None:
    if facts.unsafe == memory.load(agent.memory_path).unsafe:
        return
    agent.remember(unsafe=facts.unsafe)
    if facts.unsafe:
        log.warning(f"acknowledged commits may be lost, because of {facts.unsafe}")
        history.note(agent.parameters, "settings-unsafe", facts.unsafe)


def _view(
    agent: Agent, facts: ServerFacts, seen: memory.Memory, records: dict[str, NodeRecord]
) -> ReplicationView:
    now = waiting.now_s()
    link = StandbyLink(
        streaming=facts.link_state == "streaming",
        synchronous=facts.link_sync == "sync",
        connections=facts.links,
        flushed=facts.link_flushed,
        replayed=facts.link_replayed,
        silent_s=now - seen.reply_since,
        stuck_s=now - seen.stuck_since,
    )
    return ReplicationView(
        own=records[agent.parameters.node].data,
        peer=records[agent.parameters.peer].data,
        required=facts.required_names != "",
        link=link,
        flushed=facts.flushed,
        redo=facts.redo,
        met=records[agent.parameters.node].met,
        phase=seen.phase,
        phase_position=seen.phase_position,
        patience_s=agent.parameters.standby_patience_s,
    )


def _take_care(
    agent: Agent, running: Postmaster, facts: ServerFacts, records: dict[str, NodeRecord]
) -> Decision:
    sign = memory.StandbySign(
        streaming=facts.link_state == "streaming",
        reply=facts.link_reply,
        flushed=facts.link_flushed,
        commits_waiting=facts.commits_waiting,
    )
    seen = memory.remember(
        memory.load(agent.memory_path), sign, server=running.identity, now_s=waiting.now_s()
    )
    memory.save(agent.memory_path, seen)
    view = _view(agent, facts, seen, records)
    decision = replication.decide(view)
    if decision is Decision.LOOK_AROUND:
        around, looks = agent.look_around(met=view.met, ask_peer=True)
        hangs = around.without_vote and around.peer_answers and not around.peer_serves
        if hangs and view.link.silent_s >= view.patience_s:
            around = replace(around, peer_serves=peer_signs.programs_answer(agent.parameters))
        view = replace(
            view,
            surroundings=around,
            looked_at=looks.looked_at,
            member_s=looks.lasting_s(looks.member_since),
            gone_s=looks.lasting_s(looks.gone_since),
        )
        decision = replication.decide(view)
    return _carry_out(agent, decision, facts, records, view)


def _carry_out(
    agent: Agent,
    decision: Decision,
    facts: ServerFacts,
    records: dict[str, NodeRecord],
    view: ReplicationView,
) -> Decision:
    if decision is Decision.YIELD:
        decision = _weigh_against_peer(agent, facts)
    if decision is Decision.CLAIM:
        log.warning(f"this server is primary but its data is recorded as {view.own}: claiming it")
        agent.claim(records, timeline=facts.timeline)
    elif decision is Decision.REQUIRE_STANDBY:
        return _require_standby(agent, facts)
    elif decision is Decision.NOTE_EFFECT:
        # Whatever was acknowledged without the standby lies before this position.
        _enter(agent, HandshakePhase.EFFECTIVE, facts.flushed)
    elif decision is Decision.MARK_SYNC:
        return _mark_sync(agent, facts, records)
    elif decision is Decision.GO_ALONE:
        return _go_alone(agent, records, view)
    elif decision is Decision.WATCH and view.phase is HandshakePhase.REQUESTED:
        _checkpoint_again_when_overdue(agent)
    return decision


def _weigh_against_peer(agent: Agent, facts: ServerFacts) -> Decision:
    """What the cluster's record says against this primary may be older than what its data says for it.

    When two halves meet, the record of the half that knew less may win. A primary that has acknowledged commits
    alone yields to a peer whose data is not contained in its own, and to nobody else.
    """
    if not agent.acknowledged_alone:
        return Decision.YIELD
    peer = peer_line(agent.parameters)
    if peer is None:
        log.warning(
            "the cluster calls the other node's data the latest, and that does not answer: commits wait"
        )
        agent.server.write_replication_settings(required=True)
        agent.server.reload()
        return Decision.WATCH
    own = Line(
        timeline=facts.timeline,
        position=facts.flushed,
        ancestors=timelines.ancestors(agent.parameters, facts.timeline),
    )
    return Decision.CLAIM if own.contains(peer) else Decision.YIELD


def _standby_has_this_history(agent: Agent, facts: ServerFacts) -> bool:
    """The standby's own word: a link that streams proves only that the numbers of the timelines are equal."""
    peer = peer_line(agent.parameters)
    ancestors = timelines.ancestors(agent.parameters, facts.timeline)
    return peer is not None and (peer.timeline, peer.ancestors) == (facts.timeline, ancestors)


def _enter(agent: Agent, phase: HandshakePhase, position: int) -> None:
    agent.remember(phase=phase, phase_position=position, phase_since=waiting.now_s())


def _require_standby(agent: Agent, facts: ServerFacts) -> Decision:
    """Let commits wait for the standby, and start the checkpoint that proves that they do.

    What makes commits wait is a flag that only the checkpointer sets, when it has read the settings. A checkpoint
    whose redo position lies after this moment was begun after that.
    """
    if not _standby_has_this_history(agent, facts):
        log.warning(f"not waiting for {agent.parameters.peer}: it does not say that its history is this one")
        return Decision.KEEP
    if facts.required_names == "":
        agent.server.write_replication_settings(required=True)
        agent.server.reload()
        applied = waiting.wait_until(lambda: agent.server.look().required_names != "", deadline_s=5.0)
        if not applied:
            log.warning("the server has not taken over its replication settings yet")
            return Decision.REQUIRE_STANDBY
    position = agent.server.look().inserted
    _enter(agent, HandshakePhase.REQUESTED, position)
    agent.server.start_checkpoint()
    return Decision.REQUIRE_STANDBY


def _checkpoint_again_when_overdue(agent: Agent) -> None:
    seen = memory.load(agent.memory_path)
    if waiting.now_s() - seen.phase_since > CHECKPOINT_AGAIN_S:
        agent.remember(phase_since=waiting.now_s())
        agent.server.start_checkpoint()


def _mark_sync(agent: Agent, facts: ServerFacts, records: dict[str, NodeRecord]) -> Decision:
    peer = agent.parameters.peer
    if not _standby_has_this_history(agent, facts):
        return Decision.WATCH
    if agent.cluster.write_data({peer: DataState.SYNC}, records):
        agent.clear_alone()
        _enter(agent, HandshakePhase.NONE, 0)
        log.info(f"replication to {peer} is synchronous: every commit is on both nodes")
        history.note(agent.parameters, "synchronous", peer)
    return Decision.MARK_SYNC


def _go_alone(agent: Agent, records: dict[str, NodeRecord], view: ReplicationView) -> Decision:
    """Release the commits from waiting for the standby, after the cluster knows that its data is stale."""
    peer = agent.parameters.peer
    around = view.surroundings
    if view.peer is not DataState.STALE and not agent.claim(records):
        log.warning(f"commits keep waiting for {peer}: the cluster has not confirmed that its data is stale")
        return Decision.WATCH
    member = around is not None and around.peer_is_member
    # A member that leaves on purpose said so itself; any other must have heard it before it can be left behind.
    if (
        member
        and view.peer is not DataState.LEAVING
        and not agent.cluster.peer_has_read(peer, DataState.STALE)
    ):
        log.warning(f"commits keep waiting for {peer}: it has not confirmed that its data is stale")
        return Decision.WATCH
    # A machine that stood still meanwhile must not act on what it saw before.
    if agent.cluster.quorum().quorate is not True or waiting.now_s() - view.looked_at > replication.FRESH_S:
        return Decision.WATCH
    agent.mark_alone()
    _enter(agent, HandshakePhase.NONE, 0)
    agent.server.write_replication_settings(required=False)
    agent.server.reload()
    if view.link.stuck_s >= replication.SILENCE_S:
        history.note(agent.parameters, "commits-waited", f"{view.link.stuck_s:.0f}")
    log.warning(f"going on alone: {peer} is away, from now on there is one copy of new data")
    history.note(agent.parameters, "alone", peer)
    return Decision.GO_ALONE
