"""Write throughput of each kind of file storage: on the active head itself, and by SMB from a media server."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.figures import NSPAWN, VM, Notebook
from bench.installation import (
    FILESTORAGE_ADDRESS,
    SAN_DEVICE,
    WITH_PASSPHRASE,
    configure,
    first_options,
    media_options,
    unlock_with_passphrase,
)
from live_lab import Host, Lab, LabError, nas, wait_until
from live_lab.audits import MOUNT_POINT

WAYS = ("fsync", "smb")
MIB = 64
BYTES = MIB << 20
# The application's account, and the one of SMB that its files are written for.
OWNER = SMB_USER = "ivcs"
FILE = "throughput.bin"
# What a media server sends, and how it logs in.
SOURCE, ACCOUNT = "/root/throughput.bin", "/root/smb-account"
SECRETS = "/etc/live-cluster/service-secrets.toml"
NAS_PASSWORD_FILE = "/root/nas-password"  # noqa: S105 - where it is
# Virtual machines on a busy machine may stand still for longer than the usual 3 s.
MACHINE_TOKEN = ("--token", "10000")
HEALTHY_DEADLINE_S = 900.0
WRITE_DEADLINE_S = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A kind of file storage, and the kind of heads that have it; `options` are those of `configure`."""

    kind: str
    host: str
    options: tuple[str, ...]

    @property
    def lab_name(self) -> str:
        """A name of at most 8 characters."""
        return f"b{self.kind}" if self.host == NSPAWN else f"bvm-{self.kind}"

    def figure(self, way: str) -> str:
        """The kind of host is part of the name: what was taken on another kind is another figure."""
        return f"storage.{self.host}.{self.kind}.{way}"


