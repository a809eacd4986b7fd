"""Opening and closing on a server of values: files in a directory, an sshd and a timer that only note."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from live_cluster.access import lock as locking
from live_cluster.access.lock import lock, lock_expired
from live_cluster.access.login import LoginResult, Outcome
from live_cluster.access.site_key import SiteSecret, openssh_public_bytes
from live_cluster.access.sshd import AccessFiles, EffectiveSshd
from live_cluster.access.status import access_status
from live_cluster.access.system import AccessSystem
from live_cluster.access.unlock import unlock
from live_cluster.access.window import read_window
from live_cluster.errors import CommandFailed, LiveClusterError, NotReady, Unreachable, problem
from live_cluster.messages import Message

SECRET = SiteSecret(bytes(range(32)))
OTHER = SiteSecret(bytes(range(1, 33)))


@dataclass
class NotingSshd:
    files: AccessFiles
    host_key: Path
    is_running: bool = True
    listens: tuple[str, ...] = ("0.0.0.0:22",)
    reads_drop_in: bool = True
    reloads: list[bool] = field(default_factory=list)

    def effective(self) -> EffectiveSshd:
        values: dict[str, tuple[str, ...]] = {
            "hostkey": (str(self.host_key),),
            "permitrootlogin": ("no",),
            "listenaddress": self.listens,
        }
        if self.files.drop_in.exists() and self.reads_drop_in:
            values["trustedusercakeys"] = (str(self.files.user_ca),)
            values["authorizedprincipalscommand"] = (f"/bin/sh {self.files.gate}",)
        return EffectiveSshd(values)

    def reload(self) -> bool:
        self.reloads.append(self.files.sshd_config.exists())
        return self.is_running


@dataclass
class NotingTimer:
    armed: dict[str, int] = field(default_factory=dict)
    works: bool = True

    def arm(self, window_id: str, *, length_s: int, files: AccessFiles) -> None:  # noqa: ARG002
        if not self.works:
            raise CommandFailed(problem("command-failed"))
        self.armed[window_id] = length_s

    def disarm(self, window_id: str) -> None:
        self.armed.pop(window_id, None)


@dataclass
class World:
    system: AccessSystem
    sshd: NotingSshd
    timer: NotingTimer
    journal: list[Message]

    @property
    def files(self) -> AccessFiles:
        return self.system.files

    @property
    def journal_codes(self) -> list[str]:
        return [entry.code for entry in self.journal]

    def nothing_is_left(self) -> bool:
        return not self.files.directory.exists() and not self.files.drop_in.exists() and not self.timer.armed


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "etc").mkdir()
    host_key = tmp_path / "etc/ssh_host_ed25519_key"
    host_key.with_suffix(".pub").write_bytes(openssh_public_bytes(Ed25519PrivateKey.generate()))
    files = AccessFiles(directory=tmp_path / "run/access", drop_in=tmp_path / "etc/00-live-cluster.conf")
    sshd, timer, journal = NotingSshd(files, host_key), NotingTimer(), list[Message]()
    system = AccessSystem(
        files=files,
        sshd=sshd,
        timer=timer,
        journal=journal.append,
        addresses=lambda: ("10.81.0.1",),
        login_here=lambda *_: LoginResult(outcome=Outcome.LET_IN),
        lock_file=tmp_path / "run/access.lock",
    )
    return World(system, sshd, timer, journal)


def codes_of(error: LiveClusterError) -> list[str]:
    return [entry.code for entry in error.problems]


def test_unlock_opens_for_the_full_time_and_arms_the_timer(world: World) -> None:
    unlocked = unlock(SECRET, world.system, length_s=3600)
    assert world.timer.armed == {unlocked.window.window_id: 3600}
    assert world.sshd.reloads == [True]
    assert world.journal_codes == ["journal-unlocked"]
    status = access_status(world.files)
    assert status.is_open
    assert 3590 <= status.seconds_left <= 3600
    assert unlocked.previous is None


def test_files_cannot_be_changed_by_others_whatever_the_umask(world: World) -> None:
    before = os.umask(0)
    try:
        unlock(SECRET, world.system, length_s=3600)
    finally:
        os.umask(before)
    assert world.files.directory.stat().st_mode & 0o777 == 0o755
    assert world.files.connections.stat().st_mode & 0o777 == 0o700
    for path in (world.files.drop_in, *world.files.directory.glob("*")):
        assert not path.stat().st_mode & 0o022, path


def test_no_private_key_is_written(world: World) -> None:
    unlock(SECRET, world.system, length_s=3600)
    for path in (world.files.drop_in, *world.files.directory.iterdir()):
        if path.is_file():
            content = path.read_bytes()
            assert b"PRIVATE" not in content
            assert SECRET.seed not in content


def test_lock_leaves_nothing(world: World) -> None:
    unlock(SECRET, world.system, length_s=3600)
    assert lock(world.system).was_open
    assert world.nothing_is_left()
    assert world.sshd.reloads == [True, False]
    assert world.journal_codes == ["journal-unlocked", "journal-locked"]


def test_lock_twice_and_lock_without_unlock_do_nothing(world: World) -> None:
    assert not lock(world.system).was_open
    unlock(SECRET, world.system, length_s=3600)
    lock(world.system)
    assert not lock(world.system).was_open
    assert len(world.sshd.reloads) == 2
    assert world.journal_codes == ["journal-unlocked", "journal-locked"]


def test_unlock_while_open_extends_to_the_full_time(world: World) -> None:
    first = unlock(SECRET, world.system, length_s=60)
    second = unlock(SECRET, world.system, length_s=3600)
    assert world.timer.armed == {second.window.window_id: 3600}
    assert second.previous == first.window
    assert not second.key_changed
    assert access_status(world.files).seconds_left > 3000
    assert world.journal_codes[-1] == "journal-extended"


def test_unlock_with_another_key_takes_the_place_of_the_first(world: World) -> None:
    unlock(SECRET, world.system, length_s=3600)
    second = unlock(OTHER, world.system, length_s=3600)
    assert second.key_changed
    assert openssh_public_bytes(OTHER.user_ca) in world.files.user_ca.read_bytes()
    assert len(world.timer.armed) == 1


def test_old_timer_does_not_close_a_newer_window(world: World) -> None:
    first = unlock(SECRET, world.system, length_s=60)
    second = unlock(SECRET, world.system, length_s=3600)
    assert not lock_expired(world.system, first.window.window_id).was_open
    assert access_status(world.files).is_open
    assert lock_expired(world.system, second.window.window_id).was_open
    assert world.nothing_is_left()
    assert world.journal_codes[-1] == "journal-expired"


def test_without_a_timer_nothing_is_opened(world: World) -> None:
    world.timer.works = False
    with pytest.raises(CommandFailed):
        unlock(SECRET, world.system, length_s=3600)
    assert world.nothing_is_left()
    assert world.journal_codes == ["journal-unlock-failed"]


def test_where_no_sshd_runs_nothing_is_opened(world: World) -> None:
    world.sshd.is_running = False
    with pytest.raises(Unreachable) as raised:
        unlock(SECRET, world.system, length_s=3600)
    assert codes_of(raised.value) == ["sshd-not-running"]
    assert world.nothing_is_left()


def test_where_sshd_does_not_read_the_drop_in_nothing_is_opened(world: World) -> None:
    world.sshd.reads_drop_in = False
    with pytest.raises(NotReady) as raised:
        unlock(SECRET, world.system, length_s=3600)
    assert codes_of(raised.value) == ["sshd-ignores-drop-in"]
    assert world.nothing_is_left()


def test_where_the_trial_login_fails_nothing_stays_open(world: World) -> None:
    refused = LoginResult(outcome=Outcome.REFUSED, detail="no")
    system = replace(world.system, login_here=lambda *_: refused)
    with pytest.raises(NotReady) as raised:
        unlock(SECRET, system, length_s=3600)
    assert codes_of(raised.value) == ["access-self-test-failed"]
    assert world.nothing_is_left()


def test_where_sshd_listens_elsewhere_nothing_is_opened(world: World) -> None:
    world.sshd.listens = ("0.0.0.0:2222", "[::]:2222")
    with pytest.raises(NotReady) as raised:
        unlock(SECRET, world.system, length_s=3600)
    assert codes_of(raised.value) == ["sshd-other-port"]
    assert raised.value.problems[0].message.field("ports") == "2222"
    assert world.nothing_is_left()


def test_without_host_keys_nothing_is_opened(world: World) -> None:
    world.sshd.host_key.with_suffix(".pub").unlink()
    with pytest.raises(NotReady) as raised:
        unlock(SECRET, world.system, length_s=3600)
    assert codes_of(raised.value) == ["host-key-missing"]
    assert world.nothing_is_left()


def test_where_a_file_cannot_be_written_nothing_is_opened(world: World) -> None:
    system = replace(world.system, files=replace(world.files, drop_in=Path("/proc/nowhere/00.conf")))
    with pytest.raises(NotReady) as raised:
        unlock(SECRET, system, length_s=3600)
    assert codes_of(raised.value) == ["access-write-failed"]
    assert not world.files.directory.exists()
    assert not world.timer.armed


def test_failing_to_extend_closes(world: World) -> None:
    unlock(SECRET, world.system, length_s=3600)
    refused = LoginResult(outcome=Outcome.REFUSED)
    with pytest.raises(NotReady):
        unlock(SECRET, replace(world.system, login_here=lambda *_: refused), length_s=3600)
    assert world.nothing_is_left()


def test_interrupted_unlock_is_closed_by_its_timer_and_by_lock(world: World) -> None:
    """As after SIGKILL between the first file and sshd's reload."""
    unlocked = unlock(SECRET, world.system, length_s=3600)
    world.files.drop_in.unlink()
    world.files.window.unlink()
    assert access_status(world.files).incomplete
    lock_expired(world.system, unlocked.window.window_id)
    assert world.nothing_is_left()


