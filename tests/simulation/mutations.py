"""Every safety condition of the agent is taken out once; the simulation has to notice.

A mutation names a function of the agent and replaces a piece of its text, or gives a constant another value. The
code of the function is exchanged in place, so whoever has imported it runs the mutant as well.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from types import CodeType, FunctionType
from typing import Any

from simulation.chance import draw
from simulation.engine import SimulationError
from simulation.incidents import INCIDENTS
from simulation.schedule import Run, carry_out

# Moments move a little with every change of the agent: an incident is tried with a few more seeds.
OTHER_SEEDS = 15


@dataclass(frozen=True, slots=True)
class Change:
    """A piece of the agent, `module.function` or `module.Class.function`, and what stands in its place."""

    where: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutation:
    """A condition without which the promise does not hold. Conditions that stand for each other go together."""

    condition: str
    changes: tuple[Change, ...]


def _without(condition: str, where: str, old: str, new: str, *more: Change) -> Mutation:
    return Mutation(condition, (Change(where, old, new), *more))


MUTATIONS = (
    _without(
        "histories are compared, not numbers; no two promotions share a number; who is ahead is no copy",
        "divergence.Line.end_of",
        "if before != ancestors:",
        "if False:",
        Change(
            "timelines.next_number",
            "return lowest if lowest % 2 == parity else lowest + 1",
            "return newest + 1",
        ),
        Change("monitor._standby_has_this_history", "return peer is not None and", "return True or"),
        Change(
            "standby._judge_what_streams", "if verdict in (Verdict.DIVERGED, Verdict.FOREIGN):", "if False:"
        ),
        Change(
            "replication.ReplicationView.standby_is_ahead",
            "return self.link.streaming and",
            "return False and",
        ),
        Change("replication._while_alone", "0 <= behind <=", "behind <="),
        Change("replication._handshake", "min(view.link.flushed, view.link.replayed)", "view.link.flushed"),
    ),
    _without(
        "who is stale is not promoted",
        "replication.why_not_promoted",
        "candidate.own not in (DataState.LATEST, DataState.SYNC)",
        "candidate.own is None",
    ),
    _without(
        "who has not met its peer since it came up or was cut off is not promoted alone",
        "replication.why_not_promoted",
        "if not candidate.met and not candidate.peer_is_member:",
        "if False:",
    ),
    _without(
        "who is cut off forgets that it has met its peer",
        "contact.is_cut_off",
        "return is_outvoted(around) or apart or",
        "return False and",
    ),
    _without(
        "a frozen machine does not trust its membership",
        "cluster.stood_still",
        "return any(",
        "return False and any(",
    ),
    _without(
        "a promotion looks at quorum and networks",
        "actions._outer_obstacle",
        "if contact.is_cut_off(looks, around):",
        "return None\n    if contact.is_cut_off(looks, around):",
    ),
    _without(
        "a promotion heeds what its own look has just found",
        "actions._outer_obstacle",
        "if contact.is_cut_off(looks, around):",
        "if replication.is_outvoted(around):",
    ),
    _without(
        "a former primary asks its peer before it is promoted again",
        "actions._outer_obstacle",
        "or peer_may_serve",
        "or False",
    ),
    _without(
        "a promotion waits until the networks show who is cut off",
        "actions._doubt",
        "end = waiting.now_s() + DOUBT_S",
        "return None\n    end = 0.0",
    ),
    _without(
        "a promoted server acknowledges nothing before its claim",
        "actions.promote",
        "if not agent.claim(records, timeline=number):",
        "agent.server.write_replication_settings(required=False)\n"
        "    agent.server.reload()\n"
        "    waiting.pause(2.0)\n"
        "    if not agent.claim(records, timeline=number):",
    ),
    _without(
        "a claim names the peer's data stale",
        "agent.Agent.claim",
        "self.parameters.peer: DataState.STALE",
        "self.parameters.peer: DataState.SYNC",
    ),
    _without(
        "what a primary records outranks changes on the other side of a cut",
        "cluster.Cluster.write_data",
        "if rank else",
        "if False else",
    ),
    _without(
        "the peer is recorded as stale before commits are released",
        "monitor._go_alone",
        "if view.peer is not DataState.STALE and not agent.claim(records):",
        "if False:",
    ),
    _without(
        "a member that is left behind has read that its data is stale",
        "monitor._go_alone",
        "and not agent.cluster.peer_has_read(peer, DataState.STALE)",
        "and False",
    ),
    _without(
        "evidence grows old: what was seen before a freeze releases nothing",
        "monitor._go_alone",
        "agent.cluster.quorum().quorate is not True or waiting.now_s() - view.looked_at > replication.FRESH_S",
        "False",
    ),
    _without(
        "without quorum no commit is released",
        "replication._without_standby",
        "if is_outvoted(around) or not around.quorate or around.peer_is_member is None:",
        "if around.peer_is_member is None:",
        Change("replication._without_standby", "if not view.met and", "if False and"),
    ),
    _without(
        "once cut off, no commit is released before both heads are together again",
        "replication._without_standby",
        "if not view.met and",
        "if False and",
    ),
    _without(
        "who does not see the clients' network is the one that is cut off",
        "replication._without_standby",
        "if around.without_vote and around.client_network_seen is False:",
        "if False:",
        Change(
            "contact.note", "gone = around.without_vote and not unseen and", "gone = around.without_vote and"
        ),
    ),
    _without(
        "a peer that still answers is not gone",
        "cluster.Cluster.surroundings",
        "peer_answers=signs.host, peer_serves=signs.programs",
        "peer_answers=False, peer_serves=False",
    ),
    _without(
        "the peer's silence lasts for three seconds before it counts",
        "replication._without_standby",
        "view.gone_s >= CONFIRM_S",
        "True",
    ),
    _without(
        "with fencing nobody goes on before the peer's power is off",
        "replication._without_standby",
        "and not around.fencing",
        "",
    ),
    _without(
        "a member is waited for as long as it has been one",
        "replication._without_standby",
        "min(max(view.link.silent_s, view.link.stuck_s), since_s)",
        "max(view.link.silent_s, view.link.stuck_s)",
        Change(
            "monitor._go_alone", "and not agent.cluster.peer_has_read(peer, DataState.STALE)", "and False"
        ),
    ),
    _without(
        "sync is recorded only after commits wait",
        "replication._handshake",
        "if view.redo >= view.phase_position else Decision.WATCH",
        "",
    ),
    _without(
        "sync is recorded only after the standby has everything from before",
        "replication._handshake",
        "if view.link.synchronous and has_all else Decision.WATCH",
        "",
    ),
    _without(
        "the standby counts while it waits for no other connection",
        "replication._while_alone",
        "view.link.connections == 1 and 0 <= behind <= NEARLY_CAUGHT_UP_BYTES",
        "True",
        Change("replication._handshake", "if view.link.synchronous and has_all else Decision.WATCH", ""),
    ),
    _without(
        "a repair touches nothing that is the latest, and only where somebody else has that",
        "rejoin.Repair._obstacle",
        "records = self.agent.cluster.nodes()",
        "return None\n    records = self.agent.cluster.nodes()",
        Change("standby.check_upstream", "if not following or", "if False and"),
        Change(
            "replication.promotion_score", "PRIMARY_SCORE + min(timeline, PRIMARY_SCORE)", "PRIMARY_SCORE"
        ),
    ),
    _without(
        "what a rewind takes back is set aside",
        "set_aside.keep_diverged_wal",
        "if timeline == divergence.timeline and first <= number <= last:",
        "if False:",
    ),
    _without(
        "what a copy replaces is set aside",
        "set_aside.move_data_directory",
        "files.move_directory(parameters.pgdata, kept)",
        "files.remove_tree(parameters.pgdata)",
    ),
    _without(
        "a server that is started again in place lets commits wait for the peer",
        "restart._may_go_on",
        "required=records[agent.parameters.peer].data is not DataState.STALE",
        "required=False",
    ),
    _without(
        "a primary that was overtaken yields",
        "replication.decide",
        "return Decision.YIELD",
        "return Decision.CLAIM",
        Change("divergence.Line.contains", "return end is not None and other.position <= end", "return True"),
    ),
    _without(
        "a primary that has commits alone yields only to data that is not contained in its own",
        "monitor._weigh_against_peer",
        "if not agent.acknowledged_alone:",
        "if True:",
    ),
    _without(
        "with an arbiter, a standby never takes the vote from a primary that lives",
        "tie_break.should_win",
        'if states.get(node) != "latest":\n        return False',
        'if states.get(node) == "latest":\n        return False\n    return True',
    ),
    _without(
        "the peer's knowledge counts as known here only after both heads have joined",
        "cluster.Cluster.peer_has_joined",
        "return process",
        "return True or process",
    ),
    _without(
        "who has no cable is the one that is cut off",
        "peer_signs.no_cable",
        "return all(",
        "return False and all(",
    ),
    _without(
        "a peer that lives outside of the membership may have been promoted",
        "contact.is_cut_off",
        "or around.peer_serves is True",
        "or False",
    ),
    _without(
        "a server starts as a standby, whatever it was",
        "postgres.Server.become_standby_at_start",
        "if not self.is_standby_at_start:",
        "if False:",
    ),
    _without(
        "half-rewound data is copied anew",
        "rejoin.Repair._repair",
        "files.write_durably(self.request.path(RECLONE)",
        "len(self.request.path(RECLONE)",
    ),
    _without(
        "a lost record is replaced only by data that contains the other",
        "standby.replace_lost_record",
        "if not own.contains(other) or (other.contains(own) and not agent.parameters.is_first):",
        "if False:",
    ),
    _without(
        "a promotion whose claim is not confirmed releases nothing",
        "actions.promote",
        "if not agent.claim(records, timeline=number):",
        "if agent.claim(records, timeline=number) is None:",
    ),
    _without(
        "who stood still during a promotion looks again before it claims",
        "actions.promote",
        "waiting.now_s() - looked_at > replication.FRESH_S and",
        "False and",
    ),
    _without(
        "outside of the membership a living peer is waited for without end",
        "replication._without_standby",
        "if not around.peer_is_member and (around.fencing or around.peer_serves is not False):",
        "if False:",
        Change("contact.is_cut_off", "or around.peer_serves is True", "or False"),
    ),
    _without("the settings in force are the ones that the promise needs", "postgres._CERTAIN", "", "()"),
    _without("a primary that is busy is not demoted", "monitor._BUSY", "", "()"),
    _without(
        "what cannot be remembered prevents no action",
        "memory.write_facts",
        "except DiskProblem as problem:",
        "except ZeroDivisionError as problem:",
    ),
    _without(
        "nothing is claimed before the own disk has answered",
        "agent.Agent.claim",
        "is_new = self.mark_alone()",
        "is_new = False",
        Change(
            "restart._may_go_on",
            "agent.server.write_replication_settings(",
            "agent.claim(records)\n    agent.server.write_replication_settings(",
        ),
    ),
)


@contextmanager
def mutated(mutation: Mutation) -> Iterator[None]:
    """The agent without a condition while the block runs."""
    with ExitStack() as undo:
        for where in dict.fromkeys(change.where for change in mutation.changes):
            undo.callback(_apply(where, [change for change in mutation.changes if change.where == where]))
        yield


def _apply(where: str, changes: list[Change]) -> Callable[[], None]:
    module_name, _, path = where.partition(".")
    module = importlib.import_module(f"live_cluster_agent.{module_name}")
    owner: Any = module
    *classes, name = path.split(".")
    for part in classes:
        owner = getattr(owner, part)
    found = inspect.getattr_static(owner, name)
    if not changes[0].old:
        setattr(owner, name, ast.literal_eval(changes[0].new))
        return lambda: setattr(owner, name, found)
    function = found.fget if isinstance(found, property) else found
    assert isinstance(function, FunctionType)
    text = textwrap.dedent(inspect.getsource(function)).removeprefix("@property\n")
    for change in changes:
        if change.old not in text:
            raise SimulationError(f"{where} does not contain: {change.old}")
        text = text.replace(change.old, change.new)
    before, function.__code__ = function.__code__, _code(text, where)

    def restore() -> None:
        function.__code__ = before

    return restore


def _code(text: str, where: str) -> CodeType:
    """The code of the one function in a text."""
    compiled = compile(f"from __future__ import annotations\n{text}", where, "exec")
    return next(part for part in compiled.co_consts if isinstance(part, CodeType))


@dataclass(frozen=True, slots=True)
class Catch:
    """How a mutant was found out: by which schedule, after how many, in how many seconds; by None: it was not."""

    mutation: Mutation
    by: str | None
    broken: str
    schedules: int
    seconds: float


def catch(mutation: Mutation, *, seconds: float, seed: int) -> Catch:
    """Try the known incidents, then schedules from seeds, until a promise is broken that the agent itself keeps."""
    began, tried = time.monotonic(), 0
    for name, run in _runs(seed):
        tried += 1
        with mutated(mutation):
            mutant = run()
        spent = time.monotonic() - began
        if mutant.failed and not run().failed:
            return Catch(mutation, name, mutant.violations[0].kind, tried, spent)
        if spent >= seconds:
            break
    return Catch(mutation, None, "", tried, time.monotonic() - began)


def _runs(seed: int) -> Iterator[tuple[str, Callable[[], Run]]]:
    """Each incident as it is, then with other seeds, then schedules by chance."""
    for more in range(OTHER_SEEDS + 1):
        for known in INCIDENTS:
            varied = replace(known, schedule=replace(known.schedule, seed=known.schedule.seed + more))
            yield f"incident: {known.name}", varied.carry_out
    while True:
        schedule = draw(seed)
        yield f"seed {seed}", lambda schedule=schedule: carry_out(schedule)
        seed += 1