_CIFS = (nas.CIFS, "--filestorage-username", nas.WRITER, "--filestorage-password-file", NAS_PASSWORD_FILE)
ON_NSPAWN = (Storage(kind="san", host=NSPAWN, options=SAN_DEVICE),)
# The kernel of containers has none of the others.
ON_MACHINES = tuple(
    Storage(kind=kind, host=VM, options=("--filestorage-device", *device, *MACHINE_TOKEN))
    for kind, device in (
        ("san", ("/dev/disk/by-id/lab-san",)),
        ("drbd", ("drbd:/dev/disk/by-id/lab-local",)),
        ("cifs", _CIFS),
        ("nfs", (nas.NFS,)),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What `status` says of a pair: which head has the files, and why it could not lose either of them."""

    active: str
    mirror_is_whole: bool
    reasons: tuple[str, ...]

    def __bool__(self) -> bool:
        """Whole: there is nothing left to wait for."""
        return bool(self.active) and self.mirror_is_whole and not self.reasons


def measure_storage(
    lab: Lab, notebook: Notebook, storage: Storage, runs: int, say: Callable[[str], None]
) -> None:
    """Both ways in turn, on one freshly configured pair; LabError where its state changed on the way."""
    head = lab.heads[0]
    unlock_with_passphrase((*lab.heads, *lab.media))
    head.write(NAS_PASSWORD_FILE, nas.PASSWORD, mode=0o600)
    configure(head, *first_options(lab, storage.options), *media_options(lab), *WITH_PASSPHRASE)
    # Just configured: media servers and second copies may take a moment longer.
    view = wait_until(
        lambda: _look(lab), deadline_s=HEALTHY_DEADLINE_S, what="the pair is whole", every_s=1.0
    )
    active, media = lab.host(view.active), lab.media[0]
    _prepare_client(lab, media)
    writes: Mapping[str, Callable[[], float]] = {"fsync": lambda: _write(active), "smb": lambda: _send(media)}
    speeds: dict[str, list[float]] = {way: [] for way in WAYS}
    for number in range(1, runs + 1):
        say(f"{storage.lab_name}: {MIB} MiB, {number} of {runs}")
        for way in WAYS:
            _clear(active)
            speeds[way].append(writes[way]())
            _check_size(active)
    _clear(active)
    after = _look(lab)
    if after.active != view.active or not after.mirror_is_whole:
        raise LabError(f"the files moved, or lost their second copy, while they were written: {after}")
    for way in WAYS:
        notebook.note(storage.figure(way), *speeds[way])


def rate_of_dd(said: str) -> float:
    """MiB/s by dd's own clock: from its first read until fsync(2) has returned."""
    match = re.search(rf"^{BYTES} bytes .*copied, ([0-9.e+-]+) s, ", said, re.MULTILINE)
    if match is None:
        raise LabError(f"dd did not say how long {BYTES} bytes took: {said!r}")
    return MIB / float(match[1])


def rate_of_smbclient(said: str) -> float:
    """MiB/s by smbclient's own clock: from the first request until the file is closed, without the log-in."""
    match = re.search(r"^putting file .* \(([0-9.]+) kb/s\) \(average ", said, re.MULTILINE)
    if match is None:
        raise LabError(f"smbclient did not say how fast it was: {said!r}")
    return float(match[1]) / 1024


def _write(active: Host) -> float:
    """By the application's account."""
    target = f"of={MOUNT_POINT}/{FILE}"
    argv = ("runuser", "-u", OWNER, "--", "dd", "if=/dev/zero", target, "bs=1M", f"count={MIB}", "conv=fsync")
    return rate_of_dd(active.run(argv, timeout_s=WRITE_DEADLINE_S).stderr)


def _send(media: Host) -> float:
    """The share has `sync always`: what is acknowledged was flushed, as above."""
    share = f"//{FILESTORAGE_ADDRESS}/filestorage"
    argv = ("smbclient", "-A", ACCOUNT, "-t", "600", "-c", f"put {SOURCE} {FILE}", share)
    return rate_of_smbclient(media.run(argv, timeout_s=WRITE_DEADLINE_S).stderr)


def _prepare_client(lab: Lab, media: Host) -> None:
    password = tomllib.loads(lab.heads[0].read(SECRETS))["smb"]
    media.write(ACCOUNT, f"username = {SMB_USER}\npassword = {password}\n", mode=0o600)
    media.run(("dd", "if=/dev/urandom", f"of={SOURCE}", "bs=1M", f"count={MIB}", "iflag=fullblock"))


def _clear(active: Host) -> None:
    """Every run makes a new file, and finds nothing of an earlier one on its way to the disk."""
    active.run(("rm", "-f", f"{MOUNT_POINT}/{FILE}"), timeout_s=WRITE_DEADLINE_S)
    active.run(("sync", "--file-system", MOUNT_POINT), timeout_s=WRITE_DEADLINE_S)


def _check_size(active: Host) -> None:
    size = active.run(("stat", "--format=%s", f"{MOUNT_POINT}/{FILE}")).stdout.strip()
    if size != str(BYTES):
        raise LabError(f"{BYTES} bytes were written and acknowledged, but the file has {size}")


def _look(lab: Lab) -> _View:
    answer = lab.heads[0].run(("live-cluster", "status", "--json"), check=False)
    try:
        document = json.loads(answer.stdout)
    except json.JSONDecodeError:
        raise LabError(f"status --json gave no JSON: {answer}") from None
    if "verdict" not in document:
        return _View(active="", mirror_is_whole=False, reasons=_codes(document["problems"]))
    places = [one["node"] for one in document["resources"] if one["id"] == "filestorage-fs" and one["node"]]
    drbd = document["drbd"]
    whole = ("Connected", "UpToDate", "UpToDate")
    return _View(
        active=places[0] if places else "",
        mirror_is_whole=drbd is None
        or (drbd["connection"], drbd["here"]["disk"], drbd["there"]["disk"]) == whole,
        reasons=() if document["verdict"]["healthy"] else _codes(document["verdict"]["reasons"]),
    )


def _codes(messages: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(one["code"] for one in messages)
