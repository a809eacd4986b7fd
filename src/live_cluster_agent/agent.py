"""What every action works with, and the small things that several actions do."""

from dataclasses import dataclass, replace

from live_cluster_agent import files, log, memory, replication
from live_cluster_agent.cluster import Cluster, NodeRecord
from live_cluster_agent.parameters import Parameters
from live_cluster_agent.postgres import Server
from live_cluster_agent.replication import DataState, Eligibility

# Present while commits may be acknowledged by this server alone; decides what a later repair must keep.
ALONE_MARK = "alone"


@dataclass(frozen=True, slots=True)
class Agent:
    """One action's view of this node: its parameters, its server, its cluster."""

    parameters: Parameters
    server: Server
    cluster: Cluster

    @property
    def memory_path(self) -> str:
        """Where the looks of the monitor are remembered until the next reboot."""
        return f"{self.parameters.run_dir}/{self.parameters.resource}.json"

    def remember(self, **changes: object) -> None:
        """Change single facts of the memory."""
        memory.save(self.memory_path, replace(memory.load(self.memory_path), **changes))  # type: ignore[arg-type]

    def mark_alone(self) -> None:
        """Note, before the first such commit, that this server acknowledges commits alone."""
        path = self.parameters.state(ALONE_MARK)
        if files.read_text(path) is None:
            files.write_durably(path, "commits on this server may exist nowhere else\n")

    def clear_alone(self) -> None:
        """Every commit is on both servers again."""
        files.remove_durably(self.parameters.state(ALONE_MARK))

    def eligibility(self, records: dict[str, NodeRecord], *, repair_pending: bool) -> Eligibility:
        """This node as a candidate, asking for the membership only when the answer can depend on it."""
        own, peer = records[self.parameters.node], records[self.parameters.peer]
        candidate = Eligibility(
            own=own.data, peer=peer.data, met=own.met, peer_is_member=None, repair_pending=repair_pending
        )
        if own.met or replication.why_not_promoted(candidate) is None:
            return candidate
        return replace(candidate, peer_is_member=self.cluster.quorum().peer_is_member)

    def keep_contact(self, records: dict[str, NodeRecord]) -> None:
        """Record that the peer's knowledge has arrived here, or that it may have moved on without this node."""
        around = self.cluster.surroundings()
        met = records[self.parameters.node].met
        if replication.is_cut_off(around) and met:
            self.cut_off()
        elif around.quorate and around.peer_is_member and not met and self.cluster.peer_has_joined():
            self.cluster.set_met(met=True)

    def cut_off(self) -> None:
        """The peer may go on without this node; only its return makes this node's knowledge sure again."""
        log.warning("this node is cut off: it waits for the peer before it serves alone")
        self.cluster.set_met(met=False)

    def claim(self, records: dict[str, NodeRecord]) -> bool:
        """Write that only this node's data is the latest; True when the cluster has confirmed it."""
        states = {self.parameters.node: DataState.LATEST, self.parameters.peer: DataState.STALE}
        return self.cluster.write_data(states, records)


def make_agent(parameters: Parameters) -> Agent:
    """The agent of this node."""
    return Agent(parameters, Server(parameters), Cluster(parameters))
