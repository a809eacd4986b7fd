"""C10: installed on both heads with the right mode, read again only where it runs and changed, passed on."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from plan_case import PROFILE, blueprint, facts, settings

from certificate_case import made
from live_cluster.model.certificate_record import RECORD, CertificateRecord, parse_record
from live_cluster.model.facts import FileFacts
from live_cluster.model.settings import CertificateFiles, ClusterSettings
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.certificate_steps import certificate_steps
from live_cluster.plan.step import Impact, Step
from live_cluster.remote.requests import Command, CommandResult, FileState, Reply, WriteFile, WriteTogether

FIRST, SECOND = "ivcs-main-1", "ivcs-main-2"
PAIR = made()
ON_HEAD = Path("/root/c.pem")


def wish() -> ClusterSettings:
    return replace(settings(), certificate=given())


def given() -> CertificateFiles:
    return CertificateFiles(
        certificate=ON_HEAD, private_key=ON_HEAD, is_named=True, chain=PAIR.certificate, key=PAIR.key
    )


def steps(plan: Blueprint, node: str = FIRST) -> tuple[Step, ...]:
    return certificate_steps(plan, node)


def state(content: bytes, mode: int, group: str = "root", mtime: float = 0.0) -> FileState:
    return FileState(exists=True, content=content, mode=mode, owner="root", group=group, mtime=mtime)


def unit(active: str, since: str = "12:00:05") -> CommandResult:
    stamp = f"Sun 2026-11-22 {since}.000000 UTC"
    return CommandResult(
        returncode=0, stdout=f"ActiveState={active}\nStateChangeTimestamp={stamp}\n".encode()
    )


WRITTEN = 1795348800.0  # 12:00:00 of that day


def installed(mtime: float = WRITTEN) -> tuple[Reply, Reply]:
    return state(PAIR.key, 0o600, mtime=mtime), state(PAIR.certificate, 0o644, mtime=mtime)


def test_both_heads_get_it_for_every_service() -> None:
    plan = blueprint(wish=wish())
    for node in (FIRST, SECOND):
        found = steps(plan, node)
        assert [one.title.field("unit") for one in found if one.code == "certificate"] == [
            "nginx",
            "opensips",
            "gnugk",
        ]
        assert found[-1].title.field("path") == RECORD
        assert {one.impact for one in found[:-1]} == {Impact.RELOAD}


def test_keys_are_for_their_service_only_and_old_files_are_kept() -> None:
    missing = FileState(exists=False)
    for step in steps(blueprint(wish=wish()))[:-1]:
        actions = step.actions((missing, missing, unit("active")))
        key, chain = (one for pair in actions if isinstance(pair, WriteTogether) for one in pair.files)
        assert (key.content, chain.content) == (PAIR.key, PAIR.certificate)
        assert not key.mode & 0o007
        assert chain.mode == 0o644
        assert key.set_aside
        assert chain.set_aside
        assert key.group == chain.group
        (command,) = (one for one in actions if isinstance(one, Command))
        assert command.argv[:2] == ("systemctl", "try-reload-or-restart")


@pytest.mark.parametrize(
    ("active", "since", "holds"),
    [
        ("active", "12:00:05", True),
        ("active", "11:59:55", False),
        ("inactive", "11:59:55", True),
        ("failed", "11:59:55", True),
    ],
)
def test_it_is_in_force_when_a_running_service_has_read_it(active: str, since: str, *, holds: bool) -> None:
    step = steps(blueprint(wish=wish()))[0]
    assert step.check.holds((*installed(), unit(active, since))) is holds


def test_what_is_there_is_only_read_again() -> None:
    step = steps(blueprint(wish=wish()))[0]
    actions = step.actions((*installed(), unit("active", "11:59:55")))
    assert [type(one) for one in actions] == [Command]


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_with_another_mode_is_not_as_wanted(mode: int) -> None:
    step = steps(blueprint(wish=wish()))[0]
    replies = (state(PAIR.key, mode), installed()[1], unit("inactive"))
    assert not step.check.holds(replies)
    (pair,) = (one for one in step.actions(replies) if isinstance(one, WriteTogether))
    # Never one without the other, whichever it is that differs.
    assert [one.path for one in pair.files] == ["/etc/nginx/ssl/ivcs.key", "/etc/nginx/ssl/ivcs.crt"]


def test_the_record_says_when_it_ends_without_a_slow_module() -> None:
    (write,) = steps(blueprint(wish=wish()))[-1].actions(())
    assert isinstance(write, WriteFile)
    record = parse_record(write.content.decode())
    assert record is not None
    assert record.paths[0] == "/etc/nginx/ssl/ivcs.crt"
    assert 299 <= record.days_left(time.time()) <= 300
    assert parse_record("") is None
    assert parse_record("soon\nabc\n") is None


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-11-23 12:00", 30),
        ("2026-11-23 12:01", 29),
        ("2026-12-23 11:59", 0),
        ("2026-12-23 12:00", 0),
        ("2026-12-23 12:01", -1),
        ("2027-12-23 12:00", -365),
    ],
)
def test_days_are_counted_whole_and_an_expired_one_has_none(now: str, left: int) -> None:
    ends = datetime(2026, 12, 23, 12, tzinfo=UTC)
    record = CertificateRecord(expires_s=int(ends.timestamp()), digest="", paths=())
    assert record.days_left(datetime.fromisoformat(f"{now}+00:00").timestamp()) == left


def test_a_run_that_names_none_leaves_everything() -> None:
    named = replace(given(), is_named=False, chain=b"", key=b"")
    assert steps(blueprint()) == ()
    assert steps(blueprint(wish=replace(settings(), certificate=named))) == ()


def test_a_head_that_was_installed_anew_gets_what_the_other_one_has() -> None:
    seen = facts(configured=True)
    record = f"{int(WRITTEN)}\nabc\n/etc/nginx/ssl/ivcs.crt\n"
    files = tuple(
        FileFacts(path=path, content=content, mode=0o600, owner="root", group="root")
        for target in PROFILE.certificates
        for path, content in ((target.certificate, PAIR.certificate), (target.private_key, PAIR.key))
    )
    second = replace(seen.heads[1], certificate_record=record)
    lacking = replace(seen, heads=(seen.heads[0], second), certificate_files=files)
    assert len(steps(blueprint(lacking), FIRST)) == len(PROFILE.certificates) + 1
    assert steps(blueprint(lacking), SECOND) == ()
    (write,) = steps(blueprint(lacking), FIRST)[-1].actions(())
    assert isinstance(write, WriteFile)
    assert write.content.decode() == record
