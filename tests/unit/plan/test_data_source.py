"""Whose data is the source where no cluster says so: by what the data of both heads says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_case import blueprint, facts, settings, situation, with_head

from live_cluster.errors import Severity
from live_cluster.messages import render
from live_cluster.model.data_sides import DataSide, Source, contains, format_lsn, parse_lsn, source_of
from live_cluster.model.database_settings import Setting
from live_cluster.model.facts import ClusterFacts
from live_cluster.plan.database_steps import RECLONE, database_hand_over
from live_cluster.plan.prerequisites import problems_of
from live_cluster.plan.step import Impact, Step
from live_cluster.probes.data_sides import data_side, end_of, end_request, parse_histories, side_requests
from live_cluster.remote.requests import CommandResult, FileState, Reply, Request
from recordings.configure.recorded import HEADS, RELEASES

FIRST, SECOND = HEADS
# The second head was promoted at 1000 of the first timeline and went on alone.
OLD = DataSide(node=FIRST, system="7", timeline=1, end=1000, runs=True, was_member=True)
NEW = DataSide(
    node=SECOND,
    system="7",
    timeline=2,
    history=((1, 1000),),
    end=5000,
    runs=True,
    is_primary=True,
    alone=True,
    was_member=True,
)


def test_a_copy_that_stopped_at_the_fork_is_contained_in_what_came_of_it() -> None:
    assert contains(NEW, OLD)
    assert not contains(OLD, NEW)
    assert source_of(OLD, NEW) == Source(node=SECOND, is_certain=True, nothing_lost=True, follows=True)


def test_the_place_of_a_head_does_not_matter() -> None:
    swapped = source_of(replace(NEW, node=FIRST), replace(OLD, node=SECOND))
    assert swapped == Source(node=FIRST, is_certain=True, nothing_lost=True, follows=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # Both have acknowledged beside each other.
        (replace(OLD, end=1001, alone=True), NEW),
        # The same number, another fork: the second promotion did not know of the first one.
        (replace(NEW, node=FIRST, history=((1, 900),), is_primary=False), NEW),
        # Where one ends is not known.
        (replace(OLD, end=None, alone=True), NEW),
        (replace(OLD, timeline=3, history=((1, 1000), (2, 4000)), end=4100, alone=True), NEW),
        # Both have been in a cluster, and have nothing in common.
        (replace(OLD, system="8"), NEW),
    ],
    ids=["both alone", "number used twice", "unknown end", "beyond the fork", "other system"],
)
def test_where_neither_has_all_of_the_other_nobody_is_chosen(old: DataSide, new: DataSide) -> None:
    assert source_of(old, new).node == ""


def test_what_was_written_beyond_the_fork_and_never_acknowledged_alone_gives_way() -> None:
    found = source_of(replace(OLD, end=1040), NEW)
    assert found == Source(node=SECOND, is_certain=True)


def test_on_one_timeline_the_longer_one_counts_and_between_equals_the_primary() -> None:
    ahead, behind = replace(OLD, end=2000), replace(OLD, node=SECOND, end=1500)
    assert source_of(ahead, behind).node == FIRST
    assert source_of(replace(behind, node=FIRST), replace(ahead, node=SECOND)).node == SECOND
    equal = replace(OLD, node=SECOND, is_primary=True)
    assert source_of(OLD, equal).node == SECOND
    assert source_of(OLD, replace(equal, is_primary=False)).node == FIRST


def test_a_contained_server_that_runs_as_a_primary_needs_a_fresh_copy() -> None:
    found = source_of(replace(OLD, is_primary=True), NEW)
    assert (found.node, found.nothing_lost, found.follows) == (SECOND, True, False)


def test_a_new_head_gets_the_data_of_the_one_that_was_in_the_cluster() -> None:
    fresh = DataSide(node=FIRST, system="9", timeline=1, end=100, runs=True)
    assert source_of(fresh, NEW).node == SECOND
    assert source_of(fresh, replace(NEW, was_member=False)).node == FIRST


def test_an_order_to_give_one_side_up_is_a_decision() -> None:
    apart = replace(OLD, end=2000, alone=True)
    assert source_of(replace(apart, given_up=True), NEW) == Source(node=SECOND, is_certain=True)
    assert source_of(apart, replace(NEW, given_up=True)) == Source(node=FIRST, is_certain=True)


# -- in the plan --------------------------------------------------------------------------------------------------


def seen(first: DataSide, second: DataSide) -> ClusterFacts:
    return with_head(with_head(facts(), 1, side=first), 2, side=second)


def copy_steps(found: ClusterFacts) -> dict[str, Step]:
    """By head, what becomes of the order for a fresh copy."""
    plan = blueprint(found)
    steps = {name: database_hand_over(plan, name) for name in HEADS}
    return {
        name: next(one for one in some if one.code == "database-copy-requested" or RECLONE in str(one.check))
        for name, some in steps.items()
    }


def test_the_second_head_can_be_the_source() -> None:
    found = seen(OLD, NEW)
    plan = blueprint(found)
    assert [plan.data_source(name) for name in HEADS] == [SECOND, SECOND]
    assert plan.primary == SECOND
    assert plan.serves(SECOND)
    assert not plan.serves(FIRST)
    assert [one.code for one in copy_steps(found).values()] == ["file-absent", "file-absent"]


def test_what_has_something_of_its_own_is_asked_about_and_set_aside() -> None:
    step = copy_steps(seen(replace(OLD, end=1040), NEW))[FIRST]
    assert (step.code, step.impact) == ("database-copy-requested", Impact.REPLACES_DATA)
    assert step.asks is not None


def test_what_is_contained_is_replaced_without_a_question() -> None:
    rows = with_head(seen(replace(OLD, is_primary=True), NEW), 1, user_rows=7)
    step = copy_steps(rows)[FIRST]
    assert (step.code, step.impact, step.asks) == ("database-copy-requested", Impact.NONE, None)


def judged(found: ClusterFacts) -> list[str]:
    return sorted(f"{one.code} {one.node}".strip() for one in problems_of(replace(situation(), facts=found)))


def test_a_choice_that_nobody_can_make_for_the_administrator_shows_both_sides() -> None:
    found = seen(replace(OLD, end=2000, alone=True), NEW)
    (problem,) = problems_of(replace(situation(), facts=found))
    assert problem.code == "data-sides-differ"
    for language in ("en", "ru"):
        text = render(problem.message, language)  # type: ignore[arg-type]
        for words in (FIRST, SECOND, "0/7D0", "0/1388", "1@0/3E8", RECLONE):
            assert words in text


def test_rows_on_the_second_head_are_no_obstacle_where_it_is_the_source() -> None:
    rows = with_head(with_head(seen(OLD, NEW), 1, user_rows=0), 2, user_rows=5)
    assert judged(rows) == []
    # Nothing is copied where the other side follows.
    assert judged(with_head(rows, 2, size_bytes=10**15)) == []
    assert judged(with_head(seen(replace(OLD, end=1040), NEW), 2, size_bytes=10**15)) == [
        f"no-room-for-copy {FIRST}"
    ]


AUTO = "/var/lib/postgresql/15/main/postgresql.auto.conf"
LOCAL = Setting("running", "synchronous_commit", "local", AUTO, "3", "configuration file")


def test_a_setting_that_wins_over_ours_stops_the_run_where_the_data_goes_on() -> None:
    assert judged(with_head(facts(), 1, settings=(LOCAL,))) == [f"database-overridden-setting {FIRST}"]
    # It is replaced with the data.
    assert judged(with_head(facts(), 2, settings=(LOCAL,))) == []
    joined = facts(configured=True)
    assert judged(with_head(joined, 2, settings=(LOCAL,))) == [f"database-overridden-setting {SECOND}"]


def test_the_command_that_takes_it_back_is_named() -> None:
    now = replace(situation(), facts=with_head(facts(), 1, settings=(LOCAL,)))
    (problem,) = problems_of(now)
    assert problem.severity is Severity.ERROR
    assert "ALTER SYSTEM RESET synchronous_commit" in render(problem.message, "en")
    assert f"{AUTO}, line 3" in render(problem.message, "en")


def test_nothing_is_compared_where_a_cluster_knows() -> None:
    assert [head.database.side for head in facts(configured=True).heads] == [None, None]
    assert settings().heads[0].number == 1


# -- the answers --------------------------------------------------------------------------------------------------

CONTROL = """Database system identifier:           7400000000000000001
Database cluster state:               {state}
Latest checkpoint's REDO location:    0/3000060
Latest checkpoint's TimeLineID:       1
Time of latest checkpoint:            Mon 23 Nov 2026 08:00:00 AM UTC
Min recovery ending loc's timeline:   0
Bytes per WAL segment:                16777216
"""
HISTORY = "/var/lib/postgresql/15/main/pg_wal/00000002.history:1\t0/30000D8\tno recovery target specified\n"


def answers(
    *, standing: str = "", files: frozenset[str] = frozenset(), segments: str = "000000010000000000000003"
) -> dict[Request, Reply]:
    control, listing, histories, question, alone, order, member = side_requests("15", port=5432)
    asked = CommandResult(returncode=0 if standing else 2, stdout=standing.encode())
    found: dict[Request, Reply] = {
        control: CommandResult(returncode=0, stdout=CONTROL.encode()),
        listing: CommandResult(returncode=0, stdout=segments.encode()),
        histories: CommandResult(returncode=0, stdout=HISTORY.encode()),
        question: asked,
    }
    names = ("alone", "reclone", "replication.conf")
    for request, name in zip((alone, order, member), names, strict=True):
        found[request] = FileState(exists=name in files)
    return found


def test_a_primary_tells_its_position_and_the_marks_lie_beside_it() -> None:
    names = frozenset({"alone", "replication.conf"})
    side = data_side(SECOND, "15", answers(standing="f\t0/3000500\n", files=names), port=5432)
    assert side is not None
    assert (side.system, side.timeline, side.end) == ("7400000000000000001", 1, 0x3000500)
    assert (side.is_primary, side.alone, side.was_member, side.given_up) == (True, True, True, False)
    assert side.checkpoint == "Mon 23 Nov 2026 08:00:00 AM UTC"


def test_the_files_know_of_a_newer_timeline_than_the_control_file() -> None:
    segments = "000000010000000000000003\n000000020000000000000003\n00000002.history\n"
    side = data_side(SECOND, "15", answers(standing="f\t0/3000500\n", segments=segments), port=5432)
    assert side is not None
    assert (side.timeline, side.history) == (2, ((1, 0x30000D8),))


def test_the_end_of_a_server_that_does_not_run_is_found_in_its_files() -> None:
    side = data_side(FIRST, "15", answers(), port=5432)
    assert side is not None
    assert (side.end, side.runs, side.is_primary) == (None, False, False)
    question = end_request("15", side, answers())
    assert question is not None
    assert question.argv[-4:] == ("--timeline", "1", "--start", "0/3000060")
    promoted = replace(side, timeline=2, history=((1, 0x30000D8),))
    later = end_request("15", promoted, answers())
    assert later is not None
    assert later.argv[-4:] == ("--timeline", "2", "--start", "0/30000D8")
    told = b"pg_waldump: error: error in WAL record at 0/30000A0: invalid record length at 0/30000D8: wanted 24\n"
    assert end_of(CommandResult(returncode=1, stderr=told)) == 0x30000D8
    assert end_of(CommandResult(returncode=1, stderr=b"could not find file\n")) is None


def test_no_data_directory_is_no_side() -> None:
    found = {one: CommandResult(returncode=1) for one in answers()}
    assert data_side(FIRST, "15", found, port=5432) is None


def test_positions_and_histories_are_read_as_postgresql_writes_them() -> None:
    assert parse_lsn("16/B374D848") == 0x16B374D848
    assert format_lsn(0x16B374D848) == "16/B374D848"
    assert parse_histories(HISTORY) == {2: ((1, 0x30000D8),)}


@pytest.mark.parametrize("release", RELEASES)
def test_a_first_run_begins_with_the_first_head(release: str) -> None:
    assert facts(release).source == Source(node=FIRST)
