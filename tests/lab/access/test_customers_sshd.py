"""A1, A2: sshd as customers have set it up: nobody else gets in, and their settings come back."""

from collections.abc import Iterator

import pytest
from access_case import HEAD_2, Configurator, lock, remains, status, unlock

from live_lab import Host, Lab, wait_until

pytestmark = pytest.mark.lab

SETTING = "/etc/ssh/sshd_config.d/50-customer.conf"


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
