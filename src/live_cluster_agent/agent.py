"""What every action works with, and the small things that several actions do."""

from dataclasses import dataclass, replace

from live_cluster_agent import contact, files, history, log, memory, replication, tie_break, waiting
from live_cluster_agent.cluster import Cluster, NodeRecord
from live_cluster_agent.contact import Contact
from live_cluster_agent.parameters import Parameters
from live_cluster_agent.postgres import Server
from live_cluster_agent.replication import DataState, Eligibility, Surroundings

# Present while commits may be acknowledged by this server alone; decides what a later repair must keep.
ALONE_MARK = "alone"
# How much what a primary records outranks changes on the other side of a cut. Where both sides have given up their
# peer, the one that was promoted has the newer history.
ALONE_RANK = 1
PROMOTION_RANK = 100


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

    def mark_alone(self) -> bool:
        """Note, before the first such commit, that this server acknowledges commits alone; whether that is new.

        Written also where the note is there already: it proves that this node's disk works.
        """
        is_new = not self.acknowledged_alone
        files.write_durably(self.parameters.state(ALONE_MARK), "commits here may exist nowhere else\n")
        return is_new

    @property
    def acknowledged_alone(self) -> bool:
        """Whether commits of this server may exist nowhere else."""
        return files.read_text(self.parameters.state(ALONE_MARK)) is not None

    def clear_alone(self) -> None:
        """Every commit is on both servers again."""
        files.remove_durably(self.parameters.state(ALONE_MARK))

    def look_at_records(self) -> dict[str, NodeRecord]:
        """The records of both nodes; what failed lately on either goes into the history."""
        records, failures = self.cluster.nodes_and_failures()
        history.note_failures(self.parameters, failures)
        return records

    def eligibility(self, records: dict[str, NodeRecord], *, repair_pending: bool) -> Eligibility:
        """This node as a candidate, asking for the membership only when the answer can depend on it."""
        own, peer = records[self.parameters.node], records[self.parameters.peer]
        candidate = Eligibility(
            own=own.data,
            peer=peer.data,
            met=own.met,
            peer_is_member=None,
            repair_pending=repair_pending,
            wanted=own.wanted_until > waiting.wall_clock_s(),
        )
        if own.met or replication.why_not_promoted(candidate) is None:
            return candidate
        return replace(candidate, peer_is_member=self.cluster.quorum().peer_is_member)

    def look_around(self, *, met: bool = True, ask_peer: bool = False) -> tuple[Surroundings, Contact]:
        """One look at cluster and networks, and what all looks together say; a node that is cut off records it."""
        path = f"{self.parameters.run_dir}/{self.parameters.resource}.contact.json"
        before = contact.load(path)
        around = self.cluster.surroundings(ask_peer=ask_peer)
        now = waiting.now_s()
        proof = (
            self.cluster.client_network_answers() if contact.proof_is_due(before, around, now_s=now) else None
        )
        around = contact.weigh(around, before, now_s=now)
        after = contact.note(before, around, now_s=now, proof=proof)
        contact.save(path, after)
        if met and contact.is_cut_off(after, around):
            # Only the peer's return makes this node's knowledge sure again.
            log.warning("this node is cut off: it waits for the peer before it serves alone")
            history.note(self.parameters, "cut-off")
            self._note_met(met=False)
            self.cluster.set_met(met=False)
        return around, after

    def keep_contact(self, records: dict[str, NodeRecord]) -> None:
        """Record that the peer's knowledge has arrived here, or that it may have moved on without this node."""
        met = records[self.parameters.node].met
        around, _ = self.look_around(met=met)
        if not met and around.quorate and around.peer_is_member and self.cluster.peer_has_joined():
            self.cluster.set_met(met=True)
            met = True
        if met and around.quorate and around.peer_is_member:
            self._note_met(met=True)

    def _note_met(self, *, met: bool) -> None:
        """For the arbiter's tie: the cluster configuration's transient part is in no file."""
        path = tie_break.met_path(self.parameters.run_dir, self.parameters.resource)
        if met:
            memory.write_facts(path, {})
        else:
            files.remove_durably(path)

    @property
    def proof_is_due(self) -> bool:
        """Whether a look is due although nothing is in doubt."""
        before = contact.load(f"{self.parameters.run_dir}/{self.parameters.resource}.contact.json")
        return waiting.now_s() - before.asked_at >= contact.PROOF_EVERY_S

    def claim(self, records: dict[str, NodeRecord], *, timeline: int = 0) -> bool:
        """Write that only this node's data is the latest; True when the cluster has confirmed it.

        It outranks whatever the other side of a cut writes meanwhile, most of all with the timeline of a promotion.
        The disk comes first: a node whose disk answers nothing claims nothing. Without the cluster's word nothing
        is acknowledged alone, and the note of it is taken back.
        """
        states = {self.parameters.node: DataState.LATEST, self.parameters.peer: DataState.STALE}
        rank = PROMOTION_RANK if timeline else ALONE_RANK
        is_new = self.mark_alone()
        confirmed = False
        try:
            confirmed = self.cluster.write_data(states, records, timeline=timeline, rank=rank)
        finally:
            if is_new and not confirmed:
                self.clear_alone()
        return confirmed


def make_agent(parameters: Parameters) -> Agent:
    """The agent of this node."""
    return Agent(parameters, Server(parameters), Cluster(parameters))
