"""A lab with the product, and the commands of its administrator."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench.stopwatch import Run, time_command
from live_lab import Host, Lab, wait_until

WORDS_FILE = "/root/words"
SITE_KEY_FILE = "/etc/live-cluster/site.key"
WITH_PASSPHRASE = ("--passphrase-file", WORDS_FILE)
UNLOCK = ("live-configure", "unlock-configurator")

FILESTORAGE_ADDRESS = "10.81.0.101"
FLOATING = (
    "--public-ip", "10.81.0.100", "--filestorage-ip", FILESTORAGE_ADDRESS, "--database-ip", "10.81.0.102",
)  # fmt: skip
SAN_DEVICE = ("--filestorage-device", "/dev/lun")
# Each takes up to 256 MiB and both cores for a second.
UNLOCKED_AT_ONCE = 2
SETTLE_DEADLINE_S = 120.0
CRM_MON_XML = ("crm_mon", "--one-shot", "--output-as=xml", "--inactive")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureRun:
    """One `configure --json`: how long, and what it did step by step."""

    run: Run
    document: dict[str, object]

    @property
    def steps(self) -> list[dict[str, object]]:
        """Entries {node, code, title, impact, state, seconds}."""
        steps = self.document["steps"]
        assert isinstance(steps, list)
        return steps


def configure_argv(*options: str) -> tuple[str, ...]:
    """The command line of a run that asks nothing."""
    return ("live-cluster", "configure", "--yes", "--json", *options)


def first_options(lab: Lab, storage: Sequence[str] = SAN_DEVICE) -> tuple[str, ...]:
    """Everything that the first run needs, with neither media servers nor a way to log in."""
    heads = []
    for number, head in enumerate(lab.heads, start=1):
        heads += [f"--head-node-{number}-ip", head.addresses["bond0"]]
        heads += [f"--head-node-{number}-secondary-ip", head.addresses["bond1"]]
    return (*heads, *FLOATING, *storage)


def media_options(lab: Lab) -> tuple[str, ...]:
    """All media servers of the lab."""
    pairs = enumerate(lab.media, start=1)
    return tuple(
        word for number, host in pairs for word in (f"--media-node-{number}-ip", host.addresses["bond0"])
    )


def configure(head: Host, *options: str) -> ConfigureRun:
    """A timed run."""
    run = time_command(head, configure_argv(*options))
    return ConfigureRun(run=run, document=json.loads(run.output))


def unlock_with_passphrase(hosts: Sequence[Host]) -> None:
    """A new passphrase, made on the first host and typed on the others; it stands in a file of the first."""
    first, *others = hosts
    words = first.run((*UNLOCK, "--generate")).stdout.strip().splitlines()[-1]
    first.write(WORDS_FILE, words + "\n", mode=0o600)
    argv = (*UNLOCK, "--passphrase-file", "-")
    with ThreadPoolExecutor(UNLOCKED_AT_ONCE) as pool:
        list(pool.map(lambda host: host.run(argv, stdin=words), others))


def unlock_with_site_key(hosts: Sequence[Host]) -> None:
    """The same random key file on all hosts."""
    key = base64.b64encode(os.urandom(32)).decode() + "\n"

    def unlock(host: Host) -> None:
        host.run(("mkdir", "-p", SITE_KEY_FILE.rpartition("/")[0]))
        host.write(SITE_KEY_FILE, key, mode=0o600)
        host.run(UNLOCK)

    with ThreadPoolExecutor(UNLOCKED_AT_ONCE) as pool:
        list(pool.map(unlock, hosts))


def forget_site_key(hosts: Sequence[Host]) -> None:
    """The passphrase counts again from here on."""
    for host in hosts:
        host.run(("rm", "-f", SITE_KEY_FILE))


def nothing_changed(run: Run) -> bool:
    """Did this `configure --json` find nothing to do?"""
    return not json.loads(run.output)["changed"]


def wait_settled(lab: Lab) -> None:
    """Waits until Debian's own Pacemaker, which a fresh installation runs, has taken charge of its one server.

    For 20 s after its start it does not, and cannot be stopped either: freshly installed does not mean just booted.
    """
    for head in lab.heads:
        wait_until(
            lambda head=head: 'current_dc present="true"' in head.run(CRM_MON_XML, check=False).stdout,  # type: ignore[misc]
            deadline_s=SETTLE_DEADLINE_S,
            what=f"{head.name}: Pacemaker of the fresh installation has settled",
        )


def versions_on(head: Host) -> dict[str, str]:
    """What the figures are those of."""
    packages = ("live-cluster", "pacemaker", "postgresql", "python3")
    query = ("dpkg-query", "--show", "--showformat=${Package} ${Version}\\n", *packages)
    return dict(line.split() for line in head.run(query).stdout.splitlines())
