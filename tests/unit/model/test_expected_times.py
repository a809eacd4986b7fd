"""A8: what `timeouts` says to expect."""

from __future__ import annotations

from live_cluster.commands.timeouts import Timeouts
from live_cluster.render.corosync_conf import consensus_ms


def test_the_switch_over_is_the_articles_and_the_detection_leaves_time_for_it() -> None:
    times = Timeouts(token_ms=3000, retransmits=10, consensus_ms=consensus_ms(3000))
    assert (times.detection_ms, times.switch_over_ms) == (3600, 5250)


def test_consensus_leaves_time_for_answers_whatever_the_token() -> None:
    assert [consensus_ms(token) for token in (67, 1000, 3000, 10_000)] == [600, 600, 600, 2000]
