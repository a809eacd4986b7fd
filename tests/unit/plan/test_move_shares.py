"""Moving files to and from a NAS: both logins while both are mounted, Samba as the files need it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from plan_case import blueprint, settings
from test_move_steps import MOVE, NOTHING_ORDERED, programs, said
from test_shares import CIFS, NFS
from test_storage_change import ORDERED, seen

from live_cluster.model.settings import CifsShare, ClusterSettings, NfsExport
from live_cluster.model.storage_facts import ShareFacts, ShareOutcome
from live_cluster.model.storage_move import MoveFacts
from live_cluster.plan.blueprint import Blueprint
from live_cluster.plan.build import stages
from live_cluster.plan.share_steps import former_login_steps
from live_cluster.plan.shares import login_file
from live_cluster.plan.step import Step
from live_cluster.remote.requests import CommandResult, WriteFile

FROM_CIFS = replace(MOVE, former="//192.0.2.9/old", fstype="cifs", files=900_000, used_bytes=2**40)
FAILED = CommandResult(returncode=1)


def to_nas(device: str = CIFS) -> ClusterSettings:
    login = {"filestorage_username": "video", "filestorage_password": "new"} if device == CIFS else {}
    given = settings(filestorage_device=device, **login)
    return replace(given, storage_orders=ORDERED)


def plan(wish: ClusterSettings, move: MoveFacts = MOVE, *, free_bytes: int = 2**30) -> Blueprint:
    of = seen(move)
    if isinstance(wish.filestorage, CifsShare | NfsExport):
        share = ShareFacts(outcome=ShareOutcome.GOOD, free_bytes=free_bytes)
        first, second = (replace(head, storage=share) for head in of.heads)
        of = replace(of, heads=(first, second))
    return blueprint(of, wish)


def to_san() -> ClusterSettings:
    return replace(settings(filestorage_device="/dev/lun2"), storage_orders=ORDERED)


def named(given: Blueprint, code: str) -> list[Step]:
    return [step for stage in stages(given) for step in stage.steps if step.code == code]


def is_nas(given: Blueprint) -> list[bool]:
    """Each time that Samba's file is written on the first head: as for the files of a NAS?"""
    steps = [one for one in named(given, "file") if "smb.conf" in str(one.title.fields)]
    writes = (one.actions(())[0] for one in steps if one.node == "ivcs-main-1")
    return [b"posix locking" in one.content for one in writes if isinstance(one, WriteFile)]


def test_files_of_a_nas_are_served_so_until_they_are_there_no_more() -> None:
    # Otherwise new files would get attributes that the NAS refuses, while they are being copied.
    assert is_nas(plan(to_san(), FROM_CIFS)) == [True, False]
    every = [step for stage in stages(plan(to_san(), FROM_CIFS)) for step in stage.steps]
    codes = [step.code for step in every]
    last = max(n for n, step in enumerate(every) if "smb.conf" in str(step.title.fields))
    assert codes.index("cib") < last
    assert is_nas(plan(to_nas())) == [True]
    assert is_nas(plan(to_nas(), FROM_CIFS)) == [True]
    assert is_nas(plan(to_san())) == [False]


def test_the_new_login_is_there_before_the_share_is_mounted_and_the_former_one_until_it_is_left() -> None:
    given = plan(to_nas(), FROM_CIFS)
    wanted = login_file(given.settings, given.secrets)
    assert wanted is not None
    every = [step for stage in stages(given) for step in stage.steps if step.node == "ivcs-main-1"]
    codes = [step.code for step in every]
    written = next(n for n, step in enumerate(every) if wanted.path in str(step.title.fields))
    assert written < codes.index("move-mounted") < codes.index("cib") < codes.index("share-login-former")


def test_a_repeated_run_removes_a_login_that_nothing_names_any_more() -> None:
    assert list(former_login_steps(plan(to_san())))
    without_order = replace(to_san(), storage_orders=NOTHING_ORDERED)
    assert not list(former_login_steps(plan(without_order)))


@pytest.mark.parametrize("device", [CIFS, NFS])
def test_a_share_is_mounted_as_the_cluster_will_mount_it(device: str) -> None:
    (step,) = named(plan(to_nas(device)), "move-mounted")
    assert step.check.holds((said(f"{device}\n"),))
    assert not step.check.holds((said("//192.0.2.5/other\n"),))
    assert programs(step, (FAILED,)) == ["mkdir", "mount"]


def test_how_much_there_is_on_a_nas_is_not_made_up() -> None:
    given = plan(to_san(), FROM_CIFS)
    (last,) = named(given, "move-last-pass")
    # 900 000 files are all that the NAS has.
    assert last.title.code == "step-move-last-nas"
    assert last.title.field("seconds") == 15
    (copied,) = named(given, "move-copied")
    assert copied.measures is not None
    shown = copied.measures.shown((said("Used IUsed\n1099511627776 -\n"), said("Used IUsed\n3145728 9\n")))
    assert shown is not None
    assert (shown.code, shown.field("done")) == ("move-progress-mib", 3)


def test_what_has_come_to_a_nas_is_what_its_room_has_shrunk_by() -> None:
    (copied,) = named(plan(to_nas(), free_bytes=10 * 2**20), "move-copied")
    assert copied.measures is not None
    shown = copied.measures.shown((said("Avail\n4194304\n"),))
    assert shown is not None
    assert shown.field("done") == 6
    # Somebody else has made room meanwhile.
    more = copied.measures.shown((said("Avail\n41943040\n"),))
    assert more is not None
    assert more.field("done") == 0
    assert copied.measures.shown((FAILED,)) is None


def test_what_could_not_be_copied_is_told_in_rsyncs_words() -> None:
    (copied,) = named(plan(to_nas()), "move-copied")
    assert copied.explain is not None
    found = copied.explain(CommandResult(returncode=23, stderr=b"rsync: symlink failed"))
    assert (found.code, found.message.field("output")) == ("move-not-copied", "rsync: symlink failed")
