"""C8, C9, C11-C14, B3, B5: what of the application's settings is written, what is left alone, what is shown."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from plan_case import GIVEN, PROFILE, blueprint, facts

from live_cluster.errors import Severity
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.raw_settings import Origin, RawSettings, RawValue, Source, options
from live_cluster.model.settings import ClusterSettings
from live_cluster.model.settings_rules import settings_from
from live_cluster.plan.application_prerequisites import application_problems
from live_cluster.plan.application_steps import application_steps
from live_cluster.plan.step import Step
from live_cluster.remote.requests import Command, CommandResult

NO_VIEW = CommandResult(returncode=102)
INSTALLED: dict[str, Any] = {
    "web_address": {"web_address": "localhost"},
    "sip_proxy": {"outgoing_sip_proxy": ""},
    "sip_header": {"sip_from_header": ""},
    "h323_header": {"h323_from_header": ""},
    "license_instance": {"server_instance_id": ""},
    "license_file": {"sha256": None, "file_name": None},
    "mail": {"enabled": False, "hostname": "", "port": None, "username": None, "password": None},
    "sms": {
        "enabled": False,
        "host": "",
        "port": None,
        "username": None,
        "password": None,
        "sender_address": None,
    },
    "file_storage": {"enabled": False, "address": "", "share": "", "mount_point": ""},
}
H323 = '"IVCS #<CONFERENCE_ID>" <h323:<CONFERENCE_ID>@{}.example.com>'
PASSWORD = 'it\'s "quoted" $HOME 100% \\ пароль'
MAIL = {
    "external-mail-server-hostname": "mail.example.com:25",
    "external-mail-server-username": "ivcs@example.com",
    "external-mail-server-password": PASSWORD,
}
SMS = {"smsc-host": "smsc.example.com", "smsc-port": "2775", "smsc-sender-address": "Видеосвязь 1"}


def stored(**said: str) -> RawSettings:
    origin = Origin(source=Source.STORED, detail="cluster.toml")
    values = GIVEN | {name.replace("_", "-"): text for name, text in said.items()}
    return RawSettings(
        given=tuple(RawValue(name=name, text=text, origin=origin) for name, text in values.items())
    )


def settings(raw: RawSettings) -> ClusterSettings:
    found, problems = settings_from(raw)
    assert found is not None, problems
    return found


def first_run(**said: str) -> ClusterSettings:
    return settings(options(GIVEN | {name.replace("_", "-"): text for name, text in said.items()}))


def later_run(before: dict[str, str] | None = None, /, **said: str) -> ClusterSettings:
    now = options({name.replace("_", "-"): text for name, text in said.items()})
    return settings(stored(**{k.replace("-", "_"): v for k, v in (before or {}).items()}).also(now))


def step_for(wish: ClusterSettings) -> Step:
    (_, step) = application_steps(blueprint(wish=wish))
    return step


def answer(media: tuple[str, ...] = ("127.0.0.1",), **rows: Any) -> CommandResult:
    lines = [{"of": subject, "row": INSTALLED[subject] | rows.get(subject, {})} for subject in INSTALLED]
    lines += [{"of": "media_servers", "row": {"address": address}} for address in media]
    return CommandResult(returncode=0, stdout="\n".join(json.dumps(line) for line in lines).encode())


def shown(wish: ClusterSettings, present: CommandResult) -> list[str]:
    step = step_for(wish)
    assert step.describe is not None
    return step.describe((present, NO_VIEW)).splitlines()


def written(wish: ClusterSettings, present: CommandResult) -> str:
    (command,) = step_for(wish).actions((present, NO_VIEW))
    assert isinstance(command, Command)
    assert command.changes_node
    return command.stdin.decode()


def hexed(text: str) -> str:
    return text.encode().hex()


def test_a_first_run_sets_everything_that_the_article_lists() -> None:
    lines = shown(first_run(public_fqdn="video.example.com"), answer())
    assert lines == [
        "public-fqdn: “localhost” → “video.example.com”",
        "outgoing-sip-proxy: - → “sip:video.example.com:5060”",
        'default-sip-from-header: - → “"IVCS #<CONFERENCE_ID>" <sip:<CONFERENCE_ID>@video.example.com>”',
        'default-h323-from-header: - → “"IVCS #<CONFERENCE_ID>" <h323:<CONFERENCE_ID>@video.example.com>”',
        "external file storage: no → yes",
        "filestorage-ip: - → “10.81.0.101”",
        "external file storage, share: - → “filestorage”",
        "external file storage, mount point: - → “/srv/filestorage”",
        "+ media server 10.81.0.11 (ivcs-media-0)",
        "+ media server 10.81.0.1 (ivcs-main-1)",
        "+ media server 10.81.0.2 (ivcs-main-2)",
        "- media server 127.0.0.1",
    ]


def test_all_is_written_in_one_transaction() -> None:
    text = written(first_run(**{name.replace("-", "_"): one for name, one in MAIL.items()}), answer())
    assert text.count("BEGIN;") == text.count("COMMIT;") == 1
    assert text.index("BEGIN;") < text.index("UPDATE public.domains") < text.index("COMMIT;")
    assert text.index("SET log_min_messages") < text.index("BEGIN;")
    assert PASSWORD not in text
    assert hexed(PASSWORD) in text


def test_only_differences_are_written() -> None:
    text = written(first_run(), answer(web_address={"web_address": "10.81.0.100"}, media=("10.81.0.11",)))
    assert "public.domains" not in text
    assert hexed("10.81.0.11") not in text
    assert text.count("INSERT INTO public.media_servers") == 2


def test_what_is_as_wanted_needs_no_step() -> None:
    step = step_for(later_run())
    assert step.check.holds((answer(), NO_VIEW)) is False, "the headers were never set"
    kept = {
        "sip_proxy": {"outgoing_sip_proxy": "sip:elsewhere:5060"},
        "sip_header": {"sip_from_header": "a"},
        "h323_header": {"h323_from_header": "b"},
    }
    assert step.check.holds((answer(**kept, web_address={"web_address": "by.hand.example.com"}), NO_VIEW))


def test_an_option_that_is_left_out_leaves_what_somebody_changed_in_the_application() -> None:
    """B3, for everything that an earlier run has set."""
    before = {**MAIL, **SMS, "outgoing-sip-proxy": "sip:a.example.com"}
    wish = later_run(before)
    changed = answer(
        mail={"hostname": "other.example.com", "enabled": True},
        sip_proxy={"outgoing_sip_proxy": "sip:b.example.com"},
        sip_header={"sip_from_header": "a"},
        h323_header={"h323_from_header": "b"},
    )
    assert step_for(wish).check.holds((changed, NO_VIEW))


def test_a_changed_password_is_written_and_the_rest_of_the_row_stays() -> None:
    wish = later_run(MAIL, external_mail_server_password="new one")
    present = answer(
        mail={"enabled": True, "hostname": "by.hand", "port": 26, "username": "u", "password": PASSWORD},
        sip_proxy={"outgoing_sip_proxy": "a"},
        sip_header={"sip_from_header": "a"},
        h323_header={"h323_from_header": "b"},
    )
    assert shown(wish, present) == ["external-mail-server-password: changed"]
    text = written(wish, present)
    assert hexed("new one") in text
    assert hexed("by.hand") in text
    assert "coalesce((26), 587)" in text


def test_turning_a_service_off_clears_it() -> None:
    wish = later_run(MAIL, external_mail_disable="true")
    present = answer(mail={"enabled": True, "hostname": "m", "port": 25, "username": "u", "password": "p"})
    lines = shown(wish, present)
    assert "external-mail-disable: yes → no" in lines
    assert "external-mail-server-password: changed" in lines
    assert not [line for line in lines if "“p”" in line]
    off = {"enabled": False, "hostname": "", "username": "", "password": ""}
    assert not [line for line in shown(wish, answer(mail=off)) if "mail" in line]


def test_calls_follow_the_public_name_where_they_were_made_of_it() -> None:
    """B5: somebody's own header stays, the default does not."""
    wish = later_run({"public-fqdn": "old.example.com"}, public_fqdn="new.example.com")
    present = answer(
        web_address={"web_address": "old.example.com"},
        sip_proxy={"outgoing_sip_proxy": "sip:old.example.com:5060"},
        sip_header={"sip_from_header": "somebody's own"},
        h323_header={"h323_from_header": H323.format("old")},
    )
    assert shown(wish, present) == [
        "public-fqdn: “old.example.com” → “new.example.com”",
        "outgoing-sip-proxy: “sip:old.example.com:5060” → “sip:new.example.com:5060”",
        f"default-h323-from-header: “{H323.format('old')}” → “{H323.format('new')}”",
    ]


