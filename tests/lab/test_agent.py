"""The database agent's contract (D1, D2): what was acknowledged stays, and a failed head comes back by itself."""

import json
import time
from collections.abc import Iterator

import pytest
from database_pair import NAMES, STATE, DatabasePair, acknowledged, put_back, whole_pair

from live_lab import Host, faults, wait_until

AGENT = "/usr/lib/ocf/resource.d/live-cluster/postgresql"


@pytest.fixture(scope="module", params=["bookworm", pytest.param("trixie", marks=pytest.mark.matrix)])
def pair(request: pytest.FixtureRequest) -> Iterator[DatabasePair]:
    release: str = request.param
    with whole_pair(f"ag-{release[:5]}", release) as pair:
        yield pair


@pytest.fixture(autouse=True)
def _after_a_failure(pair: DatabasePair) -> Iterator[None]:
    yield
    put_back(pair)


def pid_of_server(pair: DatabasePair, host: Host) -> str:
    return host.read(f"/var/lib/postgresql/{pair.version}/main/postmaster.pid").split()[0]


def clean_up(pair: DatabasePair) -> None:
    pair.heads[0].run(("crm_resource", "--cleanup"), check=False)


@pytest.mark.lab
def test_first_standby_is_a_copy_and_its_old_data_is_set_aside(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    assert (primary.name, standby.name) == NAMES
    wait_until(
        lambda: pair.rejoin_status(standby)["state"] == "done", deadline_s=300, what="the repair is done"
    )
    kept = pair.kept_data(standby, "copy")
    assert standby.run(("test", "-f", f"{kept}/PG_VERSION"), check=False).returncode == 0


@pytest.mark.lab
def test_diverged_primary_is_rewound_after_a_power_loss(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    pair.start_writers(primary, 3)
    # Commits that are on the primary's disk and nowhere else: cut off, it has time to write, then the power goes.
    faults.isolate(pair.lab, primary)
    time_of_cut = time.time()
    wait_until(lambda: time.time() > time_of_cut + 0.5, deadline_s=300, what="half a second of writing")
    primary.power_off()
    faults.reconnect(pair.lab, primary)
    pair.wait_primary(standby)
    pair.start_writers(standby)
    primary.power_on()
    pair.audit()
    kept = pair.kept_data(primary, "rewind")
    manifest = json.loads(primary.read(f"{kept}/manifest.json"))
    assert manifest["segments"]


@pytest.mark.lab
def test_isolated_primary_acknowledges_nothing(pair: DatabasePair) -> None:
    # The window in which an unguarded primary would give up waiting: its membership is gone for a while.
    primary, beside, cut = pair.cut_off_primary(isolated_s=15)
    faults.reconnect(pair.lab, primary)
    pair.audit()
    healed = time.time()
    assert all(when < cut + 3 for writer in beside for when, _ in acknowledged(writer) if when < healed)


@pytest.mark.matrix
@pytest.mark.parametrize("seconds", [4.0, 5.0, 6.0, 8.0])
@pytest.mark.parametrize("role", ["primary", "standby"])
def test_short_isolation_loses_nothing(pair: DatabasePair, role: str, seconds: float) -> None:
    """The cut heals just when one side takes over, or just before the other would go on alone."""
    primary, standby = pair.roles()
    pair.start_writers(primary, 2)
    faults.isolate(pair.lab, primary if role == "primary" else standby)
    cut = time.time()
    wait_until(
        lambda: time.time() > cut + seconds,
        deadline_s=seconds + 5,
        what=f"{seconds} s of isolation",
        every_s=0.05,
    )
    faults.reconnect(pair.lab, primary if role == "primary" else standby)
    pair.audit()
    clean_up(pair)


@pytest.mark.lab
def test_after_a_total_loss_the_standby_waits_for_the_latest_data(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    pair.start_writers(primary)
    primary.power_off()
    standby.power_off()
    standby.power_on()
    wait_until(
        lambda: "-INFINITY" in pair.crm_mon(standby).stdout,
        deadline_s=300,
        what="the standby declines to be promoted",
    )
    assert pair.sql(standby, "SELECT pg_is_in_recovery()") == "t"
    primary.power_on()
    pair.audit()
    assert pair.primary() is primary


@pytest.mark.matrix
def test_sole_survivor_starts_alone(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    pair.start_writers(primary)
    standby.power_off()
    wait_until(lambda: pair.data(primary)[standby.name] == "stale", deadline_s=300, what="alone")
    primary.power_off()
    primary.power_on()
    pair.wait_primary(primary)
    standby.power_on()
    pair.audit()


@pytest.mark.matrix
def test_writes_go_on_soon_after_the_standby_is_lost(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    (writer,) = pair.start_writers(primary)
    standby.power_off()
    wait_until(lambda: pair.data(primary)[standby.name] == "stale", deadline_s=300, what="alone")
    count = len(acknowledged(writer))
    wait_until(lambda: len(acknowledged(writer)) > count + 20, deadline_s=300, what="writes go on")
    standby.power_on()
    pair.audit()


@pytest.mark.matrix
def test_writes_do_not_wait_for_a_standby_that_is_stopped_on_purpose(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    (writer,) = pair.start_writers(primary)
    node = ("crm_attribute", "--node", standby.name, "--name", "standby")
    primary.run((*node, "--update", "on"))
    gone = ("test", "!", "-e", f"/var/lib/postgresql/{pair.version}/main/postmaster.pid")
    wait_until(lambda: standby.run(gone, check=False).returncode == 0, deadline_s=300, what="standby stopped")
    assert pair.data(primary)[standby.name] == "stale"
    count = len(acknowledged(writer))
    wait_until(lambda: len(acknowledged(writer)) > count + 20, deadline_s=300, what="writes go on")
    primary.run((*node, "--delete"))
    pair.audit()


@pytest.mark.matrix
def test_killed_servers_restart_in_place(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    (writer,) = pair.start_writers(primary)
    timeline = pair.sql(primary, "SELECT timeline_id FROM pg_control_checkpoint()")
    primary.run(("kill", "-KILL", pid_of_server(pair, primary)))
    count = len(acknowledged(writer))
    wait_until(lambda: len(acknowledged(writer)) > count + 20, deadline_s=300, what="writes go on")
    pair.wait_whole()
    assert pair.primary() is primary
    # Started again as the primary that it was, without a promotion.
    assert pair.sql(primary, "SELECT timeline_id FROM pg_control_checkpoint()") == timeline
    assert "Fail" not in pair.crm_mon(primary).stdout
    standby.run(("kill", "-KILL", pid_of_server(pair, standby)))
    pair.audit()
    assert pair.data(primary)[standby.name] == "sync"
    clean_up(pair)


@pytest.mark.matrix
def test_switchover_loses_nothing_and_needs_no_repair(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    pair.start_writers(primary)
    ban = ("crm_resource", "--resource", "ivcs-db-ms")
    primary.run((*ban, "--ban", "--node", primary.name, "--promoted"))
    pair.wait_primary(standby)
    primary.run((*ban, "--clear"))
    pair.start_writers(standby)
    pair.audit()
    assert primary.run(("test", "-e", f"{STATE}/repair"), check=False).returncode == 1


@pytest.mark.matrix
@pytest.mark.parametrize("moment", ["checking", "copying", "ready"])
def test_interrupted_copy_converges(pair: DatabasePair, moment: str) -> None:
    primary, standby = pair.roles()
    pair.start_writers(primary)
    standby.run(("sh", "-c", f"rm -f {STATE}/rejoin.json; touch {STATE}/reclone"))
    seen = ("grep", "-q", f'"state": "{moment}"', f"{STATE}/rejoin.json")
    wait_until(
        lambda: standby.run(seen, check=False).returncode == 0,
        deadline_s=300,
        what=f"the repair is {moment}",
        every_s=0.02,
    )
    standby.power_off()
    standby.power_on()
    wait_until(
        lambda: standby.run(("test", "-e", f"{STATE}/reclone"), check=False).returncode == 1,
        deadline_s=300,
        what="the order is done",
    )
    pair.audit()


@pytest.mark.matrix
def test_commits_made_alone_keep_the_whole_data_directory(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    primary.write(f"{STATE}/alone", "put here by the test: these commits may have been acknowledged\n")
    pair.start_writers(primary, 2)
    faults.isolate(pair.lab, primary)
    pair.wait_primary(standby)
    faults.reconnect(pair.lab, primary)
    pair.audit()
    kept = pair.kept_data(primary, "copy")
    assert primary.run(("test", "-f", f"{kept}/PG_VERSION"), check=False).returncode == 0


@pytest.mark.matrix
def test_unusable_standby_data_is_replaced(pair: DatabasePair) -> None:
    primary, standby = pair.roles()
    pair.start_writers(primary)
    control = f"/var/lib/postgresql/{pair.version}/main/global/pg_control"
    standby.run(("sh", "-c", f"kill -KILL {pid_of_server(pair, standby)}; echo broken >{control}"))
    wait_until(
        lambda: pair.data(primary)[standby.name] == "stale", deadline_s=300, what="the standby is given up"
    )
    pair.audit()
    assert pair.rejoin_status(standby)["method"] == "copy"
    clean_up(pair)


@pytest.mark.lab
def test_agent_speaks_ocf(pair: DatabasePair) -> None:
    host = pair.heads[0]
    environment = ("env", "OCF_ROOT=/usr/lib/ocf", AGENT)
    assert host.run((*environment, "monitor"), check=False).returncode == 6
    assert host.run((*environment, "unheard-of"), check=False).returncode == 3
    assert "reload-agent" in host.run((*environment, "usage")).stdout
    shown = host.run(("crm_resource", "--show-metadata", "ocf:live-cluster:postgresql")).stdout
    assert '<parameter name="node_addresses"' in shown
    assert host.run(("crm_resource", "--validate", "--resource", "ivcs-db"), check=False).returncode == 0


@pytest.mark.matrix
def test_ocf_tester_finds_nothing(pair: DatabasePair) -> None:
    """The field's own test of an agent: every action in every state, twice.

    Its schema is that of OCF 1.0, which knows neither reload-agent nor reloadable parameters; Pacemaker does.
    """
    primary, _ = pair.roles()
    # The cluster looks away: the tester starts, promotes and stops the database by itself.
    primary.run(("crm_attribute", "--name", "maintenance-mode", "--update", "true"))
    primary.run(("crm_resource", "--wait"))
    options = [word for name, value in pair.parameters.items() for word in ("-o", f"{name}={value}")]
    tested = primary.run(("ocf-tester", "-n", "ivcs-db", *options, AGENT), check=False, timeout_s=1800)
    found = [line for line in tested.stdout.splitlines() if line.startswith("* rc=")]
    assert [line.partition(": ")[2] for line in found] == [
        "Your agent produces meta-data which does not conform to ra-api-1.dtd"
    ], tested
    assert "Aborting" not in tested.stdout
    primary.run(("crm_resource", "--refresh"))
    primary.run(("crm_attribute", "--name", "maintenance-mode", "--delete"))
    pair.audit()
