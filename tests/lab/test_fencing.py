"""Fencing with real IPMI controllers: asked before it is enabled, certain before anything is taken over.

One pair goes through all of it in this order: each test leaves it whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cluster import HEADS, OPTIONS, Cluster, unlock, verb
from controllers import fencing_options, with_controllers
from footprint import service_identities

from live_lab import Completed, Host, Lab, audits, wait_until
from live_lab.controller import PASSWORD
from live_lab.writer import Writer

RETURN_DEADLINE_S = 300.0
WHOLE_DEADLINE_S = 900.0
SECRET_FOLDERS = ("/etc", "/var/lib", "/var/log", "/run", "/tmp", "/root")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A pair whose first run names both controllers."""
    with Lab.up(name="cfence") as lab:
        cluster = Cluster.unlocked(lab)
        with_controllers(cluster)
        report = cluster.configure(*OPTIONS, *fencing_options(lab))
        assert report.returncode == 0, report
        yield cluster


@pytest.fixture
def fenced(cluster: Cluster) -> Cluster:
    """The pair, whole and with fencing as the product sets it up, whatever the test before has left."""
    for host in cluster.lab.heads:
        unlock(host, cluster.passphrase)
    with_controllers(cluster)
    report = cluster.configure(*fencing_options(cluster.lab))
    assert report.returncode == 0, report
    cluster.wait_healthy(deadline_s=WHOLE_DEADLINE_S)
    return cluster


def active_head(cluster: Cluster) -> tuple[Host, Host]:
    """The head with the services, and the other one."""
    number = HEADS.index(cluster.status().primary)
    return cluster.lab.heads[number], cluster.lab.heads[1 - number]


def check(host: Host, *words: str) -> tuple[Completed, dict[str, Any]]:
    completed = host.run(("live-cluster", "check", *words, "--json"), check=False, timeout_s=WHOLE_DEADLINE_S)
    document: dict[str, Any] = json.loads(completed.stdout)
    return completed, document


def failed_fencing(host: Host) -> list[dict[str, Any]]:
    """Fencing that failed and did not succeed after that, as status has it."""
    found: list[dict[str, Any]] = verb(host, "status")[1]["fencing"]["failed"]
    return found


def stonith_enabled(host: Host) -> str:
    argv = ("crm_attribute", "--type", "crm_config", "--name", "stonith-enabled", "--query", "--quiet")
    return host.run(argv).stdout.strip()


@pytest.mark.lab
def test_a_first_run_with_fencing(cluster: Cluster) -> None:
    assert stonith_enabled(cluster.lab.heads[0]) == "true"
    assert cluster.wait_healthy().can_lose == HEADS
    again = cluster.configure()
    assert (again.returncode, again.changed, again.steps) == (0, False, ())


@pytest.mark.lab
def test_fencing_is_removed_enabled_and_checked_without_touching_a_service(cluster: Cluster) -> None:
    first = cluster.lab.heads[0]
    before = [service_identities(host) for host in cluster.lab.heads]
    remove_fencing(cluster)

    first.write("/root/wrong", "wrong\n", mode=0o600)
    refused = cluster.configure(*fencing_options(cluster.lab, password_file="/root/wrong"))
    assert refused.codes == ["fencing-silent", "fencing-silent"], refused
    assert stonith_enabled(first) == "false"
    assert cluster.status().healthy

    planned = cluster.configure(*fencing_options(cluster.lab), "--dry-run")
    assert {step.impact for step in planned.steps} == {"none"}
    enabled = cluster.configure(*fencing_options(cluster.lab))
    assert enabled.returncode == 0, enabled
    assert stonith_enabled(first) == "true"
    again = cluster.configure(*fencing_options(cluster.lab))
    assert (again.returncode, again.changed, again.steps) == (0, False, ())
    left_out = cluster.configure()
    assert (left_out.returncode, left_out.changed) == (0, False)

    completed, found = check(first, "--fencing")
    assert completed.returncode == 0, found
    assert [(one["node"], one["power"]) for one in found["findings"]] == [(head, "on") for head in HEADS]
    _no_password_in_sight(cluster)

    remove_fencing(cluster)
    assert check(first, "--fencing")[0].returncode == 78
    assert [service_identities(host) for host in cluster.lab.heads] == before


def remove_fencing(cluster: Cluster) -> None:
    first = cluster.lab.heads[0]
    removed = cluster.configure("--no-fencing")
    assert removed.returncode == 0, removed
    assert stonith_enabled(first) == "false"
    assert not first.run(("find", "/etc/live-cluster/fencing", "-type", "f")).stdout
    assert cluster.wait_healthy().healthy


def _no_password_in_sight(cluster: Cluster) -> None:
    for host in cluster.lab.heads:
        cib = host.run(("cibadmin", "--query")).stdout
        journal = host.run(("journalctl", "--no-pager", "--quiet")).stdout
        for text in (cib, journal):
            assert PASSWORD not in text
        # What others may read.
        visible = host.run(
            ("grep", "-rlsF", PASSWORD, "--devices=skip", *SECRET_FOLDERS), check=False, timeout_s=300
        ).stdout.split()
        for path in visible:
            mode = host.run(("stat", "--format=%a", path)).stdout.strip()
            assert mode.endswith("00"), (host.name, path, mode)


