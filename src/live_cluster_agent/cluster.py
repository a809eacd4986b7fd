"""What the cluster knows and is told: node attributes, promotion score, quorum."""

import os
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from live_cluster_agent import peer_signs, process, waiting
from live_cluster_agent.bonds import NETWORK
from live_cluster_agent.history import Failure, parse_failures
from live_cluster_agent.outcome import AgentProblem, ClusterSilent
from live_cluster_agent.parameters import Parameters
from live_cluster_agent.replication import DataState, Surroundings

# A cluster without a designated controller answers writes only after its election.
ANSWER_S = 10.0
# After a thaw Corosync showed the old membership for 2 s.
OUTDATED_MS = 10_000
# Transient node attribute RESOURCE-wanted: `live-cluster switchover` asks for the primary on this node. Nothing of
# it is left behind: it ends by itself, with the first attempt to promote, or when the node leaves the cluster.
WANTED = "wanted"
# Permanent node attribute RESOURCE-timeline: see timelines.
TIMELINE = "timeline"
_XPATH = "//nodes|//transient_attributes"
# Pacemaker keeps the last failure of each resource on each node under such an id, until it is forgotten.
_WITH_FAILURES = f"{_XPATH}|//lrm_rsc_op[contains(@id, '_last_failure_')]"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRecord:
    """One node in the cluster configuration; identifiers are kept so that updates hit the existing attribute.

    timeline: the number of the newest timeline that this node has claimed. wanted_until: an administrator wants the
    primary here, and this is when the wish ends (seconds since 1970).
    network: the bonds that have lost an interface there (see bonds).
    """

    identifier: str
    set_id: str
    pair_id: str
    data: DataState | None
    met: bool
    score: str | None
    timeline: int = 0
    wanted_until: float = 0.0
    network: str = ""


def highest_claimed(records: Mapping[str, NodeRecord]) -> int:
    """The highest number of a timeline that any node has claimed."""
    return max(record.timeline for record in records.values())


def own_name(environment: Mapping[str, str]) -> str:
    """Cluster name of this node; Pacemaker tells its agents, anyone else has to ask it."""
    name = environment.get("OCF_RESKEY_CRM_meta_on_node")
    if name:
        return name
    answer = process.run(("crm_node", "--name"), timeout_s=ANSWER_S)
    return answer.out.strip() if answer.succeeded else os.uname().nodename


def parse_nodes(text: str, resource: str) -> dict[str, NodeRecord]:
    """Records by node name, from the CIB's nodes section and the transient attributes."""
    import xml.etree.ElementTree as ElementTree

    root = ElementTree.fromstring(text)  # noqa: S314
    transient: dict[str, dict[str, str]] = {}
    for attributes in root.iter("transient_attributes"):
        pairs = {pair.get("name", ""): pair.get("value", "") for pair in attributes.iter("nvpair")}
        transient.setdefault(attributes.get("id", ""), {}).update(pairs)
    name = f"{resource}-data"
    records: dict[str, NodeRecord] = {}
    for node in root.iter("node"):
        identifier = node.get("id", "")
        fleeting = transient.get(identifier, {})
        found = next(
            (
                (set_.get("id", ""), pair.get("id", ""), pair.get("value", ""))
                for set_ in node.iter("instance_attributes")
                for pair in set_.iter("nvpair")
                if pair.get("name") == name
            ),
            (f"nodes-{identifier}", f"nodes-{identifier}-{name}", ""),
        )
        known = {str(state) for state in DataState}
        claimed = next(
            (
                pair.get("value", "")
                for pair in node.iter("nvpair")
                if pair.get("name") == f"{resource}-{TIMELINE}"
            ),
            "",
        )
        records[node.get("uname", "")] = NodeRecord(
            identifier=identifier,
            set_id=found[0],
            pair_id=found[1],
            data=DataState(found[2]) if found[2] in known else None,
            met=fleeting.get(f"{resource}-met") == "1",
            score=fleeting.get(f"master-{resource}"),
            timeline=int(claimed) if claimed.isdigit() else 0,
            wanted_until=_moment(fleeting.get(f"{resource}-{WANTED}", "")),
            network=fleeting.get(f"{resource}-{NETWORK}", ""),
        )
    return records


