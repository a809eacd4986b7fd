"""B6: no secret shows in a process list, a journal, a readable file, what a command prints, or the history."""

import base64
import tomllib
from collections.abc import Iterator

import pytest
from first_run import FirstRun

from live_lab import Host

pytestmark = pytest.mark.lab

PATTERNS = "/root/lab-secrets"
# What each search has to find, and nothing else: it shows that it would find a secret.
DECOY = "a decoy that every search has to find"
_READABLE = "find /etc /var /run /tmp /srv /root /usr/local -xdev -type f -perm /o=r -size -50M"
SEARCHES = {
    "readable files": ("sh", "-c", f"{_READABLE} -exec grep -aohFf {PATTERNS} {{}} +"),
    "history": ("grep", "-rohFf", PATTERNS, "/var/lib/live-cluster/history"),
    "logs": ("grep", "-raohFf", PATTERNS, "/var/log", "--exclude-dir=journal"),
    "journal": ("sh", "-c", f"journalctl --no-pager --output=cat --all | grep -aoFf {PATTERNS}"),
    "CIB": ("sh", "-c", f"cibadmin --query | grep -oFf {PATTERNS}"),
}
_PLANT = f"""
set -eu
mkdir -p /var/lib/live-cluster/history
echo '{DECOY}' | tee /tmp/decoy >/var/lib/live-cluster/history/decoy
chmod 644 /tmp/decoy
chmod 600 /var/lib/live-cluster/history/decoy
(umask 077; echo '{DECOY}' >/var/log/decoy)
echo '{DECOY}' | logger
"""


@pytest.fixture(scope="module")
def secrets(first_run: FirstRun) -> dict[str, str]:
    """Every secret of this installation, in the forms in which it could slip out."""
    first = first_run.lab.heads[0]
    services = tomllib.loads(first.read("/etc/live-cluster/service-secrets.toml"))
    words = first_run.cluster.passphrase.split()
    key = base64.b64decode(services["authkey"])
    return {
        "passphrase": " ".join(words),
        "passphrase with hyphens": "-".join(words),
        "replication password": services["replication"],
        "file storage password": services["smb"],
        "authkey": services["authkey"][:40],
        "authkey as hexadecimal digits": key[:16].hex(),
        "database owner's password": database_password(first),
    }


def database_password(host: Host) -> str:
    """What the installed product made for its own database; the second head gets it from the first."""
    lines = host.read("/etc/ivcs/server.conf").splitlines()
    return next(line.partition("=")[2].strip() for line in lines if line.startswith("password"))


@pytest.fixture(scope="module")
def searched(first_run: FirstRun, secrets: dict[str, str]) -> Iterator[FirstRun]:
    """The servers, with the secrets in a file that only root can read, for grep(1), and with the decoys."""
    hosts = [*first_run.lab.heads, *first_run.lab.media]
    for host in hosts:
        host.write(PATTERNS, "".join(f"{text}\n" for text in (DECOY, *secrets.values())), mode=0o600)
        host.run(("sh", "-c", _PLANT))
    first_run.lab.heads[0].run(("crm_attribute", "--name", "lab-decoy", "--update", DECOY))
    yield first_run
    first_run.lab.heads[0].run(("crm_attribute", "--name", "lab-decoy", "--delete"))
    for host in hosts:
        host.run(("rm", PATTERNS, "/tmp/decoy", "/var/log/decoy", "/var/lib/live-cluster/history/decoy"))


def test_the_secrets_are_those_in_use(first_run: FirstRun, secrets: dict[str, str]) -> None:
    first, second = first_run.lab.heads
    assert all(len(text) >= 20 for text in secrets.values())
    assert second.read("/etc/live-cluster/service-secrets.toml") == first.read(
        "/etc/live-cluster/service-secrets.toml"
    )
    assert database_password(second) == secrets["database owner's password"]
    assert secrets["replication password"] in second.read(
        "/var/lib/live-cluster/postgresql/replication.pgpass"
    )


def test_no_process_showed_a_secret(first_run: FirstRun, secrets: dict[str, str]) -> None:
    for name, texts in first_run.seen.items():
        assert len(texts) > 30, name
        everything = b"\n".join(texts)
        assert [what for what, secret in secrets.items() if secret.encode() in everything] == [], name
        assert b"live-configure" in everything, name


@pytest.mark.parametrize("place", SEARCHES)
def test_no_secret_can_be_found_on_a_server(searched: FirstRun, place: str) -> None:
    hosts = searched.lab.heads if place == "CIB" else [*searched.lab.heads, *searched.lab.media]
    for host in hosts:
        found = host.run(SEARCHES[place], check=False).stdout
        assert set(found.splitlines()) == {DECOY}, host.name


def test_no_half_written_file_is_left(first_run: FirstRun) -> None:
    for host in (*first_run.lab.heads, *first_run.lab.media):
        assert host.run(("find", "/", "-xdev", "-name", "*.live-cluster-new")).stdout == ""


def test_no_command_prints_a_secret(first_run: FirstRun, secrets: dict[str, str]) -> None:
    cluster = first_run.cluster
    again = cluster.start_configure("--token", "3100", "--dry-run").wait()
    status = cluster.lab.heads[0].run(("live-cluster", "status", "--json"))
    told = repr(first_run.report) + again.stdout + again.stderr + status.stdout
    assert [what for what, secret in secrets.items() if secret in told] == []
    assert "corosync.conf" in told
