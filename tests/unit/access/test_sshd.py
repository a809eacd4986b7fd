"""sshd's additions and answers, as texts."""

from pathlib import Path

import pytest

from live_cluster.access.self_test import login_endpoint
from live_cluster.access.sshd import (
    AccessFiles,
    EffectiveSshd,
    parse_effective,
    parse_started_at,
    render_drop_in,
    render_gate,
    render_sshd_config,
)
from live_cluster.access.system import lock_timer_argv, parse_addresses

FILES = AccessFiles()

# sshd -T -C user=root,host=localhost,addr=127.0.0.1 of Debian 12 (9.2p1), shortened.
DEBIAN = """\
port 22
addressfamily any
listenaddress [::]:22
listenaddress 0.0.0.0:22
usepam yes
permitrootlogin without-password
pubkeyauthentication yes
authenticationmethods any
hostkey /etc/ssh/ssh_host_rsa_key
hostkey /etc/ssh/ssh_host_ecdsa_key
hostkey /etc/ssh/ssh_host_ed25519_key
trustedusercakeys none
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
authorizedprincipalscommand none
"""


def effective(**changes: str) -> EffectiveSshd:
    kept = [line for line in DEBIAN.splitlines() if line.split()[0] not in changes]
    return parse_effective("\n".join([*kept, *(f"{key} {value}" for key, value in changes.items() if value)]))


def test_answers_of_sshd_are_read() -> None:
    state = effective()
    assert state.listen_addresses == ("[::]:22", "0.0.0.0:22")
    assert [path.name for path in state.host_keys] == [
        "ssh_host_rsa_key",
        "ssh_host_ecdsa_key",
        "ssh_host_ed25519_key",
    ]
    assert state.first("trustedusercakeys") == "none"
    assert state.first("nothing", "default") == "default"


@pytest.mark.parametrize(
    ("changes", "welcome"),
    [
        ({}, True),
        ({"permitrootlogin": "yes"}, True),
        ({"permitrootlogin": "no"}, False),
        ({"permitrootlogin": "forced-commands-only"}, False),
        ({"pubkeyauthentication": "no"}, False),
        ({"authenticationmethods": "publickey,password"}, False),
        ({"authenticationmethods": "publickey,password publickey"}, True),
        ({"allowusers": "admin"}, False),
        ({"allowusers": "admin root"}, True),
        ({"allowgroups": "ssh"}, False),
        ({"allowgroups": "root"}, True),
    ],
)
def test_whether_roots_own_keys_are_welcome(changes: dict[str, str], welcome: bool) -> None:
    assert effective(**changes).root_keys_are_welcome is welcome


def render(state: EffectiveSshd) -> str:
    return render_sshd_config(FILES, host_certificates=[FILES.host_certificate(0)], locked_state=state)


def test_where_roots_keys_are_welcome_only_our_authority_is_added() -> None:
    assert render(effective()) == (
        "# Written by live-configure unlock-configurator; gone after lock-configurator, an hour, a reboot.\n"
        "HostCertificate /run/live-cluster-ssh/host-0-cert.pub\n"
        "Match User root\n"
        "    TrustedUserCAKeys /run/live-cluster-ssh/user-ca.pub\n"
        "    AuthorizedPrincipalsCommand /bin/sh /run/live-cluster-ssh/gate.sh\n"
        "    AuthorizedPrincipalsCommandUser root\n"
        "Match all\n"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"permitrootlogin": "no"},
        {"pubkeyauthentication": "no"},
        {"allowusers": "admin"},
        {"allowgroups": "ssh"},
    ],
)
def test_where_root_was_kept_out_no_other_key_gets_in_with_ours(changes: dict[str, str]) -> None:
    text = render(effective(**changes))
    assert "    PermitRootLogin prohibit-password\n" in text
    assert "    AuthenticationMethods publickey\n" in text
    assert "    AuthorizedKeysFile none\n" in text
    assert "    AuthorizedKeysCommand none\n" in text


def test_drop_in_includes_a_pattern_so_that_nothing_there_is_no_error() -> None:
    assert render_drop_in(FILES).endswith("\nInclude /run/live-cluster-ssh/sshd.conf*\n")


def test_gate_names_the_role_until_the_deadline() -> None:
    text = render_gate(FILES, deadline_uptime_s=4711)
    assert '[ "${uptime%%.*}" -lt 4711 ] || exit 0\n' in text
    assert text.endswith("printf '%s\\n' 'restrict live-configurator'\n")


def test_start_of_a_process_is_found_behind_any_name() -> None:
    fields = " ".join(str(number) for number in range(4, 53))
    assert parse_started_at(f"4711 (sshd: x) (y) S {fields}\n") == 22


@pytest.mark.parametrize(
    ("listen", "endpoint"),
    [
        (("[::]:22", "0.0.0.0:22"), ("127.0.0.1", 22)),
        (("[::]:2222",), ("::1", 2222)),
        (("10.81.0.1:22",), ("10.81.0.1", 22)),
        (("[fd00::1]:22", "10.81.0.1:23"), ("10.81.0.1", 23)),
        ((), ("127.0.0.1", 22)),
    ],
)
def test_where_sshd_is_reached_from_its_own_server(
    listen: tuple[str, ...], endpoint: tuple[str, int]
) -> None:
    assert login_endpoint(listen) == endpoint


def test_timer_is_monotonic_and_has_a_last_resort() -> None:
    argv = lock_timer_argv("0a1b2c3d", length_s=3600, files=FILES)
    assert "--on-active=3600s" in argv
    assert argv[-3:] == ("/usr/sbin/live-configure", "lock-configurator", "--expired=0a1b2c3d")
    (last_resort,) = [word for word in argv if word.startswith("--property=ExecStopPost=")]
    assert "test -e /run/live-cluster-ssh/window-0a1b2c3d || exit 0; " in last_resort
    assert "rm -rf /run/live-cluster-ssh /etc/ssh/sshd_config.d/00-live-cluster.conf; " in last_resort


def test_only_global_addresses_name_the_host() -> None:
    assert parse_addresses(
        '[{"ifname":"lo","addr_info":[{"family":"inet","local":"127.0.0.1","scope":"host"}]},'
        '{"ifname":"bond0","addr_info":[{"family":"inet","local":"10.81.0.1","scope":"global"},'
        '{"family":"inet6","local":"fd00::1","scope":"global"},'
        '{"family":"inet6","local":"fe80::1","scope":"link"}]},{"ifname":"down"}]'
    ) == ("10.81.0.1", "fd00::1")


def test_files_lie_under_run_but_for_the_drop_in() -> None:
    assert FILES.drop_in == Path("/etc/ssh/sshd_config.d/00-live-cluster.conf")
    assert FILES.marker("x").parent == FILES.window.parent == Path("/run/live-cluster-ssh")
