"""One truth: what breaks the promise is named, a cut-off head changes nothing, the better data is the source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cluster import HEADS, Cluster, other_head, verb

from live_lab import Host, Lab, audits, faults, wait_until
from live_lab.writer import Writer

# Machines may be ten times slower than an idle one: deadlines, not expectations.
DEADLINE_S = 600.0
CODE_REFUSED, CODE_DOWN = 78, 1
RELOAD = "SELECT pg_reload_conf()"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """One pair for all of them: each test leaves it whole."""
    with Lab.up(name="truth") as lab:
        cluster = Cluster.unlocked(lab)
        cluster.configure_fully()
        cluster.wait_healthy()
        yield cluster


def primary_and_standby(cluster: Cluster) -> tuple[Host, Host]:
    primary = cluster.wait_healthy().primary
    return cluster.lab.heads[HEADS.index(primary)], cluster.lab.heads[other_head(primary)]


def reasons(cluster: Cluster, host: Host) -> set[str]:
    return set(cluster.status(HEADS.index(host.name) + 1).reasons)


def postgres(host: Host, *statements: str) -> None:
    argv = ["runuser", "-u", "postgres", "--", "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", "postgres"]
    for one in statements:
        argv += ["-c", one]
    host.run(argv)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("order", "end", "words", "mode"),
    [
        (
            "ALTER ROLE ivcs SET synchronous_commit = off",
            "ALTER ROLE ivcs RESET synchronous_commit",
            ("synchronous_commit = off", "(ALTER ROLE ivcs SET synchronous_commit)"),
            "asynchronous",
        ),
        (
            "ALTER SYSTEM SET restart_after_crash = on",
            "ALTER SYSTEM RESET restart_after_crash",
            (
                "restart_after_crash = on",
                "postgresql.auto.conf, line 3",
                "ALTER SYSTEM RESET restart_after_crash",
            ),
            "synchronous",
        ),
    ],
    ids=["role", "system"],
)
def test_a_setting_that_breaks_the_promise_is_named_by_status_and_configure(
    cluster: Cluster, order: str, end: str, words: tuple[str, ...], mode: str
) -> None:
    primary, standby = primary_and_standby(cluster)
    postgres(primary, order, RELOAD)
    try:
        for host in (primary, standby):
            wait_until(
                lambda host=host: "health-database-setting" in reasons(cluster, host),  # type: ignore[misc]
                deadline_s=DEADLINE_S,
                what=f"status on {host.name} names the setting",
                every_s=1.0,
            )
            status = cluster.status(HEADS.index(host.name) + 1)
            assert (status.mode, status.can_lose) == (mode, ())
            text = host.run(("env", "LC_ALL=C.UTF-8", "live-cluster", "status"), check=False).stdout
            for word in words:
                assert word in text, text
        report = cluster.configure("--dry-run")
        assert (report.returncode, report.changed) == (CODE_REFUSED, False)
        assert "database-overridden-setting" in report.codes
    finally:
        postgres(primary, end, RELOAD)
    cluster.wait_healthy(deadline_s=DEADLINE_S)
    assert cluster.configure("--dry-run").returncode == 0


@pytest.mark.lab
def test_what_the_agent_says_on_the_command_line_no_file_takes_back(cluster: Cluster) -> None:
    """In force is what counts: a pair that keeps its promise is not called asynchronous for a line in a file."""
    primary, _ = primary_and_standby(cluster)
    postgres(primary, "ALTER SYSTEM SET synchronous_commit = 'local'", RELOAD)
    try:
        assert audits.psql(primary, "SHOW synchronous_commit") == "on"
        status = cluster.status(HEADS.index(primary.name) + 1)
        assert (status.mode, status.healthy) == ("synchronous", True)
    finally:
        postgres(primary, "ALTER SYSTEM RESET synchronous_commit", RELOAD)


@pytest.mark.lab
def test_a_head_that_is_cut_off_changes_the_cluster_by_force_only(cluster: Cluster) -> None:
    active, standby = primary_and_standby(cluster)
    faults.isolate(cluster.lab, active)
    try:
        wait_until(lambda: audits.is_primary(standby), deadline_s=DEADLINE_S, what="the other head serves")
        for words in (
            ("maintenance", "on", "--yes"),
            ("stop-resources",),
            ("standby", active.name, "--yes"),
            ("switchover", "--yes"),
        ):
            done, document = verb(active, *words)
            assert done.returncode == CODE_REFUSED, done
            assert {one["code"] for one in document["problems"]} <= {
                "peer-out-of-sight",
                "standby-refused",
                "switchover-refused",
            }
        # On both sides, so that whichever configuration wins, no agent mends what both heads do now.
        for host in (active, standby):
            done, _ = verb(host, "maintenance", "on", "--yes", "--force")
            assert done.returncode == 0, done
    finally:
        faults.reconnect(cluster.lab, active)
    for host in (active, standby):
        number = HEADS.index(host.name) + 1
        wait_until(
            lambda number=number: cluster.status(number).online == {*HEADS},  # type: ignore[misc]
            deadline_s=DEADLINE_S,
            what=f"{host.name} sees both heads",
            every_s=1.0,
        )
    assert audits.is_primary(active)
    assert audits.is_primary(standby)
    for host in (active, standby):
        wait_until(
            lambda host=host: names_both(reasons(cluster, host)),  # type: ignore[misc]
            deadline_s=DEADLINE_S,
            what=f"status on {host.name} names what runs twice",
            every_s=1.0,
        )
        assert cluster.status(HEADS.index(host.name) + 1).returncode == CODE_DOWN
    done, _ = verb(active, "maintenance", "off")
    # What is not settled yet is told (124); the mode is off in any case.
    assert done.returncode in (0, 124), done
    document = json.loads(active.run(("live-cluster", "status", "--json"), check=False).stdout)
    assert document["maintenance_mode"] is False
    cluster.wait_healthy(deadline_s=DEADLINE_S)
    audits.wait_until_clean(cluster.lab, deadline_s=DEADLINE_S)


def names_both(codes: set[str]) -> bool:
    """Two primaries, and what clients or files meet twice."""
    primaries = {"health-two-primaries", "health-two-databases"}
    services = {"health-runs-twice", "health-address-twice"}
    return bool(primaries & codes) and bool(services & codes)


def databases(host: Host) -> set[str]:
    """Data directories, those that were set aside included."""
    return set(host.run(("sh", "-c", "ls -d /var/lib/postgresql/*/*")).stdout.split())


@contextmanager
def kept_from_the_primary(standby: Host) -> Iterator[None]:
    """The standby's server reaches no other PostgreSQL."""
    rule = ("OUTPUT", "-p", "tcp", "--dport", "5432", "!", "-o", "lo", "-j", "DROP")
    standby.run(("iptables", "--wait", "-I", *rule))
    try:
        yield
    finally:
        standby.run(("iptables", "--wait", "-D", *rule), check=False)


