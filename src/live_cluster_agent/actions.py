"""The actions that change something: start, stop, promote, demote."""

from concurrent.futures import ThreadPoolExecutor

from live_cluster_agent import contact, files, history, log, outcome, replication, timelines, waiting
from live_cluster_agent.agent import Agent
from live_cluster_agent.cluster import highest_claimed
from live_cluster_agent.contact import Contact
from live_cluster_agent.outcome import AgentProblem, ClusterSilent
from live_cluster_agent.postgres import ServerFacts
from live_cluster_agent.rejoin_request import RejoinRequest
from live_cluster_agent.replication import DataState, Eligibility, Surroundings
from live_cluster_agent.restart import ended_lately
from live_cluster_agent.standby import resume_repair
from live_cluster_agent.upstream import primary_facts

# A standby that leaves on purpose waits this long to be released: two monitors of the primary.
LEAVE_S = 8.0
# At most this long a promotion looks at the networks that leave it in doubt.
DOUBT_S = 40.0


def start(agent: Agent) -> int:
    """Start as a standby, whatever the data was before; ordered repairs go first and do not hold up the cluster."""
    request = RejoinRequest(agent.parameters)
    files.make_directory(agent.parameters.state_dir, mode=0o750)
    if request.pending or request.active:
        log.info("the data waits for its repair")
        return resume_repair(agent, request)
    running = agent.server.postmaster()
    if running is None:
        # After a primary has ended here the other node's promotion waits for this action, and not for a recovery.
        wait_s = 0 if ended_lately(agent) else agent.parameters.action_timeout_s * 0.8
        if not _start_standby(agent, request, wait_s=wait_s) and wait_s == 0:
            return outcome.SUCCESS
    elif not agent.server.look().in_recovery:
        raise AgentProblem("the server already runs as a primary, outside of the cluster's control")
    if not request.pending:
        _check_settings(agent)
        try:
            _announce(agent)
        except ClusterSilent as problem:
            log.warning(f"{problem.reason}; the next monitor will tell whether this node may be promoted")
    return outcome.SUCCESS


def _start_standby(agent: Agent, request: RejoinRequest, *, wait_s: float) -> bool:
    """Whether the server takes connections by then."""
    agent.server.write_replication_settings(required=True)
    agent.server.become_standby_at_start()
    try:
        accepting = agent.server.launch(wait_s=wait_s)
    except AgentProblem as problem:
        _order_repair_of_unusable_data(agent, request, problem)
        return False
    if not accepting and wait_s > 0:
        log.warning("the server is still recovering")
    return accepting


def _order_repair_of_unusable_data(agent: Agent, request: RejoinRequest, problem: AgentProblem) -> None:
    """Order a repair, once, of data that does not start and is not needed; else raise the problem."""
    records = agent.cluster.nodes()
    own = records[agent.parameters.node].data
    # What was synchronous a moment ago is not needed either while the primary is there.
    spare = own is DataState.STALE or (own is DataState.SYNC and primary_facts(agent.parameters) is not None)
    copied_in_vain = request.status.get("method") == "copy" and request.status.get("state") != "done"
    if not spare or copied_in_vain or records[agent.parameters.peer].data is not DataState.LATEST:
        raise problem
    if not agent.server.settings_are_valid():
        raise problem
    request.order_repair(problem.reason)
    resume_repair(agent, request)


def _check_settings(agent: Agent) -> None:
    running = agent.server.postmaster()
    if running is not None and running.status == "ready" and not agent.server.look().conninfo_known:
        place = agent.parameters.state("replication.conf")
        problem = f"{agent.parameters.config_file} does not include {place}"
        raise AgentProblem(problem, code=outcome.NOT_CONFIGURED)


def _announce(agent: Agent) -> None:
    """Tell Pacemaker at once whether this node may be promoted, so that it need not wait for a monitor."""
    records = agent.cluster.nodes()
    own = records[agent.parameters.node]
    if own.data is DataState.LEAVING:
        agent.cluster.write_data({agent.parameters.node: DataState.STALE}, records)
        records = agent.cluster.nodes()
    agent.keep_contact(records)
    candidate = agent.eligibility(agent.cluster.nodes(), repair_pending=False)
    agent.cluster.set_score(replication.promotion_score(candidate, promoted=False), known=own.score)


