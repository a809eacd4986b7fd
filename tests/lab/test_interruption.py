"""D4: whatever ends a run in the middle, the next one converges; two at once are refused."""

from collections.abc import Iterator

import pytest
from cluster import HEADS, KEPT, OPTIONS, Cluster, ConfigureRun, Report, unlock, write_conference

from live_lab import Lab, audits

# The first line of a stage, or a number of ended steps: moments spread over the whole run.
STAGES = (
    "Handing the services over",
    "Starting Corosync and Pacemaker",
    "Forming the cluster",
    "Configuring the resources",
    "Starting the database",
    "Preparing replication",
    "Bringing everything up",
    "Preparing the file storage",
    "Keeping the settings",
)
STEPS = (1, 8, 20, 28, 31, 36, 42)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Open servers; the first head has a conference that no interruption may lose."""
    with Lab.up(name="ckill") as lab:
        cluster = Cluster.unlocked(lab)
        write_conference(lab.heads[0], KEPT)
        yield cluster


def interrupt(cluster: Cluster, moment: int | str) -> bool:
    """Kills a run at the moment; False when it was over before."""
    run = cluster.start_configure(*OPTIONS, "--yes")
    if not reached(run, moment):
        assert run.wait().returncode == 0
        return False
    assert run.signal("KILL").returncode != 0
    return True


def reached(run: ConfigureRun, moment: int | str) -> bool:
    return run.wait_for_steps(moment) if isinstance(moment, int) else run.wait_for_line(moment)


def check_converged(cluster: Cluster) -> None:
    """Everything runs, the first head's data is there, and nothing is left to do."""
    audits.wait_until_clean(cluster.lab)
    assert cluster.wait_healthy().primary == HEADS[0]
    assert cluster.conferences() == [KEPT]
    again = cluster.configure()
    assert again.steps == ()
    assert (again.returncode, again.changed) == (0, False)


@pytest.mark.lab
def test_killed_again_and_again_it_goes_on_and_converges(cluster: Cluster) -> None:
    """One installation: kills at five moments, Ctrl-C, and a last run beside which another one is refused."""
    for moment in (4, "Handing the services over", "Starting Corosync", "Configuring the resources"):
        assert interrupt(cluster, moment), moment
    check_ctrl_c(cluster)
    assert interrupt(cluster, "Bringing everything up")
    check_that_a_second_run_is_refused(cluster)
    check_converged(cluster)


def check_ctrl_c(cluster: Cluster) -> None:
    """An interrupted run says so, in words or as JSON."""
    run = cluster.start_configure(*OPTIONS)
    assert run.wait_for_steps(1)
    told = run.signal("INT")
    assert told.returncode == 130, told
    assert "Interrupted" in told.stderr
    assert "Traceback" not in told.stderr

    run = cluster.start_configure(*OPTIONS, "--json")
    run.wait_for_lock()
    told = run.signal("INT")
    assert told.stderr == ""
    report = Report.of(told)
    assert (report.returncode, report.codes) == (130, ["interrupted"])


def check_that_a_second_run_is_refused(cluster: Cluster) -> None:
    """On either head, and it names the one at work, which goes on undisturbed."""
    run = cluster.start_configure(*OPTIONS)
    run.wait_for_lock()
    run.pause()
    for head in (1, 2):
        second = cluster.configure(*OPTIONS, head=head)
        assert (second.returncode, set(second.codes)) == (75, {"run-in-progress"})
        assert {one["node"] for one in second.problems} == set(HEADS)
        assert "(root, 20" in second.problems[0]["message"]
    run.resume()
    assert run.wait().returncode == 0


@pytest.mark.matrix
@pytest.mark.parametrize("moment", [*STEPS, *STAGES])
def test_killed_at_any_moment_the_next_run_converges(cluster: Cluster, moment: int | str) -> None:
    assert interrupt(cluster, moment)
    report = cluster.configure(*OPTIONS)
    assert report.returncode == 0, report
    check_converged(cluster)


@pytest.mark.matrix
def test_a_head_that_loses_power_in_the_middle_is_named(cluster: Cluster) -> None:
    """Its connection is given up after 45 s; when it is back and open again, the next run converges."""
    second = cluster.lab.heads[1]
    run = cluster.start_configure(*OPTIONS)
    assert run.wait_for_line("Handing the services over")
    second.power_off()
    told = run.wait()
    assert told.returncode == 69, told
    assert f"{second.name}: " in told.stderr
    assert "[connection-lost]" in told.stderr
    second.power_on()
    unlock(second, cluster.passphrase)
    report = cluster.configure(*OPTIONS)
    assert report.returncode == 0, report
    check_converged(cluster)
