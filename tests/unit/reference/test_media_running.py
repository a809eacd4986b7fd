"""The list of conferences on a media server."""

from uuid import UUID, uuid4

import pytest

from ivcs_media.running import LEASE_S, NOBODY, BadList, Running

ONE, TWO = uuid4(), uuid4()


def told(*conferences: UUID, replace: bool, transaction: str = "7") -> dict[str, object]:
    return {
        "generation": str(UUID(int=5)),
        "transaction": transaction,
        "conference": str(ONE),
        "replace": replace,
        "conferences": [str(one) for one in conferences],
    }


def test_lists_are_added_or_replaced_and_remembered() -> None:
    running = Running()
    running.take(told(ONE, replace=True))
    running.take(told(TWO, replace=False, transaction="18446744073709551615"))
    assert running.conferences == {ONE, TWO}
    health = running.health("host")
    assert (health["running"], health["transaction"]) == (2, "18446744073709551615")
    assert health["generation"] == str(UUID(int=5))
    running.take(told(TWO, replace=True))
    assert running.conferences == {TWO}


@pytest.mark.parametrize("body", [None, [], {}, {**told(replace=True), "conferences": ["x"]}, "text"])
def test_a_bad_list_changes_nothing(body: object) -> None:
    running = Running()
    running.take(told(ONE, replace=True))
    with pytest.raises(BadList):
        running.take(body)
    assert running.conferences == {ONE}


def test_without_the_head_application_the_conferences_are_elsewhere_after_a_while() -> None:
    running = Running()
    running.heard(1000.0)
    running.take(told(ONE, replace=True))
    running.heard(1000.0 + LEASE_S)
    assert running.conferences == {ONE}
    running.heard(1000.1 + 2 * LEASE_S)
    assert running.conferences == set()
    assert running.generation == NOBODY