def stop(agent: Agent) -> int:
    """Stop the server and any repair; a standby that counts takes its leave first.

    Only a server that does not end fails this action: with all else in order or not, the other node may take over.
    """
    for courtesy in (_end_repair, _take_leave):
        try:
            courtesy(agent)
        except AgentProblem as problem:
            log.warning(f"stopping all the same: {problem.reason}")
    agent.server.stop(deadline_s=agent.parameters.action_timeout_s * 0.8)
    agent.cluster.forget_score()
    return outcome.SUCCESS


def _end_repair(agent: Agent) -> None:
    RejoinRequest(agent.parameters).end()


def _take_leave(agent: Agent) -> None:
    """Ask the primary to stop waiting for this standby, so that no commit of its clients is held up."""
    running = agent.server.postmaster()
    if running is None or running.status != "ready":
        return
    around, _ = agent.look_around()
    if not around.quorate:
        return
    facts = agent.server.look()
    records = agent.cluster.nodes()
    node = agent.parameters.node
    if not facts.in_recovery or facts.receiver != "streaming" or records[node].data is not DataState.SYNC:
        return
    if not agent.cluster.write_data({node: DataState.LEAVING}, records):
        return

    def released() -> bool:
        settled = agent.cluster.nodes()[node].data is not DataState.LEAVING
        return settled or agent.server.look().receiver != "streaming"

    if not waiting.wait_until(released, deadline_s=LEAVE_S, every_s=0.2):
        log.warning("the primary has not released this standby in time")


def promote(agent: Agent) -> int:
    """Become primary, once the cluster knows that only this node's data is the latest."""
    request = RejoinRequest(agent.parameters)
    accepting = waiting.wait_until(
        lambda: (running := agent.server.postmaster()) is None or running.status == "ready",
        deadline_s=agent.parameters.action_timeout_s * 0.6,
    )
    if not accepting or agent.server.postmaster() is None:
        raise AgentProblem("the server is not ready to be promoted")
    # One after the other these questions take 0.1 s on a quiet machine, and all clients wait for it.
    looked_at = waiting.now_s()
    with ThreadPoolExecutor() as beside:
        looking, asking = beside.submit(agent.server.look), beside.submit(agent.cluster.nodes)
        around, looks = agent.look_around()
    if not looking.result().in_recovery:
        return outcome.SUCCESS
    records = asking.result()
    candidate = agent.eligibility(records, repair_pending=request.pending or request.active)
    obstacle = replication.why_not_promoted(candidate) or _outer_obstacle(agent, around, looks, candidate)
    if obstacle is not None:
        agent.cluster.forget_wish()
        agent.cluster.set_score(None, known=None)
        history.note(agent.parameters, "not-promoted", obstacle)
        raise AgentProblem(f"not promoted: {obstacle}")
    require_standby(agent, looking.result())
    number = timelines.reserve(
        agent.parameters, above=looking.result().timeline, claimed=highest_claimed(records)
    )
    seconds = int(agent.parameters.action_timeout_s * 0.6)
    peer_is_member = around.peer_is_member is True
    with agent.cluster.take_over_scores(peer_is_member=peer_is_member, wanted=candidate.wanted):
        answer = agent.server.query(f"SELECT pg_promote(true, {seconds})", timeout_s=seconds + 10.0)
    if answer != ["t"]:
        raise AgentProblem("the server did not become primary in time")
    log.info(f"this server is primary now, on timeline {number}")
    # Commits wait for the peer until here. A server that could not be promoted has claimed nothing, and the peer
    # may take over. One that could acknowledges nothing before the cluster knows that the peer's data is stale.
    if waiting.now_s() - looked_at > replication.FRESH_S and replication.is_outvoted(agent.look_around()[0]):
        raise AgentProblem("this node stood still or lost its quorum meanwhile: commits wait")
    if not agent.claim(records, timeline=number):
        raise AgentProblem("the cluster has not confirmed who holds the latest data: commits wait")
    agent.server.write_replication_settings(required=False)
    agent.server.reload()
    return outcome.SUCCESS


