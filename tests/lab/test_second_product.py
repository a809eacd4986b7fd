"""Another product than the one it was made for: PowerDNS of Debian, by a profile alone (docs/profiles.md)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster, Report

from live_lab import Host, Lab, wait_until
from live_lab.image import ImageWish
from live_lab.lab import LabWish
from live_lab.recipe import default_release

pytestmark = [pytest.mark.lab, pytest.mark.matrix]

PROFILE = Path(__file__).parents[2] / "profiles/examples/powerdns.toml"
ON_HEAD = "/root/powerdns.toml"
PACKAGES = ("pdns-server", "pdns-backend-pgsql")
PUBLIC_ADDRESS = "10.81.0.100"
OPTIONS = (
    "--head-node-1-ip", "10.81.0.1", "--head-node-1-secondary-ip", "10.81.1.1",
    "--head-node-2-ip", "10.81.0.2", "--head-node-2-secondary-ip", "10.81.1.2",
    "--public-ip", PUBLIC_ADDRESS, "--database-ip", "10.81.0.102",
)  # fmt: skip
KEY, PASSWORD = "a key of the interface", "the password of the database"
SETTINGS = f"""\
launch=gpgsql
gpgsql-host=127.0.0.1
gpgsql-dbname=pdns
gpgsql-user=pdns
gpgsql-password={PASSWORD}
webserver=yes
webserver-allow-from=10.81.0.0/24
api=yes
api-key={KEY}
"""
# What the administrator does on each head, as PowerDNS's own manual has it. Plain Debian has no packet filter.
INSTALL = f"""\
set -eu
systemctl disable --now --quiet iptables-config
iptables --policy INPUT ACCEPT
iptables --flush INPUT
psql() {{ runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 "$@"; }}
psql -c "CREATE ROLE pdns LOGIN PASSWORD '{PASSWORD}'" -c "CREATE DATABASE pdns OWNER pdns"
psql -d pdns -c "SET ROLE pdns" -f /usr/share/pdns-backend-pgsql/schema/schema.pgsql.sql
chown root:pdns /etc/powerdns/pdns.d/database.conf
systemctl restart pdns
"""


@pytest.fixture(scope="module")
def prepared() -> Iterator[Cluster]:
    image = ImageWish(
        release=default_release(), has_application=False, extras=PACKAGES, client_extras=("bind9-host",)
    )
    with Lab.create("second", LabWish(image=image, media=0)) as lab:
        for head in lab.heads:
            head.write("/etc/powerdns/pdns.d/database.conf", SETTINGS, mode=0o640)
            head.run(("sh", "-c", INSTALL))
        lab.heads[0].write(ON_HEAD, PROFILE.read_text("utf-8"))
        yield Cluster.unlocked(lab)


@pytest.fixture(scope="module")
def first(prepared: Cluster) -> Report:
    return prepared.configure(*OPTIONS, "--profile", ON_HEAD)


@pytest.fixture
def cluster(prepared: Cluster, first: Report) -> Cluster:
    assert first.returncode == 0, first
    prepared.wait_healthy()
    return prepared


def api(client: Host, method: str, path: str, body: dict[str, Any] | None = None) -> str:
    """One request to PowerDNS's interface at the public address."""
    url = f"http://{PUBLIC_ADDRESS}:8081/api/v1/servers/localhost/{path}"
    argv = ("curl", "-sS", "--fail", "-m", "10", "-X", method, "-H", f"X-API-Key: {KEY}")
    data = ("-H", "Content-Type: application/json", "-d", json.dumps(body)) if body else ()
    return client.run((*argv, *data, url)).stdout


def zones(client: Host) -> list[str]:
    return sorted(one["name"] for one in json.loads(api(client, "GET", "zones")))


def add_zone(client: Host, name: str, address: str) -> None:
    host = {
        "name": f"www.{name}.",
        "type": "A",
        "ttl": 60,
        "records": [{"content": address, "disabled": False}],
    }
    zone = {"name": f"{name}.", "kind": "Native", "nameservers": [f"ns1.{name}."], "rrsets": [host]}
    api(client, "POST", "zones", zone)


def answer(client: Host, name: str) -> str:
    """What a name server's client gets at the public address; empty where nobody answers."""
    done = client.run(("host", "-W", "3", "-t", "A", name, PUBLIC_ADDRESS), check=False)
    found = [line.rsplit(maxsplit=1)[-1] for line in done.stdout.splitlines() if " has address " in line]
    return found[0] if found else ""


def test_it_is_a_cluster_without_a_line_of_code(cluster: Cluster) -> None:
    status = cluster.status()
    assert status.online == {"dns-1", "dns-2"}
    assert len(status.place_of("pdns")) == 1
    # No file storage, and nothing of the product that this cluster is not for.
    assert {one.id for one in status.instances} == {
        "db-ip", "db", "dns-ip", "pdns", "diskspace", "monitor",
    }  # fmt: skip


def test_a_second_run_changes_nothing_and_need_not_name_the_profile(cluster: Cluster) -> None:
    again = cluster.configure()
    assert (again.returncode, again.steps) == (0, ()), again
    from_the_other = cluster.configure("--dry-run", head=2)
    assert (from_the_other.returncode, from_the_other.steps) == (0, ()), from_the_other


def test_an_option_of_another_product_is_refused(cluster: Cluster) -> None:
    wrong = cluster.configure(
        "--filestorage-ip", "10.81.0.101", "--external-mail-server-hostname", "mail.example.com", "--dry-run"
    )
    assert wrong.returncode != 0
    assert wrong.codes == ["profile-without-setting"] * 2


def test_other_verbs_know_the_kept_profile(cluster: Cluster) -> None:
    argv = ("live-cluster", "timeouts", "--token", "4000", "--passphrase-file", "-", "--json")
    done = cluster.lab.heads[1].run(argv, stdin=cluster.passphrase, check=False)
    assert done.returncode == 0, done
    assert {one["node"] for one in json.loads(done.stdout)["steps"]} == {"dns-1", "dns-2"}
    assert cluster.wait_healthy().online == {"dns-1", "dns-2"}


def test_what_was_written_at_the_public_address_outlives_the_active_head(cluster: Cluster) -> None:
    client = cluster.lab.client
    add_zone(client, "example.org", "192.0.2.7")
    assert answer(client, "www.example.org") == "192.0.2.7"
    (active,) = cluster.status().place_of("pdns")
    number = 1 if active == "dns-1" else 2
    lost = cluster.lab.heads[number - 1]
    lost.power_off()
    wait_until(
        lambda: answer(client, "www.example.org") == "192.0.2.7",
        deadline_s=300,
        what="the other head answers for the zone",
        every_s=1.0,
    )
    add_zone(client, "example.net", "192.0.2.8")
    lost.power_on()
    cluster.wait_healthy(head=3 - number)
    assert zones(client) == ["example.net.", "example.org."]
