"""The database agent where a promise was broken once: histories, claims, signs of life, settings, waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from database_pair import STATE, DatabasePair, acknowledged, put_back, whole_pair

from live_lab import Background, Host, wait_until

# Between the heads: pings and Corosync, one port for each link, as a hardened host or a switch might filter them.
# TCP goes through.
FILTERED = ("-p icmp", "-p udp --dport 5405:5412", "-p udp --sport 5405:5412")


@pytest.fixture(scope="module", params=["bookworm", pytest.param("trixie", marks=pytest.mark.matrix)])
def pair(request: pytest.FixtureRequest) -> Iterator[DatabasePair]:
    release: str = request.param
    with whole_pair(f"ap-{release[:5]}", release) as pair:
        yield pair


@pytest.fixture(autouse=True)
def _after_a_failure(pair: DatabasePair) -> Iterator[None]:
    yield
    put_back(pair)


def data_directory(pair: DatabasePair) -> str:
    return f"/var/lib/postgresql/{pair.version}/main"


def timeline(pair: DatabasePair, host: Host) -> int:
    return int(pair.sql(host, "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"), 16)


def wait_for_more(writer: Background, rows: int = 20) -> None:
    count = len(acknowledged(writer))
    wait_until(
        lambda: len(acknowledged(writer)) > count + rows, deadline_s=300, what="commits are acknowledged"
    )


def keep(pair: DatabasePair, host: Host) -> None:
    """What `live-cluster rejoin --keep` records: this head's data is the truth."""
    for other in pair.heads:
        state = "latest" if other is host else "stale"
        argv = ("crm_attribute", "-N", other.name, "-n", "ivcs-db-data", "-l", "forever", "-v", state)
        host.run(argv)


@contextmanager
def number_of_a_timeline_used_twice(pair: DatabasePair) -> Iterator[None]:
    """Both heads choose PostgreSQL's next number, as where one of them was promoted by hand."""
    place = "/usr/lib/live-cluster/agent/live_cluster_agent/timelines.py"
    before = pair.heads[0].read(place)
    both = before.replace("return lowest if lowest % 2 == parity else lowest + 1", "return lowest")
    assert both != before
    for host in pair.heads:
        host.write(place, both)
    yield
    for host in pair.heads:
        host.write(place, before)


def both_promoted_without_knowing_of_each_other(
    pair: DatabasePair, *, ahead_by: int
) -> tuple[Host, Host, int]:
    """One head serves alone and loses power, the other one is kept instead; both, and the timeline of the first."""
    keeper, loser = pair.roles()
    keeper.power_off()
    pair.wait_primary(loser)
    if ahead_by:
        pair.sql(loser, f"CREATE TABLE ahead AS SELECT number FROM generate_series(1, {ahead_by}) AS number")
    pair.sql(loser, "CHECKPOINT")
    taken = timeline(pair, loser)
    loser.power_off()
    keeper.power_on()
    wait_until(
        lambda: "-INFINITY" in pair.crm_mon(keeper).stdout,
        deadline_s=300,
        what="the kept head waits to be asked",
    )
    keep(pair, keeper)
    pair.wait_primary(keeper)
    return keeper, loser, taken


@pytest.mark.lab
def test_two_promotions_that_do_not_know_of_each_other_choose_different_numbers(pair: DatabasePair) -> None:
    keeper, loser, taken = both_promoted_without_knowing_of_each_other(pair, ahead_by=0)
    pair.start_writers(keeper)
    assert timeline(pair, keeper) != taken
    loser.power_on()
    pair.audit()
    assert pair.rejoin_status(loser)["method"] == "copy"
    assert pair.primary() is keeper


@pytest.mark.lab
@pytest.mark.parametrize("rows", [8000, pytest.param(0, marks=pytest.mark.matrix)])
def test_a_timeline_of_the_same_number_is_not_taken_for_the_same(pair: DatabasePair, rows: int) -> None:
    """Also where the data that came back is ahead, and its receiver says that it streams."""
    with number_of_a_timeline_used_twice(pair):
        keeper, loser, taken = both_promoted_without_knowing_of_each_other(pair, ahead_by=rows)
        assert timeline(pair, keeper) == taken
        (writer,) = pair.start_writers(keeper)
        loser.power_on()
        pair.wait_whole()
        wait_for_more(writer)
        pair.audit()
        assert pair.rejoin_status(loser)["method"] == "copy"
        assert pair.sql(loser, "SELECT to_regclass('ahead') IS NULL") == "t"


@pytest.mark.lab
@pytest.mark.parametrize(
    ("spoil", "mend"),
    [
        ("echo nonsense >>{etc}/pg_hba.conf", "sed -i /nonsense/d {etc}/pg_hba.conf"),
        pytest.param(
            "chown root: {data}/global/pg_control",
            "chown postgres: {data}/global/pg_control",
            marks=pytest.mark.matrix,
        ),
        pytest.param("chmod a-x {bin}/postgres", "chmod a+x {bin}/postgres", marks=pytest.mark.matrix),
        pytest.param(
            "mv {data}/global/pg_filenode.map {data}/global/away",
            "test -e {data}/global/pg_filenode.map || mv {data}/global/away {data}/global/pg_filenode.map",
            marks=pytest.mark.matrix,
        ),
    ],
    ids=["access file", "owner", "program", "file"],
)
def test_where_the_server_cannot_start_again_the_other_head_takes_over(
    pair: DatabasePair, spoil: str, mend: str
) -> None:
    primary, standby = pair.roles()
    pair.start_writers(primary)
    places = {
        "etc": f"/etc/postgresql/{pair.version}/main",
        "data": data_directory(pair),
        "bin": f"/usr/lib/postgresql/{pair.version}/bin",
    }
    pid = primary.read(f"{data_directory(pair)}/postmaster.pid").split()[0]
    primary.run(("sh", "-c", f"{spoil.format(**places)} && kill -QUIT {pid}"))
    pair.wait_primary(standby)
    (writer,) = pair.start_writers(standby)
    wait_for_more(writer)
    primary.run(("sh", "-c", mend.format(**places)))
    pair.heads[0].run(("crm_resource", "--cleanup"), check=False)
    pair.audit()