def _moment(text: str) -> float:
    return float(text) if text.isdigit() else 0.0


def parse_quorum(text: str, peer: str) -> Surroundings:
    """Quorum and membership, from corosync-quorumtool -s."""
    quorate = re.search(r"^Quorate:\s+(Yes|No)", text, re.MULTILINE)
    _, _, members = text.partition("Membership information")
    names = {
        line.split()[-2] if line.endswith("(local)") else line.split()[-1]
        for line in members.splitlines()
        if line.split()
    }
    return Surroundings(
        quorate=None if quorate is None else quorate.group(1) == "Yes",
        peer_is_member=None if quorate is None else peer in names,
        arbiter=re.search(r"^Flags:.*\bQdevice\b", text, re.MULTILINE) is not None,
    )


def parse_fencing(text: str, seen: Surroundings) -> Surroundings:
    """Whether Pacemaker cuts the power of lost nodes, and whether the peer's is off for certain."""
    import xml.etree.ElementTree as ElementTree

    root = ElementTree.fromstring(text)  # noqa: S314
    fencing = any(pair.get("value") == "true" for pair in root.iter("nvpair"))
    # Pacemaker expects a node to be down once its fencing has been confirmed, or it has announced its end; of one
    # that was merely lost it goes on to expect that it is a member.
    is_off = any(state.get("expected") == "down" for state in root.iter("node_state"))
    return replace(seen, fencing=fencing, peer_is_off=fencing and is_off)


def stood_still(misses: str, token: str, *, now_ms: float) -> bool:
    """Whether Corosync stood still for a token's time and has not had time since to learn what it missed."""
    found = re.search(r"= (\d+)\s*$", token)
    token_ms = float(found.group(1)) if found else 1000.0
    delays = dict(re.findall(r"schedmiss\.(\d+)\.delay \(\w+\) = ([\d.]+)", misses))
    moments = dict(re.findall(r"schedmiss\.(\d+)\.timestamp \(\w+\) = (\d+)", misses))
    return any(
        float(delay) >= token_ms and abs(now_ms - float(moments.get(number, 0))) < OUTDATED_MS
        for number, delay in delays.items()
    )


