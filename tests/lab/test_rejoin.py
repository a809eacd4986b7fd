"""What an administrator decides about a head's data: nothing is deleted, and the winner's writes are all there.

One pair goes through all of it: each test leaves it whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from cluster import Cluster, other_head, verb

from live_lab import Host, Lab, audits, wait_until
from live_lab.writer import Acknowledged, Writer

# Machines may be ten times slower than an idle one: deadlines, not expectations.
DEADLINE_S = 600.0
STATE = "/var/lib/live-cluster/postgresql"
REPAIR_UNIT = "live-cluster-rejoin.service"
# A fresh copy needs 256 MiB and more; Pacemaker and PostgreSQL go on with this.
TOO_LITTLE_MIB = 150
BALLAST = "/var/lib/lab-ballast"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A pair without a third vote: when the heads lose each other, both serve."""
    with Lab.up(name="rejoin") as lab:
        cluster = Cluster.unlocked(lab)
        cluster.configure_fully()
        cluster.wait_healthy()
        yield cluster


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Two heads that met again after both had served; `lost` is what only the loser has."""

    winner: Host
    loser: Host
    kept: Sequence[Acknowledged]
    lost: frozenset[str]


def serves(host: Host) -> bool:
    return audits.psql(host, "SELECT pg_is_in_recovery()") == "f"


def conferences(host: Host) -> frozenset[str]:
    return frozenset(audits.psql(host, "SELECT id FROM conferences").split())


def write_on_both_sides(cluster: Cluster) -> dict[str, tuple[Acknowledged, ...]]:
    """Cuts the heads off from each other until users of each have been told that their writes are safe."""
    writers = {host.name: Writer(cluster.lab, host=host, address="127.0.0.1") for host in cluster.lab.heads}
    writers[cluster.status().primary].wait_for_more()
    cluster.lab.cut_between()
    wait_until(
        lambda: all(serves(host) for host in cluster.lab.heads),
        deadline_s=DEADLINE_S,
        what="both heads are primary",
    )
    for writer in writers.values():
        writer.wait_for_more(deadline_s=DEADLINE_S)
    return {name: writer.stop() for name, writer in writers.items()}


def meet_again(cluster: Cluster) -> Split:
    """Both sides have served; one of them yields, and its data waits for a repair that cannot begin."""
    told = write_on_both_sides(cluster)
    present = {host.name: conferences(host) for host in cluster.lab.heads}
    cluster.lab.heal_between()
    wait_until(
        lambda: sum(serves(host) for host in cluster.lab.heads) == 1 and repairs_pending(cluster),
        deadline_s=DEADLINE_S,
        what="one head has yielded",
    )
    (winner,) = (host for host in cluster.lab.heads if serves(host))
    loser = cluster.lab.heads[other_head(winner.name)]
    lost = present[loser.name] - present[winner.name]
    assert len(lost) >= 20
    kept = [one for side in told.values() for one in side if one.conference not in lost]
    return Split(winner=winner, loser=loser, kept=kept, lost=lost)


def repairs_pending(cluster: Cluster) -> list[Host]:
    """Heads whose data is to be repaired."""
    pending = ("test", "-e", f"{STATE}/repair", "-o", "-e", f"{STATE}/reclone")
    return [host for host in cluster.lab.heads if host.run(pending, check=False).returncode == 0]


def assert_shown(document: dict[str, Any], split: Split) -> None:
    """What would be discarded, and that somebody relies on it."""
    facts = document["facts"]
    assert document["changed"] is False
    assert (facts["verdict"], facts["acknowledged_alone"]) == ("diverged", True)
    assert facts["discarded_commits"] >= len(split.lost)
    assert facts["discarded_bytes"] > 0


def assert_winner_s_writes_are_there(cluster: Cluster, split: Split) -> None:
    audits.wait_until_clean(cluster.lab, split.kept, deadline_s=DEADLINE_S)
    assert cluster.status().primary == split.winner.name
    assert not split.lost & conferences(split.winner)


def free_mib(host: Host) -> int:
    return int(host.run(("df", "--output=avail", "--block-size=1M", "/var/lib")).stdout.split()[-1])


@pytest.mark.matrix
def test_a_fresh_copy_keeps_the_old_data(cluster: Cluster) -> None:
    standby = cluster.lab.heads[other_head(cluster.status().primary)]
    dry, document = verb(standby, "rejoin", standby.name, "--reclone", "--dry-run")
    assert (dry.returncode, document["changed"]) == (0, False)
    done, document = verb(standby, "rejoin", standby.name, "--reclone", "--yes")
    assert (done.returncode, document["done"]) == (0, True), done
    (kept,) = document["set_aside"]
    assert kept["bytes"] > 0
    assert standby.run(("test", "-f", f"{kept['path']}/PG_VERSION"), check=False).returncode == 0
    audits.wait_until_clean(cluster.lab)


@pytest.mark.matrix
def test_the_data_of_the_standby_becomes_the_truth(cluster: Cluster) -> None:
    primary = cluster.status().primary
    standby = cluster.lab.heads[other_head(primary)]
    refused, document = verb(standby, "rejoin", standby.name, "--keep", "--yes")
    assert (refused.returncode, document["problems"][0]["code"]) == (78, "keep-primary-elsewhere")
    assert verb(standby, "stop-resources")[0].returncode == 0
    done, document = verb(standby, "rejoin", standby.name, "--keep", "--yes")
    assert (done.returncode, document["done"]) == (0, True), done
    assert verb(standby, "start-resources")[0].returncode == 0
    cluster.wait_healthy(deadline_s=DEADLINE_S)
    assert cluster.status().primary == standby.name
    audits.wait_until_clean(cluster.lab)


@pytest.mark.matrix
def test_diverged_data_is_copied_anew_and_kept_whole(cluster: Cluster) -> None:
    """An administrator looks at it before the repair begins: systemd does not start it until he has."""
    for host in cluster.lab.heads:
        host.run(("systemctl", "mask", "--runtime", "--quiet", REPAIR_UNIT))
    split = meet_again(cluster)
    dry, document = verb(split.loser, "rejoin", split.loser.name, "--reclone", "--dry-run")
    assert dry.returncode == 0, dry
    assert_shown(document, split)

    argv = ("live-cluster", "rejoin", split.loser.name, "--reclone", "--yes", "--json")
    work = split.loser.start(argv)
    ordered = ("test", "-e", f"{STATE}/reclone")
    wait_until(
        lambda: split.loser.run(ordered, check=False).returncode == 0,
        deadline_s=DEADLINE_S,
        what="the copy is ordered",
    )
    for host in cluster.lab.heads:
        host.run(("systemctl", "unmask", "--runtime", "--quiet", REPAIR_UNIT))
    done = work.wait(DEADLINE_S)
    assert done.returncode == 0, done
    (kept,) = json.loads(done.stdout)["set_aside"]
    assert_winner_s_writes_are_there(cluster, split)
    assert split.lost <= conferences_in(split.loser, kept["path"])


def conferences_in(host: Host, directory: str) -> frozenset[str]:
    """What a data directory that was set aside holds; it was a standby when it was stopped."""
    host.run(("rm", "-f", f"{directory}/standby.signal"))
    version = host.read(f"{directory}/PG_VERSION").strip()
    program = f"/usr/lib/postgresql/{version}/bin/postgres"
    settings = f"config_file=/etc/postgresql/{version}/main/postgresql.conf", f"data_directory={directory}"
    argv = ("runuser", "-u", "postgres", "--", program, "--single", "-D", directory)
    words = tuple(word for setting in settings for word in ("-c", setting))
    answer = host.run((*argv, *words, "ivcs"), stdin="SELECT id FROM conferences\n").stdout
    return frozenset(line.split('"')[1] for line in answer.splitlines() if ' id = "' in line)


@pytest.mark.matrix
def test_diverged_data_is_rewound_where_there_is_no_room_for_a_copy(cluster: Cluster) -> None:
    """Commits made alone want a copy; the administrator, who has seen what they are, wants none."""
    try:
        for host in cluster.lab.heads:
            host.run(("fallocate", "--length", f"{free_mib(host) - TOO_LITTLE_MIB}MiB", BALLAST))
        split = meet_again(cluster)
        wait_until(
            lambda: "a fresh copy needs" in split.loser.read(f"{STATE}/rejoin.json"),
            deadline_s=DEADLINE_S,
            what="the copy waits for room",
        )
        refused, document = verb(split.loser, "rejoin", split.loser.name, "--reclone", "--yes")
        assert (refused.returncode, document["problems"][0]["code"]) == (78, "rejoin-no-space")
        dry, document = verb(split.loser, "rejoin", split.loser.name, "--rewind", "--dry-run")
        assert dry.returncode == 0, dry
        assert_shown(document, split)
        assert "a fresh copy needs" in split.loser.read(f"{STATE}/rejoin.json")

        done, document = verb(split.loser, "rejoin", split.loser.name, "--rewind", "--yes")
        assert (done.returncode, document["done"]) == (0, True), done
    finally:
        for host in cluster.lab.heads:
            host.run(("rm", "-f", BALLAST))
    (kept,) = document["set_aside"]
    assert json.loads(split.loser.read(f"{kept['path']}/manifest.json"))["segments"]
    assert_winner_s_writes_are_there(cluster, split)
