"""The primary's decisions and the right to be promoted: tables, and the truths that hold for all of them."""

from dataclasses import replace
from itertools import product

import pytest

from live_cluster_agent.replication import (
    WANTED_SCORE,
    DataState,
    Decision,
    Eligibility,
    HandshakePhase,
    ReplicationView,
    StandbyLink,
    Surroundings,
    decide,
    promotion_score,
    why_not_promoted,
)

GOOD_LINK = StandbyLink(streaming=True, synchronous=True, flushed=1000, replayed=1000)
LOST_LINK = StandbyLink(silent_s=3.0)
BOTH_HERE = Surroundings(quorate=True, peer_is_member=True)
PEER_GONE = Surroundings(quorate=True, peer_is_member=False, client_network_seen=True, peer_answers=False)
SYNCHRONOUS = ReplicationView(
    own=DataState.LATEST, peer=DataState.SYNC, required=True, link=GOOD_LINK, flushed=1000, redo=500
)
ALONE = replace(SYNCHRONOUS, peer=DataState.STALE, required=False, link=StandbyLink(silent_s=100.0))
RETURNING = replace(ALONE, link=replace(GOOD_LINK, synchronous=False))
UNRECORDED = replace(SYNCHRONOUS, own=DataState.SYNC, peer=DataState.LATEST, surroundings=BOTH_HERE)
AHEAD = replace(SYNCHRONOUS, link=replace(GOOD_LINK, flushed=1001))
LOSING = replace(SYNCHRONOUS, link=LOST_LINK)
LEAVING = replace(SYNCHRONOUS, peer=DataState.LEAVING)
SHAKING = replace(SYNCHRONOUS, peer=DataState.STALE, phase=HandshakePhase.REQUESTED, phase_position=600)
EFFECTIVE = replace(SHAKING, phase=HandshakePhase.EFFECTIVE, phase_position=1000)

