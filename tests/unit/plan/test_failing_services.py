"""When nobody waits for a service any more, and what an earlier run's word on it counts."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from plan_case import blueprint

from live_cluster.plan.failing_services import marks_forgotten, marks_forgotten_in, where_services_fail
from live_cluster.remote.requests import Command, CommandResult
from recordings.recorded_server import recording

HEADS = ("ivcs-main-1", "ivcs-main-2")
WORDS = b'{"MESSAGE":"cannot open the spool","_SYSTEMD_UNIT":"gnugk.service"}\n'


def view(*marked: str, runs: bool = False, offline: str = "") -> CommandResult:
    """As Pacemaker reports it: gnugk failed on these heads. The second one has the primary."""
    root = ET.fromstring(recording("healthy-primary"))  # noqa: S314
    for name in marked:
        (place,) = root.iterfind(f"node_attributes/node[@name='{name}']")
        ET.SubElement(place, "attribute", name="gnugk-fails", value="1795393950")
    (gnugk,) = root.iterfind(".//resource[@id='gnugk']")
    if not runs:
        gnugk.set("active", "false")
    for node in root.iterfind(f"nodes/node[@name='{offline}']"):
        node.set("online", "false")
    return CommandResult(returncode=0, stdout=ET.tostring(root))


@pytest.mark.parametrize(
    ("seen", "is_over"),
    [
        (view(*HEADS), True),
        (view("ivcs-main-2", offline="ivcs-main-1"), True),
        # The other head has not tried yet; it runs after all; nothing has failed; Pacemaker does not answer.
        (view("ivcs-main-2"), False),
        (view(*HEADS, runs=True), False),
        (view(), False),
        (CommandResult(returncode=1), False),
    ],
)
def test_it_is_over_when_every_head_that_is_there_has_tried(seen: CommandResult, is_over: bool) -> None:
    gives_up = where_services_fail()
    questions = gives_up.why((seen,))
    assert bool(questions) is is_over
    if is_over:
        found = gives_up.problem((seen,), (CommandResult(returncode=0, stdout=WORDS),))
        assert (found.code, found.message.field("words")) == (
            "service-fails-everywhere",
            "cannot open the spool",
        )
        silent = gives_up.problem((seen,), (CommandResult(returncode=1),))
        assert "service-without-words" in repr(silent.message.field("words"))


def deleted(requests: tuple[object, ...]) -> list[str]:
    return [one.argv[one.argv.index("--node") + 1] for one in requests if isinstance(one, Command)]


def test_marks_are_forgotten_first_where_the_primary_is() -> None:
    assert deleted(marks_forgotten((view(*HEADS, runs=True),))) == ["ivcs-main-2", "ivcs-main-1"]
    assert marks_forgotten((CommandResult(returncode=1),)) == ()
    pairs = '<nvpair name="gnugk-fails" value="1"/><nvpair name="others-fails" value="1"/>'
    states = "".join(
        f'<node_state uname="{name}"><transient_attributes><instance_attributes>{pairs}'
        "</instance_attributes></transient_attributes></node_state>"
        for name in reversed(HEADS)
    )
    cib = f"<cib><configuration/><status>{states}</status></cib>".encode()
    assert deleted(marks_forgotten_in(cib, blueprint())) == ["ivcs-main-1", "ivcs-main-2"]
