"""All options of the article that concern the application, and looks at what came of them, for several modules."""

import hashlib
import json
from typing import Any

from cluster import HEADS, OPTIONS, PUBLIC_ADDRESS, Cluster
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certificate_case import Made, authority, made
from live_lab import Host, wait_until

FQDN = "video.example.com"
AUTHORITY = authority("Lab CA")
FIRST, RENEWED = made(FQDN, by=AUTHORITY), made(FQDN, days=(-1, 400), by=AUTHORITY)
TLS_PORTS = (443, 5061, 1300)
ODD = 'it\'s "quoted" $HOME 100% \\ Кириллица `id`'
SIP = '"Переговоры №<CONFERENCE_ID>" <sip:<CONFERENCE_ID>@video.example.com>'
H323 = '"It\'s $HOME <CONFERENCE_ID>" <h323:<CONFERENCE_ID>@video.example.com>'
INSTANCE_ID = "id with spaces 1"
MAIL_PASSWORD, SMSC_PASSWORD = ODD, "p'a\"s$"
LICENSE = "/root/license file.lic"
TRUSTED = "/root/authority.crt"
CERTIFICATE = ("--ssl-certificate-file", "/root/video cert.pem", "--ssl-private-key-file", "/root/video.key")
ALL = (
    *OPTIONS, "--media-node-2-ip", "10.81.0.12", "--public-fqdn", FQDN,
    "--license-server-instance-id", INSTANCE_ID, "--license-file", LICENSE,
    "--external-mail-server-hostname", "mail.example.com:25", "--external-mail-server-username", "ivcs@example.com",
    "--external-mail-server-password", MAIL_PASSWORD,
    "--smsc-host", "smsc.example.com", "--smsc-port", "2776", "--smsc-username", "ivcs",
    "--smsc-password", SMSC_PASSWORD, "--smcsc-sender-address", "Видеосвязь 1",
    *CERTIFICATE, "--outgoing-sip-proxy", "sip:proxy.example.com:5060",
    "--default-sip-from-header", SIP, "--default-h323-from-header", H323,
)  # fmt: skip

ONE_ROW = ("domains", "mail_settings", "sms_settings", "license", "external_file_storage")
TABLES = (*ONE_ROW, "media_servers")


def put_files(head: Host) -> None:
    """What the options name: certificate, key and license."""
    put_certificate(head, FIRST)
    put_license(head, LICENSE, INSTANCE_ID)


def put_license(head: Host, path: str, instance_id: str, *, until: str = "2099-01-01") -> None:
    argv = ("/usr/lib/ivcs/ivcs-admin", "make-license", "--holder", "Lab", "--valid-until", until)
    head.write(path, head.run((*argv, "--instance-id", instance_id)).stdout)


def put_certificate(head: Host, pair: Made) -> None:
    head.write("/root/video cert.pem", (pair.certificate + AUTHORITY.certificate).decode())
    head.write("/root/video.key", pair.key.decode(), mode=0o600)


def rows(cluster: Cluster, sql: str) -> list[dict[str, Any]]:
    """What the database at its floating address's head says."""
    primary = cluster.lab.heads[HEADS.index(cluster.status(active(cluster)).primary)]
    asked = f"SELECT row_to_json(one) FROM ({sql}) AS one"
    argv = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "ivcs")
    return [json.loads(line) for line in primary.run(argv, stdin=asked).stdout.splitlines()]


def administration(cluster: Cluster, what: str, body: str = "") -> tuple[int, str]:
    """HTTP status and answer of the application's interface for programs; with a body it is a POST."""
    password = cluster.lab.heads[active(cluster) - 1].read("/etc/ivcs/initial-admin-password").strip()
    lines = {"url": f"https://{PUBLIC_ADDRESS}/api/admin/{what}", "user": f"admin:{password}"}
    config = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
    posted = ("--header", "Content-Type: application/json", "--data", body) if body else ()
    argv = ("curl", "-sk", "-m", "60", "--write-out", "\\n%{http_code}", *posted, "--config", "-")
    answer, _, status = cluster.lab.client.run(argv, stdin=config).stdout.rpartition("\n")
    return int(status), answer


def admin_state(cluster: Cluster) -> dict[str, Any]:
    """All settings as the application tells them."""
    status, answer = administration(cluster, "state")
    assert status == 200, answer
    found: dict[str, Any] = json.loads(answer)
    return found


def active(cluster: Cluster) -> int:
    """Number of a head that is there."""
    return next(number for number, head in enumerate(cluster.lab.heads, start=1) if head.is_running)


def setting(cluster: Cluster, name: str) -> str:
    (row,) = rows(cluster, f"SELECT value FROM system_settings WHERE name = '{name}'")
    return str(row["value"])


def only(cluster: Cluster, table: str) -> dict[str, Any]:
    (row,) = rows(cluster, f"SELECT * FROM {table}")
    return row


def media(cluster: Cluster) -> dict[str, str]:
    return {row["address"]: row["name"] for row in rows(cluster, "SELECT address, name FROM media_servers")}


def everything(cluster: Cluster) -> dict[str, list[dict[str, Any]]]:
    tables = (*TABLES, "system_settings")
    return {table: rows(cluster, f"SELECT * FROM {table} ORDER BY 1") for table in tables}


def places(cluster: Cluster) -> dict[str, Any]:
    """Every value of every setting, by its place."""
    found = {one["name"]: one["value"] for one in rows(cluster, "SELECT * FROM system_settings")}
    for table in ONE_ROW:
        found |= {f"{table}.{column}": value for column, value in only(cluster, table).items()}
    return {**found, "media": media(cluster)}


def licensed(cluster: Cluster) -> bool:
    """What the application itself says of its license at the public address."""
    return bool(admin_state(cluster)["license"]["valid"])


def shown_certificate(cluster: Cluster, port: int) -> str:
    """SHA-256 of the certificate that a client accepts at the public address; it trusts the authority alone."""
    trust = f"-CAfile {TRUSTED} -verify_return_error -verify_hostname {FQDN}"
    connect = (
        f"openssl s_client -connect {PUBLIC_ADDRESS}:{port} -servername {FQDN} {trust} </dev/null 2>/dev/null"
    )
    argv = ("sh", "-c", f"cat >{TRUSTED}; {connect} | openssl x509 -outform DER 2>/dev/null | sha256sum")
    return cluster.lab.client.run(argv, stdin=AUTHORITY.certificate).stdout.split()[0]


def digest(pair: Made) -> str:
    """The same of a certificate of ours."""
    der = x509.load_pem_x509_certificate(pair.certificate).public_bytes(Encoding.DER)
    return hashlib.sha256(der).hexdigest()


def wait_for_certificate(cluster: Cluster, pair: Made) -> None:
    """Until every service shows it: after a failover the signalling services start after the application."""
    for port in TLS_PORTS:
        wait_until(
            lambda port=port: shown_certificate(cluster, port) == digest(pair),  # type: ignore[misc]
            deadline_s=300,
            what=f"port {port} shows the certificate",
        )


def wait_for_takeover(cluster: Cluster, left: int) -> None:
    """Until the head that is left has taken over and the application answers."""
    status_on = left + 1
    wait_until(
        lambda: cluster.status(status_on).primary == HEADS[left],
        deadline_s=300,
        what="the other head takes over",
    )
    wait_until(lambda: _answers(cluster), deadline_s=300, what="the application answers")


def _answers(cluster: Cluster) -> bool:
    url = f"https://{PUBLIC_ADDRESS}/api/health"
    return cluster.lab.client.run(("curl", "-sk", "--fail", "-m", "5", url), check=False).returncode == 0
