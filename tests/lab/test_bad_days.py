"""Before anything is touched: what is wrong, where, and its code (A9, B7, C15); `--dry-run` touches nothing."""

from collections.abc import Iterator

import pytest
from cluster import HEADS, OPTIONS, PUBLIC_ADDRESS, Cluster, Report, unlock, with_value, write_conference
from footprint import differences, file_states

from live_lab import Lab, audits, faults

pytestmark = pytest.mark.lab

_UNITS = (
    "corosync", "pacemaker", "postgresql@15-main", "postgresql@17-main", "ivcs-server", "opensips", "gnugk",
    "smbd", "nginx", "iptables-config",
)  # fmt: skip
_COMMANDS = (
    ("systemctl", "show", "--property=Id,ActiveState,UnitFileState", "--", *_UNITS),
    ("cat", "/proc/sys/kernel/hostname"),
    ("iptables", "-S"),
    ("find", "/var/lib/live-cluster"),
)
_HEAD_COMMANDS = (
    ("systemctl", "show", "--property=Id,MainPID", "--", *_UNITS),
    ("sh", "-c", "cat /var/lib/postgresql/*/main/postmaster.pid"),
    ("pdbedit", "--list"),
)


@pytest.fixture(scope="module")
def installation() -> Iterator[Cluster]:
    """Two fresh heads, each with a conference in its database."""
    with Lab.up(name="cbad") as lab:
        cluster = Cluster.unlocked(lab)
        for host in lab.heads:
            write_conference(host, "was here first")
        yield cluster


@pytest.fixture(scope="module")
def fresh(installation: Cluster) -> dict[str, str]:
    """What the servers looked like before any test."""
    return look(installation.lab)


@pytest.fixture
def cluster(installation: Cluster, fresh: dict[str, str]) -> Iterator[Cluster]:
    """The fresh servers; afterwards they must still be as fresh."""
    yield installation
    assert differences(fresh, look(installation.lab)) == {}


def look(lab: Lab) -> dict[str, str]:
    """Everything on the servers that `configure` would change."""
    found: dict[str, str] = {}
    for host in (*lab.heads, *lab.media):
        commands = _COMMANDS + (_HEAD_COMMANDS if host in lab.heads else ())
        states = {" ".join(argv): host.run(argv, check=False).stdout for argv in commands}
        # What unlocking a server puts there, some tests put there again.
        files = {
            path: state for path, state in file_states(host, "/etc").items() if "/sshd_config.d" not in path
        }
        found |= {f"{host.name}: {name}": state for name, state in (states | files).items()}
    return found


def place(report: Report) -> list[tuple[str, str]]:
    """(code, server) of every problem that is not just a warning."""
    return sorted((one["code"], one["node"]) for one in report.problems if one["severity"] == "error")


# -- dry run ----------------------------------------------------------------------------------------------------


def test_a_dry_run_shows_all_steps_and_touches_nothing(cluster: Cluster) -> None:
    report = cluster.configure(*OPTIONS, "--dry-run")
    assert (report.returncode, report.changed) == (0, False)
    assert {step.state for step in report.steps} == {"planned"}
    assert {step.node for step in report.steps} == {*HEADS, "ivcs-media-0"}
    assert {
        "hostname", "file", "database-handed-over", "service-running", "members-online", "cib",
        "database-copy-requested", "replication-role", "resources-running", "standby-synchronous",
    } <= {step.code for step in report.steps}  # fmt: skip
    assert "replaces-data" in {step.impact for step in report.steps}


def test_a_dry_run_shows_differences_but_no_secrets(cluster: Cluster) -> None:
    told = cluster.start_configure(*OPTIONS, "--dry-run").wait()
    assert told.returncode == 0
    assert "+10.81.0.1\tivcs-main-1" in told.stderr
    assert "nothing was touched" in told.stderr
    assert "authkey = " not in told.stderr


# -- servers ----------------------------------------------------------------------------------------------------


def test_a_locked_server_is_named(cluster: Cluster) -> None:
    second = cluster.lab.heads[1]
    second.run(("live-configure", "lock-configurator"))
    try:
        report = cluster.configure(*OPTIONS)
    finally:
        unlock(second, cluster.passphrase)
    assert report.returncode == 69
    assert place(report) == [("server-locked", HEADS[1])]


def test_servers_that_are_off_are_all_named(cluster: Cluster) -> None:
    """Nobody answers for an address without a host, as for a host without power."""
    options = ["10.81.0.13" if word == "10.81.0.2" else word for word in OPTIONS]
    report = cluster.configure(*options, "--media-node-2-ip", "10.81.0.14")
    assert report.returncode == 69
    assert place(report) == [("server-off", HEADS[1]), ("server-off", "ivcs-media-1")]


def test_the_passphrase_of_another_installation_opens_nothing(cluster: Cluster) -> None:
    media = cluster.lab.media[0]
    other = Cluster(cluster.lab, unlock(media))
    try:
        report = other.configure(*OPTIONS)
    finally:
        unlock(media, cluster.passphrase)
    assert report.returncode == 69
    assert place(report) == [("server-other-key", HEADS[1])]


