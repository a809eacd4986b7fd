"""The settings in force: what of a server's answer breaks the promise, and how it is told."""

from __future__ import annotations

import pytest

from live_cluster.messages import render
from live_cluster.model.database_settings import (
    DatabaseServer,
    Setting,
    deviations_of,
    facts,
    kept_to_the_truth,
    overriding,
    sentence,
)
from live_cluster.model.replication import Mode, Replication
from live_cluster.probes.database_settings import in_recovery, parse_settings, peer_connection
from live_cluster.render.postgresql_conf import server_settings

FOLDER = "/etc/postgresql/15/main"
OWN = f"{FOLDER}/conf.d/live-cluster.conf"
AUTO = "/var/lib/postgresql/15/main/postgresql.auto.conf"
AGENT = "/var/lib/live-cluster/postgresql/replication.conf"


def running(name: str, value: str, file: str = OWN, line: str = "3", source: str = "") -> Setting:
    return Setting("running", name, value, file, line, source or "configuration file")


def whole() -> dict[str, Setting]:
    """What a server of a pair answers whose settings are all as they should be."""
    rows = [
        line.split(" = ")
        for line in server_settings(port=5432).splitlines()
        if " = " in line and "#" not in line
    ]
    own = {name: running(name, value.strip("'")) for name, value in rows if not name.startswith("include")}
    others = (
        running("config_file", f"{FOLDER}/postgresql.conf", "", "", "override"),
        running("hba_file", f"{FOLDER}/pg_hba.conf", f"{FOLDER}/postgresql.conf"),
        running("data_checksums", "off", "", "", "default"),
        running("primary_conninfo", "host=10.81.1.2", AGENT),
        running("synchronous_standby_names", '"ivcs-main-2"', AGENT),
    )
    return own | {one.name: one for one in others}


def found(*changed: Setting) -> list[str]:
    """Names of what deviates once these are as they are said here."""
    settings = {(one.kind, one.name): one for one in (*whole().values(), *changed)}
    return [one.setting.name for one in deviations_of("ivcs-main-1", settings.values())]


def test_what_configure_writes_keeps_the_promise() -> None:
    assert found() == []


@pytest.mark.parametrize(
    "changed",
    [
        running("synchronous_commit", "local", AUTO),
        running("synchronous_commit", "remote_write", AUTO),
        running("fsync", "off", f"{FOLDER}/postgresql.conf", "812"),
        running("full_page_writes", "off", f"{FOLDER}/conf.d/zz.conf"),
        running("wal_level", "minimal", AUTO),
        running("hot_standby", "off", AUTO),
        running("restart_after_crash", "on", "", "", "default"),
        running("wal_log_hints", "off", AUTO),
        running("listen_addresses", "localhost", AUTO),
        running("listen_addresses", "", AUTO),
        running("hba_file", "/root/pg_hba.conf", AUTO),
        running("synchronous_standby_names", "", AUTO),
        running("primary_conninfo", "host=192.0.2.1", AUTO),
        Setting("role", "synchronous_commit", "off", "", "", "ALTER ROLE ivcs"),
        Setting("role", "synchronous_commit", "false", "", "", "ALTER DATABASE ivcs"),
        Setting("pending", "port", "5433", AUTO, "4"),
        Setting("pending", "wal_level", "minimal", AUTO, "4"),
    ],
    ids=lambda one: f"{one.kind} {one.name} {one.value}",
)
def test_every_other_way_is_found(changed: Setting) -> None:
    assert found(changed) == [changed.name]


@pytest.mark.parametrize(
    "changed",
    [
        running("synchronous_commit", "remote_apply", AUTO),
        running("listen_addresses", "10.81.0.1, localhost", AUTO),
        running("synchronous_standby_names", '"ivcs-main-2"', "", "", "command line"),
        Setting("role", "synchronous_commit", "true", "", "", "ALTER ROLE ivcs"),
        # Its row of the role says it.
        running("synchronous_commit", "off", "", "", "user"),
        Setting("pending", "wal_level", "logical", AUTO, "4"),
    ],
    ids=lambda one: f"{one.kind} {one.name} {one.value}",
)
def test_what_does_no_harm_is_left_alone(changed: Setting) -> None:
    assert found(changed) == []


def test_checksums_are_as_good_as_hints() -> None:
    assert found(running("wal_log_hints", "off", AUTO), running("data_checksums", "on", "")) == []


