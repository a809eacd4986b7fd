"""Mounts a share of a NAS for a moment, writes to it as its later users will, and says in one line how far it came.

It runs on a head, in a mount namespace of its own (unshare(1)): nobody else sees the mount, and it is gone when
this process ends, however it ends. The call with the trial's JSON is appended to this text, which comes on
standard input; so neither the login nor anything else is in anybody's process list.
"""

import contextlib
import errno
import grp
import itertools
import json
import os
import pwd
import re
import socket
import subprocess
from typing import Any

# Here the private memory file system lies: it holds the login's file and the mount point.
PLACE = "/mnt"
CONNECT_S = 5.0
MOUNT_S = 45.0
FOLDER = ".live-cluster-trial-"
# As many are shown, and one more, which says that there are more.
NAMES = 6
# mount.cifs(8) and mount.nfs(8) end with 32 and a sentence; the number in it is that of errno(3).
MOUNT_ERROR = re.compile(r"mount error\((\d+)\)")
STATUS = re.compile(r"STATUS_[A-Z_]+")
# What a NAS says to a login, not to a share ([MS-ERREF] 2.3.1). Some kernels also say that it was the session that
# was refused, but Debian 12's does not always.
LOGIN_STATUS = frozenset(
    "STATUS_" + name
    for name in (
        "LOGON_FAILURE", "WRONG_PASSWORD", "NO_SUCH_USER", "ACCOUNT_RESTRICTION", "INVALID_LOGON_HOURS",
        "INVALID_WORKSTATION", "PASSWORD_EXPIRED", "ACCOUNT_DISABLED", "PASSWORD_MUST_CHANGE", "ACCOUNT_LOCKED_OUT",
        "ACCOUNT_EXPIRED", "LOGON_TYPE_NOT_GRANTED",
    )
)  # fmt: skip


class Ended(Exception):
    """The trial ended early: its outcome, and in whose words."""

    def __init__(self, outcome: str, detail: str = "") -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.detail = detail


def main(text: str) -> None:
    """`text` is JSON: fstype, device, options, host, port, login (or null), owner (account, group), node,
    mark and ignored (names in the root folder)."""
    content: dict[str, Any] = {}
    try:
        content = attempt(json.loads(text))
        ended = Ended("good")
    except Ended as early:
        ended = early
    os.write(1, json.dumps({"outcome": ended.outcome, "detail": ended.detail, **content}).encode() + b"\n")


def attempt(trial: dict[str, Any]) -> dict[str, Any]:
    """All of it, in the order in which things can be wrong; in the end, what the share holds."""
    if not os.access(helper_of(trial["fstype"]), os.X_OK):
        raise Ended("client-missing")
    if not kernel_knows(trial["fstype"]):
        raise Ended("kernel-lacks")
    owner = numbers(*trial["owner"])
    reach(trial["host"], trial["port"])
    private = run(("mount", "-t", "tmpfs", "-o", "mode=0700", "tmpfs", PLACE))
    if private.returncode != 0:
        raise Ended("not-mounted", first_line(private.stderr.decode(errors="replace")))
    os.mkdir(PLACE + "/share")
    mount(trial)
    write_all(PLACE + "/share/" + FOLDER + trial["node"], owner)
    return content_of(PLACE + "/share", trial["mark"], trial["ignored"])


def content_of(folder: str, mark: str, ignored: list[str]) -> dict[str, Any]:
    """Some names, whatever a move has noted about itself, and how much room there is."""
    try:
        with os.scandir(folder) as entries:
            every = (one.name for one in entries)
            others = (name for name in every if name not in ignored and not name.startswith(FOLDER))
            names = sorted(itertools.islice(others, NAMES))
        room = os.statvfs(folder)
    except OSError as error:
        raise Ended("not-mounted", os.strerror(error.errno or 0)) from None
    noted = ""
    path = folder + "/" + mark
    with contextlib.suppress(FileNotFoundError, PermissionError), open(path, errors="replace") as lines:
        noted = lines.read(4096)
    return {"names": names, "mark": noted, "free_bytes": room.f_bavail * room.f_frsize}


def helper_of(fstype: str) -> str:
    """The program that mount(8) calls for this file system."""
    return "/sbin/mount." + fstype


def numbers(account: str, group: str) -> tuple[int, int]:
    """UID and GID."""
    try:
        return pwd.getpwnam(account).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError:
        raise Ended("account-missing") from None


def kernel_knows(fstype: str) -> bool:
    """The file system is there, or its module is."""
    with open("/proc/filesystems") as lines:
        if any(line.split()[-1:] == [fstype] for line in lines):
            return True
    return run(("modprobe", "--dry-run", "--quiet", fstype)).returncode == 0


def reach(host: str, port: int) -> None:
    """A connection says in seconds what a mount says in minutes or not at all."""
    try:
        addresses = socket.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Ended("name-unknown", str(error.strerror or error)) from None
    try:
        socket.create_connection((str(addresses[0][4][0]), port), timeout=CONNECT_S).close()
    except ConnectionRefusedError:
        raise Ended("refuses") from None
    except OSError as error:
        raise Ended("silent", str(error.strerror or error)) from None


