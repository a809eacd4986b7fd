"""`check --fencing` beside tools that answer as recorded ones did."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from installation import PROFILE

from certificate_case import NOW, made
from live_cluster.apply.waiting import Clock
from live_cluster.cli.check_cli import document
from live_cluster.commands import check_message
from live_cluster.commands.check import Finding, Tools
from live_cluster.commands.check_certificate import check_certificate
from live_cluster.commands.check_fencing import check_fencing, refuse_shot
from live_cluster.commands.status import Server
from live_cluster.errors import InputRejected, NotReady
from live_cluster.messages import render
from live_cluster.model.profile import load_profile
from live_cluster.probes.pacemaker import parse_crm_mon
from live_cluster.remote.local import Completed

RECORDINGS = Path(__file__).parents[1] / "recordings/bookworm"

NODES = '<nodes><node id="1" uname="ivcs-main-1"/><node id="2" uname="ivcs-main-2"/></nodes>'
DEVICE = """<primitive id="fence-ivcs-main-{n}" class="stonith" type="fence_ipmilan">
  <instance_attributes id="fence-ivcs-main-{n}-instance_attributes">
    <nvpair id="a{n}" name="ip" value="10.81.0.25{n}"/>
    <nvpair id="b{n}" name="ipmitool_path" value="/etc/live-cluster/fencing/head-node-{n}"/>
    <nvpair id="c{n}" name="pcmk_host_list" value="ivcs-main-{n}"/>
  </instance_attributes></primitive>"""
DEVICES = f"<xpath-query>{DEVICE.format(n=1)}{DEVICE.format(n=2)}</xpath-query>"
OPERATIONS = """<lrm_resource id="fence-ivcs-main-1" class="stonith" type="fence_ipmilan">
  <lrm_rsc_op operation="monitor" interval="0" call-id="{call}" rc-code="7" op-status="0" last-rc-change="{call}"/>
  <lrm_rsc_op operation="start" interval="0" call-id="{call}1" rc-code="{code}" op-status="0"
    last-rc-change="{call}" exit-reason="{reason}"/>
  <lrm_rsc_op operation="monitor" interval="60000" call-id="{call}2" rc-code="{code}" op-status="0"
    last-rc-change="{call}" exit-reason="{reason}"/></lrm_resource>"""


@dataclass
class Pacemaker:
    """The tools of ivcs-main-1; time passes only where something takes time."""

    devices: str = DEVICES
    power: int = 0
    takes_s: float = 0.3
    peer_online: bool = True
    asked_result: tuple[int, str] | None = (0, "")
    sbd: str = "inactive"
    sbd_settings: str = ""
    now: float = 0.0
    agent_input: str = ""
    refreshed: bool = False
    argvs: list[tuple[str, ...]] = field(default_factory=list)

    def run(
        self, argv: tuple[str, ...], *, stdin: bytes = b"", timeout_s: float = 60, check: bool = False
    ) -> Completed:
        assert timeout_s > 0
        self.argvs.append(argv)
        code, text = self._answer(argv, stdin)
        assert not (check and code)
        return Completed(argv=argv, returncode=code, stdout=text.encode(), stderr=b"")

    def _answer(self, argv: tuple[str, ...], stdin: bytes) -> tuple[int, str]:
        if argv[0] == "crm_node":
            return 0, "ivcs-main-1\n"
        if argv[0] == "fence_ipmilan":
            self.agent_input = stdin.decode()
            self.now += self.takes_s
            return self.power, "ERROR: Failed: it is silent\n" if self.power == 1 else "Status: ON\n"
        if argv[0] == "systemctl":
            return (0 if self.sbd == "active" else 3), f"{self.sbd}\n"
        if argv[0] == "cat":
            return 0, self.sbd_settings
        if argv[0] == "crm_resource":
            self.refreshed = True
            return 0, ""
        xpath = argv[-1]
        if "nodes" in xpath:
            return 0, NODES
        if "stonith" in xpath:
            return (0, self.devices) if self.devices else (105, "")
        if "lrm_resource" in xpath:
            return self._operations()
        return (0, "<node_state/>") if self.peer_online else (105, "")

    def _operations(self) -> tuple[int, str]:
        if not self.refreshed:
            return 0, OPERATIONS.format(call=1, code=0, reason="")
        if self.asked_result is None:
            return 105, ""
        code, reason = self.asked_result
        return 0, OPERATIONS.format(call=2, code=code, reason=reason)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def findings(self) -> list[Finding]:
        tools = Tools(run=self.run, clock=Clock(now=lambda: self.now, sleep=self.sleep))
        return list(check_fencing(tools))


def told(found: list[Finding]) -> list[str]:
    return [render(one.subject, "en") + render(one.detail, "en") for one in found]


def test_each_device_is_asked_from_the_other_head() -> None:
    pacemaker = Pacemaker()
    found = pacemaker.findings()
    assert all(one.good for one in found)
    assert [one.facts["asked_from"] for one in found] == ["ivcs-main-2", "ivcs-main-1"]
    assert told(found)[1] == "fencing device of ivcs-main-2: answers ivcs-main-1 in 0.3 s, the power is on"
    assert "ip=10.81.0.252\n" in pacemaker.agent_input
    assert "action=status\n" in pacemaker.agent_input
    assert "pcmk_" not in pacemaker.agent_input
    assert not any(argv[0] == "stonith_admin" for argv in pacemaker.argvs)


def test_a_silent_device_is_bad() -> None:
    own, peer = Pacemaker(power=1).findings()
    assert (own.good, peer.good) == (True, False)
    assert told([peer]) == ["fencing device of ivcs-main-2: fence_ipmilan: Failed: it is silent"]


def test_a_device_that_says_off_of_a_running_server_belongs_to_another_one() -> None:
    (_, peer) = Pacemaker(power=2).findings()
    assert not peer.good
    assert "belongs to another" in told([peer])[0]


def test_a_server_that_is_off_may_be_off() -> None:
    own, peer = Pacemaker(power=2, peer_online=False).findings()
    assert peer.good
    assert peer.facts["power"] == "off"
    assert not own.good
    assert "not online" in told([own])[0]


def test_what_pacemaker_found_on_the_other_head_is_told() -> None:
    own, _ = Pacemaker(asked_result=(1, "Login failed")).findings()
    assert told([own]) == ["fencing device of ivcs-main-1: Pacemaker on ivcs-main-2: Login failed"]


def test_pacemaker_that_does_not_ask_is_not_waited_for_forever() -> None:
    pacemaker = Pacemaker(asked_result=None)
    own, _ = pacemaker.findings()
    assert not own.good
    assert 100 < pacemaker.now < 200


def test_a_slow_device_is_warned_of() -> None:
    _, peer = Pacemaker(takes_s=3.0).findings()
    assert peer.good
    assert [one.code for one in peer.warnings] == ["check-slow"]


def test_without_devices_there_is_nothing_to_check() -> None:
    with pytest.raises(NotReady) as failure:
        Pacemaker(devices="").findings()
    assert [one.code for one in failure.value.problems] == ["check-no-fencing"]


def test_a_server_without_a_device_is_bad() -> None:
    own, peer = Pacemaker(devices=DEVICE.format(n=2)).findings()
    assert (own.good, peer.good) == (False, True)


WATCHDOG = "# live-cluster begin\nSBD_WATCHDOG_DEV=/dev/watchdog\n# live-cluster end\n"


def test_a_watchdog_is_looked_at_where_there_is_no_device() -> None:
    own, peer = Pacemaker(devices="", sbd="active", sbd_settings=WATCHDOG).findings()
    assert (own.good, peer.good) == (True, True)
    assert own.facts["check"] == peer.facts["check"] == "watchdog"
    assert told([own]) == ["watchdog of ivcs-main-1: /dev/watchdog is armed, sbd runs"]


def test_a_watchdog_that_nobody_feeds_is_found() -> None:
    own, peer = Pacemaker(devices="", sbd_settings=WATCHDOG, peer_online=False).findings()
    assert (own.good, peer.good) == (False, False)


def test_with_a_disk_its_devices_are_asked_as_well() -> None:
    found = Pacemaker(sbd="active", sbd_settings=WATCHDOG).findings()
    assert [one.facts["check"] for one in found] == ["watchdog", "watchdog", "fencing", "fencing"]


@pytest.mark.parametrize(
    ("target", "code"), [("ivcs-main-1", "shoot-myself"), ("ivcs-main-3", "shoot-unknown")]
)
def test_nobody_shoots_himself_or_a_stranger(target: str, code: str) -> None:
    pacemaker = Pacemaker()
    with pytest.raises(InputRejected) as failure:
        refuse_shot(target, Tools(run=pacemaker.run), Server())
    assert [one.code for one in failure.value.problems] == [code]


def test_the_document_is_versioned() -> None:
    found = Pacemaker(power=1).findings()
    written = json.loads(json.dumps(document(found, None)))
    assert (written["version"], written["good"], written["shot"]) == (1, False, None)
    assert [one["good"] for one in written["findings"]] == [True, False]


# -- certificate and messages ----------------------------------------------------------------------------------


def certificate_findings(
    tmp_path: Path, *days: float, digest: str = "", public_name: str = ""
) -> list[Finding]:
    """What `check` says of a certificate that ends in so many days, at one place for each number."""
    paths = []
    for number, left in enumerate(days):
        pair = made(days=(-9, left))
        path = tmp_path / f"{number}.crt"
        path.write_bytes(pair.certificate)
        paths.append(path)
    own = hashlib.sha256(paths[0].read_bytes()).hexdigest() if paths else ""
    record = tmp_path / "record"
    record.write_text(
        "\n".join(("1", digest or own, *map(str, paths), str(tmp_path / "gone.crt"))) + "\n", "utf-8"
    )
    return list(check_certificate(Tools(), public_name=public_name, record_path=record, now=NOW))


def test_a_certificate_is_judged_by_its_end(tmp_path: Path) -> None:
    good, gone = certificate_findings(tmp_path, 100)
    assert good.good
    assert not good.warnings
    assert not gone.good
    expired, _ = certificate_findings(tmp_path, -1)
    assert not expired.good
    soon, _ = certificate_findings(tmp_path, 29)
    assert soon.good
    assert [one.code for one in soon.warnings] == ["check-certificate-soon"]


def test_a_certificate_that_somebody_replaced_is_told(tmp_path: Path) -> None:
    found, _ = certificate_findings(tmp_path, 100, digest="other")
    assert [one.code for one in found.warnings] == ["check-certificate-replaced"]


@pytest.mark.parametrize(("days", "told"), [(30.5, []), (30, []), (29.9, ["soon"]), (0.1, ["soon"])])
def test_it_warns_from_thirty_days_on(tmp_path: Path, days: float, told: list[str]) -> None:
    found, _ = certificate_findings(tmp_path, days)
    assert [one.code.removeprefix("check-certificate-") for one in found.warnings] == told


def test_a_certificate_for_another_name_is_told(tmp_path: Path) -> None:
    right, _ = certificate_findings(tmp_path, 100, public_name="video.example.com")
    assert not right.warnings
    wrong, _ = certificate_findings(tmp_path, 100, public_name="new.example.com")
    assert [one.code for one in wrong.warnings] == ["check-certificate-for-others"]
    assert wrong.warnings[0].message.field("detail") == "video.example.com"


def test_without_a_certificate_of_ours_there_is_nothing_to_check(tmp_path: Path) -> None:
    with pytest.raises(NotReady):
        list(check_certificate(Tools(), record_path=tmp_path / "none"))


class Sender:
    """The application's command that sends messages, on this head or the other one."""

    def __init__(self, *, here: str = "ivcs-main-2", code: int = 0) -> None:
        self.here, self.code = here, code
        self.sent: list[tuple[str, ...]] = []

    def run(
        self, argv: tuple[str, ...], *, stdin: bytes = b"", timeout_s: float = 60, check: bool = False
    ) -> Completed:
        assert not stdin
        assert timeout_s <= 60
        assert check is (argv[0] == "crm_node")
        if argv[0] == "crm_node":
            return Completed(argv=argv, returncode=0, stdout=f"{self.here}\n".encode(), stderr=b"")
        self.sent.append(argv)
        words = b"connection refused\n" if self.code else b""
        return Completed(argv=argv, returncode=self.code, stdout=b"", stderr=words)


