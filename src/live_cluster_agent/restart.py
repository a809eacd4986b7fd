"""The quickest recovery of a primary whose server process has ended: start it again where it is."""

from live_cluster_agent import history, log, memory, waiting
from live_cluster_agent.agent import Agent
from live_cluster_agent.local_data import read_control
from live_cluster_agent.outcome import AgentProblem
from live_cluster_agent.replication import DataState, is_outvoted

# A server that ends again this soon is left to Pacemaker, which counts failures and in the end moves the primary.
NOT_AGAIN_WITHIN_S = 60.0
# Of the monitor's time, for the recovery after the crash.
RECOVERY_SHARE = 0.7


def _path(agent: Agent) -> str:
    return f"{agent.parameters.run_dir}/{agent.parameters.resource}.restart.json"


def ended_lately(agent: Agent) -> bool:
    """Whether a server that was primary has ended by itself here within the last minute."""
    ended_at = float(memory.read_facts(_path(agent)).get("at", -NOT_AGAIN_WITHIN_S))
    return waiting.now_s() - ended_at < NOT_AGAIN_WITHIN_S


def restart_in_place(agent: Agent) -> bool:
    """Whether this node's server, which was primary until it ended, is primary again.

    Pacemaker would demote, stop, start and promote it, each in a process of its own: 3.5 s on a quiet machine.
    """
    if ended_lately(agent):
        return False
    try:
        memory.write_facts(_path(agent), {"at": waiting.now_s()})
        if not _may_go_on(agent) or not read_control(agent.parameters).crashed:
            return False
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
    """The rules of a promotion; the settings of the start are those that the cluster's records ask for.

    Nothing is claimed: a server that does not start must not keep the other node from taking over. The server takes
    connections only after the checkpoint that ends its recovery, and the checkpointer, which makes commits wait for
    the standby, has read its settings before that. Without a recovery this order is not certain before PostgreSQL
    15.13, so a server that was shut down in good order is left to Pacemaker.
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
    if records[agent.parameters.node].data is not DataState.LATEST:
        return False
    agent.server.write_replication_settings(
        required=records[agent.parameters.peer].data is not DataState.STALE
    )
    return True