def test_the_command_line_wins_over_what_waits_for_a_restart() -> None:
    port = running("port", "5432", "", "", "command line")
    assert found(port, Setting("pending", "port", "5433", AUTO, "4")) == []


def test_setting_value_file_and_line_are_told_and_how_to_take_it_back() -> None:
    (one,) = deviations_of("ivcs-main-1", [running("synchronous_commit", "local", AUTO, "3")])
    for language, place in (("en", f"{AUTO}, line 3"), ("ru", f"{AUTO}, строка 3")):
        text = render(sentence(one), language)  # type: ignore[arg-type]
        assert "synchronous_commit = local" in text
        assert place in text
        assert "ALTER SYSTEM RESET synchronous_commit" in text
    assert facts(one)["line"] == 3


def test_the_statement_of_a_role_is_told_and_the_one_that_ends_it() -> None:
    (one,) = deviations_of(
        "ivcs-main-1", [Setting("role", "synchronous_commit", "off", "", "", "ALTER ROLE ivcs")]
    )
    text = render(sentence(one), "en")
    assert "(ALTER ROLE ivcs SET synchronous_commit)" in text
    assert "ALTER ROLE ivcs RESET synchronous_commit" in text
    assert facts(one)["set_by"] == "ALTER ROLE ivcs"


def test_a_line_that_cannot_be_read_is_told() -> None:
    row = Setting("error", "", "invalid CIDR mask", f"{FOLDER}/pg_hba.conf", "99")
    (one,) = deviations_of("ivcs-main-1", [row])
    assert f"{FOLDER}/pg_hba.conf, line 99 (invalid CIDR mask)" in render(sentence(one), "en")


def test_a_connection_may_hold_a_password() -> None:
    (one,) = deviations_of("ivcs-main-1", [running("primary_conninfo", "host=a password=secret", AUTO)])
    assert "secret" not in render(sentence(one), "en") + str(facts(one))


@pytest.mark.parametrize(
    ("changed", "mode"),
    [
        ((), Mode.SYNCHRONOUS),
        ((running("synchronous_commit", "local", AUTO),), Mode.ASYNCHRONOUS),
        ((Setting("role", "synchronous_commit", "off", "", "", "ALTER ROLE ivcs"),), Mode.ASYNCHRONOUS),
        ((running("restart_after_crash", "on", AUTO),), Mode.SYNCHRONOUS),
        ((Setting("pending", "fsync", "off", AUTO, "3"),), Mode.SYNCHRONOUS),
    ],
)
def test_a_pair_that_may_lose_commits_is_not_called_synchronous(
    changed: tuple[Setting, ...], mode: Mode
) -> None:
    servers = [
        DatabaseServer("ivcs-main-1", in_recovery=False, deviations=deviations_of("ivcs-main-1", changed))
    ]
    assert kept_to_the_truth(Replication(mode=Mode.SYNCHRONOUS), servers).mode is mode


def test_before_the_first_run_only_what_wins_over_our_files_matters() -> None:
    rows = [
        running("listen_addresses", "localhost", "", "", "default"),
        running("fsync", "off", f"{FOLDER}/postgresql.conf"),
        running("full_page_writes", "off", AUTO),
        Setting("role", "synchronous_commit", "off", "", "", "ALTER ROLE ivcs"),
    ]
    everything = deviations_of("ivcs-main-1", rows)
    first = [one.setting.name for one in overriding(everything, before_our_files=True)]
    later = [one.setting.name for one in overriding(everything, before_our_files=False)]
    assert first == ["full_page_writes", "synchronous_commit"]
    assert later == ["fsync", *first]


def test_an_answer_is_read_and_anything_else_is_no_answer() -> None:
    row = "\x1f".join(("running", "fsync", "on", "", "", "default"))
    server = "\x1f".join(("server", "in_recovery", "false", "", "", ""))
    assert parse_settings(f"{server}\n{row}\n")[1] == Setting("running", "fsync", "on", "", "", "default")
    assert in_recovery(parse_settings(f"{server}\n{row}\n")) is False
    assert parse_settings("f\x1f\x1f\x1f\n") == ()
    assert in_recovery(()) is None


def test_the_other_head_is_asked_where_replication_would() -> None:
    text = "# Written by the agent\nprimary_conninfo = 'host=10.81.1.2 port=5432 target_session_attrs=read-write'\n"
    assert peer_connection(text) == "host=10.81.1.2 port=5432"
    assert peer_connection("") == ""