TABLE: list[tuple[str, ReplicationView, Decision]] = [
    ("all is well", SYNCHRONOUS, Decision.KEEP),
    ("alone, and nobody there", ALONE, Decision.KEEP),
    # yielding and claiming
    (
        "the peer holds the latest data",
        replace(SYNCHRONOUS, own=DataState.STALE, peer=DataState.LATEST),
        Decision.YIELD,
    ),
    ("attributes were lost", replace(UNRECORDED, own=None, peer=None), Decision.CLAIM),
    ("an older configuration won a merge", UNRECORDED, Decision.CLAIM),
    ("unrecorded: look around first", replace(UNRECORDED, surroundings=None), Decision.LOOK_AROUND),
    (
        "unrecorded, without quorum",
        replace(UNRECORDED, surroundings=Surroundings(quorate=False, peer_is_member=False)),
        Decision.WATCH,
    ),
    (
        "unrecorded, and just thawed",
        replace(UNRECORDED, surroundings=Surroundings(quorate=None, peer_is_member=None, frozen=True)),
        Decision.WATCH,
    ),
    # from one copy to two
    ("standby is back: is it a member?", RETURNING, Decision.LOOK_AROUND),
    ("standby is back", replace(RETURNING, surroundings=BOTH_HERE), Decision.REQUIRE_STANDBY),
    ("standby of a node outside", replace(RETURNING, surroundings=PEER_GONE), Decision.KEEP),
    ("standby is far behind", replace(RETURNING, flushed=1000 + (17 << 20)), Decision.KEEP),
    ("standby is back but leaving", replace(RETURNING, peer=DataState.LEAVING), Decision.KEEP),
    ("checkpoint not seen yet", SHAKING, Decision.WATCH),
    ("checkpoint seen", replace(SHAKING, redo=600), Decision.NOTE_EFFECT),
    ("standby has all", EFFECTIVE, Decision.MARK_SYNC),
    (
        "standby has written all and not replayed it",
        replace(EFFECTIVE, link=replace(GOOD_LINK, replayed=999)),
        Decision.WATCH,
    ),
    (
        "standby is back beside a connection that has not ended",
        replace(RETURNING, link=replace(GOOD_LINK, synchronous=False, connections=2), surroundings=BOTH_HERE),
        Decision.KEEP,
    ),
    # a standby that has what its primary has not is no copy, whatever its connection looks like
    (
        "standby is back and ahead",
        replace(RETURNING, link=replace(GOOD_LINK, synchronous=False, flushed=1001), surroundings=BOTH_HERE),
        Decision.KEEP,
    ),
    ("synchronous and ahead: look around", AHEAD, Decision.LOOK_AROUND),
    ("synchronous and ahead", replace(AHEAD, surroundings=BOTH_HERE), Decision.GO_ALONE),
    (
        "ahead on the way",
        replace(EFFECTIVE, link=AHEAD.link, surroundings=BOTH_HERE),
        Decision.GO_ALONE,
    ),
    ("standby lacks some", replace(EFFECTIVE, link=replace(GOOD_LINK, flushed=999)), Decision.WATCH),
    (
        "standby is not synchronous",
        replace(EFFECTIVE, link=replace(GOOD_LINK, synchronous=False)),
        Decision.WATCH,
    ),
    (
        "required, nobody knows since when",
        replace(SHAKING, phase=HandshakePhase.NONE),
        Decision.REQUIRE_STANDBY,
    ),
    ("lost on the way", replace(EFFECTIVE, link=LOST_LINK, surroundings=BOTH_HERE), Decision.GO_ALONE),
    # from two copies to one
    ("silent: look around", LOSING, Decision.LOOK_AROUND),
    ("silent, a member", replace(LOSING, surroundings=BOTH_HERE), Decision.WATCH),
    (
        "silent for too long, a member",
        replace(LOSING, link=StandbyLink(silent_s=10.0), surroundings=BOTH_HERE, member_s=10.0),
        Decision.GO_ALONE,
    ),
    (
        "silent for long, a member again",
        replace(LOSING, link=StandbyLink(silent_s=30.0), surroundings=BOTH_HERE, member_s=9.0),
        Decision.WATCH,
    ),
    (
        "streams and does not move",
        replace(LOSING, link=replace(GOOD_LINK, stuck_s=10.0), surroundings=BOTH_HERE, member_s=10.0),
        Decision.GO_ALONE,
    ),
    ("moves slowly", replace(SYNCHRONOUS, link=replace(GOOD_LINK, stuck_s=9.0)), Decision.KEEP),
    ("gone for a moment", replace(LOSING, surroundings=PEER_GONE), Decision.WATCH),
    ("gone", replace(LOSING, surroundings=PEER_GONE, gone_s=3.0), Decision.GO_ALONE),
    ("not a member, but it streams", replace(SYNCHRONOUS, surroundings=PEER_GONE), Decision.KEEP),
    ("leaves on purpose", replace(LEAVING, surroundings=BOTH_HERE), Decision.GO_ALONE),
    (
        "gone, but it answers pings",
        replace(LOSING, surroundings=replace(PEER_GONE, peer_answers=True)),
        Decision.WATCH,
    ),
    (
        "gone for long, but it answers pings, and nobody asked its server",
        replace(LOSING, link=StandbyLink(silent_s=10.0), surroundings=replace(PEER_GONE, peer_answers=True)),
        Decision.WATCH,
    ),
    (
        "gone for long, and its server lives: perhaps as primary",
        replace(
            LOSING,
            link=StandbyLink(silent_s=90.0),
            surroundings=replace(PEER_GONE, peer_answers=True, peer_serves=True),
        ),
        Decision.WATCH,
    ),
    (
        "gone for long, and its host hangs",
        replace(
            LOSING,
            link=StandbyLink(silent_s=10.0),
            surroundings=replace(PEER_GONE, peer_answers=True, peer_serves=False),
        ),
        Decision.GO_ALONE,
    ),
    # cut off
    (
        "no quorum",
        replace(LOSING, surroundings=Surroundings(quorate=False, peer_is_member=False)),
        Decision.WATCH,
    ),
    (
        "no answer",
        replace(LOSING, surroundings=Surroundings(quorate=None, peer_is_member=None)),
        Decision.WATCH,
    ),
    (
        "frozen",
        replace(LOSING, surroundings=Surroundings(quorate=None, peer_is_member=None, frozen=True)),
        Decision.WATCH,
    ),
    (
        "neither peer nor clients",
        replace(LOSING, surroundings=replace(PEER_GONE, client_network_seen=False), gone_s=3.0),
        Decision.WATCH,
    ),
    (
        "neither peer nor clients, but the arbiter is on our side",
        replace(LOSING, surroundings=Surroundings(quorate=True, peer_is_member=False, arbiter=True)),
        Decision.GO_ALONE,
    ),
    # fencing: the heads shoot at each other
    (
        "gone, and its power is certainly off",
        replace(LOSING, surroundings=replace(PEER_GONE, fencing=True, peer_is_off=True)),
        Decision.GO_ALONE,
    ),
    (
        "its power is off, whatever the networks say",
        replace(
            LOSING,
            surroundings=replace(PEER_GONE, fencing=True, peer_is_off=True, client_network_seen=False),
        ),
        Decision.GO_ALONE,
    ),
    (
        "gone for long, but the fencing is not confirmed",
        replace(LOSING, gone_s=90.0, surroundings=replace(PEER_GONE, fencing=True)),
        Decision.WATCH,
    ),
    (
        "its host hangs, but the fencing is not confirmed",
        replace(
            LOSING,
            link=StandbyLink(silent_s=90.0),
            surroundings=replace(PEER_GONE, fencing=True, peer_answers=True, peer_serves=False),
        ),
        Decision.WATCH,
    ),
    ("was cut off, sees clients again", replace(LOSING, met=False, surroundings=PEER_GONE), Decision.WATCH),
    ("was cut off, the peer is back", replace(LOSING, met=False, surroundings=BOTH_HERE), Decision.WATCH),
    # repaired by hand or by a crash in between
    ("sync without being required", replace(ALONE, peer=DataState.SYNC), Decision.GO_ALONE),
]


