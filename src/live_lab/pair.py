"""The product on the hosts of a lab, used as an administrator does: unlock, configure, ask for the status."""

from __future__ import annotations

import json
from dataclasses import dataclass

from live_lab.audits import FLOATING_ADDRESSES
from live_lab.lab import Lab
from live_lab.nspawn_host import Host

CONFIGURE_DEADLINE_S = 900.0


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


def configure(lab: Lab) -> None:
    """Makes the two heads a pair, with all media hosts of the lab."""
    passphrase = unlock(lab)
    argv = ["live-cluster", "configure", "--passphrase-file", "-", "--filestorage-device", "/dev/lun"]
    for number, head in enumerate(lab.heads, start=1):
        argv += [f"--head-node-{number}-ip", head.addresses["bond0"]]
        argv += [f"--head-node-{number}-secondary-ip", head.addresses["bond1"]]
    for number, media in enumerate(lab.media, start=1):
        argv += [f"--media-node-{number}-ip", media.addresses["bond0"]]
    for name, address in zip(("public", "filestorage", "database"), FLOATING_ADDRESSES, strict=True):
        argv += [f"--{name}-ip", address]
    lab.heads[0].run(argv, stdin=passphrase, timeout_s=CONFIGURE_DEADLINE_S)
