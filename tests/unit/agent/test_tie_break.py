"""D3: who wins when both heads see the arbiter but not each other."""

import pytest

from live_cluster.render.corosync_conf import CorosyncNode, corosync_conf
from live_cluster_agent.parameters import DEFAULTS
from live_cluster_agent.tie_break import RUN_DIR, addresses_of, data_states, local_addresses, should_win

HEADS = ("ivcs-main-1", "ivcs-main-2")


def cib(first: str, second: str) -> str:
    """What Pacemaker keeps on the disk."""
    nodes = "".join(
        f'<node id="{number}" uname="{name}"><instance_attributes id="nodes-{number}">'
        f'<nvpair id="nodes-{number}-ivcs-db-data" name="ivcs-db-data" value="{value}"/>'
        "</instance_attributes></node>"
        for number, (name, value) in enumerate(zip(HEADS, (first, second), strict=True), start=1)
    )
    return f"<cib><configuration><nodes>{nodes}</nodes></configuration></cib>"


@pytest.mark.parametrize(
    ("first", "second", "winners"),
    [
        ("latest", "sync", ["ivcs-main-1"]),
        ("sync", "latest", ["ivcs-main-2"]),
        ("latest", "stale", ["ivcs-main-1"]),
        ("stale", "latest", ["ivcs-main-2"]),
        ("latest", "leaving", ["ivcs-main-1"]),
        ("stale", "stale", []),
    ],
)
def test_the_holder_of_the_latest_data_wins(first: str, second: str, winners: list[str]) -> None:
    found = [name for name in HEADS if should_win(data_states(cib(first, second), "ivcs-db"), name, met=True)]
    assert found == winners


def test_a_head_that_was_cut_off_does_not_know_whether_its_data_is_still_the_latest() -> None:
    assert not should_win(data_states(cib("latest", "sync"), "ivcs-db"), "ivcs-main-1", met=False)
    assert should_win(data_states(cib("latest", "stale"), "ivcs-db"), "ivcs-main-1", met=False)


def test_a_head_that_is_not_in_the_configuration_does_not_win() -> None:
    assert not should_win(data_states(cib("latest", "sync"), "ivcs-db"), "elsewhere", met=True)


def test_without_a_configuration_nobody_wins() -> None:
    assert data_states("", "ivcs-db") == {}
    assert not should_win({}, "ivcs-main-1", met=True)
    assert not should_win({"ivcs-main-1": "latest"}, "ivcs-main-1", met=False)


def test_it_looks_where_the_agent_writes() -> None:
    assert DEFAULTS["run_dir"] == RUN_DIR


FIB = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 10.81.0.1
        /32 host LOCAL
     |-- 10.81.0.255
        /32 link BROADCAST
"""


def test_the_kernel_says_which_addresses_are_here() -> None:
    assert local_addresses(FIB) == {"10.81.0.1"}


def test_the_heads_are_found_by_their_first_address() -> None:
    from ipaddress import IPv4Address

    nodes = tuple(
        CorosyncNode(
            name=name,
            number=number,
            links=(IPv4Address(f"192.0.2.{number}"), IPv4Address(f"198.51.100.{number}")),
        )
        for number, name in enumerate(HEADS, start=1)
    )
    text = corosync_conf(nodes, token_ms=3000, token_retransmits=10)
    assert addresses_of(text) == {"192.0.2.1": HEADS[0], "192.0.2.2": HEADS[1]}
