"""The parts of a server that the access is made of: sshd, a timer, the journal, addresses."""

from __future__ import annotations

import json
import os
import syslog
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from live_cluster.access.sshd import AccessFiles, EffectiveSshd, parse_effective
from live_cluster.errors import NotReady, Unreachable, problem
from live_cluster.messages import Message, render
from live_cluster.remote.local import run_local

if TYPE_CHECKING:
    from live_cluster.access.login import LoginResult
    from live_cluster.access.site_key import SiteSecret

SSHD = "/usr/sbin/sshd"
SSH_SERVICE = "ssh.service"
SSH_SOCKET = "ssh.socket"
LIVE_CONFIGURE = "/usr/sbin/live-configure"
ACCESS_LOCK = Path("/run/live-cluster/access.lock")

# The locking command has at most this long before the timer's own last resort locks instead of it.
LOCK_COMMAND_LIMIT_S = 120


class Sshd(Protocol):
    """The SSH daemon of this server."""

    def effective(self) -> EffectiveSshd:
        """Its configuration for a root login, as it would be after a reload; NotReady where it has errors."""

    def reload(self) -> bool:
        """Make it read its configuration; False where none is running that would have to."""


class LockTimer(Protocol):
    """What locks the server when nobody does."""

    def arm(self, window_id: str, *, length_s: int, files: AccessFiles) -> None:
        """Lock `window_id` after so many seconds; CommandFailed where that cannot be promised."""

    def disarm(self, window_id: str) -> None:
        """Forget it; nothing where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessSystem:
    """One server, as far as the access is concerned."""

    files: AccessFiles
    sshd: Sshd
    timer: LockTimer
    journal: Callable[[Message], None]
    addresses: Callable[[], tuple[str, ...]]
    login_here: Callable[[SiteSecret, tuple[str, ...]], LoginResult]
    lock_file: Path = ACCESS_LOCK


class SystemdSshd:
    """sshd as Debian runs it: ssh.service, or one process per connection from ssh.socket."""

    def effective(self) -> EffectiveSshd:
        """From `sshd -T`, which reads the files and not the running daemon."""
        argv = (SSHD, "-T", "-C", "user=root,host=localhost,addr=127.0.0.1")
        completed = run_local(argv, check=False)
        if completed.returncode == 127:
            raise Unreachable(problem("sshd-missing"))
        if completed.returncode != 0:
            output = completed.stderr.decode(errors="replace").strip()
            raise NotReady(problem("sshd-config-invalid", output=output))
        return parse_effective(completed.text)

    def reload(self) -> bool:
        """SIGHUP by systemd, after `sshd -t` (part of the unit); open sessions are not touched."""
        if _is_active(SSH_SERVICE):
            run_local(("systemctl", "reload", SSH_SERVICE))
            return True
        return _is_active(SSH_SOCKET)


class SystemdLockTimer:
    """A transient timer: monotonic (setting the clock does not move it), and gone after a reboot."""

    def arm(self, window_id: str, *, length_s: int, files: AccessFiles) -> None:
        """Runs `live-configure lock-configurator`; should that fail, a shell removes the files."""
        unit = lock_unit(window_id)
        run_local(lock_timer_argv(window_id, length_s=length_s, files=files))
        run_local(("systemctl", "is-active", "--quiet", f"{unit}.timer"))

    def disarm(self, window_id: str) -> None:
        """Stops the timer only, never a locking command that is at work already."""
        run_local(("systemctl", "stop", f"{lock_unit(window_id)}.timer"), check=False)


def lock_unit(window_id: str) -> str:
    """Name of the timer and of the service it starts."""
    return f"live-cluster-lock-{window_id}"


def lock_timer_argv(window_id: str, *, length_s: int, files: AccessFiles) -> tuple[str, ...]:
    """The systemd-run command that arms the timer."""
    last_resort = (
        f"test -e {files.marker(window_id)} || exit 0; "
        f"rm -rf {files.directory} {files.drop_in}; systemctl reload {SSH_SERVICE}"
    )
    return (
        "systemd-run",
        "--quiet",
        "--collect",
        f"--unit={lock_unit(window_id)}",
        "--description=Lock this server for the configurator",
        f"--on-active={length_s}s",
        # systemd's default accuracy is a minute.
        "--timer-property=AccuracySec=1s",
        f"--property=RuntimeMaxSec={LOCK_COMMAND_LIMIT_S}",
        "--property=SyslogIdentifier=live-configure",
        f"--property=ExecStopPost=/bin/sh -c '{last_resort}'",
        LIVE_CONFIGURE,
        "lock-configurator",
        f"--expired={window_id}",
    )


def write_journal(text: Message) -> None:
    """One line under the identifier live-configure, in English, so that searches work everywhere."""
    syslog.openlog("live-configure", syslog.LOG_PID, syslog.LOG_AUTH)
    syslog.syslog(syslog.LOG_NOTICE, render(text, "en"))
    syslog.closelog()


def server_addresses() -> tuple[str, ...]:
    """All addresses by which others may reach this server, from `ip`."""
    return parse_addresses(run_local(("ip", "-json", "address", "show")).text)


def parse_addresses(text: str) -> tuple[str, ...]:
    """Global addresses in the output of `ip -json address show`."""
    return tuple(
        info["local"]
        for interface in json.loads(text)
        for info in interface.get("addr_info", ())
        if info.get("scope") == "global" and "local" in info
    )


def this_server() -> AccessSystem:
    """The server this program runs on."""
    return AccessSystem(
        files=AccessFiles(),
        sshd=SystemdSshd(),
        timer=SystemdLockTimer(),
        journal=write_journal,
        addresses=server_addresses,
        login_here=_login_here,
    )


def _login_here(secret: SiteSecret, listen_addresses: tuple[str, ...]) -> LoginResult:
    # asyncssh costs 0.2 s to load; status and lock-configurator do without.
    from live_cluster.access.self_test import login_here

    return login_here(secret, listen_addresses)


def who_asks() -> str:
    """The person behind sudo, for the journal."""
    return os.environ.get("SUDO_USER") or "root"


def _is_active(unit: str) -> bool:
    return run_local(("systemctl", "is-active", "--quiet", unit), check=False).returncode == 0
