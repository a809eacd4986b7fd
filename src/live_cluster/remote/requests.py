"""What can be asked of a server, and what comes back: values, so that plans can be compared and shown.

`Command`, `ReadFile`, `WriteFile`, `WriteTogether`, `RemoveFile`, `HoldLock` and `ReadClock` are all that the
executor knows.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One process on the server. Data and secrets go through `stdin`, never into `argv`."""

    argv: tuple[str, ...]
    stdin: bytes = field(default=b"", repr=False)
    timeout_s: float = 60.0
    changes_node: bool = False
    accepts: tuple[int, ...] = (0,)
    # Takes the output of the action before it as its input: what a pipe does in a shell.
    input_from_previous: bool = False

    def __str__(self) -> str:
        return " ".join(self.argv)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFile:
    """Content, mode and owner of one file; a missing file is an answer, not an error."""

    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFile:
    """Replace a file in one step (temporary file, fsync, rename); the previous one is set aside first.

    `set_aside` is the directory under which the previous file keeps its full path; empty: not kept
    (for files that are ours alone and can be made again).
    """

    path: str
    content: bytes = field(repr=False)
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    set_aside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteTogether:
    """Replace files that are good only together: all are written beside their places first, then renamed at once.

    Where one cannot be written, none is replaced; where the connection ends meanwhile, either none or all are.
    """

    files: tuple[WriteFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveFile:
    """Remove a file, setting it aside first where `set_aside` names a directory; missing is fine."""

    path: str
    set_aside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLock:
    """flock(2) on `path` for as long as the executor lives; `note` tells others who holds it."""

    path: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadClock:
    """Seconds since 1970 by the server's clock."""


Request = Command | ReadFile | WriteFile | WriteTogether | RemoveFile | HoldLock | ReadClock


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """Exit code (124: timed out, 127: no such program), both outputs."""

    returncode: int
    stdout: bytes = field(default=b"", repr=False)
    stderr: bytes = field(default=b"", repr=False)

    @property
    def ok(self) -> bool:
        """Exit code 0."""
        return self.returncode == 0

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode(errors="replace")

    @property
    def error_text(self) -> str:
        """Standard error as text."""
        return self.stderr.decode(errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file as it is; `exists` False where there is none (then the rest means nothing)."""

    exists: bool
    content: bytes = field(default=b"", repr=False)
    mode: int = 0
    owner: str = ""
    group: str = ""
    mtime: float = 0.0

    @property
    def text(self) -> str:
        """Content as text; empty where there is no file."""
        return self.content.decode(errors="replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A write, a removal or a lock that succeeded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What the executor could not do: `reason` is the system's own text, `held_by` a lock's note."""

    reason: str
    held_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """The server's clock, and how far apart our own readings around it were (the error bound)."""

    remote_s: float
    local_s: float
    uncertainty_s: float

    @property
    def offset_s(self) -> float:
        """Positive: the server's clock is ahead of ours."""
        return self.remote_s - self.local_s


Reply = CommandResult | FileState | Done | Refused | ClockReading
