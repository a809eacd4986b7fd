"""The executor: the only code of ours that runs on a server during `configure`; it thinks nothing.

The controller sends this file over the connection and starts it with the server's own python3, so nothing has
to be installed and versions cannot differ. Requests and replies are JSON lines. All requests run at the same
time, each in a thread. It ends with the connection, and so do the commands it is running.
"""

import base64
import contextlib
import fcntl
import grp
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

Reply = dict[str, Any]

ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
}
# Larger files are not configuration.
READ_LIMIT = 8 * 1024 * 1024

output_lock = threading.Lock()
running: set[subprocess.Popen[bytes]] = set()
running_lock = threading.Lock()
# Held while files that belong together get their names: the program does not end in between.
renaming_lock = threading.Lock()
locks: list[int] = []


def answer(identity: int, value: Reply) -> None:
    """Write one reply line."""
    line = json.dumps({"id": identity, **value}).encode() + b"\n"
    with output_lock:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()


def run(request: dict[str, Any]) -> Reply:
    """Run one argv list; its process group can be ended as a whole."""
    try:
        # Started and known as one: a command that has begun must not be missed when the connection ends.
        with running_lock:
            process = subprocess.Popen(
                request["argv"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=ENVIRONMENT,
                cwd="/",
                start_new_session=True,
            )
            running.add(process)
    except OSError as error:
        return {"rc": 127, "out": "", "err": encode(str(error).encode())}
    try:
        out, err = process.communicate(base64.b64decode(request["stdin"]), timeout=request["timeout"])
        code = process.returncode
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        code = 124
    finally:
        with running_lock:
            running.discard(process)
    return {"rc": code, "out": encode(out), "err": encode(err)}


def encode(content: bytes) -> str:
    """Bytes as JSON text."""
    return base64.b64encode(content).decode()


def read(request: dict[str, Any]) -> Reply:
    """Content and attributes of one file."""
    try:
        with open(request["path"], "rb") as stream:
            status = os.fstat(stream.fileno())
            content = stream.read(READ_LIMIT) if stat.S_ISREG(status.st_mode) else b""
    except FileNotFoundError:
        return {"exists": False}
    return {
        "exists": True,
        "content": encode(content),
        "mode": stat.S_IMODE(status.st_mode),
        "owner": name_of(pwd.getpwuid, status.st_uid),
        "group": name_of(grp.getgrgid, status.st_gid),
        "mtime": status.st_mtime,
    }


def name_of(lookup: Callable[[int], Any], number: int) -> str:
    """The account's name, or its number where it has none."""
    try:
        return str(lookup(number)[0])
    except KeyError:
        return str(number)


def set_aside(path: str, directory: str) -> None:
    """Copy the present file under `directory`, with its attributes; earlier copies are never overwritten."""
    if not directory or not os.path.exists(path):
        return
    kept = directory + path
    number = 1
    while os.path.exists(kept):
        number += 1
        kept = directory + path + "." + str(number)
    os.makedirs(directory, mode=0o700, exist_ok=True)
    os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
    shutil.copy2(path, kept)
    status = os.stat(path)
    os.chown(kept, status.st_uid, status.st_gid)


def write(request: dict[str, Any]) -> Reply:
    """Replace one file so that a reader, or a crash, sees the old or the new content, never a mixture."""
    return write_together({"files": [request]})


def write_together(request: dict[str, Any]) -> Reply:
    """Replace files of which one without the others is useless: nothing is renamed before all are on the disk.

    In one folder both renames are one transaction of the file system's journal, so that a power loss does not
    come between them either.
    """
    staged: list[tuple[str, str]] = []
    try:
        for file in request["files"]:
            staged.append((stage(file), file["path"]))
        for file in request["files"]:
            set_aside(file["path"], file["set_aside"])
    except (OSError, KeyError):
        for temporary, _ in staged:
            os.unlink(temporary)
        raise
    with renaming_lock:
        for temporary, path in staged:
            # Who compares when a service has last read its files needs the time at which they came into place.
            os.utime(temporary)
            os.rename(temporary, path)
    for folder in {os.path.dirname(path) for _, path in staged}:
        sync_folder(folder)
    return {}


def stage(request: dict[str, Any]) -> str:
    """The new content beside the file, with its mode and owner, on the disk; its name."""
    path: str = request["path"]
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    temporary = os.path.join(folder, "." + os.path.basename(path) + ".live-cluster-new")
    # A leftover of a killed run may have any mode; the new file must never be more readable than it should.
    if os.path.lexists(temporary):
        os.unlink(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(base64.b64decode(request["content"]))
        os.fchown(
            stream.fileno(), pwd.getpwnam(request["owner"]).pw_uid, grp.getgrnam(request["group"]).gr_gid
        )
        os.fchmod(stream.fileno(), request["mode"])
        stream.flush()
        os.fsync(stream.fileno())
    return temporary


def remove(request: dict[str, Any]) -> Reply:
    """Remove one file; missing is fine."""
    path = request["path"]
    set_aside(path, request["set_aside"])
    try:
        os.unlink(path)
    except FileNotFoundError:
        return {}
    sync_folder(os.path.dirname(path))
    return {}


def sync_folder(folder: str) -> None:
    """Make a rename or removal survive a power loss."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hold_lock(request: dict[str, Any]) -> Reply:
    """Take a lock that the kernel gives back when this process ends, however it ends."""
    os.makedirs(os.path.dirname(request["path"]), mode=0o755, exist_ok=True)
    descriptor = os.open(request["path"], os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note = os.read(descriptor, 4096).decode(errors="replace")
        os.close(descriptor)
        # The other run may be between taking the lock and saying who it is.
        return {"refused": "locked", "held_by": note or "?"}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, request["note"].encode(), 0)
    locks.append(descriptor)
    return {}


def clock(request: dict[str, Any]) -> Reply:  # noqa: ARG001
    """The wall clock."""
    return {"time": time.time()}


OPERATIONS = {
    "run": run,
    "read": read,
    "write": write,
    "write-together": write_together,
    "remove": remove,
    "lock": hold_lock,
    "clock": clock,
}


def serve(request: dict[str, Any]) -> None:
    """Carry out one request and answer it."""
    try:
        reply = OPERATIONS[request["op"]](request)
    except (OSError, KeyError) as error:
        reply = {"refused": str(error), "held_by": ""}
    answer(request["id"], reply)


def main() -> None:
    """Serve until the connection closes, then end what is still running."""
    os.umask(0o022)
    for line in sys.stdin.buffer:
        threading.Thread(target=serve, args=(json.loads(line),), daemon=True).start()
    with running_lock, renaming_lock:
        for process in running:
            # One that has just ended must not save the others.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        # Still locked, so that no thread begins another one.
        os._exit(0)


main()
