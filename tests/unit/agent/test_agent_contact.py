"""When looks at the cluster and the networks add up to something."""

from dataclasses import replace
from pathlib import Path

from live_cluster_agent import contact
from live_cluster_agent.contact import Contact, is_cut_off, note, proof_is_due, weigh
from live_cluster_agent.replication import Surroundings

TOGETHER = Surroundings(quorate=True, peer_is_member=True)
GONE = Surroundings(quorate=True, peer_is_member=False, client_network_seen=True, peer_answers=False)
UNSEEN = replace(GONE, client_network_seen=False)


def after(*looks: Surroundings, every_s: float = 2.0) -> Contact:
    """The contact after these looks, one every two seconds."""
    seen = Contact()
    for number, around in enumerate(looks, start=1):
        seen = note(seen, around, now_s=100.0 + number * every_s)
    return seen


def test_a_peer_is_gone_since_the_first_look_that_shows_it() -> None:
    seen = after(GONE, GONE, GONE)
    assert seen.lasting_s(seen.gone_since) == 4.0
    assert seen.lasting_s(seen.unseen_since) == 0.0


def test_one_look_that_shows_otherwise_starts_anew() -> None:
    for otherwise in (
        TOGETHER,
        UNSEEN,
        replace(GONE, peer_answers=True),
        replace(GONE, peer_answers=None),
        replace(GONE, quorate=None),
        replace(GONE, arbiter=True),
    ):
        assert after(GONE, GONE, otherwise).gone_since == 0.0
        again = after(GONE, otherwise, GONE)
        assert again.lasting_s(again.gone_since) == 0.0


def test_looks_too_far_apart_are_not_one_observation() -> None:
    seen = after(GONE, GONE, every_s=contact.GAP_S + 1)
    assert seen.lasting_s(seen.gone_since) == 0.0


def test_membership_counts_from_the_heal() -> None:
    seen = after(TOGETHER, GONE, TOGETHER, TOGETHER)
    assert seen.lasting_s(seen.member_since) == 2.0


def test_cut_off_only_when_the_client_network_stays_out_of_sight() -> None:
    assert not is_cut_off(after(*[UNSEEN] * 10), UNSEEN)
    assert is_cut_off(after(*[UNSEEN] * 11), UNSEEN)
    assert not is_cut_off(after(*[UNSEEN] * 10, GONE), GONE)


def test_cut_off_at_once_without_quorum_or_after_a_freeze() -> None:
    assert is_cut_off(Contact(), Surroundings(quorate=False, peer_is_member=False))
    assert is_cut_off(Contact(), Surroundings(quorate=None, peer_is_member=None, frozen=True))
    assert not is_cut_off(Contact(), Surroundings(quorate=None, peer_is_member=None))


def test_a_client_network_that_never_answered_tells_nothing() -> None:
    assert weigh(UNSEEN, Contact(), now_s=100.0).client_network_seen is None
    proved = note(Contact(), TOGETHER, now_s=100.0, proof=True)
    assert weigh(UNSEEN, proved, now_s=160.0) is UNSEEN
    assert weigh(UNSEEN, proved, now_s=100.0 + contact.PROOF_LASTS_S).client_network_seen is None
    lost = note(proved, TOGETHER, now_s=160.0, proof=False)
    assert weigh(UNSEEN, lost, now_s=170.0) is UNSEEN


def test_proof_is_asked_for_now_and_then_while_all_is_well() -> None:
    assert proof_is_due(Contact(), TOGETHER, now_s=100.0)
    asked = note(Contact(), TOGETHER, now_s=100.0, proof=False)
    assert not proof_is_due(asked, TOGETHER, now_s=159.0)
    assert proof_is_due(asked, TOGETHER, now_s=160.0)
    assert not proof_is_due(asked, GONE, now_s=160.0)


def test_contact_survives_between_two_looks(tmp_path: Path) -> None:
    path = str(tmp_path / "run/contact.json")
    contact.save(path, after(GONE, GONE))
    assert contact.load(path) == after(GONE, GONE)
    Path(path).write_text('{"more": 1}')
    assert contact.load(path) == Contact()
