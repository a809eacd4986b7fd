"""A planned stop is gentle: what a service has still to write is written, and it never runs twice.

The product needs 20 s to stop, in which it writes a row a second into the database at its floating address.
"""

import json
from collections.abc import Callable, Iterator

import pytest
from cluster import Cluster, Report, verb, write_conference
from slow_product import (
    BROKEN,
    BROKEN_WORDS,
    HANG,
    OPTIONS,
    PROFILE,
    WHOLE_LIFE,
    Looks,
    ledger_lab,
    put_profile,
    rows,
)

from live_lab import Host, wait_until

DEADLINE_S = 600.0
PROGRAM = "/usr/local/bin/ledger"


@pytest.fixture(scope="module")
def prepared() -> Iterator[Cluster]:
    with ledger_lab("gentle") as lab:
        cluster = Cluster.unlocked(lab)
        put_profile(cluster)
        yield cluster


@pytest.fixture(scope="module")
def first(prepared: Cluster) -> Report:
    return prepared.configure(*OPTIONS, "--profile", PROFILE)


@pytest.fixture
def cluster(prepared: Cluster, first: Report) -> Cluster:
    assert first.returncode == 0, first
    prepared.wait_healthy()
    return prepared


def heads_of(cluster: Cluster) -> tuple[Host, Host]:
    """The active head, and the other one."""
    first, second = cluster.lab.heads
    return (first, second) if cluster.status().primary == "ledger-1" else (second, first)


def unfinished(head: Host) -> list[list[str]]:
    """Lives that did not come to their own end, but for the one that goes on."""
    return [life for life in rows(head).values() if life not in (WHOLE_LIFE, ["started"])]


def switched_over(cluster: Cluster, looks: Looks) -> None:
    done, document = verb(cluster.lab.heads[0], "switchover", "--yes")
    assert (done.returncode, document["done"]) == (0, True), document


def put_into_standby(cluster: Cluster, looks: Looks) -> None:
    _, other = heads_of(cluster)
    done, document = verb(other, "standby", cluster.status().primary, "--yes")
    assert (done.returncode, document["done"]) == (0, True), document
    back, document = verb(other, "online", document["node"])
    assert (back.returncode, document["done"]) == (0, True), document


def all_stopped(cluster: Cluster, looks: Looks) -> None:
    stopped, document = verb(cluster.lab.heads[0], "stop-resources")
    assert (stopped.returncode, document["done"]) == (0, True), document
    started, document = verb(cluster.lab.heads[0], "start-resources")
    assert (started.returncode, document["done"]) == (0, True), document


def rebooted(cluster: Cluster, looks: Looks) -> None:
    active, other = heads_of(cluster)
    active.run(("systemctl", "poweroff"), check=False)
    # A host is not off before everybody has seen the end of what was started in it.
    wait_until(
        lambda: not looks.is_watching(active), deadline_s=DEADLINE_S, what="everything there has ended"
    )
    wait_until(lambda: not active.is_running, deadline_s=DEADLINE_S, what="it is off")
    active.power_off()
    active.power_on()
    looks.watch(active)
    number = cluster.lab.heads.index(other) + 1
    cluster.wait_healthy(number, deadline_s=DEADLINE_S)


@pytest.mark.lab
@pytest.mark.parametrize("stop", [switched_over, put_into_standby, all_stopped, rebooted])
def test_the_last_rows_are_written_and_it_never_runs_twice(
    cluster: Cluster, stop: Callable[[Cluster, Looks], None]
) -> None:
    with Looks(cluster.lab.heads, PROGRAM) as looks:
        wait_until(lambda: looks.count() > 0, deadline_s=DEADLINE_S, what="it is seen to run")
        before = len(rows(heads_of(cluster)[0]))
        stop(cluster, looks)
        cluster.wait_healthy(deadline_s=DEADLINE_S)
        active = heads_of(cluster)[0]
        wait_until(lambda: len(rows(active)) > before, deadline_s=DEADLINE_S, what="it writes again")
        assert looks.at_once() == []
    assert unfinished(active) == []


@pytest.mark.matrix
def test_what_had_to_be_killed_is_named(cluster: Cluster) -> None:
    source, target = heads_of(cluster)
    source.write(HANG, "")
    try:
        done, document = verb(target, "switchover", "--yes")
    finally:
        source.run(("rm", HANG))
    assert (done.returncode, document["done"]) == (113, True), document
    assert [one["code"] for one in document["problems"]] == ["service-killed"]
    assert document["problems"][0]["node"] == document["from"]
    _, story = verb(source, "events", "--since", "1h")
    assert [one["resource"] for one in story["events"] if one["kind"] == "killed"] == ["ledger"]
    cluster.wait_healthy(deadline_s=DEADLINE_S)


