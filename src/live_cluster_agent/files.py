"""Files that must survive a power loss the moment they are written."""

import os


def read_text(path: str) -> str | None:
    """The text, or None when there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return None


def sync_directory(path: str) -> None:
    """Make names created, renamed or removed in this directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: str, text: str, *, mode: int = 0o640) -> None:
    """Replace the file atomically; it keeps the group of its directory, so that postgres may read it."""
    directory = os.path.dirname(path)
    temporary = f"{path}.new"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        if os.geteuid() == 0:
            os.fchown(file.fileno(), 0, os.stat(directory).st_gid)
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_directory(directory)


def remove_durably(path: str) -> None:
    """Remove the file if it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
    sync_directory(os.path.dirname(path))
