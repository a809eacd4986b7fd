"""Facts, blueprints and situations made of recorded answers, for the tests of the plan."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from live_cluster.apply.fleet import Fleet
from live_cluster.apply.survey import facts_of, observe
from live_cluster.model.facts import ClusterFacts, HeadFacts
from live_cluster.model.profile import load_profile
from live_cluster.model.raw_settings import options
from live_cluster.model.service_secrets import ServiceSecrets
from live_cluster.model.settings import ClusterSettings, Secret
from live_cluster.model.settings_rules import settings_from
from live_cluster.plan.blueprint import Blueprint, server_names
from live_cluster.plan.prerequisites import Situation
from live_cluster.plan.step import Observed, Stage
from recordings.configure.recorded import SERVERS, RecordedServer

PROFILE = load_profile(Path(__file__).parents[3] / "profiles/ivcs.toml")
SECRETS = ServiceSecrets(
    authkey=bytes(range(256)), replication=Secret("recorded-replication"), smb=Secret("recorded-smb")
)
GIVEN = {
    "head-node-1-ip": "10.81.0.1",
    "head-node-1-secondary-ip": "10.81.1.1",
    "head-node-2-ip": "10.81.0.2",
    "head-node-2-secondary-ip": "10.81.1.2",
    "public-ip": "10.81.0.100",
    "filestorage-ip": "10.81.0.101",
    "database-ip": "10.81.0.102",
    "filestorage-device": "/dev/lun",
    "media-node-1-ip": "10.81.0.11",
}


def settings(**changed: str) -> ClusterSettings:
    """The recorded installation's settings."""
    given = GIVEN | {name.replace("_", "-"): text for name, text in changed.items()}
    found, problems = settings_from(options(given))
    assert found is not None, problems
    return found


def fleet(release: str = "bookworm", *, configured: bool = False) -> Fleet:
    """The recorded servers, before the first run or after it."""
    servers = {name: RecordedServer(name, release, configured=configured) for name in SERVERS}
    return Fleet(dict(servers), SERVERS[0])


def facts(release: str = "bookworm", *, configured: bool = False) -> ClusterFacts:
    """What was seen on them."""
    names = server_names(settings(), PROFILE)
    survey = facts_of(fleet(release, configured=configured), names, settings=settings(), profile=PROFILE)
    return asyncio.run(survey)


def observed(stages: tuple[Stage, ...], *, configured: bool = False) -> Observed:
    """What the checks of these steps saw on them."""
    return asyncio.run(observe(fleet(configured=configured), stages))


def blueprint(seen: ClusterFacts | None = None, wish: ClusterSettings | None = None) -> Blueprint:
    """The plan's input for a first run, or for these facts."""
    return Blueprint(
        settings=wish or settings(),
        profile=PROFILE,
        facts=seen or facts(),
        secrets=SECRETS,
        set_aside="/var/lib/live-cluster/set-aside/then",
        cluster_toml="[cluster]\n",
        secrets_toml="# none\n",
    )


def situation(release: str = "bookworm", *, configured: bool = False) -> Situation:
    """What the prerequisites judge."""
    return Situation(settings=settings(), profile=PROFILE, facts=facts(release, configured=configured))


def with_head(seen: ClusterFacts, number: int, **changed: Any) -> ClusterFacts:
    """The same facts, one head's changed: names of HeadFacts, NodeFacts, DatabaseFacts or BlockDeviceFacts."""
    heads = list(seen.heads)
    heads[number - 1] = _changed(heads[number - 1], changed)
    return replace(seen, heads=(heads[0], heads[1]))


def _changed(head: HeadFacts, changed: dict[str, Any]) -> HeadFacts:
    for part in ("node", "database", "storage"):
        value = getattr(head, part)
        if value is None:
            continue
        names = {one.name for one in dataclasses.fields(value)} & changed.keys()
        head = replace(head, **{part: replace(value, **{name: changed[name] for name in names})})
    own = {one.name for one in dataclasses.fields(head)} & changed.keys()
    return replace(head, **{name: changed[name] for name in own})


def ip(text: str) -> IPv4Address:
    """Shorthand."""
    return IPv4Address(text)