def require_standby(agent: Agent, facts: ServerFacts) -> None:
    """Let the commits of this standby wait for the peer from its promotion on; as a rule they would anyway."""
    if facts.required_names != "":
        return
    agent.server.write_replication_settings(required=True)
    agent.server.reload()
    if not waiting.wait_until(lambda: agent.server.look().required_names != "", deadline_s=5.0):
        raise AgentProblem("not promoted: the server does not take over its replication settings")


def _outer_obstacle(agent: Agent, around: Surroundings, looks: Contact, candidate: Eligibility) -> str | None:
    if contact.is_cut_off(looks, around):
        return "this node is or was cut off"
    # A primary that has ended and whose peer has just left: that one may have been promoted, and live.
    peer_may_serve = candidate.own is DataState.LATEST and candidate.peer is DataState.SYNC
    if around.without_vote and (around.client_network_seen is False or peer_may_serve):
        return _doubt(agent)
    return None if around.quorate else "it is not known whether this partition has quorum"


def _doubt(agent: Agent) -> str | None:
    """Is it the peer that is gone, or was it this node, and is it coming back?"""
    log.warning("it is not certain who is cut off: looking on before this node takes over")
    end = waiting.now_s() + DOUBT_S
    while waiting.now_s() < end:
        around, looks = agent.look_around(ask_peer=True)
        if contact.is_cut_off(looks, around):
            return "this node is or was cut off"
        if around.peer_is_member:
            return "the peer is back"
        if looks.lasting_s(looks.gone_since) >= replication.CONFIRM_S:
            return None
        waiting.pause(0.2)
    return "the networks do not tell whether it is the peer or this node that was cut off"


def demote(agent: Agent) -> int:
    """Shut down, which ships everything to the standby, and come back as a standby."""
    if _serves_nobody(agent):
        # After a crash Pacemaker demotes, stops and starts: a start in between would only cost time.
        return outcome.SUCCESS
    agent.server.stop(deadline_s=agent.parameters.action_timeout_s * 0.6)
    try:
        agent.look_around()
        request = RejoinRequest(agent.parameters)
        if request.pending or request.active:
            return resume_repair(agent, request)
        # The new primary is waited for, not this standby: its own monitor will see to it.
        _start_standby(agent, request, wait_s=0)
    except AgentProblem as problem:
        # What had to end has ended.
        raise AgentProblem(problem.reason, code=outcome.NOT_RUNNING) from problem
    return outcome.SUCCESS


def _serves_nobody(agent: Agent) -> bool:
    """Whether no server runs here, or only a standby; one that does not say so has to be stopped."""
    try:
        running = agent.server.postmaster()
        return running is None or (running.status == "ready" and agent.server.look().in_recovery)
    except AgentProblem as problem:
        log.warning(f"taken for a primary: {problem.reason}")
        return False


def reload_settings(agent: Agent) -> int:
    """Take over changed addresses without a restart."""
    running = agent.server.postmaster()
    if running is not None and running.status == "ready":
        required = agent.server.look().required_names != ""
        agent.server.write_replication_settings(required=required)
        agent.server.reload()
    return outcome.SUCCESS


def validate(agent: Agent) -> int:
    """Check what a start will need on this node."""
    parameters = agent.parameters
    for name in ("postgres", "psql", "pg_rewind", "pg_basebackup", "pg_controldata", "pg_waldump"):
        if not files.is_executable(parameters.program(name)):
            raise AgentProblem(f"{parameters.program(name)} is not installed", code=outcome.NOT_INSTALLED)
    if files.read_text(parameters.config_file) is None:
        raise AgentProblem(f"{parameters.config_file} is missing", code=outcome.NOT_INSTALLED)
    if files.read_text(parameters.state("replication.pgpass")) is None:
        raise AgentProblem(
            f"{parameters.state('replication.pgpass')} is missing", code=outcome.NOT_CONFIGURED
        )
    if not files.is_directory(parameters.pgdata) and not RejoinRequest(parameters).pending:
        raise AgentProblem(f"{parameters.pgdata} is missing", code=outcome.NOT_INSTALLED)
    return outcome.SUCCESS