@pytest.mark.parametrize(("view", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_decision(view: ReplicationView, expected: Decision) -> None:
    assert decide(view) is expected


def every_view() -> list[ReplicationView]:
    """All combinations that can matter to a primary with the latest data."""
    truths = (True, False, None)
    around = [
        Surroundings(
            quorate=quorate,
            peer_is_member=member,
            arbiter=arbiter,
            client_network_seen=seen,
            peer_answers=pong,
        )
        for quorate, member, arbiter, seen, pong in product(truths, truths, (False, True), truths, truths)
    ]
    around.append(Surroundings(quorate=None, peer_is_member=None, frozen=True))
    links = (GOOD_LINK, LOST_LINK, StandbyLink(silent_s=11.0), replace(GOOD_LINK, stuck_s=11.0))
    choices = product(
        (None, *DataState),
        (True, False),
        links,
        (True, False),
        HandshakePhase,
        (0.0, 10.0),
        around,
    )
    return [
        ReplicationView(
            own=DataState.LATEST,
            peer=peer,
            required=required,
            link=link,
            met=met,
            flushed=1000,
            redo=500,
            phase=phase,
            member_s=since_s,
            gone_s=since_s,
            surroundings=one,
        )
        for peer, required, link, met, phase, since_s, one in choices
    ]


VIEWS = every_view()
LATEST, SYNC, STALE, LEAVES = DataState.LATEST, DataState.SYNC, DataState.STALE, DataState.LEAVING


def test_commits_are_released_only_with_quorum_and_never_after_a_cut_off() -> None:
    for view in VIEWS:
        if not view.required or decide(view) is not Decision.GO_ALONE:
            continue
        around = view.surroundings
        assert around is not None
        assert around.quorate is True
        assert not around.frozen
        assert around.peer_is_member is not None
        if around.peer_is_member:
            assert view.peer is not SYNC or (view.met and view.member_s >= view.patience_s)
            continue
        assert view.met
        waited_s = max(view.link.silent_s, view.link.stuck_s)
        silent_host = around.peer_answers and around.peer_serves is False
        hangs = silent_host and (waited_s >= view.patience_s or view.peer is not SYNC)
        assert around.arbiter or around.client_network_seen is not False
        assert around.arbiter or view.gone_s >= 3.0 or hangs


def test_a_working_standby_is_never_left() -> None:
    for view in VIEWS:
        if view.required and view.link == GOOD_LINK and view.peer in (DataState.SYNC, DataState.STALE):
            assert decide(view) is not Decision.GO_ALONE


def test_sync_is_written_only_when_all_that_was_acknowledged_is_there() -> None:
    for view in VIEWS:
        if decide(view) is Decision.MARK_SYNC:
            assert view.required
            assert view.phase is HandshakePhase.EFFECTIVE
            assert view.link.synchronous
            assert view.link.flushed >= view.phase_position


HERE = True
GONE = False
CANDIDATES: list[tuple[str, Eligibility, int | None]] = [
    ("holder of the latest data", Eligibility(own=LATEST, peer=SYNC, met=True, peer_is_member=GONE), 900),
    (
        "sole survivor, alone since boot",
        Eligibility(own=LATEST, peer=STALE, met=False, peer_is_member=GONE),
        900,
    ),
    (
        "sole survivor of a planned stop",
        Eligibility(own=LATEST, peer=LEAVES, met=False, peer_is_member=GONE),
        900,
    ),
    (
        "latest, alone since boot, peer was sync",
        Eligibility(own=LATEST, peer=SYNC, met=False, peer_is_member=GONE),
        None,
    ),
    ("latest, the peer is here", Eligibility(own=LATEST, peer=SYNC, met=False, peer_is_member=HERE), 900),
    ("synchronous standby", Eligibility(own=SYNC, peer=LATEST, met=True, peer_is_member=GONE), 100),
    (
        "synchronous standby, alone since boot",
        Eligibility(own=SYNC, peer=LATEST, met=False, peer_is_member=GONE),
        None,
    ),
    ("membership unknown", Eligibility(own=SYNC, peer=LATEST, met=False, peer_is_member=None), None),
    ("two synchronous ones", Eligibility(own=SYNC, peer=SYNC, met=True, peer_is_member=HERE), None),
    ("stale", Eligibility(own=STALE, peer=LATEST, met=True, peer_is_member=HERE), None),
    ("leaving", Eligibility(own=LEAVES, peer=LATEST, met=True, peer_is_member=HERE), None),
    ("unknown", Eligibility(own=None, peer=None, met=True, peer_is_member=HERE), None),
    (
        "under repair",
        Eligibility(own=SYNC, peer=LATEST, met=True, peer_is_member=HERE, repair_pending=True),
        None,
    ),
]


@pytest.mark.parametrize(
    ("candidate", "score"), [row[1:] for row in CANDIDATES], ids=[row[0] for row in CANDIDATES]
)
def test_score(candidate: Eligibility, score: int | None) -> None:
    assert promotion_score(candidate, promoted=False) == score
    assert (why_not_promoted(candidate) is None) is (score is not None)


def test_a_wish_persuades_only_where_the_data_may_serve() -> None:
    for own, peer, met in product((None, *DataState), (None, *DataState), (True, False)):
        plain = Eligibility(own=own, peer=peer, met=met, peer_is_member=None)
        score, wished = (promotion_score(one, promoted=False) for one in (plain, replace(plain, wanted=True)))
        assert wished == (None if score is None else WANTED_SCORE)


def test_a_primary_that_does_not_yield_stays_one_and_the_later_promoted_one_before_the_earlier() -> None:
    """Yielding takes the score away (monitor); the record alone does not."""
    for own, peer, met in product((None, *DataState), (None, *DataState), (True, False)):
        candidate = Eligibility(own=own, peer=peer, met=met, peer_is_member=None)
        scores = [promotion_score(candidate, promoted=True, timeline=number) for number in (0, 1, 7, 10**6)]
        assert scores == [1000, 1001, 1007, 2000]
        waiting_there = promotion_score(candidate, promoted=False)
        assert waiting_there is None or waiting_there < 1000


def test_never_are_both_nodes_eligible_unless_they_hold_the_same_commits() -> None:
    for one, other in product(DataState, DataState):
        both = [
            why_not_promoted(Eligibility(own=own, peer=peer, met=True, peer_is_member=GONE)) is None
            for own, peer in ((one, other), (other, one))
        ]
        if all(both) and {one, other} != {LATEST}:
            assert {one, other} == {LATEST, SYNC}
