"""A NAS as file storage: its mount, its login's file, and what a trial that failed means to the administrator."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from plan_case import GIVEN, PROFILE, SECRETS, blueprint, facts, settings, situation, with_head

from live_cluster.messages import Language, render
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.raw_settings import options
from live_cluster.model.settings import ClusterSettings, Credentials, Secret
from live_cluster.model.settings_rules import settings_from
from live_cluster.model.share_login import login_text
from live_cluster.model.storage_facts import ShareFacts, ShareOutcome
from live_cluster.plan.head_steps import head_steps
from live_cluster.plan.mounts import mount_of
from live_cluster.plan.prerequisites import problems_of
from live_cluster.plan.share_steps import former_login_steps, login_steps
from live_cluster.plan.shares import login_file, share_trial
from live_cluster.remote.requests import CommandResult, RemoveFile, WriteFile

CIFS, NFS = "//192.0.2.5/video", "192.0.2.5:/srv/video"
PASSWORD = "so, secret=\\ "


def cifs(password: str = PASSWORD) -> ClusterSettings:
    return settings(
        filestorage_device=CIFS, filestorage_username="OFFICE\\video", filestorage_password=password
    )


def tried(wish: ClusterSettings, *outcomes: ShareFacts) -> tuple[ClusterFacts, ClusterSettings]:
    first, second = facts().heads
    heads = (replace(first, storage=outcomes[0]), replace(second, storage=outcomes[-1]))
    return replace(facts(), heads=heads), wish


def test_a_cifs_share_belongs_to_the_application_and_answers_or_fails() -> None:
    plan = blueprint(wish=cifs())
    mount = mount_of(plan)
    given = dict(one.partition("=")[::2] for one in mount.options.split(","))
    assert (mount.device, mount.fstype, mount.is_network) == (CIFS, "cifs", True)
    assert (given["uid"], given["gid"], given["dir_mode"], given["file_mode"]) == (
        "ivcs",
        "ivcs",
        "0770",
        "0660",
    )
    assert {"soft", "forceuid", "forcegid", "nobrl"} <= given.keys()
    assert given["iocharset"] == "utf8"
    assert "hard" not in given


def test_an_nfs_export_gives_up_after_a_quarter_of_a_minute_instead_of_waiting_for_ever() -> None:
    mount = mount_of(blueprint(wish=settings(filestorage_device=NFS)))
    given = dict(one.partition("=")[::2] for one in mount.options.split(","))
    assert (mount.device, mount.fstype) == (NFS, "nfs4")
    # The kernel waits timeo, then longer each time (nfs(5)), in tenths of a second.
    assert int(given["timeo"]) * (int(given["retrans"]) + 1) / 10 <= 15
    assert "softerr" in given
    assert "hard" not in given


@pytest.mark.parametrize("wish", [cifs(), settings(filestorage_device=NFS)])
def test_the_password_is_in_a_file_of_roots_and_nowhere_else(wish: ClusterSettings) -> None:
    plan = blueprint(wish=wish)
    trial = share_trial(wish, PROFILE, "ivcs-main-1")
    assert trial is not None
    assert "so, secret" not in repr((mount_of(plan), trial))
    steps = login_steps(plan, "ivcs-main-1")
    if wish.filestorage_credentials is None:
        assert steps == ()
        return
    (step,) = steps
    (file,) = step.actions(())
    assert isinstance(file, WriteFile)
    assert (file.mode, file.owner) == (0o600, "root")
    assert f"credentials={file.path}" in mount_of(plan).options


def test_the_logins_file_is_what_mount_cifs_reads() -> None:
    assert login_text(Credentials(username="OFFICE\\video", password=Secret(PASSWORD))) == (
        f"username=video\npassword={PASSWORD}\ndomain=OFFICE\n"
    )
    assert (
        login_text(Credentials(username="video@office", password=None))
        == "username=video@office\npassword=\n"
    )


def test_another_password_is_another_mount_and_the_former_file_goes() -> None:
    old, new = (login_file(cifs(password), SECRETS) for password in ("old", "new"))
    assert old is not None
    assert new is not None
    assert old.path != new.path
    (step, _) = former_login_steps(blueprint(wish=cifs("new")))
    present = (CommandResult(returncode=0, stdout=f"{old.path}\n{new.path}\n".encode()),)
    assert not step.check.holds(present)
    assert step.actions(present) == (RemoveFile(path=old.path),)
    assert step.check.holds((CommandResult(returncode=0, stdout=f"{new.path}\n".encode()),))


def test_without_a_nas_no_login_stays() -> None:
    assert list(former_login_steps(blueprint())) == []
    used = with_head(facts(), 1, cib=b"<cib>credentials=/etc/live-cluster/filestorage-1.credentials</cib>")
    (step, _) = former_login_steps(blueprint(used))
    assert not step.check.holds(
        (CommandResult(returncode=0, stdout=b"/etc/live-cluster/filestorage-1.credentials\n"),)
    )
    assert login_steps(blueprint(), "ivcs-main-1") == ()


def test_the_name_of_the_file_tells_nothing_about_the_password() -> None:
    other = replace(SECRETS, smb=Secret("another installation"))
    first, second = login_file(cifs(), SECRETS), login_file(cifs(), other)
    assert first is not None
    assert second is not None
    assert first.path != second.path


def test_samba_keeps_its_locks_to_itself_above_a_nas() -> None:
    def samba(wish: ClusterSettings) -> str:
        steps = (step for step in head_steps(blueprint(wish=wish), "ivcs-main-1") if step.code == "file")
        written = (step.actions(()) for step in steps if str(step.title.fields).find("smb.conf") > 0)
        (file,) = next(written)
        assert isinstance(file, WriteFile)
        return file.content.decode()

    assert "posix locking = no" in samba(cifs())
    assert "dfree command = /usr/lib/live-cluster/share-room" in samba(cifs())
    assert "posix locking" not in samba(settings())


@pytest.mark.parametrize(
    ("wish", "outcome"), list(product((cifs(), settings(filestorage_device=NFS)), ShareOutcome))
)
def test_every_outcome_of_a_trial_has_words_that_name_option_server_and_remedy(
    wish: ClusterSettings, outcome: ShareOutcome
) -> None:
    seen, wish = tried(wish, ShareFacts(outcome=outcome, detail="STATUS_X"))
    found = problems_of(replace(situation(), settings=wish, facts=seen))
    if outcome is ShareOutcome.GOOD:
        assert found == ()
        return
    assert [one.node for one in found] == ["ivcs-main-1", "ivcs-main-2"]
    assert {one.option for one in found} == {"filestorage-device"}
    languages: tuple[Language, ...] = ("en", "ru")
    for language in languages:
        text = render(found[0].message, language)
        assert "ivcs-main-1" in text
        assert found[0].code not in text
        assert "{" not in text


def test_a_share_for_nobody_in_particular_asks_for_a_login() -> None:
    seen, wish = tried(settings(filestorage_device=CIFS), ShareFacts(outcome=ShareOutcome.LOGIN_WRONG))
    found = problems_of(replace(situation(), settings=wish, facts=seen))
    assert {one.code for one in found} == {"share-login-wrong-guest"}


def test_a_pair_stays_configurable_while_its_nas_is_away() -> None:
    seen, wish = tried(cifs(), ShareFacts(outcome=ShareOutcome.SILENT))
    mounts = b"""<cib><configuration><resources><primitive id="filestorage-fs"><instance_attributes>
        <nvpair name="device" value="//192.0.2.5/video"/></instance_attributes></primitive></resources>
        </configuration></cib>"""
    in_use = with_head(
        with_head(seen, 1, cib=mounts, corosync_conf="# Written by live-cluster\n"), 2, cib=b""
    )
    found = problems_of(replace(situation(), settings=wish, facts=in_use))
    assert [(one.code, one.severity.value) for one in found if one.code == "share-silent"] == [
        ("share-silent", "warning"),
        ("share-silent", "error"),
    ]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"filestorage-username": "a,b"}, "share-name-comma"),
        ({"filestorage-username": "ü" * 129}, "share-name-long"),
        # Four bytes each, as the kernel wants a comma written twice; 512 are allowed.
        ({"filestorage-username": "a", "filestorage-password": "я," * 129}, "share-password-long"),
        ({"filestorage-username": "a", "filestorage-password": "я," * 128}, ""),
    ],
)
def test_what_the_logins_file_cannot_hold_is_refused(given: dict[str, str], code: str) -> None:
    _, problems = settings_from(options(GIVEN | {"filestorage-device": CIFS} | given))
    assert {one.code for one in problems if one.code.startswith("share-")} == ({code} if code else set())