@pytest.mark.lab
def test_a_full_run_costs_nothing(pair: DatabasePair) -> None:
    """Not the service, not the stop, and not the takeover."""
    primary, standby = pair.roles()
    (writer,) = pair.start_writers(primary)
    primary.run(("sh", "-c", "dd if=/dev/zero of=/run/filling bs=4k 2>/dev/null; test -e /run/filling"))
    # The memory of the looks is written all the same, where it was: the monitor has run.
    newer = ("test", "/run/live-cluster/postgresql/ivcs-db.json", "-nt", "/run/filling")
    wait_until(
        lambda: primary.run(newer, check=False).returncode == 0, deadline_s=300, what="the monitor has run"
    )
    wait_for_more(writer)
    assert pair.primary() is primary
    node = ("crm_attribute", "--node", primary.name, "--name", "standby")
    standby.run((*node, "--update", "on"))
    pair.wait_primary(standby)
    primary.run(("rm", "-f", "/run/filling"))
    standby.run((*node, "--delete"))
    pair.audit()


@contextmanager
def filtered(host: Host) -> Iterator[None]:
    """On this host, from and to the first head."""
    rules = [
        f"{chain} {way} {head} {what} -j DROP"
        for what in FILTERED
        for head in ("10.81.0.1", "10.81.1.1")
        for chain, way in (("INPUT", "-s"), ("OUTPUT", "-d"))
    ]
    for rule in rules:
        host.run(("sh", "-c", f"iptables -w -I {rule}"))
    try:
        yield
    finally:
        for rule in rules:
            host.run(("sh", "-c", f"iptables -w -D {rule}"))


@pytest.mark.lab
def test_a_peer_that_only_pings_do_not_reach_is_not_taken_for_dead(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    (beside,) = pair.start_writers(primary)
    with filtered(pair.heads[1]):
        pair.wait_primary(standby)
        (writer,) = pair.start_writers(standby)
        before = len(acknowledged(beside))
        wait_for_more(writer, rows=300)
        # The former primary has acknowledged nothing since the other one serves: it would be lost.
        assert len(acknowledged(beside)) == before
    pair.audit()


@pytest.mark.lab
def test_commits_wait_for_a_bounded_time_for_a_sender_that_stands_still(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    (writer,) = pair.start_writers(primary)
    sender = pair.sql(
        primary, f"SELECT pid FROM pg_stat_replication WHERE application_name = '{standby.name}'"
    )
    primary.run(("kill", "-STOP", sender))
    # Whichever connection PostgreSQL counts: the new one of the standby, or this one until it is given up.
    wait_for_more(writer, rows=100)
    primary.run(("kill", "-CONT", sender))
    pair.audit()


@pytest.mark.lab
def test_what_the_promise_rests_on_cannot_be_set_away(pair: DatabasePair) -> None:
    primary, _ = pair.roles()
    for name, value in (("synchronous_commit", "local"), ("fsync", "off"), ("full_page_writes", "off")):
        pair.sql(primary, f"ALTER SYSTEM SET {name} = '{value}'")
    pair.sql(primary, "SELECT pg_reload_conf()")
    shown = pair.sql(primary, "SHOW synchronous_commit; SHOW fsync; SHOW full_page_writes")
    assert shown.split() == ["on", "on", "on"]
    pair.sql(primary, "ALTER SYSTEM RESET ALL")
    pair.sql(primary, "ALTER ROLE live_cluster_replication SET synchronous_commit = 'local'")
    found = ("grep", "-q", '"settings-unsafe".*synchronous_commit=local', f"{STATE}/events.jsonl")
    wait_until(
        lambda: primary.run(found, check=False).returncode == 0, deadline_s=300, what="the setting is told"
    )
    pair.sql(primary, "ALTER ROLE live_cluster_replication RESET synchronous_commit")


@pytest.mark.lab
def test_a_busy_primary_is_not_demoted(pair: DatabasePair) -> None:
    primary, _ = pair.roles()
    before = timeline(pair, primary)
    # All connections of the server, those for superusers included, for longer than some monitors take.
    many = (
        "runuser -u postgres -- sh -c 'for i in $(seq 130); do "
        'psql -XAtq -d postgres -c "SELECT pg_sleep(20)" >/dev/null 2>&1 & done; wait\''
    )
    busy = primary.start(("sh", "-c", many))
    told = ("journalctl", "-q", "-b", "-g", "the primary is busy")
    wait_until(lambda: primary.run(told, check=False).stdout, deadline_s=300, what="the monitor is refused")
    busy.wait()
    pair.audit()
    assert (pair.primary(), timeline(pair, primary)) == (primary, before)