@pytest.mark.lab
def test_where_the_cluster_is_gone_the_better_data_is_the_source(cluster: Cluster) -> None:
    """The data that goes on is on the second head, and the first one lacks what was acknowledged since."""
    lose_the_cluster(cluster, powerless=False)


@pytest.mark.matrix
def test_the_better_data_is_found_in_servers_that_do_not_run(cluster: Cluster) -> None:
    """As before, and then both heads have lost power: no database runs, and the control files are old."""
    lose_the_cluster(cluster, powerless=True)


def lose_the_cluster(cluster: Cluster, *, powerless: bool) -> None:
    """Everything up to a whole pair again."""
    first, second = cluster.lab.heads
    if cluster.wait_healthy().primary != second.name:
        assert verb(second, "switchover", "--yes", "--to", second.name)[0].returncode == 0
        cluster.wait_healthy()
    before = databases(first)
    writer = Writer(cluster.lab)
    writer.wait_for_more()
    with kept_from_the_primary(first):
        wait_until(
            lambda: "health-standby-behind" in reasons(cluster, second),
            deadline_s=DEADLINE_S,
            what="the primary goes on alone",
            every_s=1.0,
        )
        writer.wait_for_more()
        second.run(("cibadmin", "--erase", "--force"))
        for host in (first, second):
            wait_until(
                lambda host=host: reasons(cluster, host) == {"health-configuration-gone"},  # type: ignore[misc]
                deadline_s=DEADLINE_S,
                what=f"status on {host.name} says that the configuration is gone",
                every_s=1.0,
            )
        if powerless:
            for host in (first, second):
                host.power_off()
            for host in (first, second):
                host.power_on()
            cluster.open_again()
            assert audits.psql(second, "SELECT 1") == ""
        dry = cluster.configure("--dry-run")
        assert dry.returncode == 0, dry
        assert [one for one in dry.steps if one.code == "database-copy-requested"] == []
        run = cluster.start_configure("--yes")
        assert run.wait_for_steps(1)
    told = run.wait()
    assert told.returncode == 0, told
    assert cluster.wait_healthy(deadline_s=DEADLINE_S).primary == second.name
    writer.wait_for_more()
    audits.wait_until_clean(cluster.lab, writer.stop(), deadline_s=DEADLINE_S)
    assert databases(first) == before


