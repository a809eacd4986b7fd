"""C2, A8: Corosync's configuration."""

import dataclasses
from ipaddress import IPv4Address

import pytest

from live_cluster.render.corosync_conf import (
    CorosyncNode,
    QuorumDevice,
    arbiter_address,
    consensus_ms,
    corosync_conf,
    device_timeout_ms,
    is_ours,
    quorum_keys,
)
from live_cluster.render.ownership import OWNED

TWO_LINKS = tuple(
    CorosyncNode(
        name=f"ivcs-main-{n}", number=n, links=(IPv4Address(f"192.0.2.{n}"), IPv4Address(f"198.51.100.{n}"))
    )
    for n in (1, 2)
)
ONE_LINK = tuple(dataclasses.replace(node, links=node.links[:1]) for node in TWO_LINKS)
GOLDEN = """\
totem {
    version: 2
    cluster_name: live-cluster
    transport: knet
    crypto_cipher: aes256
    crypto_hash: sha256
    # How long before declaring a token lost (ms)
    token: 3000
    # How many token retransmits before forming a new configuration
    token_retransmits_before_loss_const: 10
    # Together with token this is the time until a failed server is noticed (ms)
    consensus: 600
    link_mode: passive
    interface {
        linknumber: 0
        knet_link_priority: 10
    }
    interface {
        linknumber: 1
        knet_link_priority: 9
    }
}

nodelist {
    node {
        name: ivcs-main-1
        nodeid: 1
        ring0_addr: 192.0.2.1
        ring1_addr: 198.51.100.1
    }
    node {
        name: ivcs-main-2
        nodeid: 2
        ring0_addr: 192.0.2.2
        ring1_addr: 198.51.100.2
    }
}

quorum {
    provider: corosync_votequorum
    two_node: 1
}

logging {
    to_stderr: no
    to_syslog: yes
    to_logfile: yes
    logfile: /var/log/corosync/corosync.log
    timestamp: hires
}
"""


def test_two_heads_with_two_rings() -> None:
    assert corosync_conf(TWO_LINKS, token_ms=3000, token_retransmits=10) == OWNED + "\n" + GOLDEN


def test_two_heads_with_one_ring() -> None:
    text = corosync_conf(ONE_LINK, token_ms=3000, token_retransmits=10)
    assert text.count("linknumber:") == 1
    assert "ring1_addr" not in text


@pytest.mark.parametrize("token_ms", [1000, 3000, 5001, 60_000])
def test_a_failed_server_is_noticed_before_the_promised_switch_over_ends(token_ms: int) -> None:
    assert token_ms + consensus_ms(token_ms) < 1.75 * token_ms
    text = corosync_conf(TWO_LINKS, token_ms=token_ms, token_retransmits=4)
    assert f"    consensus: {consensus_ms(token_ms)}\n" in text
    assert f"    token: {token_ms}\n    #" in text
    assert "    token_retransmits_before_loss_const: 4\n" in text


def test_our_own_cluster_is_known_by_its_name() -> None:
    assert is_ours(corosync_conf(TWO_LINKS, token_ms=3000, token_retransmits=10))
    # Debian's package brings a cluster of one host.
    assert not is_ours("totem {\n\tversion: 2\n\tcluster_name: debian\n}\n")
    assert not is_ours("totem {\n    cluster_name: live-cluster-of-others\n}\n")
    assert not is_ours("")


DEVICE = QuorumDevice(host=IPv4Address("192.0.2.11"), tie_break="/usr/lib/live-cluster/tie-break ivcs-db")
WITH_DEVICE = """\
quorum {
    provider: corosync_votequorum
    device {
        model: net
        votes: 1
        timeout: 2000
        sync_timeout: 4000
        net {
            host: 192.0.2.11
            algorithm: ffsplit
            tls: required
            force_ip_version: 4
        }
        heuristics {
            mode: on
            timeout: 1000
            sync_timeout: 2000
            interval: 10000
            exec_data: /usr/lib/live-cluster/tie-break ivcs-db
        }
    }
}
"""


def test_an_arbiter_takes_the_place_of_the_rule_for_two() -> None:
    text = corosync_conf(TWO_LINKS, token_ms=3000, token_retransmits=10, device=DEVICE)
    assert WITH_DEVICE in text
    assert "two_node" not in text
    assert arbiter_address(text) == DEVICE.host


def test_without_an_arbiter_none_is_found() -> None:
    text = corosync_conf(TWO_LINKS, token_ms=3000, token_retransmits=10)
    assert arbiter_address(text) is None
    assert quorum_keys(None, token_ms=3000)["quorum.two_node"] == "1"


@pytest.mark.parametrize("token", [500, 1000, 3000, 10_000])
def test_a_dead_head_is_given_up_by_the_arbiter_before_the_membership_asks(token: int) -> None:
    heartbeat = 0.8 * device_timeout_ms(token)
    assert heartbeat >= 1000, "corosync-qnetd(8): heartbeat_interval_min"
    if token >= 1500:
        # dpd_interval_coefficient is 1.5; the last heartbeat may have been sent at the moment of death.
        assert 1.5 * heartbeat < token
