"""A head's files: what a process sees, and what of it a power loss leaves.

Contents are text or objects; a directory is an entry of its own. Names and contents become durable by fsync of the
file (contents) and of its directory (names), as POSIX has it.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

IN_MEMORY = "/run/"


class Directory:
    """A directory; the database's data is one with contents of its own (see data.Data)."""


@dataclass(slots=True)
class Disk:
    """The file system of one head; `seen` is what processes see, `kept` what survives a power loss.

    dead: every access fails (EIO). full: nothing can be written, nor (inodes) created. run_full: the same for /run.
    slow_s: how long each durable write takes.
    """

    name: str
    seen: dict[str, object] = field(default_factory=dict)
    kept: dict[str, object] = field(default_factory=dict)
    dead: bool = False
    full: bool = False
    inodes_used_up: bool = False
    run_full: bool = False
    slow_s: float = 0.0

    def _check(self, path: str, *, writes: bool = False, creates: bool = False) -> None:
        if path.startswith(IN_MEMORY):
            if self.run_full and writes:
                raise OSError(errno.ENOSPC, "No space left on device", path)
            return
        if self.dead:
            raise OSError(errno.EIO, "Input/output error", path)
        if writes and (self.full or (creates and self.inodes_used_up)):
            raise OSError(errno.ENOSPC, "No space left on device", path)

    def read(self, path: str) -> object | None:
        """Contents of a file; None where there is none."""
        self._check(path)
        return self.seen.get(path)

    def text(self, path: str) -> str | None:
        """The same for a text."""
        found = self.read(path)
        return found if isinstance(found, str) else None

    def exists(self, path: str) -> bool:
        """Whether there is such a file or directory; a dead disk shows none."""
        return (not self.dead or path.startswith(IN_MEMORY)) and path in self.seen

    def write(self, path: str, contents: object, *, durably: bool = False) -> None:
        """Replace a file; durably includes its name."""
        self._check(path, writes=True, creates=path not in self.seen)
        self.seen[path] = contents
        if durably and not path.startswith(IN_MEMORY):
            self.kept[path] = contents

    def make_durable(self, path: str) -> None:
        """Contents and name of one file."""
        if path in self.seen and not path.startswith(IN_MEMORY):
            self.kept[path] = self.seen[path]

    def remove(self, path: str) -> None:
        """Remove a file; FileNotFoundError where there is none."""
        self._check(path)
        if path not in self.seen:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        del self.seen[path]

    def make_directory(self, path: str) -> None:
        """Make a directory with all those above it."""
        if path not in self.seen:
            self._check(path, writes=True, creates=True)
            self.seen[path] = Directory()
            # Whoever needs it durable syncs the directory above; losing an empty directory is no case of interest.
            self.kept[path] = self.seen[path]

    def rename(self, source: str, target: str) -> None:
        """Rename a file or a directory with everything in it; durable once the directory is synced."""
        self._check(source, writes=False)
        if source not in self.seen:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", source)
        if isinstance(self.seen[source], Directory) and any(self.within(target)):
            raise OSError(errno.ENOTEMPTY, "Directory not empty", target)
        for path in [source, *self.within(source)]:
            self.seen[target + path[len(source) :]] = self.seen.pop(path)

    def within(self, directory: str) -> list[str]:
        """Paths of everything in a directory, at any depth."""
        start = directory + "/"
        return [path for path in self.seen if path.startswith(start)]

    def names(self, directory: str) -> list[str]:
        """Names in a directory."""
        self._check(directory)
        start = directory + "/"
        return sorted({path[len(start) :].partition("/")[0] for path in self.within(directory)})

    def remove_tree(self, directory: str) -> None:
        """Remove a directory with everything in it, at once and durably."""
        for path in [directory, *self.within(directory)]:
            self.seen.pop(path, None)
        self.sync_directory(directory.rpartition("/")[0])

    def sync_directory(self, directory: str) -> None:
        """Make the names in a directory durable, with what lies below names that moved."""
        self._check(directory)
        start = directory + "/"
        for path in [path for path in self.kept if path.startswith(start) and path not in self.seen]:
            del self.kept[path]
        for path, contents in self.seen.items():
            if path.startswith(start) and not path.startswith(IN_MEMORY):
                self.kept[path] = contents

    def lose_power(self) -> None:
        """Only what was made durable is left."""
        self.seen = dict(self.kept)

    def lose_memory(self) -> None:
        """Everything in /run is gone, as when somebody empties it."""
        self.seen = {path: contents for path, contents in self.seen.items() if not path.startswith(IN_MEMORY)}