@pytest.mark.lab
def test_power_loss_of_the_active_head_is_taken_over_after_the_fencing(fenced: Cluster) -> None:
    lost, survivor = active_head(fenced)
    writer = Writer(fenced.lab)
    writer.wait_for_more()
    lost.power_off()
    writer.wait_for_more(deadline_s=RETURN_DEADLINE_S)
    history = survivor.run(("stonith_admin", "--history", lost.name)).stdout
    assert "successful" in history, history
    # The controller has powered it on again.
    number = 1 + fenced.lab.heads.index(survivor)
    status = fenced.wait_healthy(number, deadline_s=WHOLE_DEADLINE_S)
    assert status.primary == survivor.name
    audits.wait_until_clean(fenced.lab, writer.stop())


@pytest.mark.matrix
def test_a_frozen_head_is_shot_and_the_service_moves(fenced: Cluster) -> None:
    frozen, survivor = active_head(fenced)
    writer = Writer(fenced.lab)
    writer.wait_for_more()
    before = len(writer.acknowledged)
    frozen.freeze()
    writer.wait_for_more(deadline_s=RETURN_DEADLINE_S)
    assert len(writer.acknowledged) > before
    number = 1 + fenced.lab.heads.index(survivor)
    assert fenced.wait_healthy(number, deadline_s=WHOLE_DEADLINE_S).primary == survivor.name
    audits.wait_until_clean(fenced.lab, writer.stop())


@pytest.mark.matrix
def test_when_the_heads_lose_each_other_the_primary_s_side_wins(fenced: Cluster) -> None:
    primary, other = active_head(fenced)
    # On a machine ten times slower an agent alone takes longer than the 5 s of the product.
    delay = ("--type", "crm_config", "--name", "priority-fencing-delay", "--update", "60s")
    primary.run(("crm_attribute", *delay))
    writer = Writer(fenced.lab)
    writer.wait_for_more()
    fenced.lab.cut_between()
    wait_until(lambda: not other.is_running, deadline_s=RETURN_DEADLINE_S, what=f"{other.name} is shot")
    assert primary.is_running
    fenced.lab.heal_between()
    writer.wait_for_more(deadline_s=RETURN_DEADLINE_S)
    number = 1 + fenced.lab.heads.index(primary)
    assert fenced.wait_healthy(number, deadline_s=WHOLE_DEADLINE_S).primary == primary.name
    audits.wait_until_clean(fenced.lab, writer.stop())


@pytest.mark.matrix
def test_with_a_dead_controller_nothing_is_taken_over_before_an_administrator_confirms(
    fenced: Cluster,
) -> None:
    """One power feed for a head and its controller: status says beforehand that this head must not be lost."""
    lost, survivor = active_head(fenced)
    number = 1 + fenced.lab.heads.index(survivor)
    fenced.lab.controller(lost.name).power_off()
    warned = wait_until(
        lambda: "health-fencing-device" in fenced.status(number).reasons,
        deadline_s=RETURN_DEADLINE_S,
        what="status names the dead device",
        every_s=2.0,
    )
    assert warned
    assert lost.name not in fenced.status(number).can_lose
    assert not check(survivor, "--fencing")[1]["good"]

    writer = Writer(fenced.lab)
    writer.wait_for_more()
    lost.power_off()
    wait_until(
        lambda: [one["target"] for one in failed_fencing(survivor)] == [lost.name],
        deadline_s=RETURN_DEADLINE_S,
        what="status says that the fencing has failed",
        every_s=1.0,
    )
    waiting = fenced.status(number)
    assert waiting.primary != survivor.name
    # Down, not just short of a head: what was there may or may not run.
    assert (waiting.returncode, waiting.reasons) == (1, ("health-node-unclean",))
    survivor.run(("stonith_admin", "--confirm", lost.name))
    wait_until(
        lambda: fenced.status(number).primary == survivor.name,
        deadline_s=RETURN_DEADLINE_S,
        what=f"{survivor.name} has taken over",
        every_s=1.0,
    )
    writer.wait_for_more(deadline_s=RETURN_DEADLINE_S)
    assert failed_fencing(survivor) == [], "it has been confirmed"
    # The power is back, of the head and of its controller.
    fenced.lab.controller(lost.name).power_on()
    lost.power_on()
    fenced.wait_healthy(number, deadline_s=WHOLE_DEADLINE_S)
    audits.wait_until_clean(fenced.lab, writer.stop())


@pytest.mark.matrix
def test_shooting_on_request(fenced: Cluster) -> None:
    target, shooter = active_head(fenced)
    assert check(target, "--fencing", "--shoot", target.name, "--yes")[0].returncode == 64
    assert check(shooter, "--fencing", "--shoot", target.name)[0].returncode == 107
    completed, found = check(shooter, "--fencing", "--shoot", target.name, "--yes")
    assert completed.returncode == 0, found
    assert found["shot"]["node"] == target.name
    assert found["shot"]["whole_s"] >= found["shot"]["fenced_s"]
    number = 1 + fenced.lab.heads.index(shooter)
    assert fenced.status(number).healthy
    assert fenced.status(number).primary == shooter.name
    audits.wait_until_clean(fenced.lab)