def test_interrupted_extension_is_closed_by_the_first_timer(world: World) -> None:
    """As after SIGKILL while two timers were armed."""
    first = unlock(SECRET, world.system, length_s=3600)
    world.files.marker("feedbeef").write_bytes(b"")
    world.timer.armed["feedbeef"] = 3600
    assert locking.marked_windows(world.files) == tuple(sorted(("feedbeef", first.window.window_id)))
    lock_expired(world.system, first.window.window_id)
    assert world.nothing_is_left()


@pytest.mark.parametrize("note", ["", "{", "[]", '{"window_id": 1}', "null"])
def test_damaged_note_counts_as_locked_and_is_cleaned_up(world: World, note: str) -> None:
    unlock(SECRET, world.system, length_s=3600)
    world.files.window.write_text(note, encoding="utf-8")
    assert read_window(world.files) is None
    assert not access_status(world.files).is_open
    lock(world.system)
    assert world.nothing_is_left()


def test_drop_in_left_by_a_reboot_is_removed(world: World) -> None:
    world.files.drop_in.write_text("Include /run/nothing*\n", encoding="utf-8")
    assert not access_status(world.files).is_open
    assert not lock(world.system).was_open
    assert world.nothing_is_left()


def test_after_the_deadline_status_is_locked_even_without_timer(world: World) -> None:
    unlock(SECRET, world.system, length_s=0)
    assert not access_status(world.files).is_open


def test_lock_removes_everything_even_if_sshd_cannot_be_reloaded(world: World) -> None:
    unlock(SECRET, world.system, length_s=3600)
    world.sshd.is_running = False
    assert not lock(world.system).sshd_runs
    assert world.nothing_is_left()
