"""The plan for a product that has no file storage, no firewall, no certificates and no settings to be set."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from plan_case import GIVEN, PROFILE, blueprint, facts, fleet

from live_cluster.apply.survey import facts_of
from live_cluster.model.profile import Profile, load_profile
from live_cluster.model.raw_settings import options
from live_cluster.model.settings import ClusterSettings
from live_cluster.model.settings_rules import settings_from
from live_cluster.plan.blueprint import Blueprint, server_names
from live_cluster.plan.build import PROFILE_FILE, stages
from live_cluster.plan.prerequisites import Situation, problems_of
from live_cluster.plan.resource_steps import cib_plan
from live_cluster.remote.requests import WriteFile
from live_cluster.render.cib import configuration

EXAMPLE = load_profile(Path(__file__).parents[3] / "profiles/examples/powerdns.toml").model_copy(
    update={"hostnames": PROFILE.hostnames}  # those of the recorded servers
)
OF_FILES = ("filestorage-ip", "filestorage-device")
FEW = {name: text for name, text in GIVEN.items() if name not in OF_FILES}


def wish(**more: str) -> ClusterSettings:
    given = FEW | {name.replace("_", "-"): text for name, text in more.items()}
    found, problems = settings_from(options(given), has_filestorage=False)
    assert found is not None, problems
    return found


def plan() -> Blueprint:
    return replace(blueprint(), settings=wish(), profile=EXAMPLE, profile_toml="product = 'PowerDNS'\n")


def all_actions() -> str:
    """Titles of all steps, and what the file steps would write."""
    lines = []
    for stage in stages(plan()):
        for step in stage.steps:
            lines.append(f"{step.code} {dict(step.title.fields)}")
            if step.code == "file" and step.title.field("path") == PROFILE_FILE:
                (write,) = step.actions(())
                assert isinstance(write, WriteFile)
                assert write.content == b"product = 'PowerDNS'\n"
    return "\n".join(lines)


def test_nothing_of_what_it_does_not_have_is_in_the_plan() -> None:
    steps = all_actions()
    for word in (
        "samba",
        "smb",
        "storage",
        "iptables",
        "certificate'",
        "application-",
        "ivcs-server",
        "gnugk",
    ):
        assert word not in steps, word
    assert "/etc/powerdns/pdns.d/live-cluster.conf" in steps
    assert steps.count(PROFILE_FILE) == 2


def test_the_resource_tree_holds_its_services_only() -> None:
    tree = configuration(cib_plan(plan()))
    assert {one.get("id") for one in tree.iterfind("resources//group")} == {"db-group", "dns-group"}
    assert "filestorage" not in str([dict(one.attrib) for one in tree.iter()])
    assert not tree.findall("constraints/*[@id='live-cluster-files-before-application']")


def judged(settings: ClusterSettings, profile: Profile) -> list[tuple[str, object]]:
    now = Situation(settings=settings, profile=profile, facts=facts())
    return [(one.code, one.option) for one in problems_of(now) if one.code == "profile-without-setting"]


@pytest.mark.parametrize(
    "option", [*OF_FILES, "default-sip-from-header", "license-server-instance-id", "external-mail-disable"]
)
def test_an_option_that_the_product_has_no_place_for_is_an_error(option: str) -> None:
    given = {option: GIVEN.get(option, "true")}
    assert judged(wish(**given), EXAMPLE) == [("profile-without-setting", option)]
    assert judged(wish(**given), PROFILE) == []


def test_so_is_a_certificate_that_nothing_would_use() -> None:
    named = wish()
    named = replace(named, said=replace(named.said, named=frozenset(("ssl-certificate-file",))))
    assert judged(named, EXAMPLE) == [("profile-without-setting", "ssl-certificate-file")]
    assert judged(named, PROFILE) == []


def test_what_it_does_not_have_is_not_looked_for() -> None:
    servers = fleet()
    names = server_names(wish(), PROFILE)
    # The recorded question about the heads' units has this one at its end.
    installed = PROFILE.installed.model_copy(
        update={"units": (*PROFILE.installed.units, "iptables-config.service")}
    )
    left_out = {"filestorage": None, "samba": None, "firewall": None}
    without = PROFILE.model_copy(update={"installed": installed, **left_out})
    found = asyncio.run(facts_of(servers, names, settings=wish(), profile=without))
    assert found.heads[0].storage_owner == ""
    assert found.heads[0].node.firewall == ""
    asked = [str(one) for server in servers.servers.values() for one in server.asked]  # type: ignore[attr-defined]
    assert not [one for one in asked if "filter.d" in one or "getent" in one]