def test_a_header_that_was_given_once_does_not_follow() -> None:
    own = {"default-sip-from-header": "<sip:a@old.example.com>", "public-fqdn": "old.example.com"}
    lines = shown(later_run(own, public_fqdn="new.example.com"), answer())
    assert not [line for line in lines if line.startswith("default-sip-from-header")]


def test_a_license_is_compared_by_its_digest(tmp_path: Any) -> None:
    path = tmp_path / "my license.lic"
    path.write_bytes(b"license \x00\xff")
    wish = first_run(license_file=str(path), license_server_instance_id="id 1")
    text = written(wish, answer())
    assert text.index("SET server_instance_id") < text.index("SET file")
    assert "decode('" + b"license \x00\xff".hex() in text
    digest = hashlib.sha256(b"license \x00\xff").hexdigest()
    same = answer(
        license_file={"sha256": digest, "file_name": "my license.lic"},
        license_instance={"server_instance_id": "id 1"},
    )
    assert not [line for line in shown(wish, same) if "license" in line]


def test_media_servers_come_and_go_as_named() -> None:
    before = {"media-node-2-ip": "10.81.0.12"}
    heads = ("10.81.0.1", "10.81.0.2", "10.81.0.11", "10.81.0.12", "192.0.2.9")
    present = answer(heads, sip_proxy={"outgoing_sip_proxy": "a"})
    media = [line for line in shown(later_run(before), present) if "media" in line]
    assert media == []
    off = [line for line in shown(later_run(before, no_media_on_heads="true"), present) if "media" in line]
    assert off == ["- media server 10.81.0.1", "- media server 10.81.0.2"]
    removal = RawSettings(removed_media=frozenset(("10.81.0.12",)))
    gone = settings(stored(media_node_2_ip="10.81.0.12").also(removal))
    assert [line for line in shown(gone, present) if "media" in line] == ["- media server 10.81.0.12"]
    third = later_run(before, media_node_3_ip="10.81.0.13")
    added = [line for line in shown(third, present) if "media" in line]
    assert added == ["+ media server 10.81.0.13 (ivcs-media-2)"]


