"""C7: the cluster's servers get in, nobody else does."""

from ipaddress import IPv4Address

import pytest

from live_cluster.render.firewall import Part, filter_fragment, opens_to_all

HEADS = (IPv4Address("192.0.2.1"), IPv4Address("198.51.100.1"), IPv4Address("192.0.2.2"))
MEDIA = (IPv4Address("192.0.2.11"),)


def rules(*, is_head: bool = False, is_arbiter: bool = False) -> list[str]:
    text = filter_fragment(
        Part(is_head=is_head, is_arbiter=is_arbiter), heads=HEADS, media=MEDIA, database_port=5432
    )
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_a_head_opens_database_and_corosync_to_the_cluster_only() -> None:
    found = rules(is_head=True)
    peers = [f"-s {peer}/32" for peer in (*HEADS, *MEDIA)]
    for peer in peers:
        for port in ("5432", "445"):
            accepts = [rule for rule in found if f"--dport {port} " in rule and rule.endswith("-j ACCEPT")]
            assert any(peer in rule for rule in accepts)
    corosync = [rule for rule in found if "--dport 5405:5412" in rule and rule.endswith("-j ACCEPT")]
    assert len(corosync) == len(HEADS)
    assert all("-p udp" in rule for rule in corosync)


def test_everybody_else_is_turned_away_after_the_servers_were_let_in() -> None:
    found = rules(is_head=True)
    drops = [rule for rule in found if rule.endswith("-j DROP")]
    assert drops == found[-3:]
    # The application on the primary's own head reaches the floating address by the loopback interface.
    assert all("! -i lo" in rule for rule in drops)


def test_a_media_server_only_lets_the_configurator_in() -> None:
    assert {rule.partition("--dport ")[2].split()[0] for rule in rules(is_head=False)} == {"22"}


def test_the_arbiter_lets_the_heads_in_and_nobody_else() -> None:
    found = [rule for rule in rules(is_arbiter=True) if "--dport 5403" in rule]
    assert [rule.split("-s ")[1].split("/")[0] for rule in found[:-1]] == [str(head) for head in HEADS]
    assert found[-1].endswith("-j DROP")


def test_every_rule_says_whose_it_is() -> None:
    assert all("-m comment --comment live-cluster -j" in rule for rule in rules(is_head=True))


@pytest.mark.parametrize(
    ("line", "is_open"),
    [
        ("-A INPUT -p tcp -m tcp --dport 5432 -j ACCEPT", True),
        ("-A INPUT -p tcp --dport 5432 -j ACCEPT\n", True),
        ("-A INPUT -s 192.0.2.0/24 -p tcp --dport 5432 -j ACCEPT", False),
        ("-A INPUT -p tcp --dport 5432 -j DROP", False),
        ("-A INPUT -p tcp --dport 54321 -j ACCEPT", False),
        ("# -A INPUT -p tcp --dport 5432 -j ACCEPT", False),
        ("", False),
    ],
)
def test_an_open_database_port_is_found(line: str, is_open: bool) -> None:
    assert opens_to_all(f":INPUT DROP [0:0]\n{line}\nCOMMIT\n", 5432) is is_open


def test_our_own_fragment_opens_nothing_to_all() -> None:
    assert not opens_to_all("\n".join(rules(is_head=True)), 5432)