def sent_by(sender: Sender, kind: str, recipient: str, monkeypatch: pytest.MonkeyPatch) -> Finding:
    text = (RECORDINGS / "healthy-primary/crm_mon.xml").read_bytes()
    monkeypatch.setattr(check_message, "view_now", lambda _: parse_crm_mon(text))
    profile = load_profile(PROFILE)
    wanted = check_message.OneMessage(kind=kind, recipient=recipient)
    (found,) = check_message.send_message(Tools(run=sender.run), wanted, profile, Server())
    return found


@pytest.mark.parametrize(("kind", "to"), [("mail", "you@example.org"), ("sms", "+79990000000")])
def test_exactly_one_message_is_sent_where_the_application_runs(
    kind: str, to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = Sender()
    assert sent_by(sender, kind, to, monkeypatch).good
    assert sender.sent == [("/usr/lib/ivcs/send-test", kind, to)]


def test_why_it_was_not_sent_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    found = sent_by(Sender(code=1), "mail", "you@example.org", monkeypatch)
    assert not found.good
    assert "connection refused" in render(found.detail, "en")
    assert "--external-mail-server-hostname" in render(found.detail, "ru")


@pytest.mark.parametrize(
    ("kind", "to", "option"),
    [("mail", "you@example.org", "--external-mail-server-hostname"), ("sms", "+79990000000", "--smsc-host")],
)
def test_what_is_turned_off_is_told_with_the_way_to_turn_it_on(
    kind: str, to: str, option: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = sent_by(Sender(code=3), kind, to, monkeypatch)
    assert not found.good
    assert "turned off" in render(found.detail, "en")
    assert option in render(found.detail, "en")


def test_on_the_other_head_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    sender = Sender(here="ivcs-main-1")
    with pytest.raises(NotReady) as refused:
        sent_by(sender, "sms", "+79990000000", monkeypatch)
    assert refused.value.problems[0].code == "check-not-here"
    assert sender.sent == []


@pytest.mark.parametrize(
    ("kind", "to"),
    [
        ("mail", "you"),
        ("mail", "-oQ@example.org"),
        ("mail", "a@b c"),
        ("sms", "-1"),
        ("sms", "++7"),
        ("sms", "7 9"),
    ],
)
def test_what_is_no_recipient_is_refused(kind: str, to: str) -> None:
    with pytest.raises(InputRejected):
        check_message.refuse_recipient(check_message.OneMessage(kind=kind, recipient=to))
