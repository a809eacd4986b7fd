"""Open a server for the configurator, for an hour at most, and make sure that it closes again."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from live_cluster.access.certificates import Validity, host_certificate
from live_cluster.access.connections import end_connections, open_connections
from live_cluster.access.lock import close_access, marked_windows, one_at_a_time
from live_cluster.access.login import Outcome
from live_cluster.access.site_key import SiteSecret, openssh_public_bytes
from live_cluster.access.sshd import (
    SSH_PORT,
    AccessFiles,
    EffectiveSshd,
    render_drop_in,
    render_gate,
    render_sshd_config,
)
from live_cluster.access.system import AccessSystem, who_asks
from live_cluster.access.window import Window, new_window, read_window, window_text
from live_cluster.errors import NotReady, Unreachable, problem
from live_cluster.messages import message


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlocked:
    """The window that is open now and what it took the place of."""

    window: Window
    previous: Window | None
    ended: int

    @property
    def key_changed(self) -> bool:
        """Another passphrase than that of the window before."""
        return self.previous is not None and self.previous.fingerprint != self.window.fingerprint


def unlock(secret: SiteSecret, system: AccessSystem, *, length_s: int) -> Unlocked:
    """Open, or extend to the full time; when anything fails, the server is locked again."""
    with one_at_a_time(system), _locked_again_on_failure(system):
        files = system.files
        previous, old_markers = read_window(files), marked_windows(files)
        # The state that has to come back; while open, `sshd -T` would show our own additions.
        files.drop_in.unlink(missing_ok=True)
        locked_state = system.sshd.effective()
        if SSH_PORT not in locked_state.ports:
            raise NotReady(problem("sshd-other-port", ports=", ".join(map(str, sorted(locked_state.ports)))))
        window = new_window(length_s=length_s, fingerprint=secret.fingerprint, opened_by=who_asks())
        system.timer.arm(window.window_id, length_s=length_s, files=files)
        _write_files(secret, system, window, locked_state)
        _check_configuration(system)
        if not system.sshd.reload():
            raise Unreachable(problem("sshd-not-running"))
        ended = 0
        if previous and previous.fingerprint != window.fingerprint:
            ended = end_connections(open_connections(files))
        _check_login(secret, system, locked_state)
        for window_id in old_markers:
            files.marker(window_id).unlink(missing_ok=True)
            system.timer.disarm(window_id)
        system.journal(
            message(
                "journal-extended" if previous else "journal-unlocked",
                by=window.opened_by,
                seconds=length_s,
                fingerprint=window.fingerprint,
            )
        )
    return Unlocked(window=window, previous=previous, ended=ended)


@contextmanager
def _locked_again_on_failure(system: AccessSystem) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        close_access(system)
        system.journal(message("journal-unlock-failed", by=who_asks()))
        if isinstance(error, OSError):
            raise NotReady(
                problem("access-write-failed", path=error.filename or "/run", reason=error.strerror or error)
            ) from error
        raise


def _write_files(
    secret: SiteSecret, system: AccessSystem, window: Window, locked_state: EffectiveSshd
) -> None:
    files = system.files
    files.directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    files.directory.chmod(0o755)
    # First of all what the timer looks for: from here on it removes whatever is there.
    _replace(files.marker(window.window_id), b"")
    _replace(files.window, window_text(window).encode())
    files.connections.mkdir(mode=0o700, exist_ok=True)
    _replace(files.user_ca, openssh_public_bytes(secret.user_ca) + b" live-cluster configurator\n")
    _replace(files.gate, render_gate(files, deadline_uptime_s=window.deadline_uptime_s).encode())
    certificates = _write_host_certificates(secret, system, window, locked_state)
    text = render_sshd_config(files, host_certificates=certificates, locked_state=locked_state)
    _replace(files.sshd_config, text.encode())
    _replace(files.drop_in, render_drop_in(files).encode())


def _write_host_certificates(
    secret: SiteSecret, system: AccessSystem, window: Window, locked_state: EffectiveSshd
) -> list[Path]:
    length_s = window.deadline_uptime_s - window.opened_uptime_s
    names = (os.uname().nodename, *system.addresses())
    written = []
    for number, private_key in enumerate(locked_state.host_keys):
        public_key = private_key.with_name(private_key.name + ".pub")
        if public_key.is_file():
            path = system.files.host_certificate(number)
            certificate = host_certificate(
                secret,
                public_key.read_bytes(),
                names=names,
                validity=Validity(now_s=int(time.time()), length_s=length_s),
            )
            _replace(path, certificate + b"\n")
            written.append(path)
    if not written:
        raise NotReady(problem("host-key-missing"))
    return written


def _check_configuration(system: AccessSystem) -> None:
    effective = system.sshd.effective()
    files: AccessFiles = system.files
    if effective.first("trustedusercakeys") != str(files.user_ca) or str(files.gate) not in effective.first(
        "authorizedprincipalscommand"
    ):
        raise NotReady(problem("sshd-ignores-drop-in", path=files.drop_in))


def _check_login(secret: SiteSecret, system: AccessSystem, locked_state: EffectiveSshd) -> None:
    result = system.login_here(secret, locked_state.listen_addresses)
    if result.outcome is not Outcome.LET_IN:
        raise NotReady(problem("access-self-test-failed", detail=f"{result.outcome.name}: {result.detail}"))


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o644)
        file.write(content)
    fresh.rename(path)
