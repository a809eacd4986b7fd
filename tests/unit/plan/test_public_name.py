"""C10: a new public name that the installed certificate is not made out to is worth a warning."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from plan_case import PROFILE, fleet, settings

from certificate_case import made
from live_cluster.apply.survey import facts_of
from live_cluster.model.certificate_record import RECORD
from live_cluster.model.facts import ClusterFacts
from live_cluster.model.settings import CertificateFiles, ClusterSettings
from live_cluster.plan.blueprint import server_names
from live_cluster.plan.prerequisites import Situation, problems_of
from live_cluster.remote.requests import FileState

FIRST, SECOND = "ivcs-main-1", "ivcs-main-2"
NAME, OLD = "new.example.com", "video.example.com"
PLACE = PROFILE.certificates[0].certificate


def with_former_name(name: str, former: str) -> ClusterSettings:
    found = settings(public_fqdn=name)
    return replace(found, said=replace(found.said, former_public_name=former))


def looked(wish: ClusterSettings, *names: str) -> ClusterFacts:
    """What is seen where each of the heads has a certificate for such a name; empty: none of ours."""
    servers = fleet(configured=True)
    for server, name in zip((FIRST, SECOND), names, strict=True):
        answers = servers.servers[server].instead  # type: ignore[attr-defined]
        record = f"1795348800\nabc\n{PLACE}\n".encode() if name else b""
        answers[f"read {RECORD}"] = FileState(exists=bool(name), content=record)
        answers[f"read {PLACE}"] = FileState(exists=True, content=made(name or OLD).certificate)
    # Where one head has got one, the other is about to get the same files.
    for target in PROFILE.certificates:
        for path in {target.certificate, target.private_key} - {PLACE}:
            for server in (FIRST, SECOND):
                servers.servers[server].instead[f"read {path}"] = FileState(exists=False)  # type: ignore[attr-defined]
    return asyncio.run(facts_of(servers, server_names(wish, PROFILE), settings=wish, profile=PROFILE))


def warned(wish: ClusterSettings, *names: str) -> list[str]:
    found = problems_of(Situation(settings=wish, profile=PROFILE, facts=looked(wish, *names)))
    return [one.node for one in found if one.code == "installed-certificate-for-others"]


@pytest.mark.parametrize(
    ("former", "names", "nodes"),
    [
        (OLD, (OLD, OLD), [FIRST, SECOND]),
        (OLD, (NAME, OLD), [SECOND]),
        (OLD, (NAME, NAME), []),
        (OLD, ("", ""), []),
        (OLD, ("", OLD), [SECOND]),
        # Nothing changes: nobody is told again and again.
        (NAME, (OLD, OLD), []),
    ],
)
def test_whoever_changes_the_public_name_is_told(
    former: str, names: tuple[str, str], nodes: list[str]
) -> None:
    assert warned(with_former_name(NAME, former), *names) == nodes


def test_with_another_certificate_in_the_same_run_it_is_that_one_which_is_judged() -> None:
    given = CertificateFiles(certificate=Path("/c"), private_key=Path("/k"), is_named=True)
    wish = replace(with_former_name(NAME, OLD), certificate=given)
    assert looked(wish, OLD, OLD).installed_chains == ()
