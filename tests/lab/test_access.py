"""A1, A2, A9: who gets in, and when; on whole servers with Debian's own sshd and systemd."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from live_lab import Background, Host, Lab, wait_until

pytestmark = pytest.mark.lab

PROBE = Path(__file__).with_name("configurator_probe.py").read_text(encoding="utf-8")
TERMINAL = Path(__file__).with_name("terminal_probe.py").read_text(encoding="utf-8")
RUNTIME_DIRECTORY = "/run/live-cluster-ssh"
DROP_IN = "/etc/ssh/sshd_config.d/00-live-cluster.conf"
HEAD_2 = "10.81.0.2"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.up(name="access", media=1) as lab:
        yield lab


@dataclass(frozen=True)
class Configurator:
    """The configurator on one host: it has no trace of the others but the passphrase."""

    host: Host

    def login(self, passphrase: str, address: str = HEAD_2, **order: Any) -> tuple[str, str]:
        """Outcome and detail of one login."""
        completed = self.host.run(self._argv(), stdin=self._order(passphrase, address, order))
        answer = json.loads(completed.stdout)
        return answer["outcome"], answer["detail"]

    def gets_in(self, passphrase: str, address: str = HEAD_2, **order: Any) -> bool:
        """Whether a login succeeds."""
        return self.login(passphrase, address, **order)[0] == "LET_IN"

    def stay(self, passphrase: str, address: str = HEAD_2) -> Background:
        """A connection with a running command, and an idle one; returns once both are there."""
        session = self.host.start(self._argv(), stdin=self._order(passphrase, address, {"stay": True}))
        wait_until(lambda: "in" in session.stdout, deadline_s=300, what="the configurator is in")
        return session

    def _argv(self) -> tuple[str, ...]:
        return ("/usr/bin/python3", "-IS", "-c", PROBE)

    def _order(self, passphrase: str, address: str, order: dict[str, Any]) -> str:
        return json.dumps({"passphrase": passphrase, "address": address, **order})


@pytest.fixture
def configurator(lab: Lab) -> Configurator:
    return Configurator(lab.host("main-1"))


@pytest.fixture
def server(lab: Lab) -> Iterator[Host]:
    """The server to get into; locked before and after each test."""
    host = lab.host("main-2")
    lock(host)
    yield host
    lock(host)


@pytest.fixture(scope="module")
def passphrase(lab: Lab) -> str:
    """What the first server of the installation printed."""
    return generate(lab.host("media-0"))


@pytest.fixture(scope="module")
def other_passphrase(lab: Lab, passphrase: str) -> str:
    """That of another installation."""
    return generate(lab.host("media-0"))


def generate(host: Host) -> str:
    made = host.run(("live-configure", "unlock-configurator", "--generate")).stdout.strip()
    lock(host)
    return made


def unlock(host: Host, passphrase: str, *, window_s: int = 3600) -> str:
    argv = ("live-configure", "unlock-configurator", "--passphrase-file", "-")
    return host.run((*argv, "--window-seconds", str(window_s)), stdin=passphrase + "\n").stderr


def lock(host: Host) -> str:
    return host.run(("live-configure", "lock-configurator")).stderr


def status(host: Host) -> dict[str, object]:
    answer: dict[str, object] = json.loads(host.run(("live-configure", "status", "--json")).stdout)
    return answer


def journal(host: Host, *match: str) -> str:
    return host.run(("journalctl", "--no-pager", "--output=cat", *match)).stdout


def remains(host: Host) -> str:
    """Whatever exists of an access: files, timers, the certificate sshd shows."""
    listing = host.run(("sh", "-c", f"ls -d {RUNTIME_DIRECTORY} {DROP_IN} 2>/dev/null"), check=False).stdout
    timers = host.run(
        ("systemctl", "list-units", "--all", "--plain", "--no-legend", "live-cluster-lock-*")
    ).stdout
    shown = host.run(("ssh-keyscan", "-c", "-T", "20", "127.0.0.1"), check=False).stdout
    # Debian 13 prints remarks there, too.
    certificates = "".join(line for line in shown.splitlines() if not line.startswith("#"))
    return listing + timers + certificates


def is_locked(host: Host) -> bool:
    return status(host)["open"] is False


# -- the matrix -------------------------------------------------------------------------------------------------


def test_before_unlock_nobody_gets_in(configurator: Configurator, server: Host, passphrase: str) -> None:
    assert configurator.login(passphrase)[0] == "LOCKED"
    assert status(server)["open"] is False
    assert remains(server) == ""


def test_within_the_window_the_configurator_gets_in(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase)
    assert configurator.gets_in(passphrase, "10.81.0.2")
    assert configurator.gets_in(passphrase, "10.81.1.2")
    told = status(server)
    assert told["open"] is True
    assert isinstance(told["seconds_left"], int)
    assert 3000 < told["seconds_left"] <= 3600


def test_media_servers_open_with_the_same_command(
    lab: Lab, configurator: Configurator, passphrase: str
) -> None:
    media = lab.host("media-0")
    unlock(media, passphrase)
    assert configurator.gets_in(passphrase, "10.81.0.11")
    lock(media)
    assert configurator.login(passphrase, "10.81.0.11")[0] == "LOCKED"


def test_after_lock_nobody_gets_in_and_nothing_is_left(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase)
    lock(server)
    assert configurator.login(passphrase)[0] == "LOCKED"
    assert remains(server) == ""


def test_after_expiry_nobody_gets_in_and_nothing_is_left(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase, window_s=5)
    wait_until(lambda: remains(server) == "", deadline_s=300, what="the server locks itself")
    assert configurator.login(passphrase)[0] == "LOCKED"
    assert "locked for the configurator because the time is over" in journal(server, "-t", "live-configure")
    assert server.failed_units() == []


def test_after_a_reboot_nobody_gets_in_and_the_next_unlock_works(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase)
    server.reboot()
    wait_until(
        lambda: configurator.login(passphrase)[0] == "LOCKED", deadline_s=300, what="sshd answers, locked"
    )
    assert status(server)["open"] is False
    assert "ssh-" not in remains(server)
    unlock(server, passphrase)
    assert configurator.gets_in(passphrase)


def test_after_power_loss_nobody_gets_in(configurator: Configurator, server: Host, passphrase: str) -> None:
    unlock(server, passphrase)
    server.power_off()
    server.power_on()
    wait_until(
        lambda: configurator.login(passphrase)[0] == "LOCKED", deadline_s=300, what="sshd answers, locked"
    )
    lock(server)
    assert remains(server) == ""


def test_a_server_that_is_off_is_told_from_one_that_is_locked(
    configurator: Configurator, passphrase: str
) -> None:
    assert configurator.login(passphrase, "10.81.0.77")[0] == "OFF"


def test_another_passphrase_is_recognised_by_its_fingerprint(
    configurator: Configurator, server: Host, passphrase: str, other_passphrase: str
) -> None:
    unlock(server, passphrase)
    assert configurator.login(other_passphrase) == ("OTHER_KEY", status(server)["fingerprint"])


def test_a_man_in_the_middle_without_host_certificate_is_not_trusted(
    lab: Lab, configurator: Configurator, server: Host, passphrase: str
) -> None:
    """The client host takes the second head's address; its sshd would accept anything."""
    unlock(server, passphrase)
    with stranger_at(lab, "client"):
        assert configurator.login(passphrase)[0] == "LOCKED"


