"""The agent's door to the file system; every failure is a DiskProblem that names the file.

What is written survives a power loss, unless the name says `quickly`.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from live_cluster_agent.outcome import DiskProblem

_P = ParamSpec("_P")
_T = TypeVar("_T")
# Segments of WAL are mostly zeros behind their end; the fastest level takes them to a few per cent.
_GZIP_LEVEL = 1


def _named(function: Callable[Concatenate[str, _P], _T]) -> Callable[Concatenate[str, _P], _T]:
    """Make what the system says of a file a problem that names it."""

    @wraps(function)
    def told(path: str, /, *values: _P.args, **options: _P.kwargs) -> _T:
        try:
            return function(path, *values, **options)
        except OSError as problem:
            raise DiskProblem(f"{path}: {problem.strerror or problem}") from problem

    return told


@_named
def read_text(path: str) -> str | None:
    """The text, or None when there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return None


@_named
def read_end(path: str, length: int) -> str:
    """The text of the last `length` bytes; empty when there is no such file."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.stat(path).st_size - length))
            return file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def exists(path: str) -> bool:
    """Whether there is such a file or directory."""
    return os.path.exists(path)


def is_directory(path: str) -> bool:
    """Whether it is a directory."""
    return os.path.isdir(path)


def is_executable(path: str) -> bool:
    """Whether it may be run."""
    return os.access(path, os.X_OK)


@_named
def names_in(path: str) -> list[str]:
    """Names in the directory, sorted; none when there is no such directory."""
    try:
        return sorted(os.listdir(path))
    except FileNotFoundError:
        return []


@_named
def free_bytes(path: str) -> int:
    """Room for everybody on the file system that holds the path."""
    space = os.statvfs(path)
    return space.f_bavail * space.f_frsize


@_named
def sync_directory(path: str) -> None:
    """Make names created, renamed or removed in this directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@_named
def write_durably(path: str, text: str, *, mode: int = 0o640, owned_like: str = "") -> None:
    """Replace the file atomically.

    It belongs to root and to the group of its directory, so that postgres may read it; with `owned_like`, to the
    owner and the group of that path.
    """
    directory = os.path.dirname(path)
    temporary = f"{path}.new"
    _unlink(temporary)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if os.geteuid() == 0:
            like = os.stat(owned_like or directory)
            os.fchown(file.fileno(), like.st_uid if owned_like else 0, like.st_gid)
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_directory(directory)


@_named
def replace_quickly(path: str, text: str) -> None:
    """Replace the file atomically; it need not survive a power loss."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    temporary = f"{path}.{os.getpid()}.new"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as problem:
        _unlink(temporary)
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        # A full file system has no page for a new file, but a file that is there keeps the page that it has.
        with open(path, "r+", encoding="utf-8") as file:
            file.write(text)
            file.truncate()


@_named
def append_quickly(path: str, text: str, *, limit_bytes: int) -> None:
    """Append to a file of root's alone; beyond the limit it becomes PATH.1 first, and a new one begins."""
    if os.path.exists(path) and os.stat(path).st_size > limit_bytes:
        os.replace(path, f"{path}.1")
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, text.encode("utf-8", errors="replace"))
    finally:
        os.close(handle)


@_named
def remove_durably(path: str) -> None:
    """Remove the file if it is there."""
    if _unlink(path):
        sync_directory(os.path.dirname(path))


def _unlink(path: str) -> bool:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


@_named
def make_directory(path: str, *, mode: int, owned_like: str = "") -> None:
    """Make the directory and those above it, where they are missing."""
    os.makedirs(path, mode=mode, exist_ok=True)
    if owned_like and os.geteuid() == 0:
        like = os.stat(owned_like)
        os.chown(path, like.st_uid, like.st_gid)


def remove_tree(path: str) -> None:
    """Remove the directory with all that is in it, if it is there."""
    import shutil

    shutil.rmtree(path, ignore_errors=True)


@_named
def move_directory(source: str, target: str) -> None:
    """Rename durably, within one file system; a move that was interrupted goes on."""
    try:
        os.rename(source, target)
    except OSError as problem:
        if problem.errno not in (errno.EXDEV, errno.ENOTEMPTY):
            raise
        _move_tree(source, target)
    sync_directory(os.path.dirname(target))


def _move_tree(source: str, target: str) -> None:
    """Move file by file: overlay file systems do not rename directories of their lower layers."""
    owner = os.stat(source)
    if not os.path.isdir(target):
        os.mkdir(target)
        os.chown(target, owner.st_uid, owner.st_gid)
        os.chmod(target, owner.st_mode & 0o7777)
    with os.scandir(source) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                _move_tree(entry.path, f"{target}/{entry.name}")
            else:
                os.rename(entry.path, f"{target}/{entry.name}")
    os.rmdir(source)


@_named
def compress(source: str, target: str) -> None:
    """A new file, compressed by gzip, and durable but for its name."""
    import gzip

    with open(source, "rb") as plain, open(target, "xb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=_GZIP_LEVEL) as packed:
            while block := plain.read(1 << 20):
                packed.write(block)
        raw.flush()
        os.fsync(raw.fileno())


@contextmanager
def locked(path: str) -> Iterator[bool]:
    """Hold the lock on the file while the block runs; False when another process does."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as problem:
        raise DiskProblem(f"{path}: {problem.strerror}") from problem
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(handle)


def is_locked(path: str) -> bool:
    """Whether a living process holds the lock on the file."""
    if not os.path.exists(path):
        return False
    with locked(path) as free:
        return not free
