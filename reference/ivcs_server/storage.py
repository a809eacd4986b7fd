"""Files on the file storage: written completely or not at all, and on the disk before anyone is told so."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

# No name starts with a dot: these are the unfinished files.
FILE_NAME = re.compile(r"[\w][\w .@+-]{0,199}")


class StorageUnavailable(Exception):
    """The file storage is not there, or refuses to be written; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStorage:
    """A directory that, on a cluster, has to be a mounted file system before anything is written into it."""

    path: Path
    must_be_mounted: bool

    def problem(self) -> str:
        """Why the storage cannot be used, or an empty text. May block with a network file system."""
        if not self.path.is_dir():
            return f"{self.path} is not there"
        if self.must_be_mounted and not self.path.is_mount():
            return f"nothing is mounted at {self.path}"
        if not os.access(self.path, os.W_OK):
            return f"{self.path} cannot be written"
        return ""

    def write(self, name: str, content: bytes) -> None:
        """Replaces the file; returns when content and directory entry are on the disk."""
        self._check()
        try:
            self._replace(name, content)
        except OSError as error:
            raise StorageUnavailable(f"{self.path}: {error.strerror}") from error

    def read(self, name: str) -> bytes | None:
        """Content of the file, or None if there is none of that name."""
        self._check()
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageUnavailable(f"{self.path}: {error.strerror}") from error

    def names(self) -> list[str]:
        """Names of all complete files."""
        self._check()
        return sorted(
            entry.name for entry in self.path.iterdir() if entry.is_file() and is_file_name(entry.name)
        )

    def _check(self) -> None:
        problem = self.problem()
        if problem:
            raise StorageUnavailable(problem)

    def _replace(self, name: str, content: bytes) -> None:
        descriptor, unfinished = tempfile.mkstemp(prefix=".unfinished-", dir=self.path)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), 0o660)
                os.fsync(file.fileno())
            Path(unfinished).rename(self.path / name)
        except OSError:
            with contextlib.suppress(OSError):
                Path(unfinished).unlink()
            raise
        directory = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def is_file_name(text: str) -> bool:
    """Whether a file may have this name: one path component of letters, digits and a few signs."""
    return FILE_NAME.fullmatch(text) is not None
