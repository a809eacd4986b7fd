"""The product on the hosts of a lab, used as an administrator does: unlock, configure, ask for the status."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from live_lab.audits import FLOATING_ADDRESSES
from live_lab.host import Host
from live_lab.lab import Lab
from live_lab.wait import wait_until

CONFIGURE_DEADLINE_S = 900.0
# A token that no row of the matrix stays with: the run that is disturbed has something to change.
_OTHER_TOKEN, _TOKEN = "3300", "3000"
_UNIT = "lab-live-cluster"
_PASSPHRASE_FILE = "/run/lab-passphrase"  # noqa: S105 - a path


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What `live-cluster status --json` says about losing a head; `codes` are reasons and hazards."""

    healthy: bool
    codes: frozenset[str]
    can_lose: tuple[str, ...]


def verdict_of(host: Host) -> Verdict | None:
    """None where `status` gives no answer in JSON, because the cluster on this host does not run."""
    completed = host.run(("live-cluster", "status", "--json"), check=False)
    try:
        verdict = json.loads(completed.stdout)["verdict"]
    except (json.JSONDecodeError, KeyError):
        return None
    return Verdict(
        healthy=verdict["healthy"],
        codes=frozenset(one["code"] for one in (*verdict["reasons"], *verdict["hazards"])),
        can_lose=tuple(verdict["can_lose"]),
    )


def unlock(lab: Lab) -> str:
    """Opens all servers for the configurator; returns the passphrase."""
    first, *others = (*lab.heads, *lab.media)
    passphrase = first.run(("live-configure", "unlock-configurator", "--generate")).stdout
    for host in others:
        host.run(("live-configure", "unlock-configurator", "--passphrase-file", "-"), stdin=passphrase)
    return passphrase


def configure(lab: Lab, *more: str, deadline_s: float = CONFIGURE_DEADLINE_S) -> None:
    """Makes the two heads a pair, with all media hosts of the lab; `more` are further options."""
    passphrase = unlock(lab)
    argv = ["live-cluster", "configure", *more, "--passphrase-file", "-", "--filestorage-device", "/dev/lun"]
    for number, head in enumerate(lab.heads, start=1):
        argv += [f"--head-node-{number}-ip", head.addresses["bond0"]]
        if "bond1" in head.addresses:
            argv += [f"--head-node-{number}-secondary-ip", head.addresses["bond1"]]
    for number, media in enumerate(lab.media, start=1):
        argv += [f"--media-node-{number}-ip", media.addresses["bond0"]]
    for name, address in zip(("public", "filestorage", "database"), FLOATING_ADDRESSES, strict=True):
        argv += [f"--{name}-ip", address]
    lab.heads[0].run(argv, stdin=passphrase, timeout_s=deadline_s)


def have_arbiter(lab: Lab, *, wanted: bool) -> None:
    """The first media host is the pair's arbiter, or is not; one that is there is told by Corosync's file."""
    head = lab.heads[0]
    has = head.run(("grep", "-q", "qdevice\\|model: net", "/etc/corosync/corosync.conf"), check=False)
    if (has.returncode == 0) is wanted:
        return
    change = ("--arbiter-ip", lab.media[0].addresses["bond0"]) if wanted else ("--no-arbiter",)
    argv = ("live-cluster", "configure", *change, "--passphrase-file", "-")
    head.run(argv, stdin=unlock(lab), timeout_s=CONFIGURE_DEADLINE_S)


def begin_configure(lab: Lab, host: Host) -> None:
    """Starts a run that changes Corosync's token, and returns when the first step is done."""
    host.write(_PASSPHRASE_FILE, unlock(lab), mode=0o600)
    argv = ("configure", "--verbose", "--token", _OTHER_TOKEN, "--passphrase-file", _PASSPHRASE_FILE)
    _begin(host, *argv, until="✓")


def begin_command(host: Host, words: str) -> None:
    """Starts what an administrator types after `live-cluster`; it goes on by itself."""
    host.run(("systemd-run", "--quiet", "--collect", f"--unit={_UNIT}", "live-cluster", *shlex.split(words)))


def begin_switchover(host: Host) -> None:
    """Starts a planned move to the other head, and returns when it says that it begins."""
    _begin(host, "switchover", "--yes", until="checkpoint")


def configure_again(lab: Lab, host: Host, option: str = "") -> None:
    """Waits for the end of a run that was disturbed, and lets another one bring the pair back to what it was."""
    wait_until(
        lambda: not _is_at_work(host), deadline_s=CONFIGURE_DEADLINE_S, what="the disturbed run has ended"
    )
    more = (option,) if option else ()
    argv = ("live-cluster", "configure", "--token", _TOKEN, "--passphrase-file", "-", *more)
    host.run(argv, stdin=unlock(lab), timeout_s=CONFIGURE_DEADLINE_S)


def _begin(host: Host, *arguments: str, until: str) -> None:
    """Starts live-cluster on a host, where it goes on by itself until it ends or the host does."""
    host.run(("systemd-run", "--quiet", "--collect", f"--unit={_UNIT}", "live-cluster", *arguments))
    wait_until(
        lambda: until in _told(host) or not _is_at_work(host),
        deadline_s=CONFIGURE_DEADLINE_S,
        what=f"{until} in what {arguments[0]} says",
    )


def _is_at_work(host: Host) -> bool:
    return host.run(("systemctl", "is-active", _UNIT), check=False).stdout.strip() in ("active", "activating")


def _told(host: Host) -> str:
    return host.run(("journalctl", "--no-pager", f"--unit={_UNIT}", "--since=-60s"), check=False).stdout