def mount(trial: dict[str, Any]) -> None:
    """Mount, or say why not."""
    options = trial["options"]
    if trial["login"] is not None:
        descriptor = os.open(PLACE + "/login", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, trial["login"].encode())
        os.close(descriptor)
        options += ",credentials=" + PLACE + "/login"
    with contextlib.ExitStack() as stack:
        kernel = stack.enter_context(open("/dev/kmsg", "rb", buffering=0)) if has_kernel_log() else None
        if kernel is not None:
            os.set_blocking(kernel.fileno(), False)
            os.lseek(kernel.fileno(), 0, os.SEEK_END)
        # The helper itself, not mount(8): what is killed when its time is over has no child that goes on.
        command = (helper_of(trial["fstype"]), trial["device"], PLACE + "/share", "-o", options)
        try:
            result = run(command, timeout=MOUNT_S)
        except subprocess.TimeoutExpired:
            raise Ended("silent") from None
        said = kernel_lines(kernel.fileno()) if kernel is not None else ""
    if result.returncode != 0:
        raise (cifs_fault if trial["fstype"] == "cifs" else nfs_fault)(
            result.stderr.decode(errors="replace"), said
        )


def has_kernel_log() -> bool:
    """Not in every container."""
    return os.access("/dev/kmsg", os.R_OK)


def kernel_lines(descriptor: int) -> str:
    """What the kernel has said about CIFS since the descriptor was put at the log's end."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            # kmsg gives one record for each read; EPIPE says that some were overwritten meanwhile.
            try:
                line = os.read(descriptor, 8192).decode(errors="replace")
            except BrokenPipeError:
                continue
            if "CIFS" in line:
                found.append(line.partition(";")[2])
    return "\n".join(found)


def cifs_fault(said: str, kernel: str) -> Ended:
    """mount.cifs(8) has one word for a wrong password and for a share that is closed to this user."""
    match = MOUNT_ERROR.search(said)
    number = int(match.group(1)) if match else 0
    status = STATUS.search(kernel)
    word = status.group(0) if status else ""
    if number in (errno.EACCES, errno.EPERM, errno.EKEYEXPIRED, errno.EKEYREJECTED, errno.ENOKEY):
        if "SessSetup" in kernel or word in LOGIN_STATUS:
            return Ended("login-wrong", word)
        return Ended("not-allowed", word)
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return Ended("share-missing", word)
    if number in (errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ETIMEDOUT, errno.ECONNABORTED):
        return Ended("silent", word)
    if number in (errno.EOPNOTSUPP, errno.EPROTONOSUPPORT):
        return Ended("too-old", word)
    return Ended("not-mounted", first_line(said))


def nfs_fault(said: str, kernel: str) -> Ended:
    """mount.nfs(8) writes errno's words out."""
    del kernel
    if "No such file or directory" in said:
        return Ended("share-missing")
    if "access denied" in said or "Permission denied" in said or "not permitted" in said:
        return Ended("not-allowed")
    if "Protocol not supported" in said or "version or transport protocol" in said:
        return Ended("too-old")
    if "timed out" in said or "refused" in said:
        return Ended("silent", first_line(said))
    return Ended("not-mounted", first_line(said))


def first_line(text: str) -> str:
    """The sentence, without what follows it."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def write_all(folder: str, owner: tuple[int, int]) -> None:
    """A folder made by root and given to the application, and a file of the application's in it."""
    file = folder + "/file"
    try:
        # What a trial left that was cut off.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file)
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(folder)
        os.mkdir(folder, 0o700)
        try:
            give(folder, owner)
            write_as(owner, folder, "file")
            os.unlink(file)
        finally:
            os.rmdir(folder)
    except OSError as error:
        raise Ended("not-writable", os.strerror(error.errno or 0)) from None


def give(folder: str, owner: tuple[int, int]) -> None:
    """On a CIFS mount all has the owner that the mount's options name; a NAS with NFS must let root decide."""

    def owned() -> tuple[int, int]:
        status = os.stat(folder)
        return status.st_uid, status.st_gid

    before = owned()
    if before == owner:
        return
    try:
        os.chown(folder, *owner)
    except OSError:
        raise Ended("owner-refused", f"{before[0]}:{before[1]}") from None
    if owned() != owner:
        raise Ended("owner-refused", "{}:{}".format(*owned()))


def write_as(owner: tuple[int, int], folder: str, name: str) -> None:
    """Another process is the application for a moment; OSError where it may not write.

    Only the folder is judged: those above it get their owner when the share is in its place.
    """
    child = os.fork()
    if child == 0:
        code = 0
        try:
            os.chdir(folder)
            os.setgroups([])
            os.setresgid(owner[1], owner[1], owner[1])
            os.setresuid(owner[0], owner[0], owner[0])
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT, 0o640)
            os.write(descriptor, b"live-cluster\n")
            os.fsync(descriptor)
            os.close(descriptor)
        except OSError as error:
            code = min(error.errno or 255, 255)
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code != 0:
        raise OSError(abs(code), os.strerror(abs(code)))


def run(argv: tuple[str, ...], timeout: float = 30.0) -> "subprocess.CompletedProcess[bytes]":
    """One process with nothing on its standard input: a helper that asks for a password gets none."""
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
