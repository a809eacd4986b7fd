"""C4, C5: the CIB of the article's resource tree. `python test_cib.py` writes the golden file anew.

Pacemaker's own opinion of such a CIB stands in the recordings: crm_verify passes it in every recorded run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cib_case import PLAN, PROFILE
from lxml import etree

from live_cluster.commands.switchover import WANTED_SCORE
from live_cluster.probes.local_tools import HISTORY
from live_cluster.render.cib import DC_DEADTIME, configuration, first_cib

GOLDEN = Path(__file__).with_name("golden_cib.xml")
CONFIGURATION = configuration(PLAN)


def rendered() -> bytes:
    return etree.tostring(CONFIGURATION, pretty_print=True)


def test_the_whole_configuration_is_the_golden_one() -> None:
    assert rendered().decode() == GOLDEN.read_text("utf-8")


def test_resources_are_those_of_the_article() -> None:
    tree = {
        str(part.get("id")): [str(one.get("id")) for one in part.iterfind("primitive")]
        for part in CONFIGURATION.iterfind("resources/*")
    }
    assert tree == {
        "db-group": ["db-ip"],
        "filestorage-group": ["filestorage-fs", "filestorage-ip", "samba"],
        "ivcs-server-group": ["ivcs-server-ip", "ivcs-server", "opensips", "gnugk"],
        "ivcs-db-ms": ["ivcs-db"],
        "diskspace-clone": ["diskspace"],
        "monitor-clone": ["monitor"],
    }


def test_events_of_nodes_fencing_and_resources_are_written_down_and_attributes_are_not() -> None:
    (alert,) = CONFIGURATION.iterfind("alerts/alert")
    assert {part.tag for part in alert.iterfind("select/*")} == {
        "select_nodes",
        "select_fencing",
        "select_resources",
    }
    # What the alert is told must be where the tool looks.
    (recipient,) = alert.iterfind("recipient")
    assert recipient.get("value") == HISTORY[0]


def test_ids_are_unique() -> None:
    ids = [part.get("id") for part in CONFIGURATION.iter() if part.get("id")]
    assert len(ids) == len(set(ids))


def test_constraints_name_resources_that_exist() -> None:
    known = {part.get("id") for part in CONFIGURATION.iterfind("resources//*")}
    for constraint in CONFIGURATION.iterfind("constraints/*"):
        named = {constraint.get(name) for name in ("rsc", "with-rsc", "first", "then")} - {None}
        assert named
        assert named <= known


def test_every_operation_has_a_timeout_and_every_resource_is_watched() -> None:
    for resource in CONFIGURATION.iterfind("resources//primitive"):
        operations = resource.findall("operations/op")
        assert {"start", "stop", "monitor"} <= {one.get("name") for one in operations}
        assert all(one.get("timeout") for one in operations)


def test_monitors_of_one_resource_have_different_intervals() -> None:
    # Pacemaker tells recurring operations apart by their interval alone (Pacemaker Explained, "Operations").
    for resource in CONFIGURATION.iterfind("resources//primitive"):
        intervals = [one.get("interval") for one in resource.iterfind("operations/op[@name='monitor']")]
        assert len(intervals) == len(set(intervals))


def test_a_device_that_is_gone_is_noticed_under_a_mounted_file_system() -> None:
    path = f"resources//primitive[@id='{PROFILE.resources.filestorage_filesystem}']/operations/op[@name='monitor']"
    (monitor,) = CONFIGURATION.iterfind(path)
    levels = {one.get("name"): one.get("value") for one in monitor.iter("nvpair")}
    assert levels == {"OCF_CHECK_LEVEL": "20"}


def test_a_head_without_network_or_disk_gives_up_in_spite_of_all_that_holds_the_primary() -> None:
    def value(path: str, name: str) -> int:
        (pair,) = CONFIGURATION.iterfind(f"{path}//nvpair[@name='{name}']")
        return int(pair.get("value", ""))

    # The primary's score, and the stickiness that an administrator may have given everything: the groups hold the
    # primary by themselves and, as the application is tied to the file storage, through each other.
    grouped = len(list(CONFIGURATION.iterfind("resources/group/primitive")))
    holds = 1000 + 3 * 200 * grouped
    network = value(f"resources//primitive[@id='{PROFILE.resources.monitor}']", "multiplier")
    (rule,) = CONFIGURATION.iterfind("constraints/rsc_location/rule[@id='live-cluster-primary-disk-rule']")
    disk = -int(rule.get("score", ""))
    assert holds < disk < network


def test_nothing_that_follows_the_primary_holds_it() -> None:
    # A planned move that a slow service interrupts would turn round: tests/lab/test_planned_work.py.
    assert not list(CONFIGURATION.iterfind(".//nvpair[@name='resource-stickiness']"))


def test_everything_follows_the_primary() -> None:
    names = PROFILE.resources
    follows = {
        (one.get("rsc"), one.get("with-rsc"), one.get("with-rsc-role"), one.get("score"))
        for one in CONFIGURATION.iterfind("constraints/rsc_colocation")
    }
    for group in (names.database_group, names.filestorage_group, names.application_group):
        assert (group, names.database_clone, "Promoted", "INFINITY") in follows


def test_everything_a_service_needs_is_there_before_it_and_after_it() -> None:
    names = PROFILE.resources
    orders = {
        (one.get("first"), one.get("first-action"), one.get("then"), one.get("then-action")): (
            one.get("kind"),
            one.get("symmetrical"),
        )
        for one in CONFIGURATION.iterfind("constraints/rsc_order")
    }
    service, address, database = "ivcs-server", names.database_group, names.database_clone
    assert orders[address, "start", service, "start"] == ("Mandatory", "false")
    # As conditions these would keep a database from its recovery, and let the other head be promoted too early.
    # A start that takes its 2 s beside the promotion would hold up what comes after it.
    assert orders[address, "start", names.filestorage_samba, "start"] == ("Optional", "false")
    assert orders[service, "stop", address, "stop"] == ("Optional", "false")
    assert orders[database, "promote", service, "start"] == ("Optional", "true")
    assert orders[names.filestorage_filesystem, "start", service, "start"] == ("Mandatory", "true")


@pytest.mark.parametrize(
    ("fenced", "expected"),
    [
        (False, {"ivcs-server": "block", "opensips": "ignore", "gnugk": "ignore", "samba": "ignore"}),
        (True, {"ivcs-server": "fence", "opensips": "ignore", "gnugk": "ignore", "samba": "ignore"}),
    ],
)
def test_a_stop_that_fails_lets_no_second_one_start_where_two_do_harm(
    fenced: bool, expected: dict[str, str]
) -> None:
    made = configuration(replace(PLAN, watchdog_s=20 if fenced else None))
    found = {
        str(one.get("id")): one.find("operations/op[@name='stop']").get("on-fail")
        for one in made.iterfind("resources//primitive[@class='systemd']")
    }
    assert found == expected


def test_a_service_has_no_say_in_where_the_primary_is_but_by_one_rule() -> None:
    services = {
        str(one.get("id")) for one in CONFIGURATION.iterfind("resources//primitive[@class='systemd']")
    }
    critical = {
        str(one.get("id"))
        for one in CONFIGURATION.iterfind("resources//primitive")
        if one.find("meta_attributes/nvpair[@name='critical'][@value='false']") is not None
    }
    assert critical == services
    (rule,) = CONFIGURATION.iterfind("constraints/rsc_location/rule[@id='live-cluster-primary-service-rule']")
    assert {one.get("attribute") for one in rule.iterfind("expression")} == {
        f"{name}-fails" for name in services
    }
    (disk,) = CONFIGURATION.iterfind("constraints/rsc_location/rule[@id='live-cluster-primary-disk-rule']")
    assert int(disk.get("score", "")) < int(rule.get("score", "")) < -5800


def test_the_primary_stays_with_what_could_not_be_stopped() -> None:
    (rule,) = CONFIGURATION.iterfind("constraints/rsc_location/rule[@id='live-cluster-primary-hanging-rule']")
    assert [one.get("attribute") for one in rule.iterfind("expression")] == ["fail-count-ivcs-server#stop_0"]
    assert int(rule.get("score", "")) > WANTED_SCORE
    nothing = configuration(
        replace(PLAN, services=tuple(replace(one, must_run_once=False) for one in PLAN.services))
    )
    assert nothing.find("constraints/rsc_location[@id='live-cluster-primary-hanging']") is None


def test_the_first_cib_only_makes_the_first_start_quick() -> None:
    first = etree.fromstring(first_cib())
    pairs = {one.get("name"): one.get("value") for one in first.iter("nvpair")}
    assert pairs == {"dc-deadtime": DC_DEADTIME, "stonith-enabled": "false"}
    assert not first.findall("configuration/resources/*")
    # The same ids as in the whole one, so that the first difference only adds.
    ids = {one.get("id") for one in first.iter() if one.get("id")}
    assert ids <= {one.get("id") for one in CONFIGURATION.iter()}


if __name__ == "__main__":
    GOLDEN.write_bytes(rendered())
