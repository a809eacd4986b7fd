"""A1, A2, A9: who gets in, and when; on whole servers with Debian's own sshd and systemd."""

from typing import Any

import pytest
from access_case import HEAD_2, Configurator, journal, lock, remains, status, unlock

from live_lab import Host, Lab, wait_until

pytestmark = pytest.mark.lab


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
