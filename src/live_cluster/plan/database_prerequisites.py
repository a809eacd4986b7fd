"""Both heads' databases before anything is touched: whose data goes on, and what would win over our settings."""

from __future__ import annotations

from collections.abc import Iterator

from live_cluster.errors import Problem, Severity, problem
from live_cluster.messages import Message, message
from live_cluster.model.data_sides import DataSide, format_lsn
from live_cluster.model.database_settings import deviations_of, overriding, sentence
from live_cluster.model.facts import ClusterFacts, HeadFacts
from live_cluster.model.profile import Profile
from live_cluster.render.corosync_conf import is_ours
from live_cluster.render.postgresql_conf import STATE_DIR

FREE_LIMIT_BYTES = 512 * 1024 * 1024


def database_problems(profile: Profile, facts: ClusterFacts) -> Iterator[Problem]:
    """Every reason not to begin."""
    forming = not facts.has_resource(profile.resources.database_clone)
    source = facts.source.node
    if forming and not source:
        yield _choice(facts)
        return
    if forming:
        yield from _data(facts, source)
    for head in facts.heads:
        # The data of the other one, with what is set in it, is replaced or follows.
        if not forming or head.node.server.name == source:
            yield from _settings(head, before_our_files=forming or not is_ours(head.corosync_conf))


def _settings(head: HeadFacts, *, before_our_files: bool) -> Iterator[Problem]:
    name = head.node.server.name
    found = overriding(
        deviations_of(name, head.database.settings),
        before_our_files=before_our_files,
    )
    for one in found:
        yield Problem(message=sentence(one, "database-overridden"), node=name, severity=Severity.ERROR)


def _choice(facts: ClusterFacts) -> Problem:
    """Neither side has everything of the other: both are shown, and somebody has to choose."""
    first, second = (_side(head) for head in facts.heads)
    return problem("data-sides-differ", first=first, second=second, order=f"{STATE_DIR}/reclone")


def _side(head: HeadFacts) -> Message:
    side = head.database.side
    assert side is not None  # without both sides the first head's is the source
    state = "primary" if side.is_primary else "standby" if side.runs else "stopped"
    rows = head.database.user_rows
    return message(
        "data-side",
        node=side.node,
        system=side.system,
        timeline=side.timeline,
        history=_history(side),
        end="?" if side.end is None else format_lsn(side.end),
        state=message(f"data-side-{state}"),
        alone=message("data-side-alone" if side.alone else "data-side-not-alone"),
        rows="?" if rows is None else rows,
        checkpoint=side.checkpoint or "?",
    )


def _history(side: DataSide) -> str:
    return ", ".join(f"{timeline}@{format_lsn(end)}" for timeline, end in side.history[-3:]) or "-"


def _data(facts: ClusterFacts, source: str) -> Iterator[Problem]:
    """Only before the cluster exists: which head's data goes on, and does it fit on the other one?"""
    kept, other = facts.heads if facts.heads[0].node.server.name == source else facts.heads[::-1]
    names = {"node": source, "other": other.node.server.name}
    if kept.database.versions and kept.database.user_rows is None and not kept.database.handed_over:
        yield problem("database-silent", **names)
    if other.database.user_rows and not kept.database.user_rows and not facts.source.is_certain:
        yield problem("database-on-other-head", rows=other.database.user_rows, **names)
    free = dict(other.node.free_bytes).get("/var", dict(other.node.free_bytes).get("/", 0))
    need = 0 if facts.source.follows else kept.database.size_bytes + FREE_LIMIT_BYTES
    if need > free > 0:
        yield problem(
            "no-room-for-copy",
            node=other.node.server.name,
            need_mib=need // 2**20,
            free_mib=free // 2**20,
        )
