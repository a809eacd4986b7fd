"""What is replaced of a file that is still as Debian brought it is counted, not shown."""

from __future__ import annotations

import hashlib

import pytest

from live_cluster.messages import render
from live_cluster.plan.default_files import UCF, conffiles, with_short_preview
from live_cluster.plan.file_steps import file_step
from live_cluster.plan.step import Replies, Step
from live_cluster.remote.requests import CommandResult, FileState, WriteFile

PATH = "/etc/x.conf"
DEFAULT = b"# a\n# b\n# c\n"
WANTED = WriteFile(path=PATH, content=b"# Written by live-cluster.\nnew\n")
DIGEST = hashlib.md5(DEFAULT, usedforsecurity=False).hexdigest()
BY_UCF = (FileState(exists=True, content=f"{DIGEST}  {PATH}\n".encode()), CommandResult(returncode=1))
BY_DPKG = (FileState(exists=False), CommandResult(returncode=0, stdout=f" {PATH} {DIGEST}\n".encode()))
BY_NOBODY = (FileState(exists=False), CommandResult(returncode=0, stdout=f" /etc/y {DIGEST}\n".encode()))


def looked_at(content: bytes, answers: Replies) -> Step:
    step = with_short_preview(file_step("a", WANTED), WANTED, "x")
    assert step.second_look is not None
    seen = (FileState(exists=True, content=content, mode=0o644),)
    assert step.second_look.requests(seen) == (UCF, conffiles("x"))
    return step.second_look.judged(step, seen, answers)[0]


@pytest.mark.parametrize("answers", [BY_UCF, BY_DPKG])
def test_of_a_default_only_what_is_new_is_shown(answers: Replies) -> None:
    step = looked_at(DEFAULT, answers)
    assert step.preview == "+++ /etc/x.conf\n+# Written by live-cluster.\n+new\n"
    assert step.preview_note is not None
    assert render(step.preview_note, "en") == "… 3 lines of Debian's default are replaced (set aside)"
    assert "3" in render(step.preview_note, "ru")


@pytest.mark.parametrize(("content", "answers"), [(DEFAULT, BY_NOBODY), (DEFAULT + b"mine\n", BY_UCF)])
def test_what_somebody_has_changed_is_shown_in_full(content: bytes, answers: Replies) -> None:
    assert looked_at(content, answers).preview_note is None


@pytest.mark.parametrize(
    "state",
    [
        FileState(exists=False),
        FileState(exists=True, content=WANTED.content, mode=0o600),
        FileState(exists=True, content=b"# Written by live-cluster.\nold\n"),
    ],
)
def test_nothing_is_asked_about_files_of_ours(state: FileState) -> None:
    step = with_short_preview(file_step("a", WANTED), WANTED, "x")
    assert step.second_look is not None
    assert step.second_look.requests((state,)) == ()