def test_thirty_media_servers_are_registered_by_one_command_in_one_transaction() -> None:
    before = {f"media-node-{number}-ip": f"10.81.0.{10 + number}" for number in range(1, 31)}
    wish = first_run(**{name.replace("-", "_"): address for name, address in before.items()})
    sql = written(wish, answer())
    assert sql.count("INSERT INTO public.media_servers") == 32
    assert (sql.count("BEGIN;"), sql.count("COMMIT;")) == (1, 1)


def test_what_cannot_be_asked_is_to_be_done() -> None:
    ready, step = application_steps(blueprint(wish=first_run()))
    silent = (CommandResult(returncode=2, stderr=b"no socket\n"), NO_VIEW)
    assert not ready.check.holds(silent)
    assert not step.check.holds(silent)
    assert ready.check.missing is not None
    assert ready.check.missing(silent) == "no socket"
    assert ready.check.holds((answer(), NO_VIEW))


def test_no_value_is_in_what_a_failure_says() -> None:
    step = step_for(first_run(**{name.replace("-", "_"): one for name, one in MAIL.items()}))
    assert step.explain is not None
    told = step.explain(CommandResult(returncode=3, stderr=f"ERROR: bad {PASSWORD}\n".encode()))
    assert told.code == "application-not-written"
    assert PASSWORD not in str(told.message.field("reason"))
    moved = b"ERROR:  cannot execute UPDATE in a read-only transaction\n"
    assert step.explain(CommandResult(returncode=3, stderr=moved)).code == "application-database-moved"
    assert step.check.missing is not None
    assert PASSWORD not in step.check.missing((answer(), NO_VIEW))


def test_whoever_loses_the_connection_is_not_told_that_nothing_has_changed() -> None:
    """It may be lost while the server confirms the transaction."""
    step = step_for(first_run())
    assert step.explain is not None
    words = b"server closed the connection unexpectedly\n\tThis probably means ...\nconnection to server was lost\n"
    told = step.explain(CommandResult(returncode=2, stderr=words))
    assert told.code == "application-connection-lost"
    assert "\n" not in str(told.message.field("reason"))


# -- before anything is touched --------------------------------------------------------------------------------


def judged(wish: ClusterSettings, seen: ClusterFacts, **changed: Any) -> list[tuple[str, str]]:
    application = PROFILE.application.model_copy(update=changed)
    profile = PROFILE.model_copy(update={"application": application})
    return [(one.code, one.option) for one in application_problems(wish, profile, seen)]


def test_what_the_profile_has_no_place_for_is_refused() -> None:
    wish = first_run(**{name.replace("-", "_"): one for name, one in SMS.items()})
    assert judged(wish, facts()) == []
    assert judged(wish, facts(), sms=None) == [("profile-without-setting", name) for name in sorted(SMS)]


def test_a_license_that_the_application_refuses_stops_the_run() -> None:
    refused = replace(facts(), license_refusal="expired")
    assert judged(first_run(), refused) == [("license-refused", "license-file")]


def test_resources_that_are_stopped_on_purpose_are_worth_a_warning() -> None:
    seen = facts()
    first = replace(seen.heads[0], stopped_on_purpose=True, primary="")
    asleep = replace(seen, heads=(first, replace(seen.heads[1], primary="")))
    assert application_steps(blueprint(asleep, first_run())) == ()
    (told,) = application_problems(first_run(), PROFILE, asleep)
    assert (told.code, told.severity) == ("application-asleep", Severity.WARNING)


@pytest.mark.parametrize("name", ["mail", "sms"])
def test_the_profile_names_a_command_for_each_test_message(name: str) -> None:
    assert getattr(PROFILE.application.test, name)
