"""The application as `configure` leaves it: settings, license, certificate, media servers (C8-C14, B3, B5)."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

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
    everything,
    licensed,
    media,
    only,
    places,
    put_certificate,
    put_files,
    put_license,
    rows,
    setting,
    shown_certificate,
    wait_for_certificate,
    wait_for_takeover,
)
from cluster import DATABASE_ADDRESS, FILESTORAGE_ADDRESS, HEADS, PUBLIC_ADDRESS, Cluster, Report, unlock
from footprint import file_states

from certificate_case import made
from live_lab import Host, Lab

pytestmark = pytest.mark.lab

ALL_OPTIONS = (*ALL, "--media-node-3-ip", "10.81.0.13")
CONFIGURED = ("/etc/nginx/ssl", "/etc/opensips", "/etc/gnugk", "/etc/live-cluster")


@pytest.fixture(scope="module")
def prepared() -> Iterator[Cluster]:
    """Servers with the files that the options name; the tests of this module go on from one another."""
    with Lab.up(name="applic", media=3) as lab:
        put_files(lab.heads[0])
        yield Cluster.unlocked(lab)


@pytest.fixture(scope="module")
def first(prepared: Cluster) -> Report:
    return prepared.configure(*ALL_OPTIONS)


@pytest.fixture
def cluster(prepared: Cluster, first: Report) -> Cluster:
    assert first.returncode == 0, first
    return prepared


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
        "10.81.0.13": "ivcs-media-2",
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
    for words in (ALL_OPTIONS, ()):
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


# Option, value, and what is different then; everything else was left out and stays.
ONE_AT_A_TIME = (
    ("public-fqdn", "b.example.com", {"domains.web_address": "b.example.com"}),
    (
        "external-mail-server-hostname",
        "mail2",
        {"mail_settings.hostname": "mail2", "mail_settings.port": 587},
    ),
    ("smsc-password", 'p"2', {"sms_settings.password": 'p"2'}),
)
THE_OTHERS = (
    ("outgoing-sip-proxy", "sip:b.example.com", {"sip.outgoing_proxy": "sip:b.example.com"}),
    ("default-sip-from-header", "<sip:б@b>", {"sip.default_from_header": "<sip:б@b>"}),
    ("default-h323-from-header", "<h323:б@b>", {"h323.default_from_header": "<h323:б@b>"}),
    ("external-mail-server-username", "у 2", {"mail_settings.username": "у 2"}),
    ("external-mail-server-password", "п'2", {"mail_settings.password": "п'2"}),
    ("smsc-host", "smsc2", {"sms_settings.host": "smsc2"}),
    ("smsc-port", "2777", {"sms_settings.port": 2777}),
    ("smsc-username", "s'2", {"sms_settings.username": "s'2"}),
    ("smsc-sender-address", "О 2", {"sms_settings.sender_address": "О 2"}),
    ("license-server-instance-id", "№ 2", {"license.server_instance_id": "№ 2"}),
)


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [
        *(pytest.param(*one, id=one[0]) for one in ONE_AT_A_TIME),
        *(pytest.param(*one, id=one[0], marks=pytest.mark.matrix) for one in THE_OTHERS),
    ],
)
def test_one_setting_is_changed_and_nothing_else(
    cluster: Cluster, option: str, value: str, expected: dict[str, Any]
) -> None:
    before = places(cluster)
    report = cluster.configure(f"--{option}", value)
    assert report.returncode == 0, report
    after = places(cluster)
    assert {place: after[place] for place in after if after[place] != before[place]} == expected


def test_a_new_license_replaces_the_file_alone(cluster: Cluster) -> None:
    before = places(cluster)
    forced = str(before["license.server_instance_id"])
    put_license(cluster.lab.heads[0], "/root/new «license».lic", forced, until="2098-12-31")
    report = cluster.configure("--license-file", "/root/new «license».lic")
    assert report.returncode == 0, report
    after = places(cluster)
    changed = {place for place in after if after[place] != before[place]}
    assert changed == {"license.file", "license.file_name", "license.installed_at"}
    assert licensed(cluster)


def test_a_media_server_gets_another_address(cluster: Cluster) -> None:
    assert cluster.configure("--remove-media-node", "10.81.0.13").returncode == 0
    assert cluster.configure("--media-node-2-ip", "10.81.0.13").returncode == 0
    now = media(cluster)
    assert now["10.81.0.13"] == "ivcs-media-1"
    assert "10.81.0.12" not in now
    report = cluster.configure("--media-node-2-ip", "10.81.0.12", "--media-node-3-ip", "10.81.0.13")
    assert report.returncode == 0, report
    assert len(media(cluster)) == 5


@pytest.mark.matrix
def test_floating_addresses_move(cluster: Cluster) -> None:
    """The services that listen at an address come along."""
    options = {
        "--public-ip": (PUBLIC_ADDRESS, "10.81.0.110"),
        "--filestorage-ip": (FILESTORAGE_ADDRESS, "10.81.0.111"),
        "--database-ip": (DATABASE_ADDRESS, "10.81.0.112"),
    }
    for option, (_, moved) in options.items():
        report = cluster.configure(option, moved)
        assert report.returncode == 0, report
        cluster.wait_healthy()
    assert only(cluster, "external_file_storage")["address"] == "10.81.0.111"
    for port in ("443", "5061", "1300"):
        cluster.lab.client.run(("nc", "-z", "-w", "60", "10.81.0.110", port))
    back = (word for option, (former, _) in options.items() for word in (option, former))
    assert cluster.configure(*back).returncode == 0
    cluster.wait_healthy()
    assert not cluster.configure().changed


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
    before = (everything(cluster), file_states(head, *CONFIGURED))
    put_license(head, "/root/other.lic", "another server")
    put_license(head, "/root/old.lic", "", until="2020-01-01")
    head.write("/root/bad.lic", "nothing\n")
    for name, reason in (("other", "another server"), ("old", "expired"), ("bad", "no license file")):
        refused = cluster.configure("--license-file", f"/root/{name}.lic")
        assert (refused.returncode, refused.codes) == (78, ["license-refused"])
        assert reason in refused.problems[0]["message"]
    put_certificate(head, made("other.example.com", days=(-9, -1), by=AUTHORITY))
    head.write("/root/video.key", made("other").key.decode(), mode=0o644)
    wrong = cluster.configure(*CERTIFICATE)
    assert (wrong.returncode, wrong.codes) == (
        64,
        ["certificate-expired", "certificate-for-others", "key-of-other-certificate", "key-visible"],
    )
    assert all(one["option"] in one["message"] for one in wrong.problems), wrong
    assert (everything(cluster), file_states(head, *CONFIGURED)) == before


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
    assert set(media(cluster)) == {"10.81.0.11", "10.81.0.12", "10.81.0.13"}
    assert not cluster.configure().changed
    assert cluster.configure("--media-on-heads").returncode == 0
    assert len(media(cluster)) == 5


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
    assert licensed(cluster)
    wait_for_certificate(cluster, RENEWED)