@dataclass(frozen=True, slots=True)
class Cluster:
    """The cluster as this resource uses it."""

    parameters: Parameters

    def nodes(self) -> dict[str, NodeRecord]:
        """The records of both nodes; raises AgentProblem when the local cluster service does not answer."""
        return self._records(self._local(_XPATH))

    def nodes_and_failures(self) -> tuple[dict[str, NodeRecord], list[Failure]]:
        """The same, and what has failed on either node lately: one question for both."""
        answer = self._local(_WITH_FAILURES)
        return self._records(answer), parse_failures(answer)

    def _local(self, xpath: str) -> str:
        answer = process.run(("cibadmin", "--query", "--local", "--xpath", xpath), timeout_s=ANSWER_S)
        if not answer.succeeded:
            raise ClusterSilent(f"the cluster configuration cannot be read: {answer.complaint}")
        return answer.out

    def _records(self, text: str) -> dict[str, NodeRecord]:
        records = parse_nodes(text, self.parameters.resource)
        missing = {self.parameters.node, self.parameters.peer} - set(records)
        if missing:
            raise AgentProblem(f"the cluster configuration has no node {' '.join(sorted(missing))}")
        return records

    def surroundings(self, *, ask_peer: bool = False) -> Surroundings:
        """Quorum, membership and networks; unknown while Corosync does not answer, as during a change.

        A peer that has lost power lets its caller wait: who takes over asks it only in doubt.
        """
        if self._was_frozen():
            return Surroundings(quorate=None, peer_is_member=None, frozen=True)
        seen = self.quorum()
        if not seen.without_vote:
            return seen
        seen = self._with_fencing(seen)
        if seen.peer_is_off:
            return seen
        # Without a third vote only the networks can tell a peer that is gone from a cable that was pulled here.
        seen = replace(
            seen,
            client_network_seen=self.client_network_answers() if self.parameters.client_network else None,
            has_cable=not peer_signs.no_cable(self.parameters),
        )
        if not ask_peer:
            return seen
        signs = peer_signs.look(self.parameters)
        return replace(seen, peer_answers=signs.host, peer_serves=signs.programs)

    def _with_fencing(self, seen: Surroundings) -> Surroundings:
        xpath = f"//node_state[@uname='{self.parameters.peer}']|//nvpair[@name='stonith-enabled']"
        argv = ("cibadmin", "--query", "--local", "--no-children", "--xpath", xpath)
        answer = process.run(argv, timeout_s=ANSWER_S)
        return parse_fencing(answer.out, seen) if answer.succeeded else seen

    def client_network_answers(self) -> bool:
        """Whether an address of the client network answers now."""
        pings = [peer_signs.ping(address) for address in self.parameters.client_network]
        return 0 in process.side_by_side(pings, timeout_s=peer_signs.LOOK_S + 10.0)

    def quorum(self) -> Surroundings:
        """Only what Corosync says, without a look at the networks."""
        answer = process.run(("corosync-quorumtool", "-s"), timeout_s=2.0)
        return parse_quorum(answer.out, self.parameters.peer)

    def _was_frozen(self) -> bool:
        misses = process.run(("corosync-cmapctl", "-m", "stats", "stats.schedmiss"), timeout_s=2.0)
        if "delay" not in misses.out:
            return False
        token = process.run(("corosync-cmapctl", "-g", "runtime.config.totem.token"), timeout_s=2.0)
        return stood_still(misses.out, token.out, now_ms=waiting.wall_clock_s() * 1000)

    def write_data(
        self,
        states: Mapping[str, DataState],
        records: Mapping[str, NodeRecord],
        *,
        timeline: int = 0,
        rank: int = 0,
    ) -> bool:
        """Change the data states in one step for both nodes; True when the cluster has confirmed it.

        When two halves of a cluster meet, the configuration with the higher admin_epoch wins, whatever the other
        half has changed (Pacemaker Explained, "Configuration version"): the change raises it by its rank. A
        timeline is recorded as claimed by this node.
        """
        name = f"{self.parameters.resource}-data"
        claimed = {self.parameters.node: timeline} if timeline else {}
        nodes = "".join(
            f'<node id="{records[node].identifier}"><instance_attributes id="{records[node].set_id}">'
            f'<nvpair id="{records[node].pair_id}" name="{name}" value="{state}"/>'
            f"{self._claimed(records[node], claimed.get(node))}</instance_attributes></node>"
            for node, state in states.items()
        )
        version = f' admin_epoch="{self._admin_epoch() + rank}"' if rank else ""
        change = f"<cib{version}><configuration><nodes>{nodes}</nodes></configuration></cib>"
        argv = ("cibadmin", "--modify", "--allow-create", "--xml-text", change)
        if not process.run(argv, timeout_s=ANSWER_S).succeeded:
            return False
        now = self.nodes()
        return all(now[node].data is state for node, state in states.items())

    def _claimed(self, record: NodeRecord, timeline: int | None) -> str:
        if timeline is None:
            return ""
        name = f"{self.parameters.resource}-{TIMELINE}"
        return f'<nvpair id="nodes-{record.identifier}-{name}" name="{name}" value="{timeline}"/>'

    def _admin_epoch(self) -> int:
        answer = process.run(("cibadmin", "--query", "--local", "--no-children"), timeout_s=ANSWER_S)
        found = re.search(r'<cib\b[^>]*\badmin_epoch="(\d+)"', answer.out)
        if found is None:
            raise ClusterSilent(
                f"the version of the cluster configuration cannot be read: {answer.complaint}"
            )
        return int(found.group(1))

    def peer_has_joined(self) -> bool:
        """Whether both nodes follow the same controller, and so hold the same configuration."""
        xpath = f"//node_state[@uname='{self.parameters.peer}'][@join='member']"
        argv = ("cibadmin", "--query", "--local", "--no-children", "--xpath", xpath)
        return process.run(argv, timeout_s=ANSWER_S).succeeded

    def peer_has_read(self, node: str, state: DataState) -> bool:
        """Whether the peer's own copy of the configuration says so; only asked while it is a member."""
        argv = ("cibadmin", "--query", "--node", self.parameters.peer, "--xpath", _XPATH)
        answer = process.run(argv, timeout_s=ANSWER_S)
        return answer.succeeded and parse_nodes(answer.out, self.parameters.resource)[node].data is state

    def set_score(self, score: int | None, *, known: str | None) -> None:
        """Tell Pacemaker how well this node suits as primary; None is minus infinity."""
        value = "-INFINITY" if score is None else str(score)
        if value == known:
            return
        # `-p -v -INFINITY`, as the field's helper writes it, is misread by crm_attribute 2.1.5 (rc 105).
        promotion = f"--promotion={self.parameters.resource}"
        self._attribute(promotion, f"--update={value}")

    def set_network(self, degraded: str, *, known: str) -> None:
        """Tell the other node which bonds here have lost an interface; nothing is started while that is known."""
        if degraded != known:
            change = f"--update={degraded}" if degraded else "--delete"
            self._attribute("--lifetime=reboot", f"--name={self.parameters.resource}-{NETWORK}", change)

    def forget_wish(self) -> None:
        """An administrator's wish for the primary is good for one attempt."""
        self._attribute(*self._no_wish)

    @property
    def _no_wish(self) -> tuple[str, ...]:
        return ("--lifetime=reboot", f"--name={self.parameters.resource}-{WANTED}", "--delete")

    def take_over_scores(self, *, peer_is_member: bool, wanted: bool) -> AbstractContextManager[None]:
        """Change both scores while the promotion runs, and end the wish for it.

        With the former ones Pacemaker would promote the former primary again as soon as nothing forbids it.
        """
        changes = [(self.parameters.node, "1000")]
        if peer_is_member:
            changes.append((self.parameters.peer, "-INFINITY"))
        promotion = f"--promotion={self.parameters.resource}"
        commands: list[tuple[str, ...]] = [
            ("crm_attribute", f"--node={node}", promotion, f"--update={value}") for node, value in changes
        ]
        if wanted:
            commands.append(self._command(*self._no_wish))
        return process.beside(commands, timeout_s=ANSWER_S)

    def forget_score(self) -> None:
        """A stopped database is no candidate."""
        self._attribute(f"--promotion={self.parameters.resource}", "--delete")

    def set_met(self, *, met: bool) -> None:
        """Record, until this node leaves the cluster, whether it has seen the peer's knowledge."""
        change = "--update=1" if met else "--delete"
        self._attribute("--lifetime=reboot", f"--name={self.parameters.resource}-met", change)
        if met:
            # When a controller dies, this node's attributes vanish from the configuration, but the attribute
            # daemon still has them and passes on only what changes (seen: this node could not be promoted any
            # more, and its connectivity counted as none).
            process.run(("attrd_updater", "--refresh"), timeout_s=ANSWER_S)

    def _attribute(self, *arguments: str) -> None:
        process.run(self._command(*arguments), timeout_s=ANSWER_S)

    def _command(self, *arguments: str) -> tuple[str, ...]:
        return ("crm_attribute", f"--node={self.parameters.node}", *arguments)
