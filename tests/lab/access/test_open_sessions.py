"""A2: what the end of the window does to open sessions, and what cannot keep it open."""

import pytest
from access_case import RUNTIME_DIRECTORY, Configurator, is_locked, lock, remains, status, unlock

from live_lab import Host, wait_until

pytestmark = pytest.mark.lab


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