def test_a_server_of_the_same_installation_cannot_stand_in_for_another(
    lab: Lab, configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase)
    unlock(lab.host("media-0"), passphrase)
    with stranger_at(lab, "media-0"):
        assert configurator.login(passphrase)[0] == "NOT_THE_HOST"
    lock(lab.host("media-0"))


@pytest.mark.parametrize(
    "order",
    [
        {"valid_s": -1},
        {"principal": "root"},
        {"principal": "someone"},
        {"source_addresses": ["10.81.0.99/32"]},
    ],
    ids=["expired", "user name as principal", "other principal", "other source address"],
)
def test_certificates_that_do_not_fit_are_refused(
    configurator: Configurator, server: Host, passphrase: str, order: dict[str, Any]
) -> None:
    unlock(server, passphrase)
    assert configurator.login(passphrase, **order)[0] == "REFUSED"
    assert configurator.gets_in(passphrase, source_addresses=["10.81.0.1/32"])


class stranger_at:  # noqa: N801
    """While active, another host answers at the second head's address."""

    def __init__(self, lab: Lab, name: str) -> None:
        self._lab = lab
        self._stranger = lab.host(name)

    def __enter__(self) -> None:
        self._lab.cut("main-2", "bond0")
        self._stranger.run(("ip", "address", "add", f"{HEAD_2}/24", "dev", "bond0"))
        self._lab.host("main-1").run(("ip", "neighbour", "flush", "dev", "bond0"))

    def __exit__(self, *_: object) -> None:
        self._stranger.run(("ip", "address", "delete", f"{HEAD_2}/24", "dev", "bond0"))
        self._lab.heal("main-2", "bond0")
        self._lab.host("main-1").run(("ip", "neighbour", "flush", "dev", "bond0"))


