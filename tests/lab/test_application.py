"""The application as `configure` leaves it: settings, license, certificate, media servers (C8-C14, B3, B5)."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mail_server
import pytest
from application_case import (
    ALL,
    AUTHORITY,
    CERTIFICATE,
    FIRST,
    FQDN,
    H323,
    INSTANCE_ID,
    MAIL_PASSWORD,
    RENEWED,
    SIP,
    SMSC_PASSWORD,
    TLS_PORTS,
    digest,
    put_certificate,
    put_files,
    rows,
    shown_certificate,
    wait_for_certificate,
    wait_for_takeover,
)
from cluster import HEADS, Cluster, Report, file_states, unlock

from certificate_case import made
from live_lab import Host, Lab, wait_until

pytestmark = pytest.mark.lab

MAIL_SERVER, MAIL_ADDRESS, MAIL_PORT = Path(mail_server.__file__), "10.81.0.200", "2525"
MAIL = (
    "--external-mail-server-hostname", f"{MAIL_ADDRESS}:{MAIL_PORT}",
    "--external-mail-server-username", mail_server.USERNAME,
    "--external-mail-server-password", mail_server.PASSWORD,
)  # fmt: skip
TABLES = ("domains", "mail_settings", "sms_settings", "license", "external_file_storage", "media_servers")


@pytest.fixture(scope="module")
def prepared() -> Iterator[Cluster]:
    """Servers with the files that the options name; the tests of this module go on from one another."""
    with Lab.up(name="applic", media=2) as lab:
        put_files(lab.heads[0])
        yield Cluster.unlocked(lab)


@pytest.fixture(scope="module")
def first(prepared: Cluster) -> Report:
    return prepared.configure(*ALL)


@pytest.fixture
def cluster(prepared: Cluster, first: Report) -> Cluster:
    assert first.returncode == 0, first
    return prepared


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


# -- all options of the article ---------------------------------------------------------------------------------


def test_all_options_of_the_article_reach_the_application(cluster: Cluster) -> None:
    (domain,) = rows(cluster, "SELECT web_address FROM domains WHERE is_default")
    assert domain["web_address"] == FQDN
    assert setting(cluster, "sip.outgoing_proxy") == "sip:proxy.example.com:5060"
    assert setting(cluster, "sip.default_from_header") == SIP
    assert setting(cluster, "h323.default_from_header") == H323
    mail = only(cluster, "mail_settings")
    assert (mail["enabled"], mail["hostname"], mail["port"]) == (True, "mail.example.com", 25)
    assert (mail["username"], mail["password"]) == ("ivcs@example.com", MAIL_PASSWORD)
    sms = only(cluster, "sms_settings")
    assert (sms["enabled"], sms["host"], sms["port"], sms["username"]) == (
        True,
        "smsc.example.com",
        2776,
        "ivcs",
    )
    assert (sms["password"], sms["sender_address"]) == (SMSC_PASSWORD, "Видеосвязь 1")
    storage = only(cluster, "external_file_storage")
    assert (storage["enabled"], storage["address"], storage["share"]) == (True, "10.81.0.101", "filestorage")
    installed = only(cluster, "license")
    assert installed["server_instance_id"] == INSTANCE_ID
    assert installed["file_name"] == "license file.lic"


def test_media_servers_are_registered_and_the_local_one_is_not(cluster: Cluster) -> None:
    assert media(cluster) == {
        "10.81.0.1": "ivcs-main-1",
        "10.81.0.2": "ivcs-main-2",
        "10.81.0.11": "ivcs-media-0",
        "10.81.0.12": "ivcs-media-1",
    }


@pytest.mark.parametrize("port", TLS_PORTS)
def test_the_installed_certificate_is_shown(cluster: Cluster, port: int) -> None:
    assert shown_certificate(cluster, port) == digest(FIRST)


def test_both_heads_have_the_certificate_and_keys_are_closed(cluster: Cluster) -> None:
    for head in cluster.lab.heads:
        for place, group in (("nginx/ssl", "root"), ("opensips/tls", "opensips"), ("gnugk/tls", "gnugk")):
            told = head.run(("stat", "--format=%U %G %a", f"/etc/{place}/ivcs.key")).stdout.split()
            assert told == ["root", group, "600" if group == "root" else "640"]
            assert head.read(f"/etc/{place}/ivcs.key") == FIRST.key.decode()


def test_status_shows_until_when_it_is_good(cluster: Cluster) -> None:
    document = json.loads(cluster.lab.heads[0].run(("live-cluster", "status", "--json"), check=False).stdout)
    assert 298 <= document["certificate"]["days_left"] <= 300
    checked = cluster.lab.heads[1].run(("live-cluster", "check", "--certificate", "--json"))
    assert len(json.loads(checked.stdout)["findings"]) == 3


def test_the_same_again_and_nothing_at_all_change_nothing(cluster: Cluster) -> None:
    before = everything(cluster)
    for words in (ALL, ()):
        report = cluster.configure(*words)
        assert report.returncode == 0, report
        assert not report.changed
    assert everything(cluster) == before


def test_no_password_is_left_in_logs_or_records(cluster: Cluster) -> None:
    for head in cluster.lab.heads:
        for secret in (MAIL_PASSWORD, SMSC_PASSWORD, MAIL_PASSWORD.encode().hex()):
            search = f"grep -rlF -e {shlex.quote(secret)} /var/log /var/lib/live-cluster /run/live-cluster"
            assert head.run(("sh", "-c", search), check=False).stdout == ""


# -- changed one at a time; left out -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "value", "sql"),
    [
        (
            "outgoing-sip-proxy",
            "sip:b.example.com",
            "SELECT value AS v FROM system_settings WHERE name LIKE '%proxy'",
        ),
        (
            "default-sip-from-header",
            "<sip:б@b>",
            "SELECT value AS v FROM system_settings WHERE name LIKE 'sip.d%'",
        ),
        (
            "default-h323-from-header",
            "<h323:б@b>",
            "SELECT value AS v FROM system_settings WHERE name LIKE 'h%'",
        ),
        ("external-mail-server-hostname", "mail2", "SELECT hostname AS v FROM mail_settings"),
        ("external-mail-server-username", "у 2", "SELECT username AS v FROM mail_settings"),
        ("external-mail-server-password", "п'2", "SELECT password AS v FROM mail_settings"),
        ("smsc-host", "smsc2", "SELECT host AS v FROM sms_settings"),
        ("smsc-username", "s'2", "SELECT username AS v FROM sms_settings"),
        ("smsc-password", 'p"2', "SELECT password AS v FROM sms_settings"),
        ("smsc-sender-address", "О 2", "SELECT sender_address AS v FROM sms_settings"),
    ],
)
def test_one_setting_is_changed_and_nothing_else(cluster: Cluster, option: str, value: str, sql: str) -> None:
    before = everything(cluster)
    report = cluster.configure(f"--{option}", value)
    assert report.returncode == 0, report
    assert rows(cluster, sql) == [{"v": value}]
    after = everything(cluster)
    assert sum(after[table] != before[table] for table in after) == 1


def test_what_somebody_changes_in_the_application_stays(cluster: Cluster) -> None:
    primary = cluster.lab.heads[HEADS.index(cluster.status().primary)]
    change = "UPDATE mail_settings SET hostname = 'by.hand'; UPDATE domains SET web_address = 'by.hand';"
    primary.run(("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "ivcs"), stdin=change)
    report = cluster.configure("--smsc-port", "2775")
    assert report.returncode == 0, report
    assert only(cluster, "mail_settings")["hostname"] == "by.hand"
    assert rows(cluster, "SELECT web_address AS v FROM domains") == [{"v": "by.hand"}]
    assert cluster.configure("--public-fqdn", FQDN).returncode == 0
    assert rows(cluster, "SELECT web_address AS v FROM domains") == [{"v": FQDN}]


@pytest.fixture(scope="module")
def mail(prepared: Cluster) -> str:
    """A mail server on the client, which the heads trust; the file where it notes what it took."""
    client, taken = prepared.lab.client, "/root/mail.taken"
    key = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 -subj /CN=mail"
    more = "-addext keyUsage=critical,digitalSignature,keyCertSign"
    names = f"-addext subjectAltName=IP:{MAIL_ADDRESS} -keyout /root/mail.key -out /root/mail.crt"
    client.run(("sh", "-c", f"{key} {more} {names} && cat /root/mail.key /root/mail.crt >/root/mail.pem"))
    client.write("/root/mail_server.py", MAIL_SERVER.read_text("utf-8"))
    client.run(
        ("iptables", "--insert", "INPUT", "--protocol", "tcp", "--dport", MAIL_PORT, "--jump", "ACCEPT")
    )
    output = (f"--property=StandardOutput=append:{taken}", "--property=StandardError=journal")
    unit = ("systemd-run", "--unit=lab-mail", *output)
    client.run((*unit, "/usr/bin/python3", "/root/mail_server.py", MAIL_ADDRESS, MAIL_PORT, "/root/mail.pem"))
    listens = ("nc", "-z", MAIL_ADDRESS, MAIL_PORT)
    wait_until(lambda: client.run(listens, check=False).returncode == 0, deadline_s=300, what="mail is taken")
    for head in prepared.lab.heads:
        head.write("/usr/local/share/ca-certificates/lab-mail.crt", client.read("/root/mail.crt"))
        head.run(("update-ca-certificates",))
    return taken


def check_mail(cluster: Cluster) -> tuple[int, dict[str, Any]]:
    """`check --mail` on the head where the application runs."""
    place = cluster.status().place_of("ivcs-server")
    argv = ("live-cluster", "check", "--mail", "you@example.org", "--json")
    completed = cluster.lab.heads[HEADS.index(place[0])].run(argv, check=False)
    return completed.returncode, json.loads(completed.stdout)


def test_exactly_one_mail_is_sent_and_only_with_the_right_password(cluster: Cluster, mail: str) -> None:
    client = cluster.lab.client
    report = cluster.configure(*MAIL)
    assert report.returncode == 0, report
    code, document = check_mail(cluster)
    assert code == 0, document
    sent = {"from": mail_server.USERNAME, "to": ["you@example.org"]}
    assert [json.loads(line) for line in client.read(mail).splitlines()] == [sent]
    assert cluster.configure("--external-mail-server-password", "wrong").returncode == 0
    code, document = check_mail(cluster)
    assert code == 1, document
    assert "535" in json.dumps(document)
    assert len(client.read(mail).splitlines()) == 1


def test_services_are_turned_off(cluster: Cluster) -> None:
    report = cluster.configure("--external-mail-disable", "--smc-disable")
    assert report.returncode == 0, report
    for table in ("mail_settings", "sms_settings"):
        row = only(cluster, table)
        assert not row["enabled"]
        assert not row["password"]
    assert not cluster.configure().changed


# -- certificate and license -------------------------------------------------------------------------------------


def test_what_is_wrong_is_told_and_nothing_is_touched(cluster: Cluster) -> None:
    head = cluster.lab.heads[0]
    head.write("/root/bad.lic", "nothing\n")
    before = (everything(cluster), file_states(head, "/etc/nginx/ssl", "/etc/opensips", "/etc/gnugk"))
    refused = cluster.configure("--license-file", "/root/bad.lic")
    assert (refused.returncode, refused.codes) == (78, ["license-refused"])
    head.write("/root/video.key", made("other").key.decode(), mode=0o600)
    wrong = cluster.configure(*CERTIFICATE)
    assert (wrong.returncode, wrong.codes) == (64, ["key-of-other-certificate"])
    put_certificate(head, made(FQDN, days=(-9, -1), by=AUTHORITY))
    expired = cluster.configure(*CERTIFICATE)
    assert (expired.returncode, expired.codes) == (64, ["certificate-expired"])
    assert (everything(cluster), file_states(head, "/etc/nginx/ssl", "/etc/opensips", "/etc/gnugk")) == before


def main_processes(head: Host) -> str:
    return head.run(("systemctl", "show", "--property=MainPID", "--", "nginx", "opensips", "gnugk")).stdout


def test_a_renewed_certificate_is_read_without_a_restart(cluster: Cluster) -> None:
    heads = cluster.lab.heads
    before = [main_processes(head) for head in heads]
    put_certificate(heads[0], RENEWED)
    report = cluster.configure(*CERTIFICATE)
    assert report.returncode == 0, report
    assert [main_processes(head) for head in heads] == before
    for port in TLS_PORTS:
        assert shown_certificate(cluster, port) == digest(RENEWED)
    kept = heads[1].run(("sh", "-c", "cat /var/lib/live-cluster/set-aside/*/etc/nginx/ssl/ivcs.crt")).stdout
    assert FIRST.certificate.decode() in kept


# -- media servers -----------------------------------------------------------------------------------------------


def test_heads_leave_and_join_the_media_servers(cluster: Cluster) -> None:
    assert cluster.configure("--no-media-on-heads").returncode == 0
    assert set(media(cluster)) == {"10.81.0.11", "10.81.0.12"}
    assert not cluster.configure().changed
    assert cluster.configure("--media-on-heads").returncode == 0
    assert len(media(cluster)) == 4


def test_a_media_server_that_is_off_is_told_and_the_rest_is_done(cluster: Cluster) -> None:
    host = cluster.lab.media[1]
    host.power_off()
    report = cluster.configure("--outgoing-sip-proxy", "sip:c.example.com")
    assert (report.returncode, report.codes) == (113, ["media-server-off"])
    assert setting(cluster, "sip.outgoing_proxy") == "sip:c.example.com"
    host.power_on()
    unlock(host, cluster.passphrase)
    assert cluster.configure().returncode == 0


def test_a_media_server_is_removed_while_it_is_off(cluster: Cluster) -> None:
    cluster.lab.media[0].power_off()
    report = cluster.configure("--remove-media-node", "10.81.0.11")
    assert (report.returncode, report.codes) == (0, ["media-server-left"]), report
    assert media(cluster)["10.81.0.12"] == "ivcs-media-1"
    assert "10.81.0.11" not in media(cluster)
    for head in cluster.lab.heads:
        assert "10.81.0.11/32" not in head.run(("iptables", "--list-rules", "INPUT")).stdout
        assert "10.81.0.11" not in head.read("/etc/hosts")
        assert "10.81.0.11" not in head.read("/etc/samba/smb.conf")
        access = head.run(("sh", "-c", "cat /etc/postgresql/*/main/pg_hba.conf")).stdout
        assert "10.81.0.11/32" not in access
    again = cluster.configure("--remove-media-node", "10.81.0.11")
    assert (again.returncode, again.changed) == (0, False)


def test_a_removed_media_server_that_is_back_is_cleaned_up(cluster: Cluster) -> None:
    former = cluster.lab.media[0]
    former.power_on()
    unlock(former, cluster.passphrase)
    report = cluster.configure("--remove-media-node", "10.81.0.11")
    assert report.returncode == 0, report
    assert {step.node for step in report.steps} == {"10.81.0.11"}
    assert "ivcs-main-1" not in former.read("/etc/hosts")
    assert "ivcs-media-0" in former.read("/etc/hosts")
    assert "--comment live-cluster " not in former.run(("iptables", "--list-rules", "INPUT")).stdout
    assert not cluster.configure("--remove-media-node", "10.81.0.11").changed


# -- after a failover; last, for a head is lost --------------------------------------------------------------------


def test_everything_holds_after_a_failover(cluster: Cluster) -> None:
    before = everything(cluster)
    lost = HEADS.index(cluster.status().primary)
    left = 1 - lost
    cluster.lab.heads[lost].power_off()
    wait_for_takeover(cluster, left)
    assert everything(cluster) == before
    wait_for_certificate(cluster, RENEWED)
