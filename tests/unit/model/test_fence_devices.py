"""Fencing devices: what may be written, and what real agents of both Debian releases say to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from live_cluster.model.fence_metadata import AgentMetadata, device_problems, parse_metadata
from live_cluster.model.raw_settings import options
from live_cluster.model.settings import FenceDevice, Fencing, Secret, TurnedOff
from live_cluster.model.settings_rules import settings_from

METADATA = Path(__file__).parents[2] / "recordings/fence_agents"
RELEASES = ("bookworm", "trixie")
GIVEN = {
    "head-node-1-ip": "192.0.2.1",
    "head-node-2-ip": "192.0.2.2",
    "public-ip": "192.0.2.100",
    "database-ip": "192.0.2.102",
    "filestorage-ip": "192.0.2.101",
    "filestorage-device": "/dev/mapper/filestorage",
}
FIRST = "fence_ipmilan ip=192.0.2.201 username=admin lanplus=1"
SECOND = "fence_ipmilan ip=192.0.2.202 username='the admin' lanplus=1"


def judged(**fencing: str) -> list[str]:
    """Codes of all problems, each with what it is about."""
    raw = options(GIVEN | {name.replace("_", "-"): text for name, text in fencing.items()})
    _, found = settings_from(raw)
    return sorted(one.code for one in found if one.code != "secret-on-command-line")


def metadata(agent: str, release: str = "bookworm") -> AgentMetadata:
    found = parse_metadata((METADATA / release / f"{agent}.xml").read_text("utf-8"))
    assert found is not None
    return found


def about(agent: str, *, password: str = "", **parameters: str) -> list[str]:
    """Codes and parameters of what the agent of Debian 12 has against this device."""
    device = FenceDevice(
        agent=agent,
        parameters=tuple(parameters.items()),
        password=Secret(password) if password else None,
    )
    found = device_problems("head-node-1-fencing", device, metadata(agent))
    return sorted(f"{one.code} {dict(one.message.fields).get('parameter', '')}".strip() for one in found)


def test_quotes_are_those_of_a_shell() -> None:
    raw = options(GIVEN | {"head-node-1-fencing": FIRST, "head-node-2-fencing": SECOND})
    settings, problems = settings_from(raw)
    assert settings is not None, problems
    assert isinstance(settings.fencing, Fencing)
    second = settings.fencing.devices[1]
    assert second.agent == "fence_ipmilan"
    assert ("username", "the admin") in second.parameters


def test_off_is_said_and_kept_apart_from_never_said() -> None:
    settings, _ = settings_from(options(GIVEN | {"no-fencing": "true"}))
    assert settings is not None
    assert isinstance(settings.fencing, TurnedOff)
    settings, _ = settings_from(options(GIVEN))
    assert settings is not None
    assert settings.fencing is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("fence_ipmilan ip='192.0.2.201", "fencing-quotes"),
        ("ipmilan ip=192.0.2.201", "fencing-no-agent"),
        ("stonith:fence_ipmilan ip=192.0.2.201", "fencing-no-agent"),
        ("ip=192.0.2.201", "fencing-no-agent"),
        ("/tmp/fence_mine", "fencing-no-agent"),
        ("fence_ipmilan 192.0.2.201", "fencing-no-pair"),
        ("fence_ipmilan ip=192.0.2.201 password=x", "fencing-password-inside"),
        ("fence_ipmilan ip=192.0.2.201 passwd=x", "fencing-password-inside"),
        ("fence_apc_snmp ip=192.0.2.201 plug=1 snmp_priv_passwd=x", "fencing-password-inside"),
        ("fence_ipmilan ip=192.0.2.201 action=off", "fencing-parameter-ours"),
        ("fence_ipmilan ip=192.0.2.201 pcmk_host_list=x", "fencing-parameter-ours"),
        ("fence_ipmilan ip=192.0.2.201 pcmk_nonsense=x", "fencing-parameter-ours"),
        ("fence_ipmilan ip=192.0.2.201 ip=192.0.2.203", "fencing-parameter-twice"),
        ("fence_ipmilan ip=", "fencing-value-empty"),
        (SECOND, "fencing-same-device"),
    ],
)
def test_what_is_written_wrongly_is_named(text: str, code: str) -> None:
    assert judged(head_node_1_fencing=text, head_node_2_fencing=SECOND) == [code]


def test_all_mistakes_of_one_device_come_at_once() -> None:
    text = "fence_ipmilan 192.0.2.201 password=x action=off"
    assert judged(head_node_1_fencing=text, head_node_2_fencing=SECOND) == [
        "fencing-no-pair",
        "fencing-parameter-ours",
        "fencing-password-inside",
    ]


def test_both_heads_or_neither() -> None:
    assert judged(head_node_1_fencing=FIRST) == ["option-needed"]
    assert judged(head_node_2_fencing=SECOND) == ["option-needed"]
    assert judged(head_node_1_fencing_password="x")[0] == "option-needed"


def test_off_and_a_device_contradict() -> None:
    found = judged(head_node_1_fencing=FIRST, head_node_2_fencing=SECOND, no_fencing="true")
    assert found == ["disable-contradicts"]


def test_pacemaker_s_own_parameters_may_be_set() -> None:
    text = f"{FIRST} pcmk_delay_base=3s pcmk_reboot_timeout=90s"
    assert judged(head_node_1_fencing=text, head_node_2_fencing=SECOND) == []
    assert about("fence_ipmilan", ip="192.0.2.201", pcmk_delay_base="3s") == []


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("agent", ["fence_ipmilan", "fence_redfish", "fence_apc_snmp"])
def test_every_agent_takes_its_password_from_a_program(agent: str, release: str) -> None:
    known = metadata(agent, release)
    assert known.password_script == "password_script"
    assert bool(known.ipmitool_parameter) == (agent == "fence_ipmilan")


def test_what_the_agent_does_not_know_is_named() -> None:
    assert about("fence_ipmilan", ip="192.0.2.201", lan_plus="1", sytemid="2") == [
        "fencing-parameter-unknown sytemid",
        "fencing-parameter-unknown-similar lan_plus",
    ]


def test_kinds_of_values_are_checked() -> None:
    assert about(
        "fence_ipmilan", ip="192.0.2.201", lanplus="maybe", ipport="six", power_wait="soon", privlvl="god"
    ) == [
        "fencing-choice privlvl",
        "fencing-not-boolean lanplus",
        "fencing-not-integer ipport",
        "fencing-not-second power_wait",
    ]
    good = {"lanplus": "ON", "ipport": "623", "power_wait": "0.5", "privlvl": "operator", "method": "cycle"}
    assert about("fence_ipmilan", ip="192.0.2.201", **good) == []


def test_what_the_agent_needs_is_named_and_the_plug_is_pacemaker_s() -> None:
    assert about("fence_redfish", ip="192.0.2.201", username="admin") == []
    assert about("fence_redfish", ipaddr="192.0.2.201", login="admin") == []
    assert about("fence_redfish") == ["fencing-parameter-missing username"]
    assert about("fence_apc_snmp", ip="192.0.2.201") == []


def test_a_password_that_nobody_can_take_is_refused() -> None:
    device = FenceDevice(agent="fence_none", parameters=(), password=Secret("x"))
    found = device_problems("head-node-2-fencing", device, AgentMetadata(parameters={}))
    assert [one.code for one in found] == ["fencing-password-useless"]


@pytest.mark.parametrize("text", ["", "no such agent", "<resource-agent/>"])
def test_what_is_no_metadata_is_no_agent(text: str) -> None:
    assert parse_metadata(text) is None