@pytest.mark.matrix
def test_a_head_that_was_shut_down_in_order_keeps_nobody_from_anything(cluster: Cluster) -> None:
    active, standby = primary_and_standby(cluster)
    standby.run(("systemctl", "stop", "pacemaker", "corosync"), timeout_s=DEADLINE_S)
    try:
        wait_until(
            lambda: cluster.status(HEADS.index(active.name) + 1).online == {active.name},
            deadline_s=DEADLINE_S,
            what="the other head is gone",
            every_s=1.0,
        )
        done, _ = verb(active, "maintenance", "on", "--yes")
        assert done.returncode == 0, done
        done, _ = verb(active, "maintenance", "off")
        assert done.returncode == 0, done
    finally:
        standby.run(("systemctl", "start", "corosync", "pacemaker"), timeout_s=DEADLINE_S)
    cluster.wait_healthy(deadline_s=DEADLINE_S)


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("rule", "protocol"),
    [
        (("-p", "icmp"), "icmp"),
        (("-p", "tcp", "--dport", "22"), "ssh"),
        (("-p", "tcp", "--dport", "5432"), "postgresql"),
    ],
    ids=["icmp", "ssh", "postgresql"],
)
def test_a_filter_that_lets_only_some_signs_of_life_through_is_named(
    cluster: Cluster, rule: tuple[str, ...], protocol: str
) -> None:
    """Of the second network alone, so that the pair goes on meanwhile."""
    primary, standby = primary_and_standby(cluster)
    dropped = ("INPUT", "-i", "bond1", "-s", primary.addresses["bond1"], *rule, "-j", "DROP")
    done, _ = verb(primary, "check", "--network")
    assert done.returncode == 0, done
    standby.run(("iptables", "--wait", "-I", *dropped))
    try:
        done, document = verb(primary, "check", "--network")
    finally:
        standby.run(("iptables", "--wait", "-D", *dropped))
    assert done.returncode == 1, done
    found = {
        one["ring"]: one["protocols"] for one in document["findings"] if one["check"] == "network-protocols"
    }
    assert {name for name, state in found[1].items() if state != "passes"} == {protocol}
    assert set(found[0].values()) == {"passes"}
    cluster.wait_healthy(deadline_s=DEADLINE_S)


@pytest.mark.matrix
def test_where_both_went_on_alone_both_sides_are_shown_and_somebody_chooses(cluster: Cluster) -> None:
    winner, loser = primary_and_standby(cluster)
    before = databases(loser)
    writers = {host.name: Writer(cluster.lab, host=host, address="127.0.0.1") for host in (winner, loser)}
    writers[winner.name].wait_for_more()
    cluster.lab.cut_between()
    wait_until(lambda: audits.is_primary(loser), deadline_s=DEADLINE_S, what="both heads serve")
    promised = {}
    for name, writer in writers.items():
        writer.wait_for_more(deadline_s=DEADLINE_S)
        promised[name] = writer.stop()
    for host in (winner, loser):
        host.run(("cibadmin", "--erase", "--force"))
    cluster.lab.heal_between()
    refused = cluster.configure("--dry-run")
    assert refused.returncode == CODE_REFUSED, refused
    (found,) = [one for one in refused.problems if one["code"] == "data-sides-differ"]
    for host in (winner, loser):
        assert f"{host.name}: runs as a primary, has acknowledged writes alone" in found["message"]
    loser.run(("touch", "/var/lib/live-cluster/postgresql/reclone"))
    assert cluster.configure("--yes").returncode == 0
    assert cluster.wait_healthy(deadline_s=DEADLINE_S).primary == winner.name
    audits.wait_until_clean(cluster.lab, promised[winner.name], deadline_s=DEADLINE_S)
    (kept,) = databases(loser) - before
    assert "set-aside" in kept
