"""A1, A9: the command at a terminal and without one, and what it leaves in the journal."""

import json
from pathlib import Path

import pytest
from access_case import RUNTIME_DIRECTORY, Configurator, journal, lock, remains, status, unlock

from live_lab import Host

pytestmark = pytest.mark.lab

TERMINAL = Path(__file__).with_name("terminal_probe.py").read_text(encoding="utf-8")


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