@pytest.mark.matrix
def test_a_stop_that_fails_lets_no_second_one_start(cluster: Cluster) -> None:
    """systemd is told to wait longer than the cluster knows, as by an administrator who has not run configure."""
    source, target = heads_of(cluster)
    override = "/etc/systemd/system/ledger.service.d/override.conf"
    source.run(("mkdir", "-p", "/etc/systemd/system/ledger.service.d"))
    source.write(override, "[Service]\nTimeoutStopSec=1h\n")
    source.run(("systemctl", "daemon-reload"))
    source.write(HANG, "")
    primary = cluster.status().primary
    with Looks(cluster.lab.heads, PROGRAM) as looks:
        done, document = verb(target, "switchover", "--yes")
        assert (done.returncode, document["done"]) == (113, False), document
        assert [one["code"] for one in document["problems"]] == ["service-hangs"]
        for number in (1, 2):
            seen = cluster.status(number)
            assert seen.primary == primary
            assert "health-service-hangs" in seen.reasons
        # It ends at last, and writes what it has to.
        source.run(("rm", HANG))
        cluster.wait_healthy(deadline_s=DEADLINE_S)
        # Not before: systemd counts a stop that is under way anew by what it reads.
        source.run(("rm", override))
        source.run(("systemctl", "daemon-reload"))
        assert cluster.status().primary == primary
        assert looks.at_once() == []
    assert WHOLE_LIFE in rows(source).values()


def promotions(head: Host) -> int:
    """How often a primary was made, by what this head knows."""
    _, story = verb(head, "events", "--since", "2h", "--all")
    return sum(one["operation"] == "promote" for one in story["events"])


@pytest.mark.matrix
def test_a_service_that_starts_nowhere_leaves_the_rest_alone(cluster: Cluster) -> None:
    put_profile(cluster, with_mate=True)
    for head in cluster.lab.heads:
        head.write(BROKEN, "")
    before = sum(promotions(head) for head in cluster.lab.heads)
    report = cluster.configure("--profile", PROFILE)
    assert report.returncode == 124, report
    assert report.codes == ["service-fails-everywhere"], report
    assert BROKEN_WORDS in str(report.problems)
    active = heads_of(cluster)[0]
    seen = json.loads(active.run(("live-cluster", "status", "--json"), check=False).stdout)
    assert BROKEN_WORDS in str(seen["verdict"]["reasons"]), seen["verdict"]
    place = cluster.status().primary
    assert cluster.status().place_of("ledger") == [place]

    # Pacemaker has forgotten what failed on the head that was left, and what failed here, and tries again.
    failures = failed_starts(active)
    wait_until(
        lambda: failed_starts(active) > failures + 15,
        deadline_s=DEADLINE_S,
        what="it has been tried again and again",
        every_s=2.0,
    )
    assert cluster.status().primary == place
    assert cluster.status().place_of("ledger") == [place]
    assert sum(promotions(head) for head in cluster.lab.heads) <= before + 1

    for head in cluster.lab.heads:
        head.run(("rm", BROKEN))
    # The other head has not shown yet that it can run it.
    wait_until(
        lambda: cluster.status().reasons == ("health-service-fails",),
        deadline_s=DEADLINE_S,
        what="it runs",
        every_s=1.0,
    )
    assert cluster.status().place_of("mate") == [place]
    started, document = verb(active, "start-resources")
    assert started.returncode == 0, document
    cluster.wait_healthy(deadline_s=DEADLINE_S)


def failed_starts(head: Host) -> int:
    """How often the mate did not start, by what this head knows."""
    _, story = verb(head, "events", "--since", "2h")
    failed = ("failed", "mate", "start")
    return sum((one["kind"], one["resource"], one["operation"]) == failed for one in story["events"])


# The application serves until its last conference is made, which needs its database.
SLOW_STOP = """\
[Service]
TimeoutStopSec=40
ExecStop=/usr/local/bin/last-conferences
"""
LAST_CONFERENCES = """\
#!/bin/sh
for n in $(seq 20); do
    body="{\\"name\\": \\"last $n\\"}"
    curl -sS --fail -m 5 -H 'Content-Type: application/json' -d "$body" http://127.0.0.1/api/conferences ||
        touch /var/tmp/not-written
    sleep 1
done
"""


@pytest.mark.matrix
def test_the_application_itself_writes_to_the_end(own_cluster: Cluster) -> None:
    cluster = own_cluster
    for head in cluster.lab.heads:
        head.write("/usr/local/bin/last-conferences", LAST_CONFERENCES, mode=0o755)
        head.run(("mkdir", "-p", "/etc/systemd/system/ivcs-server.service.d"))
        head.write("/etc/systemd/system/ivcs-server.service.d/slow.conf", SLOW_STOP)
        head.run(("systemctl", "daemon-reload"))
    report = cluster.configure()
    # The cluster learns of the unit's new time, and nothing restarts for it.
    assert (report.returncode, report.effects) == (0, ()), report
    assert [one.code for one in report.steps if one.state == "changed"] == ["cib"], report
    cluster.wait_healthy()
    write_conference(cluster.lab.client, "first", "10.81.0.100")
    with Looks(cluster.lab.heads, "ivcs_server") as looks:
        done, document = verb(cluster.lab.heads[0], "switchover", "--yes")
        assert (done.returncode, document["done"]) == (0, True), document
        assert looks.at_once() == []
        assert looks.count() > 0
    names = cluster.conferences()
    assert sorted(names) == sorted(("first", *(f"last {n}" for n in range(1, 21))))
    for head in cluster.lab.heads:
        assert head.run(("test", "-e", "/var/tmp/not-written"), check=False).returncode == 1
