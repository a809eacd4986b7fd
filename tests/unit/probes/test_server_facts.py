"""What the probes of every server and of the heads read out of recorded answers, and out of none."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from live_cluster.model.facts import HeadFacts, Listener, NodeFacts, Role, ServerName
from live_cluster.model.profile import load_profile
from live_cluster.model.settings import BlockDevice
from live_cluster.model.storage_facts import BlockDeviceFacts
from live_cluster.probes import head, node
from live_cluster.remote.requests import (
    ClockReading,
    Command,
    CommandResult,
    FileState,
    ReadClock,
    Refused,
    Reply,
    Request,
)
from recordings.configure.recorded import HEADS, RELEASES, SERVERS, RecordedServer, answers_of

PROFILE = load_profile(Path(__file__).parents[3] / "profiles/ivcs.toml")
FRAGMENT = "/etc/iptables-config/ipv4/filter.d/0500-live-cluster"
FIREWALL = node.Signs(units=("iptables-config.service",), fragment=FRAGMENT)
SIGNS = node.Signs(
    units=(*PROFILE.installed.units, *FIREWALL.units), paths=PROFILE.installed.paths, fragment=FRAGMENT
)
STORAGE = BlockDevice(path="/dev/lun")


def name_of(server: str) -> ServerName:
    role = Role.HEAD if server in HEADS else Role.MEDIA
    return ServerName(name=server, address=IPv4Address("10.81.0.1"), role=role, number=1)


def node_facts_of(server: str, release: str = "bookworm", *, configured: bool = False) -> NodeFacts:
    recorded = RecordedServer(server, release, configured=configured)
    signs = SIGNS if server in HEADS else FIREWALL
    answers = answers_of(recorded, node.node_requests(signs, is_head=server in HEADS))
    return node.node_facts(name_of(server), answers, signs)


def head_facts_of(server: str, release: str = "bookworm", *, configured: bool = False) -> HeadFacts:
    recorded = RecordedServer(server, release, configured=configured)
    requests = (*node.node_requests(SIGNS), *head.head_requests(PROFILE, STORAGE))
    answers = answers_of(recorded, requests)
    facts = node.node_facts(name_of(server), answers, SIGNS)
    return head.head_facts(facts, answers, profile=PROFILE, storage=STORAGE)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("server", SERVERS)
def test_facts_of_every_server(release: str, server: str) -> None:
    facts = node_facts_of(server, release)
    assert (facts.system, facts.system_version) == ("debian", {"bookworm": "12", "trixie": "13"}[release])
    assert facts.gateway == (IPv4Address("10.81.0.254") if server in HEADS else None)
    assert facts.nic_for(IPv4Address("10.81.0.100")) in facts.addresses
    assert all(one.nic != "lo" for one in facts.addresses)
    assert (facts.missing_units, facts.missing_paths) == ((), ())
    assert abs(facts.clock_offset_s) < 0.5
    assert dict(facts.free_bytes)["/"] > 0
    assert bool(facts.version_of("live-cluster")) == (server in HEADS)
    assert facts.version_of("no-such-package") == ""
    assert "-A INPUT" in facts.firewall
    assert any(one.port == 22 and one.process == "sshd" for one in facts.listeners) == (server in HEADS)


@pytest.mark.parametrize("release", RELEASES)
def test_facts_of_a_fresh_head(release: str) -> None:
    facts = head_facts_of("ivcs-main-1", release)
    assert facts.database.versions == ({"bookworm": "15", "trixie": "17"}[release],)
    assert facts.database.user_rows == 0
    assert facts.database.size_bytes > 10 * 2**20
    assert not facts.database.handed_over
    assert isinstance(facts.storage, BlockDeviceFacts)
    assert (facts.storage.exists, facts.storage.filesystem) == (True, "ext4")
    assert facts.primary == ""
    assert "cluster_name: debian" in facts.corosync_conf
    assert tuple(one.path for one in facts.shared_files) == PROFILE.second_head.files_from_first_head
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", facts.storage_owner)


@pytest.mark.parametrize("release", RELEASES)
def test_facts_of_a_configured_head(release: str) -> None:
    first, second = (head_facts_of(server, release, configured=True) for server in HEADS)
    assert first.primary == second.primary == "ivcs-main-1"
    assert first.database.handed_over
    assert isinstance(first.storage, BlockDeviceFacts)
    assert isinstance(second.storage, BlockDeviceFacts)
    assert first.storage.uuid == second.storage.uuid != ""
    assert (first.storage.mounted_at, second.storage.mounted_at) == (("/srv/filestorage",), ())
    assert first.service_secrets == second.service_secrets != ""
    assert b'id="ivcs-db-ms"' in first.cib
    assert first.node.has(IPv4Address("10.81.0.102"))
    assert not second.node.has(IPv4Address("10.81.0.102"))


def nothing_works(request: Request) -> Reply:
    """No such program, no such file; the clock answers always."""
    match request:
        case Command():
            return CommandResult(returncode=127, stderr=b"No such file or directory")
        case ReadClock():
            return ClockReading(remote_s=10.0, local_s=10.0, uncertainty_s=0.1)
        case _:
            return FileState(exists=False)


def refused(request: Request) -> Reply:
    """The executor itself could not."""
    return nothing_works(request) if isinstance(request, Command | ReadClock) else Refused(reason="I/O error")


@pytest.mark.parametrize("answer", [nothing_works, refused])
def test_a_server_without_any_tool_has_no_facts_and_makes_no_error(answer: object) -> None:
    assert callable(answer)
    requests = (*node.node_requests(SIGNS), *head.head_requests(PROFILE, STORAGE))
    answers: dict[Request, Reply] = {request: answer(request) for request in requests}
    facts = node.node_facts(name_of("ivcs-main-1"), answers, SIGNS)
    assert (facts.system, facts.addresses, facts.gateway, facts.packages) == ("", (), None, ())
    assert (facts.missing_units, facts.missing_paths) == (SIGNS.units, SIGNS.paths)
    found = head.head_facts(facts, answers, profile=PROFILE, storage=STORAGE)
    assert (found.database.versions, found.database.user_rows, found.cib, found.primary) == (
        (),
        None,
        b"",
        "",
    )
    assert found.storage is not None
    assert not found.storage.exists


def test_units_that_systemd_does_not_know() -> None:
    text = "Id=nginx.service\nLoadState=loaded\n\nId=ivcs-server.service\nLoadState=not-found\n"
    units = ("nginx.service", "ivcs-server.service")
    assert node.missing_units(text, units) == ("ivcs-server.service",)
    assert node.missing_units("Id=a.service\nLoadState=masked\n", ("a.service",)) == ("a.service",)


def test_a_unit_that_systemd_says_nothing_about_is_missing() -> None:
    assert node.missing_units("", SIGNS.units) == SIGNS.units
    assert node.missing_units("Id=a.service\nLoadState=loaded\n\n", ("a", "b", "c")) == ("b", "c")


@pytest.mark.parametrize(
    ("line", "listener"),
    [
        (
            'tcp   LISTEN 0      244          127.0.0.1:5432      0.0.0.0:*    users:(("postgres",pid=1,fd=6))',
            Listener(protocol="tcp", port=5432, process="postgres"),
        ),
        (
            'tcp   LISTEN 0      128               [::]:22           [::]:*    users:(("sshd",pid=9,fd=4))',
            Listener(protocol="tcp", port=22, process="sshd"),
        ),
        (
            "udp   UNCONN 0      0         10.81.0.1%bond0:5405      0.0.0.0:*          ",
            Listener(protocol="udp", port=5405, process=""),
        ),
        ("u_str LISTEN 0 4096 /run/systemd/private 1 * 0", None),
        ("", None),
    ],
)
def test_listeners(line: str, listener: Listener | None) -> None:
    assert node.listeners(line) == ((listener,) if listener else ())


def test_a_clock_is_wrong_only_beyond_what_the_way_explains() -> None:
    def seen(remote_s: float) -> float:
        answers = {request: nothing_works(request) for request in node.node_requests(node.Signs())}
        answers[node.CLOCK] = ClockReading(remote_s=remote_s, local_s=100.0, uncertainty_s=2.0)
        return node.node_facts(name_of("ivcs-media-0"), answers, node.Signs()).clock_offset_s

    assert seen(101.9) == seen(98.1) == 0.0
    assert seen(105.0) == pytest.approx(3.0)
    assert seen(90.0) == pytest.approx(-8.0)


def test_postgresql_clusters_named_main_count() -> None:
    text = (
        "13 main  5433 down   postgres /var/lib/postgresql/13/main  /var/log/a.log\n"
        "15 main  5432 online postgres /var/lib/postgresql/15/main  /var/log/b.log\n"
        "15 other 5434 online postgres /var/lib/postgresql/15/other /var/log/c.log\n"
    )
    assert head.database_versions(text) == ("13", "15")
    assert head.database_versions("") == ()


def test_a_cib_file_that_was_cut_off_is_no_cib() -> None:
    requests = (*node.node_requests(SIGNS), *head.head_requests(PROFILE, STORAGE))
    answers: dict[Request, Reply] = {request: nothing_works(request) for request in requests}
    facts = node.node_facts(name_of("ivcs-main-1"), answers, SIGNS)
    for content, kept in ((b"<cib><configuration/></cib>\n", True), (b"<cib><configu", False)):
        answers[head.CIB_FILE] = FileState(exists=True, content=content)
        found = head.head_facts(facts, answers, profile=PROFILE, storage=STORAGE).cib
        assert found == (content if kept else b"")
