"""Mail, SMS and the database when something is wrong with them: told clearly, nothing half-done (C11, C12, D4)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import mail_server
import pytest
import smpp_server
from application_case import administration, rows, wait_for_takeover
from cluster import HEADS, OPTIONS, Cluster, Report, other_head, unlock, verb
from message_servers import ADDRESS, MAIL, SENDER, SMSC, Noted, open_ports, start_mail, start_smpp, trust_mail

from live_lab import Background, Host, Lab, wait_until

pytestmark = pytest.mark.lab

MAIL_TO, SMS_TO = "you@example.org", "+79990000000"
LONG_TEXTS = ("Съешь же ещё этих мягких французских булок, да выпей чаю. " * 6, "[GSM] {€} @ü " * 30)
SEND_LONG = """
import json, sys
sys.path.insert(0, "/usr/lib/ivcs")
from ivcs_server.sms import SmsSettings, send_sms
given = json.load(sys.stdin)
for text in given["texts"]:
    send_sms(SmsSettings(enabled=True, **given["settings"]), given["to"], text)
"""
PSQL = ("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "ivcs")
HOLD = "BEGIN; LOCK sms_settings IN EXCLUSIVE MODE; SELECT pg_sleep(3600);"
HOLDS = "SELECT count(*) FROM pg_locks WHERE relation = 'sms_settings'::regclass AND mode = 'ExclusiveLock'"
WAITS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
RELEASE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Configured for a mail server and an SMSC that are not there: that does not hinder `configure`."""
    with Lab.up(name="appfault", media=0) as lab:
        open_ports(lab)
        cluster = Cluster.unlocked(lab)
        report = cluster.configure(*OPTIONS[:-2], *MAIL, *SMSC)
        assert report.returncode == 0, report
        yield cluster


@dataclass(frozen=True, slots=True)
class Taken:
    """What both servers took."""

    mail: Noted
    sms: Noted

    def counts(self) -> tuple[int, int]:
        return len(self.mail.messages()), len(self.sms.messages())


@pytest.fixture(scope="module")
def taken(cluster: Cluster) -> Taken:
    """Both servers; the heads do not trust the mail server yet."""
    return Taken(start_mail(cluster.lab), start_smpp(cluster.lab))


def here(cluster: Cluster, head: int = 1) -> Host:
    """The head where the application runs."""
    return cluster.lab.heads[HEADS.index(cluster.status(head).place_of("ivcs-server")[0])]


def check(host: Host) -> tuple[int, list[str]]:
    """`check` with one mail and one SMS: exit code and what it says of each."""
    done, document = verb(host, "check", "--mail", MAIL_TO, "--sms", SMS_TO)
    return done.returncode, [one["message"] for one in document["findings"]]


def test_servers_that_are_not_there_are_told_with_the_options_to_change(cluster: Cluster) -> None:
    code, (mail, sms) = check(here(cluster))
    assert code == 1
    for said, option in ((mail, "--external-mail-server-hostname"), (sms, "--smsc-host")):
        assert ADDRESS in said
        assert "Connection refused" in said
        assert option in said


def test_a_mail_server_that_nobody_trusts_is_told_and_gets_nothing(cluster: Cluster, taken: Taken) -> None:
    code, (mail, sms) = check(here(cluster))
    assert code == 1
    assert "update-ca-certificates" in mail
    assert "good" not in mail
    assert "handed over" in sms
    assert taken.counts() == (0, 1)


def test_exactly_one_mail_and_one_sms_are_sent(cluster: Cluster, taken: Taken) -> None:
    trust_mail(cluster.lab)
    mails, messages = taken.counts()
    code, said = check(here(cluster))
    assert code == 0, said
    assert [one["to"] for one in taken.mail.messages()[mails:]] == [[MAIL_TO]]
    assert taken.mail.messages()[-1]["from"] == mail_server.USERNAME
    (sms,) = taken.sms.messages()[messages:]
    # An alphanumeric sender, an international number; UCS-2, for the text has Cyrillic letters.
    assert (sms["account"], sms["from"], sms["to"]) == (
        smpp_server.USERNAME,
        [SENDER, 5, 0],
        [SMS_TO.removeprefix("+"), 1, 1],
    )
    assert (sms["coding"], sms["parts"]) == (8, 1)
    assert "проверка SMS" in sms["text"]


