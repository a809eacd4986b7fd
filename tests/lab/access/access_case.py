"""Who gets in: the configurator on one server, and what another one says and shows of its window."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from live_lab import Background, Host, wait_until

PROBE = Path(__file__).with_name("configurator_probe.py").read_text(encoding="utf-8")
RUNTIME_DIRECTORY = "/run/live-cluster-ssh"
DROP_IN = "/etc/ssh/sshd_config.d/00-live-cluster.conf"
HEAD_2 = "10.81.0.2"


@dataclass(frozen=True)
class Configurator:
    """The configurator on one host: it has no trace of the others but the passphrase."""

    host: Host

    def login(self, passphrase: str, address: str = HEAD_2, **order: Any) -> tuple[str, str]:
        """Outcome and detail of one login."""
        completed = self.host.run(self._argv(), stdin=self._order(passphrase, address, order))
        answer = json.loads(completed.stdout)
        return answer["outcome"], answer["detail"]

    def gets_in(self, passphrase: str, address: str = HEAD_2, **order: Any) -> bool:
        """Whether a login succeeds."""
        return self.login(passphrase, address, **order)[0] == "LET_IN"

    def stay(self, passphrase: str, address: str = HEAD_2) -> Background:
        """A connection with a running command, and an idle one; returns once both are there."""
        session = self.host.start(self._argv(), stdin=self._order(passphrase, address, {"stay": True}))
        wait_until(lambda: "in" in session.stdout, deadline_s=300, what="the configurator is in")
        return session

    def _argv(self) -> tuple[str, ...]:
        return ("/usr/bin/python3", "-IS", "-c", PROBE)

    def _order(self, passphrase: str, address: str, order: dict[str, Any]) -> str:
        return json.dumps({"passphrase": passphrase, "address": address, **order})


def generate(host: Host) -> str:
    made = host.run(("live-configure", "unlock-configurator", "--generate")).stdout.strip()
    lock(host)
    return made


def unlock(host: Host, passphrase: str, *, window_s: int = 3600) -> str:
    argv = ("live-configure", "unlock-configurator", "--passphrase-file", "-")
    return host.run((*argv, "--window-seconds", str(window_s)), stdin=passphrase + "\n").stderr


def lock(host: Host) -> str:
    return host.run(("live-configure", "lock-configurator")).stderr


def status(host: Host) -> dict[str, object]:
    answer: dict[str, object] = json.loads(host.run(("live-configure", "status", "--json")).stdout)
    return answer


def journal(host: Host, *match: str) -> str:
    return host.run(("journalctl", "--no-pager", "--output=cat", *match)).stdout


def remains(host: Host) -> str:
    """Whatever exists of an access: files, timers, the certificate sshd shows."""
    listing = host.run(("sh", "-c", f"ls -d {RUNTIME_DIRECTORY} {DROP_IN} 2>/dev/null"), check=False).stdout
    timers = host.run(
        ("systemctl", "list-units", "--all", "--plain", "--no-legend", "live-cluster-lock-*")
    ).stdout
    shown = host.run(("ssh-keyscan", "-c", "-T", "20", "127.0.0.1"), check=False).stdout
    # Debian 13 prints remarks there, too.
    certificates = "".join(line for line in shown.splitlines() if not line.startswith("#"))
    return listing + timers + certificates


def is_locked(host: Host) -> bool:
    return status(host)["open"] is False
