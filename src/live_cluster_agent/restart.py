"""The quickest recovery of a primary whose server process has ended: start it again where it is."""

from live_cluster_agent import history, log, memory, waiting
from live_cluster_agent.agent import Agent
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.replication import DataState, is_outvoted

# A server that ends again this soon is left to Pacemaker, which counts failures and in the end moves the primary.
NOT_AGAIN_WITHIN_S = 60.0
# Of the monitor's time, for the recovery after the crash. The peer has been declared stale by then: nobody else can
# go on, and whoever starts the server next has to wait for the same recovery.
RECOVERY_SHARE = 0.7


def restart_in_place(agent: Agent) -> bool:
    """Whether this node's server, which was primary until it ended, is primary again.

    Pacemaker would demote, stop, start and promote it, each in a process of its own: 3.5 s on a quiet machine.
    """
    path = f"{agent.parameters.run_dir}/{agent.parameters.resource}.restart.json"
    now = waiting.now_s()
    if now - float(memory.read_facts(path).get("at", -NOT_AGAIN_WITHIN_S)) < NOT_AGAIN_WITHIN_S:
        return False
    try:
        if not _may_go_on(agent):
            return False
        memory.write_facts(path, {"at": now})
        log.warning("the server has ended by itself: starting it again in place")
        wait_s = agent.parameters.action_timeout_s * RECOVERY_SHARE
        again = agent.server.launch(wait_s=wait_s) and not agent.server.look().in_recovery
        history.note(agent.parameters, "restarted" if again else "not-restarted")
        return again
    except AgentProblem as problem:
        log.warning(f"not started again in place: {problem.reason}")
        history.note(agent.parameters, "not-restarted", problem.reason)
        return False


def _may_go_on(agent: Agent) -> bool:
    """The same rules as for a promotion, since commits may be acknowledged alone once more.

    A starting server knows that commits have to wait for the standby only when its checkpointer has read the
    settings, and takes connections before.
    """
    if agent.server.is_standby_at_start:
        return False
    records = agent.cluster.nodes()
    around, _ = agent.look_around()
    if is_outvoted(around) or not around.quorate:
        return False
    if around.without_vote and records[agent.parameters.peer].data is not DataState.STALE:
        # The peer has just left and may be promoted elsewhere: this is no time for short cuts.
        return False
    if records[agent.parameters.node].data is not DataState.LATEST or not agent.claim(records):
        return False
    agent.mark_alone()
    return True