def test_the_administration_sends_a_test_just_so(cluster: Cluster, taken: Taken) -> None:
    mails, messages = taken.counts()
    for kind, to in (("mail", MAIL_TO), ("sms", SMS_TO)):
        assert administration(cluster, f"test-{kind}", json.dumps({"to": to}))[0] == 200
    assert taken.counts() == (mails + 1, messages + 1)


def test_long_texts_arrive_whole(cluster: Cluster, taken: Taken) -> None:
    before = len(taken.sms.messages())
    settings = {"host": ADDRESS, "username": smpp_server.USERNAME, "password": smpp_server.PASSWORD}
    given = {"settings": settings, "to": SMS_TO, "texts": LONG_TEXTS}
    here(cluster).run(("/usr/bin/python3", "-I", "-c", SEND_LONG), stdin=json.dumps(given))
    found = taken.sms.messages()[before:]
    assert [one["text"] for one in found] == list(LONG_TEXTS)
    assert [(one["coding"], one["parts"]) for one in found] == [(8, 6), (0, 4)]


@pytest.mark.parametrize(
    ("options", "mail_says", "sms_says"),
    [
        (("--external-mail-server-password", "п", "--smsc-password", "wrong"), "535", "Invalid Password"),
        (("--external-mail-server-username", "other", "--smsc-username", "other"), "535", "Invalid System"),
        (
            ("--external-mail-server-hostname", "mail.lab:2525", "--smsc-sender-address", "Видео"),
            "made out to another server",
            "ASCII for the sender",
        ),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_sent(
    cluster: Cluster, taken: Taken, options: tuple[str, ...], mail_says: str, sms_says: str
) -> None:
    before = taken.counts()
    for head in cluster.lab.heads:
        head.run(("sh", "-c", f"grep -q mail.lab /etc/hosts || echo {ADDRESS} mail.lab >>/etc/hosts"))
    assert cluster.configure(*options).returncode == 0
    code, (mail, sms) = check(here(cluster))
    assert code == 1
    assert mail_says in mail
    assert sms_says in sms
    assert taken.counts() == before
    assert cluster.configure(*MAIL, *SMSC).returncode == 0


def test_what_is_turned_off_is_told_with_the_option_that_turns_it_on(cluster: Cluster, taken: Taken) -> None:
    before = taken.counts()
    assert cluster.configure("--external-mail-disable", "--smsc-disable").returncode == 0
    code, (mail, sms) = check(here(cluster))
    assert code == 1
    for said, option in ((mail, "--external-mail-server-hostname"), (sms, "--smsc-host")):
        assert "turned off" in said
        assert option in said
    assert taken.counts() == before
    assert cluster.configure(*MAIL, *SMSC).returncode == 0


# -- the database is lost in the middle ---------------------------------------------------------------------------


def written(cluster: Cluster, head: int = 1) -> dict[str, Any]:
    """Everything that these tests change; the first comes before the locked table, the last after it."""
    asked = (
        "SELECT (SELECT value FROM system_settings WHERE name = 'sip.outgoing_proxy') AS proxy,"
        " (SELECT row_to_json(mail_settings) FROM mail_settings) AS mail,"
        " (SELECT row_to_json(sms_settings) FROM sms_settings) AS sms"
    )
    (row,) = rows(cluster, asked)
    stored = cluster.lab.heads[head - 1].read("/etc/live-cluster/cluster.toml")
    return {**row, "stored": stored}


def changes(name: str) -> tuple[str, ...]:
    host = f"{name}.example.com"
    return (
        "--outgoing-sip-proxy",
        f"sip:{host}",
        "--external-mail-server-hostname",
        host,
        "--smsc-host",
        host,
    )


def lock_table(primary: Host) -> Background:
    """Nobody else writes to the SMS settings until this ends."""
    holder = primary.start(PSQL, stdin=HOLD)
    wait_until(
        lambda: primary.run(PSQL, stdin=HOLDS).stdout.strip() == "1",
        deadline_s=300,
        what="the table is locked",
    )
    return holder


def wait_until_it_writes(primary: Host) -> None:
    """`configure` is in the middle of its transaction, and waits for the lock."""
    wait_until(
        lambda: primary.run(PSQL, stdin=WAITS).stdout.strip() == "1",
        deadline_s=300,
        what="the transaction waits for the lock",
        every_s=0.1,
    )


def answers(primary: Host) -> bool:
    return primary.run(PSQL, stdin="SELECT 1", check=False).returncode == 0


def check_that_it_goes_on(cluster: Cluster, name: str, head: int = 1) -> None:
    """The same command again does it, and nothing is left to do."""
    assert cluster.configure(*changes(name), head=head).returncode == 0
    now = written(cluster, head)
    assert (now["proxy"], now["sms"]["host"]) == (f"sip:{name}.example.com", f"{name}.example.com")
    assert not cluster.configure(head=head).changed


@pytest.mark.matrix
def test_settings_that_somebody_holds_are_not_half_written(cluster: Cluster) -> None:
    primary = cluster.lab.heads[HEADS.index(cluster.status().primary)]
    before = written(cluster)
    holder = lock_table(primary)
    report = cluster.configure(*changes("locked"))
    assert (report.returncode, report.codes) == (1, ["application-not-written"])
    assert "lock timeout" in report.problems[0]["message"]
    assert written(cluster) == before
    primary.run(PSQL, stdin=RELEASE)
    holder.wait()
    check_that_it_goes_on(cluster, "locked")


def test_a_database_killed_in_the_transaction_leaves_the_old_settings(cluster: Cluster) -> None:
    primary = cluster.lab.heads[HEADS.index(cluster.status().primary)]
    before = written(cluster)
    holder = lock_table(primary)
    run = cluster.start_configure(*changes("killed"), "--json")
    wait_until_it_writes(primary)
    primary.run(("sh", "-c", "kill -KILL $(head -n 1 /var/lib/postgresql/*/main/postmaster.pid)"))
    report = Report.of(run.wait())
    assert (report.returncode, report.codes) == (1, ["application-connection-lost"])
    holder.wait()
    wait_until(lambda: answers(primary), deadline_s=300, what="the database answers")
    cluster.wait_healthy()
    assert written(cluster) == before
    check_that_it_goes_on(cluster, "killed")


def test_a_head_lost_in_the_transaction_leaves_the_old_settings_and_messages_go_out(
    cluster: Cluster, taken: Taken
) -> None:
    """The last test, for a head is lost. The other one uses the password that was changed last (C11, C12)."""
    assert cluster.configure("--external-mail-server-password", "x", "--smsc-password", "x").returncode == 0
    assert cluster.configure(*MAIL, *SMSC).returncode == 0
    name = cluster.status().primary
    left = other_head(name)
    lost, other = cluster.lab.heads[1 - left], left + 1
    before = written(cluster, other)
    holder = lock_table(lost)
    run = cluster.start_configure(*changes("lost"), "--json", head=other)
    wait_until_it_writes(lost)
    lost.power_off()
    report = Report.of(run.wait())
    holder.wait()
    assert report.returncode != 0
    assert [one["node"] for one in report.problems] == [name]
    wait_for_takeover(cluster, left)
    assert written(cluster, other) == before
    counts = taken.counts()
    wait_until(lambda: cluster.status(other).place_of("ivcs-server"), deadline_s=300, what="the application")
    code, said = check(here(cluster, other))
    assert code == 0, said
    assert taken.counts() == (counts[0] + 1, counts[1] + 1)
    lost.power_on()
    unlock(lost, cluster.passphrase)
    cluster.wait_healthy(other)
    check_that_it_goes_on(cluster, "lost", other)
