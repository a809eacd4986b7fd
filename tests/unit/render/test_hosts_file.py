"""C1, C14: every server's hosts file."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from live_cluster.model.facts import Role, ServerName
from live_cluster.render.hosts import hosts_file
from live_cluster.render.ownership import BLOCK_BEGIN, BLOCK_END, without_block

SERVERS = (
    ServerName(name="ivcs-main-1", address=IPv4Address("192.0.2.1"), role=Role.HEAD, number=1),
    ServerName(name="ivcs-main-2", address=IPv4Address("192.0.2.2"), role=Role.HEAD, number=2),
    ServerName(name="ivcs-media-0", address=IPv4Address("192.0.2.11"), role=Role.MEDIA, number=0),
)
BLOCK = (
    f"{BLOCK_BEGIN}\n192.0.2.1\tivcs-main-1\n192.0.2.2\tivcs-main-2\n192.0.2.11\tivcs-media-0\n{BLOCK_END}\n"
)


@pytest.mark.parametrize(
    ("line", "left"),
    [
        # Debian's own entry for the host's name: services would listen where no other server reaches them.
        ("127.0.1.1\tivcs-main-1\n", ""),
        ("127.0.1.1 mcu.example.com ivcs-main-1\n", "127.0.1.1\tmcu.example.com\n"),
        ("127.0.0.1 localhost ivcs-media-0\n", "127.0.0.1\tlocalhost\n"),
        ("192.0.2.77 IVCS-Main-2\n", ""),
        ("192.0.2.77 printer ivcs-main-2 # by the window\n", "192.0.2.77\tprinter # by the window\n"),
        ("192.0.2.77 ivcs-main-2", ""),
        ("127.0.1.1   mcu-1.example.com   mcu-1\n", "127.0.1.1   mcu-1.example.com   mcu-1\n"),
        ("# 192.0.2.77 ivcs-main-1\n", "# 192.0.2.77 ivcs-main-1\n"),
        ("::1 ip6-localhost ip6-loopback\r\n", "::1 ip6-localhost ip6-loopback\r\n"),
        ("192.0.2.77\n", "192.0.2.77\n"),
        ("192.0.2.77 not-ivcs-main-1 ivcs-main-10\n", "192.0.2.77 not-ivcs-main-1 ivcs-main-10\n"),
        ("\n", "\n"),
    ],
)
def test_other_lines_lose_only_the_names_of_the_cluster(line: str, left: str) -> None:
    assert hosts_file(line, SERVERS) == left + BLOCK


words = st.sampled_from(
    ["127.0.0.1", "::1", "ivcs-main-1", "IVCS-MAIN-2", "other", "#", "\n", " ", "\t", "\x0c"]
)
texts = st.one_of(st.text(), st.lists(words, max_size=30).map("".join))


@given(texts)
def test_a_second_time_changes_nothing(text: str) -> None:
    once = hosts_file(text, SERVERS)
    assert hosts_file(once, SERVERS) == once


@given(texts)
def test_no_other_line_has_a_name_of_the_cluster(text: str) -> None:
    rest = without_block(hosts_file(text, SERVERS))
    names = {word.lower() for line in rest.split("\n") for word in line.split("#")[0].split()[1:]}
    assert not names & {server.name for server in SERVERS}


@given(texts.filter(lambda text: "ivcs" not in text.lower() and BLOCK_BEGIN not in text))
def test_lines_without_our_names_stay_byte_for_byte(text: str) -> None:
    assert hosts_file(text, SERVERS).startswith(text)


def test_a_media_server_that_is_gone_leaves_no_name_behind() -> None:
    assert "ivcs-media-0" not in hosts_file(hosts_file("", SERVERS), SERVERS[:2])