# -- sessions and timers ------------------------------------------------------------------------------------------


def sleepers(host: Host) -> str:
    return host.run(("pgrep", "--full", "^sleep 8639[89]$"), check=False).stdout


def test_lock_ends_open_sessions_and_only_these(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase)
    session = configurator.stay(passphrase)
    assert status(server)["connections"] == 2
    assert len(sleepers(server).split()) == 2
    bystander = server.start(("sleep", "86397"))
    assert "Connections ended: 2" in lock(server)
    assert session.wait(60).stdout.split() == ["in", "ended"]
    assert sleepers(server) == ""
    assert bystander.is_running
    bystander.kill()


def test_expiry_ends_open_sessions(configurator: Configurator, server: Host, passphrase: str) -> None:
    unlock(server, passphrase, window_s=15)
    session = configurator.stay(passphrase)
    assert session.wait(120).stdout.split() == ["in", "ended"]
    assert sleepers(server) == ""


def test_unlock_again_extends_and_keeps_sessions(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase, window_s=600)
    session = configurator.stay(passphrase)
    assert "open already" in unlock(server, passphrase)
    assert int(str(status(server)["seconds_left"])) > 3000
    assert session.is_running
    assert remains(server).count(".timer") == 1
    lock(server)
    session.wait(60)


def test_unlock_with_another_passphrase_ends_the_sessions_of_the_first(
    configurator: Configurator, server: Host, passphrase: str, other_passphrase: str
) -> None:
    unlock(server, passphrase)
    session = configurator.stay(passphrase)
    assert "connections ended: 2" in unlock(server, other_passphrase)
    assert session.wait(60).stdout.split() == ["in", "ended"]
    assert configurator.gets_in(other_passphrase)
    assert configurator.login(passphrase)[0] == "OTHER_KEY"


def test_a_stopped_timer_does_not_make_the_window_longer(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase, window_s=10)
    server.run(("sh", "-c", "systemctl stop 'live-cluster-lock-*.timer'"))
    wait_until(lambda: is_locked(server), deadline_s=300, what="the time is over")
    assert configurator.login(passphrase)[0] == "REFUSED"


