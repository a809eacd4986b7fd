"""What a trial with a NAS says, told from what the tools and the kernel said."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from live_cluster.model.storage_facts import ShareFacts, ShareOutcome
from live_cluster.probes.share_trial import Trial, trial_facts, trial_question
from live_cluster.remote.requests import CommandResult
from live_cluster.remote.share_trial_program import NAMES, cifs_fault, content_of, nfs_fault

TRIAL = Trial(
    node="ivcs-main-1",
    fstype="cifs",
    device="//192.0.2.5/video",
    options="soft",
    host="192.0.2.5",
    port=445,
    login='username=video\npassword=it\'s "secret" \\n\n',
    owner=("ivcs", "ivcs"),
)
LOGON = """\
CIFS: Status code returned 0xc000006d STATUS_LOGON_FAILURE
CIFS: VFS: \\\\192.0.2.5 Send error in SessSetup = -13
"""
# As Debian's 6.1.176 said it when the session was refused.
SHORT = """\
CIFS: Attempting to mount \\192.0.2.5\video
CIFS: Status code returned 0xc000006d STATUS_LOGON_FAILURE
"""
DENIED = """\
CIFS: Status code returned 0xc0000022 STATUS_ACCESS_DENIED
CIFS: VFS: cifs_mount failed w/return code = -13
"""


def test_the_login_travels_on_standard_input_alone() -> None:
    question = trial_question(TRIAL)
    assert "secret" not in str(question)
    assert "secret" not in repr(question)
    call = ast.parse(question.stdin).body[-1]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    said = json.loads(ast.literal_eval(call.value.args[0]))
    assert said["login"] == TRIAL.login
    assert not question.changes_node


@pytest.mark.parametrize(
    ("said", "kernel", "outcome", "detail"),
    [
        ("mount error(13): Permission denied\n", LOGON, "login-wrong", "STATUS_LOGON_FAILURE"),
        ("mount error(13): Permission denied\n", SHORT, "login-wrong", "STATUS_LOGON_FAILURE"),
        ("mount error(13): Permission denied\n", DENIED, "not-allowed", "STATUS_ACCESS_DENIED"),
        ("mount error(2): No such file or directory\n", "", "share-missing", ""),
        ("mount error(112): Host is down\n", "", "silent", ""),
        ("mount error(95): Operation not supported\n", "", "too-old", ""),
        ("mount error(22): Invalid argument\n", "", "not-mounted", "mount error(22): Invalid argument"),
        ("", "", "not-mounted", ""),
    ],
)
def test_cifs(said: str, kernel: str, outcome: str, detail: str) -> None:
    found = cifs_fault(said, kernel)
    assert (found.outcome, found.detail) == (outcome, detail)
    assert ShareOutcome(found.outcome)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (
            "mount.nfs4: mounting n:/x failed, reason given by server: No such file or directory",
            "share-missing",
        ),
        ("mount.nfs4: access denied by server while mounting n:/x", "not-allowed"),
        ("mount.nfs4: Operation not permitted", "not-allowed"),
        ("mount.nfs4: Protocol not supported", "too-old"),
        ("mount.nfs4: Connection timed out", "silent"),
        ("mount.nfs4: something else", "not-mounted"),
    ],
)
def test_nfs(said: str, outcome: str) -> None:
    found = nfs_fault(said, "")
    assert found.outcome == outcome
    assert ShareOutcome(found.outcome)


@pytest.mark.parametrize(
    ("reply", "facts"),
    [
        (
            CommandResult(returncode=0, stdout=b'{"outcome": "silent", "detail": "x"}\n'),
            ShareFacts(outcome=ShareOutcome.SILENT, detail="x"),
        ),
        (CommandResult(returncode=124), ShareFacts(outcome=ShareOutcome.SILENT)),
        (
            CommandResult(returncode=127, stderr=b"unshare: not found\n"),
            ShareFacts(outcome=ShareOutcome.NOT_MOUNTED, detail="unshare: not found"),
        ),
        (
            CommandResult(returncode=0, stdout=b'{"outcome": "new"}'),
            ShareFacts(outcome=ShareOutcome.NOT_MOUNTED),
        ),
    ],
)
def test_a_trial_that_says_nothing_is_judged_by_its_end(reply: CommandResult, facts: ShareFacts) -> None:
    assert trial_facts(reply) == facts


def test_a_trial_tells_what_a_move_would_be_mixed_with(tmp_path: Path) -> None:
    ours = (".live-cluster-move", ".Filesystem_status", "lost+found", ".live-cluster-trial-ivcs-main-2")
    for name in ours[1:]:
        (tmp_path / name).mkdir()
    found = content_of(str(tmp_path), ours[0], list(ours[:3]))
    assert (found["names"], found["mark"]) == ([], "")
    assert found["free_bytes"] > 0
    (tmp_path / ours[0]).write_text('{"origin": "/dev/lun"}')
    for number in range(20):
        (tmp_path / f"film-{number}").touch()
    found = content_of(str(tmp_path), ours[0], list(ours[:3]))
    assert len(found["names"]) == NAMES
    assert found["mark"] == '{"origin": "/dev/lun"}'
    said = json.dumps({"outcome": "good", "detail": "", **found}).encode()
    facts = trial_facts(CommandResult(returncode=0, stdout=said))
    assert (facts.names, facts.mark) == (tuple(found["names"]), found["mark"])
    assert facts.free_bytes == found["free_bytes"]