@pytest.mark.parametrize(
    ("passphrase", "code"),
    [
        ("correct horse battery staple", "passphrase-word-count"),
        ("unique boulder rival cowboy lavish country xyzzy", "passphrase-unknown-words"),
        ("boulder unique rival cowboy lavish country scalar", "passphrase-check-failed"),
        ("", "passphrase-word-count"),
    ],
)
def test_a_wrong_passphrase_is_told_from_a_locked_server(
    cluster: Cluster, passphrase: str, code: str
) -> None:
    report = Cluster(cluster.lab, passphrase).configure(*OPTIONS)
    assert report.returncode == 64
    assert place(report) == [(code, "")]


def test_only_a_head_is_a_place_to_run_it(cluster: Cluster) -> None:
    elsewhere = {"10.81.0.2": "10.81.0.77", "10.81.1.2": "10.81.1.77"}
    argv = cluster.configure_argv((*(elsewhere.get(word, word) for word in OPTIONS), "--json"))
    report = Report.of(cluster.lab.heads[1].run(argv, stdin=cluster.passphrase, check=False))
    assert report.returncode == 69
    assert place(report) == [("not-on-a-head", "")]


def test_only_root_may_run_it(cluster: Cluster) -> None:
    argv = ("runuser", "-u", "nobody", "--", *cluster.configure_argv((*OPTIONS, "--json")))
    told = cluster.lab.heads[0].run(argv, stdin=cluster.passphrase, check=False)
    assert told.returncode == 77
    assert "root-required" in told.stdout + told.stderr
    assert "Traceback" not in told.stderr


def test_a_full_disk_is_named(cluster: Cluster) -> None:
    second = cluster.lab.heads[1]
    faults.fill_disk(second)
    try:
        report = cluster.configure(*OPTIONS, "--yes")
    finally:
        faults.free_disk(second)
    assert report.returncode == 78
    assert ("disk-full", HEADS[1]) in place(report)
    assert {code for code, _ in place(report)} <= {"disk-full", "no-room-for-copy"}


# -- addresses, devices, data -----------------------------------------------------------------------------------


def test_a_floating_address_that_somebody_has_is_refused(cluster: Cluster) -> None:
    client = cluster.lab.client
    client.run(("ip", "address", "add", f"{PUBLIC_ADDRESS}/24", "dev", "bond0"))
    try:
        report = cluster.configure(*OPTIONS)
    finally:
        client.run(("ip", "address", "del", f"{PUBLIC_ADDRESS}/24", "dev", "bond0"))
    assert report.returncode == 78
    assert place(report) == [("address-taken", "")]
    assert [one["option"] for one in report.problems if one["code"] == "address-taken"] == ["public-ip"]


def test_a_gateway_that_answers_no_pings_is_named_by_both_heads(cluster: Cluster) -> None:
    cluster.lab.gateway_silent()
    try:
        report = cluster.configure(*OPTIONS)
    finally:
        cluster.lab.gateway_answers()
    assert report.returncode == 78
    assert place(report) == [("ping-target-silent", HEADS[0]), ("ping-target-silent", HEADS[1])]


def test_all_problems_of_the_servers_come_at_once(cluster: Cluster) -> None:
    options = with_value(OPTIONS, "--filestorage-device", "/dev/disk/by-id/nothing")
    options = with_value(options, "--database-ip", "192.0.2.7")
    options = with_value(options, "--head-node-2-secondary-ip", "10.81.1.3")
    report = cluster.configure(*options)
    assert report.returncode == 78
    assert place(report) == [
        ("address-not-connected", HEADS[0]),
        ("address-not-connected", HEADS[1]),
        ("address-not-here", HEADS[1]),
        ("device-missing", HEADS[0]),
        ("device-missing", HEADS[1]),
    ]


def test_all_problems_of_the_input_come_at_once_and_no_server_is_asked(cluster: Cluster) -> None:
    options = with_value(OPTIONS, "--public-ip", "10.81.0.1")
    options = with_value(options, "--filestorage-ip", "10.81.0.300")
    report = cluster.configure(*options, "--tokn", "5", "--smsc-port", "0")
    assert report.returncode == 64
    assert {one["option"] for one in report.problems} >= {"public-ip", "filestorage-ip", "smsc-port"}
    assert len(place(report)) >= 4


def test_data_is_not_replaced_unless_somebody_agrees(cluster: Cluster) -> None:
    """The second head has a conference, there is no terminal to ask at and no --yes (C3)."""
    report = cluster.configure(*OPTIONS)
    assert report.returncode == 107
    assert place(report) == [("cannot-ask", "")]
    assert {step.state for step in report.steps} <= {"planned", "not-reached"}


def test_a_second_head_with_the_only_data_is_not_replaced_at_all(cluster: Cluster) -> None:
    first = cluster.lab.heads[0]
    audits.psql(first, "ALTER TABLE conferences RENAME TO hidden")
    try:
        report = cluster.configure(*OPTIONS, "--yes")
    finally:
        audits.psql(first, "ALTER TABLE hidden RENAME TO conferences")
    assert report.returncode == 78
    assert place(report) == [("database-on-other-head", HEADS[0])]
