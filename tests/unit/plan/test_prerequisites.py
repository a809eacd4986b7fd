"""C15: what must hold before anything is touched."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from plan_case import facts, ip, settings, situation, with_head

from live_cluster.errors import Severity
from live_cluster.model.facts import ArbiterFacts, ClusterFacts, Listener
from live_cluster.plan import database_prerequisites, prerequisites, storage_prerequisites
from live_cluster.plan.prerequisites import problems_of
from recordings.configure.recorded import RELEASES

Change = Callable[[ClusterFacts], ClusterFacts]
FOREIGN_CIB = b"<cib><configuration><resources><primitive id='web'/></resources></configuration></cib>"
FOREIGN_CONF = "totem {\n  cluster_name: %s\n}\n"
OPEN = "-A INPUT -p tcp -m tcp --dport 5432 -j ACCEPT\n"


def head(number: int, **changed: object) -> Change:
    return lambda seen: with_head(seen, number, **changed)


def media(**changed: object) -> Change:
    return lambda seen: replace(seen, media=(replace(seen.media[0], **changed),))  # type: ignore[arg-type]


def both(first: Change, second: Change) -> Change:
    return lambda seen: second(first(seen))


def arbiter(**changed: object) -> Change:
    def change(seen: ClusterFacts) -> ClusterFacts:
        found = ArbiterFacts(node=seen.media[0], certificate="CERTIFICATE")
        return replace(seen, arbiter=replace(found, **changed))  # type: ignore[arg-type]

    return change


CASES: dict[str, tuple[Change, list[str]]] = {
    "Debian 11": (media(system_version="11"), ["system-unsupported ivcs-media-0"]),
    "Ubuntu": (head(1, system="ubuntu"), ["system-unsupported ivcs-main-1"]),
    "clock ahead": (media(clock_offset_s=1.2), ["clock-differs ivcs-media-0"]),
    "clock behind": (head(2, clock_offset_s=-7.0), ["clock-differs ivcs-main-2"]),
    "full disk": (media(free_bytes=(("/", 10**10), ("/var", 5))), ["disk-full ivcs-media-0"]),
    "no product": (head(2, missing_units=("ivcs-server.service",)), ["product-missing ivcs-main-2"]),
    "half a product": (head(2, missing_paths=("/etc/ivcs",)), ["product-missing ivcs-main-2"]),
    "no samba": (
        lambda seen: with_head(
            seen, 2, packages=tuple(one for one in seen.heads[1].node.packages if one[0] != "samba")
        ),
        ["package-missing ivcs-main-2"],
    ),
    "open database": (head(1, firewall=OPEN), ["database-open-to-all ivcs-main-1"]),
    "port taken": (
        head(1, listeners=(Listener(protocol="udp", port=5405, process="openvpn"),)),
        ["port-taken ivcs-main-1"],
    ),
    "port taken by nobody we can see": (
        head(1, listeners=(Listener(protocol="tcp", port=445, process=""),)),
        ["port-taken ivcs-main-1"],
    ),
    "no database": (
        both(head(1, versions=()), head(2, versions=())),
        ["database-versions ivcs-main-1", "database-versions ivcs-main-2"],
    ),
    "two databases": (
        head(2, versions=("13", "15")),
        ["database-versions ivcs-main-2", "versions-differ"],
    ),
    "other Pacemaker": (
        lambda seen: with_head(
            seen,
            2,
            packages=tuple((name, "9" if name == "pacemaker" else v) for name, v in seen.heads[1].node.packages),
        ),
        ["versions-differ"],
    ),
    "other numbers of the account": (head(2, storage_owner="1001:1001"), ["account-differs ivcs-main-2"]),
    "no account": (head(2, storage_owner=""), []),
    "a cluster of somebody else": (
        head(2, cib=FOREIGN_CIB, corosync_conf=FOREIGN_CONF % "web"),
        ["foreign-cluster ivcs-main-2"],
    ),
    # Whoever made a cluster by hand began with Debian's own file, and with Debian's name in it.
    "a cluster of somebody else under Debian's name": (
        head(2, cib=FOREIGN_CIB, corosync_conf=FOREIGN_CONF % "debian"),
        ["foreign-cluster ivcs-main-2"],
    ),
    "silent database": (head(1, user_rows=None), ["database-silent ivcs-main-1"]),
    "silent since an interrupted run": (head(1, user_rows=None, handed_over=True), []),
    "data on the second head only": (
        both(head(1, user_rows=0), head(2, user_rows=5)),
        ["database-on-other-head ivcs-main-1"],
    ),
    "data on both heads": (both(head(1, user_rows=3), head(2, user_rows=5)), []),
    "no room": (head(1, size_bytes=10**15), ["no-room-for-copy ivcs-main-2"]),
    "not this server": (head(2, addresses=()), [
        "address-not-connected ivcs-main-2",
        "address-not-connected ivcs-main-2",
        "address-not-connected ivcs-main-2",
        "address-not-here ivcs-main-2",
        "address-not-here ivcs-main-2",
    ]),
    "other interface": (
        lambda seen: with_head(
            seen,
            2,
            addresses=tuple(replace(one, nic=f"{one.nic}x") for one in seen.heads[1].node.addresses),
        ),
        ["interfaces-differ", "interfaces-differ", "interfaces-differ"],
    ),
    "silent gateway": (
        lambda seen: replace(seen, without_gateway=frozenset({"ivcs-main-2"})),
        ["ping-target-silent ivcs-main-2"],
    ),
    "silent head": (
        lambda seen: replace(seen, pings_lost=(("ivcs-main-2", ip("10.81.1.1")),)),
        ["head-ping-silent ivcs-main-2"],
    ),
    "an address that no head has answers nobody": (
        lambda seen: replace(seen, pings_lost=(("ivcs-main-2", ip("10.81.1.9")),)),
        [],
    ),
    "heads that run apart": (
        both(head(1, out_of_sight=("ivcs-main-2",)), head(2, out_of_sight=())),
        ["heads-apart-waits"],
    ),
    "a head whose cluster does not run": (
        both(head(1, out_of_sight=("ivcs-main-2",)), head(2, out_of_sight=None)),
        [],
    ),
    "an arbiter": (arbiter(), []),
    "no qnetd, so no certificate either": (
        arbiter(certificate="", missing=(("ivcs-media-0", "corosync-qnetd"),)),
        ["arbiter-package-missing ivcs-media-0"],
    ),
    "no qdevice": (
        arbiter(missing=(("ivcs-main-2", "corosync-qdevice"),)),
        ["arbiter-package-missing ivcs-main-2"],
    ),
    "an arbiter without a certificate": (arbiter(certificate=""), ["arbiter-without-certificate ivcs-media-0"]),
    "somebody else's arbiter": (arbiter(strangers=(ip("192.0.2.9"),)), ["arbiter-taken ivcs-media-0"]),
    "address in use": (lambda seen: replace(seen, answering=frozenset({ip("10.81.0.100")})), ["address-taken"]),
}  # fmt: skip


def judged(change: Change) -> list[str]:
    now = situation()
    found = problems_of(replace(now, facts=change(now.facts)))
    return sorted(f"{one.code} {one.node}".strip() for one in found)


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("configured", [False, True])
def test_a_recorded_installation_has_no_problem(release: str, *, configured: bool) -> None:
    assert problems_of(situation(release, configured=configured)) == ()


@pytest.mark.parametrize("name", CASES)
def test_what_is_wrong_is_named(name: str) -> None:
    change, expected = CASES[name]
    assert judged(change) == expected


def test_every_code_has_a_case() -> None:
    source = "".join(
        Path(str(one.__file__)).read_text("utf-8")
        for one in (prerequisites, database_prerequisites, storage_prerequisites)
    )
    codes = set(re.findall(r'(?:problem|warning|judged)\(\s*"([a-z0-9-]+)"', source))
    assert codes
    tested = {line.split()[0] for _, lines in CASES.values() for line in lines}
    # Those of the file storage, and the comparison of two databases, have tests of their own.
    elsewhere = {"option-missing", "format-without-device", "data-sides-differ"}
    assert tested | elsewhere == codes


@pytest.mark.parametrize(("configured", "severity"), [(False, Severity.ERROR), (True, Severity.WARNING)])
def test_heads_that_answer_no_pings_stop_a_first_run_only(configured: bool, severity: Severity) -> None:
    now = situation(configured=configured)
    silent = replace(now.facts, pings_lost=(("ivcs-main-1", ip("10.81.0.2")),))
    assert [one.severity for one in problems_of(replace(now, facts=silent))] == [severity]


def test_all_problems_come_at_once() -> None:
    found = judged(both(media(clock_offset_s=9.0), both(head(1, firewall=OPEN), head(2, uuid="other"))))
    assert found == ["clock-differs ivcs-media-0", "database-open-to-all ivcs-main-1", "devices-differ"]


def test_only_an_open_database_is_no_reason_to_stop() -> None:
    now = situation()
    (found,) = problems_of(replace(now, facts=head(1, firewall=OPEN)(now.facts)))
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(("configured", "severity"), [(False, Severity.ERROR), (True, Severity.WARNING)])
def test_a_silent_gateway_stops_only_a_first_run(severity: Severity, *, configured: bool) -> None:
    now = situation(configured=configured)
    silent = replace(now.facts, without_gateway=frozenset({"ivcs-main-1"}))
    (found,) = problems_of(replace(now, facts=silent))
    assert (found.code, found.severity) == ("ping-target-silent", severity)
    assert dict(found.message.fields)["address"] == ip("10.81.0.254")


def test_with_an_arbiter_the_gateway_settles_nothing() -> None:
    now = situation()
    silent = replace(now.facts, without_gateway=frozenset({"ivcs-main-1"}))
    wanted = replace(now.settings, arbiter=ip("10.81.0.11"))
    assert problems_of(replace(now, facts=silent, settings=wanted)) == ()


def test_a_cluster_of_ours_that_is_down_is_no_reason_to_judge_its_databases() -> None:
    seen = facts(configured=True)
    stopped = both(head(1, user_rows=None), head(2, user_rows=5))(seen)
    assert problems_of(replace(situation(), facts=stopped)) == ()


def test_the_file_storage_has_to_be_given() -> None:
    now = situation()
    (found,) = problems_of(replace(now, settings=replace(settings(), filestorage=None)))
    assert (found.code, found.option) == ("option-missing", "filestorage-device")


def test_a_media_server_with_a_floating_address_is_named() -> None:
    now = situation()
    wish = replace(settings(), public_ip=ip("10.81.0.11"))
    (found,) = problems_of(replace(now, settings=wish))
    assert (found.code, found.option) == ("address-taken", "public-ip")
    assert dict(found.message.fields)["holder"] == "ivcs-media-0"
