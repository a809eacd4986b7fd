"""Files that came with a Debian package, unchanged: what is replaced of them interests nobody, what is new does."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from live_cluster.errors import Problem
from live_cluster.messages import message
from live_cluster.plan.step import Replies, SecondLook, Step
from live_cluster.remote.requests import (
    Command,
    CommandResult,
    FileState,
    ReadFile,
    Reply,
    Request,
    WriteFile,
)

# ucf(1): the digests of the files it has installed.
UCF = ReadFile(path="/var/lib/ucf/hashfile")


# In the first line of every file of ours.
OWNER = "Written by live-cluster"


def conffiles(package: str) -> Command:
    """The package's configuration files, with the digests that they came with (deb-conffiles(5))."""
    return Command(argv=("dpkg-query", "--show", "--showformat=${Conffiles}\\n", package))


def with_short_preview(step: Step, wanted: WriteFile, package: str) -> Step:
    """The step; where the file is still as `package` brought it, its preview leaves out what is replaced."""

    def requests(replies: Replies) -> tuple[Request, ...]:
        state = replies[0]
        if not isinstance(state, FileState) or not state.exists or state.content == wanted.content:
            return ()
        return () if OWNER in state.text else (UCF, conffiles(package))

    def judged(given: Step, replies: Replies, answers: Replies) -> tuple[Step, tuple[Problem, ...]]:
        state = replies[0]
        assert isinstance(state, FileState)
        if not _is_default(state, wanted.path, answers):
            return given, ()
        new = "".join(f"+{line}\n" for line in wanted.content.decode(errors="replace").splitlines())
        note = message("preview-default-replaced", count=len(state.text.splitlines()))
        return replace(given, preview=f"+++ {wanted.path}\n{new}", preview_note=note), ()

    return replace(step, second_look=SecondLook(requests=requests, judged=judged))


def _is_default(state: FileState, path: str, answers: Replies) -> bool:
    """Both lists name a file and its MD5 digest in a line, each in its own order."""
    digest = hashlib.md5(state.content, usedforsecurity=False).hexdigest()
    lines = (line.split() for answer in answers for line in _text(answer).splitlines())
    return any({digest, path} <= set(words) for words in lines)


def _text(answer: Reply) -> str:
    if isinstance(answer, FileState):
        return answer.text
    return answer.text if isinstance(answer, CommandResult) and answer.ok else ""