def test_expiry_locks_even_where_the_product_was_removed(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    unlock(server, passphrase, window_s=8)
    server.run(("mv", "/usr/sbin/live-configure", "/usr/sbin/live-configure.aside"))
    try:
        wait_until(
            lambda: configurator.login(passphrase)[0] == "LOCKED", deadline_s=300, what="the shell locks"
        )
        assert RUNTIME_DIRECTORY not in remains(server)
    finally:
        server.run(("mv", "/usr/sbin/live-configure.aside", "/usr/sbin/live-configure"))


@pytest.mark.parametrize(
    "after_s",
    ["0.4", "1.0", *(pytest.param(moment, marks=pytest.mark.matrix) for moment in ("0.8", "1.2", "1.5"))],
)
def test_killed_unlock_does_not_stay_open(
    configurator: Configurator, server: Host, passphrase: str, after_s: str
) -> None:
    argv = ("timeout", "--signal=KILL", after_s, "live-configure", "unlock-configurator")
    server.run((*argv, "--passphrase-file", "-", "--window-seconds", "4"), stdin=passphrase, check=False)
    wait_until(lambda: RUNTIME_DIRECTORY not in remains(server), deadline_s=300, what="the timer cleans up")
    assert configurator.login(passphrase)[0] == "LOCKED"
    assert lock(server)
    assert remains(server) == ""


# -- sshd as customers have it ------------------------------------------------------------------------------------


@pytest.fixture
def root_key(lab: Lab, server: Host) -> Iterator[None]:
    """A key of main-1's administrator in root's authorized_keys on the server."""
    client = lab.host("main-1")
    client.run(("sh", "-c", "rm -f /root/admin*; ssh-keygen -q -t ed25519 -N '' -f /root/admin"))
    server.run(("mkdir", "-p", "-m", "700", "/root/.ssh"))
    server.write("/root/.ssh/authorized_keys", client.read("/root/admin.pub"), 0o600)
    yield
    server.run(("rm", "-rf", "/root/.ssh", SETTING))
    server.run(("systemctl", "reload", "ssh"))


SETTING = "/etc/ssh/sshd_config.d/50-customer.conf"


def administrator_gets_in(lab: Lab) -> bool:
    options = (
        "BatchMode=yes",
        "StrictHostKeyChecking=no",
        "UserKnownHostsFile=/dev/null",
        "ConnectTimeout=20",
    )
    argv = ("ssh", "-i", "/root/admin", *(word for option in options for word in ("-o", option)))
    return lab.host("main-1").run((*argv, f"root@{HEAD_2}", "true"), check=False).returncode == 0


@pytest.mark.parametrize(
    "setting",
    [
        "PermitRootLogin no",
        *(
            pytest.param(setting, marks=pytest.mark.matrix)
            for setting in (
                "PubkeyAuthentication no",
                "AuthenticationMethods publickey,password",
                "AllowUsers admin",
                "AllowGroups staff",
            )
        ),
    ],
)
@pytest.mark.usefixtures("root_key")
def test_where_root_is_kept_out_only_the_configurator_gets_in(
    lab: Lab, configurator: Configurator, server: Host, passphrase: str, setting: str
) -> None:
    server.write(SETTING, setting + "\n")
    server.run(("systemctl", "reload", "ssh"))
    wait_until(lambda: not administrator_gets_in(lab), deadline_s=300, what="the setting counts")
    unlock(server, passphrase)
    assert configurator.gets_in(passphrase)
    assert not administrator_gets_in(lab)
    lock(server)
    assert not administrator_gets_in(lab)


@pytest.mark.usefixtures("root_key")
def test_where_root_may_log_in_the_window_changes_nothing_about_it(
    lab: Lab, configurator: Configurator, server: Host, passphrase: str
) -> None:
    assert administrator_gets_in(lab)
    unlock(server, passphrase)
    assert administrator_gets_in(lab)
    assert configurator.gets_in(passphrase)
    lock(server)
    assert administrator_gets_in(lab)
    assert not configurator.gets_in(passphrase)


@pytest.mark.usefixtures("root_key")
@pytest.mark.parametrize(
    ("setting", "code"),
    [("DenyUsers root", "access-self-test-failed"), ("NoSuchKeyword yes", "sshd-config-invalid")],
)
def test_where_sshd_cannot_be_opened_nothing_is_and_the_reason_is_told(
    server: Host, passphrase: str, setting: str, code: str
) -> None:
    server.write(SETTING, setting + "\n")
    argv = ("live-configure", "unlock-configurator", "--passphrase-file", "-")
    completed = server.run(argv, stdin=passphrase, check=False)
    assert completed.returncode == 78
    assert f"[{code}]" in completed.stderr
    assert status(server)["open"] is False
    server.run(("rm", SETTING))
    lock(server)
    assert remains(server) == ""


@pytest.mark.matrix
def test_a_host_certificate_of_the_customers_own_comes_back_after_lock(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    for command in (
        "rm -f /root/ca* /root/own*; ssh-keygen -q -t ed25519 -N '' -f /root/ca",
        "cp /etc/ssh/ssh_host_ed25519_key.pub /root/own.pub",
        "ssh-keygen -q -s /root/ca -I own -h -n example /root/own.pub",
    ):
        server.run(("sh", "-c", command))
    server.write(SETTING, "HostCertificate /root/own-cert.pub\n")
    server.run(("systemctl", "reload", "ssh"))
    own = server.read("/root/own-cert.pub").split()[1]
    shown = ("ssh-keyscan", "-c", "-T", "20", "127.0.0.1")
    try:
        wait_until(
            lambda: own in server.run(shown, check=False).stdout, deadline_s=300, what="own certificate"
        )
        unlock(server, passphrase)
        assert configurator.gets_in(passphrase)
        lock(server)
        wait_until(lambda: own in server.run(shown, check=False).stdout, deadline_s=300, what="it is back")
    finally:
        server.run(("rm", SETTING))
        server.run(("systemctl", "reload", "ssh"))


# -- the command --------------------------------------------------------------------------------------------------


def test_everything_stands_in_the_journal(configurator: Configurator, server: Host, passphrase: str) -> None:
    unlock(server, passphrase)
    fingerprint = str(status(server)["fingerprint"])
    assert configurator.gets_in(passphrase)
    lock(server)
    lines = journal(server, "-t", "live-configure")
    assert f"unlocked for the configurator by root for 3600 s, key {fingerprint}" in lines
    assert "locked for the configurator by root" in lines
    assert "ID live-cluster configure from " in journal(server, "--unit=ssh")


def test_the_passphrase_is_nowhere_on_the_server(server: Host, passphrase: str) -> None:
    unlock(server, passphrase)
    for place in (RUNTIME_DIRECTORY, "/run/live-cluster", "/etc/ssh", "/var/lib/live-cluster"):
        found = server.run(("grep", "-rlF", "--", passphrase, place), check=False).stdout
        assert found == ""
    assert passphrase not in journal(server)


@pytest.mark.parametrize(
    ("stdin", "code"),
    [
        ("", "passphrase-word-count"),
        ("one two three", "passphrase-word-count"),
        ("x x x x x x x", "passphrase-unknown-words"),
        ("aback aback aback aback aback aback aback", "passphrase-check-failed"),
    ],
)
def test_wrong_passphrases_open_nothing(server: Host, stdin: str, code: str) -> None:
    argv = ("live-configure", "unlock-configurator", "--passphrase-file", "-")
    completed = server.run(argv, stdin=stdin, check=False)
    assert completed.returncode == 64
    assert f"[{code}]" in completed.stderr
    assert remains(server) == ""


def test_without_terminal_and_passphrase_the_way_out_is_told(server: Host) -> None:
    completed = server.run(("live-configure", "unlock-configurator"), check=False)
    assert completed.returncode == 64
    assert "[passphrase-missing]" in completed.stderr


def at_a_terminal(host: Host, *dialogue: tuple[str, str]) -> tuple[int, str]:
    """The bare command with somebody in front of it: exit code, and all that was to be seen."""
    order = {"argv": ["live-configure", "unlock-configurator"], "dialogue": dialogue}
    completed = host.run(("/usr/bin/python3", "-c", TERMINAL), stdin=json.dumps(order))
    answer = json.loads(completed.stdout)
    return answer["exit_code"], answer["shown"]


def test_bare_command_at_a_terminal_makes_the_first_passphrase(
    configurator: Configurator, server: Host
) -> None:
    exit_code, shown = at_a_terminal(server, ("leave empty on the first server", "\n"))
    assert exit_code == 0
    (printed,) = [line for line in shown.splitlines() if len(line.split()) == 7 and line.islower()]
    assert configurator.gets_in(printed)


def test_bare_command_at_a_terminal_asks_again_and_shows_nothing_of_it(
    configurator: Configurator, server: Host, passphrase: str
) -> None:
    ask = "leave empty on the first server"
    exit_code, shown = at_a_terminal(server, (ask, "one two\n"), (ask, passphrase + "\n"))
    assert exit_code == 0
    assert "[passphrase-word-count]" in shown
    assert passphrase not in shown
    assert configurator.gets_in(passphrase)


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_leaving_at_the_question_opens_nothing(server: Host, key: str) -> None:
    exit_code, _ = at_a_terminal(server, ("leave empty on the first server", key))
    assert exit_code == 130
    assert remains(server) == ""


def test_site_key_file_makes_the_bare_command_suffice(server: Host) -> None:
    server.run(
        (
            "sh",
            "-c",
            "umask 077; mkdir -p /etc/live-cluster; head -c 32 /dev/urandom | base64 >/etc/live-cluster/site.key",
        )
    )
    try:
        server.run(("live-configure", "unlock-configurator"))
        assert status(server)["open"] is True
        server.run(("chmod", "644", "/etc/live-cluster/site.key"))
        completed = server.run(("live-configure", "unlock-configurator"), check=False)
        assert completed.returncode == 78
        assert "[site-key-readable]" in completed.stderr
    finally:
        server.run(("rm", "/etc/live-cluster/site.key"))


@pytest.mark.parametrize("verb", ["unlock-configurator", "lock-configurator", "status"])
def test_a9_without_root_there_is_a_clear_error(server: Host, verb: str) -> None:
    completed = server.run(
        ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "live-configure", verb),
        check=False,
    )
    assert completed.returncode == 77
    assert f"sudo live-configure {verb}" in completed.stderr


def test_words_are_russian_where_the_locale_is(server: Host) -> None:
    completed = server.run(("env", "LC_ALL=ru_RU.UTF-8", "live-configure", "status"))
    assert completed.stdout.strip() == "закрыт"
