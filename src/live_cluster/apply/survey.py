"""Looking at all servers at once: facts first, then what the steps' checks ask for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from live_cluster.apply.data_survey import with_data_sides
from live_cluster.apply.fleet import Fleet
from live_cluster.apply.storage_survey import looked_closer
from live_cluster.errors import Problem
from live_cluster.model.certificate_record import parse_record
from live_cluster.model.facts import (
    ArbiterFacts,
    ClusterFacts,
    FileFacts,
    HeadFacts,
    NodeFacts,
    Role,
    ServerName,
)
from live_cluster.model.profile import Profile
from live_cluster.model.settings import ClusterSettings, Fencing, Storage, TurnedOff, WatchdogFencing
from live_cluster.plan.shares import share_trial
from live_cluster.plan.step import Observed, Plan, Stage, Step, requests_of, seen
from live_cluster.probes import arbiter, head, node, watchdog
from live_cluster.probes.share_trial import trial_facts, trial_question
from live_cluster.remote.requests import Command, CommandResult, ReadFile, Reply, Request
from live_cluster.render.cib_fencing import DISK_AGENT
from live_cluster.render.corosync_conf import CLUSTER_NAME


async def facts_of(
    fleet: Fleet, names: Sequence[ServerName], *, settings: ClusterSettings, profile: Profile
) -> ClusterFacts:
    """Everything that a plan is made of."""
    storage = settings.filestorage
    fencing = settings.fencing
    agents = _agents(fencing)
    # Opening the first command costs a fork more than the others; a clock asked alone is a better clock.
    third = settings.arbiter
    answers = await asyncio.gather(
        *(
            _ask(
                fleet,
                one,
                _requests(one, profile, storage, agents)
                + _about_arbiter(one, third)
                + _of_heads(one, settings, profile),
            )
            for one in names
        )
    )
    by_name = dict(zip((one.name for one in names), answers, strict=True))
    facts = {one.name: node.node_facts(one, by_name[one.name], _signs(one, profile)) for one in names}
    heads = [one for one in names if one.role is Role.HEAD]
    first, second = (_head(facts[one.name], by_name[one.name], settings, profile) for one in heads)
    first, second = await with_data_sides(fleet, (first, second), profile)
    (
        closer,
        answering,
        (without_gateway, pings_lost),
        license_refusal,
        certificate_files,
        chains,
    ) = await asyncio.gather(
        looked_closer(fleet, (first, second), settings, profile),
        _answering(fleet, tuple(facts.values()), settings),
        _pings(fleet, tuple(facts[one.name] for one in heads), settings),
        _license_refusal(fleet, settings, profile),
        _certificate_files(fleet, (first, second), profile),
        _installed_chains(fleet, (first, second), settings),
    )
    return ClusterFacts(
        heads=closer.heads,
        media=tuple(facts[one.name] for one in names if one.role is Role.MEDIA),
        answering=answering,
        without_gateway=without_gateway,
        pings_lost=pings_lost,
        license_refusal=license_refusal,
        certificate_files=certificate_files,
        installed_chains=chains,
        move=closer.move,
        former_mirror=closer.former_mirror,
        arbiter=next(
            (_arbiter(facts, by_name, settings, one) for one in names if one.address == third), None
        ),
    )


def _agents(fencing: Fencing | WatchdogFencing | TurnedOff | None) -> list[str]:
    """The fence agents that are asked about themselves."""
    match fencing:
        case Fencing(devices=devices):
            return sorted({one.agent for one in devices})
        case WatchdogFencing(disk=disk) if disk:
            return [DISK_AGENT]
        case _:
            return []


async def observe(fleet: Fleet, stages: tuple[Stage, ...]) -> Observed:
    """One reply for every request of every step's check."""
    wanted = requests_of(stages)
    replies = await asyncio.gather(*(_ask(fleet, name, requests) for name, requests in wanted.items()))
    return {
        (name, request): reply
        for name, answers in zip(wanted, replies, strict=True)
        for request, reply in answers.items()
    }


async def look_again(fleet: Fleet, plan: Plan, observed: Observed) -> tuple[Plan, tuple[Problem, ...]]:
    """The plan after its steps' second look, and what that found wrong; costs nothing where no step has one."""

    async def look(step: Step) -> tuple[Step, tuple[Problem, ...]]:
        if step.second_look is None:
            return step, ()
        before = seen(step, observed)
        requests = step.second_look.requests(before)
        if not requests:
            return step, ()
        return step.second_look.judged(step, before, await fleet.servers[step.node].ask_all(requests))

    found = await asyncio.gather(*(look(step) for step in plan.steps))
    steps = iter(step for step, _ in found)
    stages = tuple(replace(stage, steps=tuple(next(steps) for _ in stage.steps)) for stage in plan.stages)
    return Plan(stages=stages), tuple(one for _, problems in found for one in problems)


def _about_arbiter(server: ServerName, third: IPv4Address | None) -> tuple[Request, ...]:
    if third is None:
        return ()
    here = arbiter.ON_ARBITER if server.address == third else ()
    return here + (arbiter.ON_HEADS if server.role is Role.HEAD else ())


def _arbiter(
    facts: Mapping[str, NodeFacts],
    answers: Mapping[str, Mapping[Request, Reply]],
    settings: ClusterSettings,
    server: ServerName,
) -> ArbiterFacts:
    heads = [name for name, one in facts.items() if one.server.role is Role.HEAD]
    own = {address.interface.ip for name in heads for address in facts[name].addresses}
    own.update(address for head in settings.heads for address in (head.address, head.secondary) if address)
    return arbiter.arbiter_facts(
        facts[server.name],
        answers[server.name],
        {name: answers[name] for name in heads},
        known=frozenset(own),
        cluster=CLUSTER_NAME,
    )


async def _ask(
    fleet: Fleet, server: ServerName | str, requests: Sequence[Request]
) -> Mapping[Request, Reply]:
    name = server if isinstance(server, str) else server.name
    replies = await fleet.servers[name].ask_all(requests)
    return dict(zip(requests, replies, strict=True))


def _requests(
    server: ServerName, profile: Profile, storage: Storage | None, agents: Sequence[str]
) -> tuple[Request, ...]:
    is_head = server.role is Role.HEAD
    wanted = node.node_requests(_signs(server, profile), is_head=is_head)
    if is_head:
        wanted += head.head_requests(profile, storage, agents)
    return wanted


def _of_heads(server: ServerName, settings: ClusterSettings, profile: Profile) -> tuple[Request, ...]:
    if server.role is not Role.HEAD:
        return ()
    return watchdog.watchdog_requests(settings.fencing) + _share_trial(server, settings, profile)


def _head(
    seen: NodeFacts, replies: Mapping[Request, Reply], settings: ClusterSettings, profile: Profile
) -> HeadFacts:
    found = head.head_facts(seen, replies, profile=profile, storage=settings.filestorage)
    for question in _share_trial(seen.server, settings, profile):
        found = replace(found, storage=trial_facts(replies[question]))
    return replace(found, watchdog=watchdog.watchdog_facts(settings.fencing, replies))


def _share_trial(server: ServerName, settings: ClusterSettings, profile: Profile) -> tuple[Request, ...]:
    """A NAS has to let both heads in, whichever has the files now."""
    trial = share_trial(settings, profile, server.name) if server.role is Role.HEAD else None
    return () if trial is None else (trial_question(trial),)


def _signs(server: ServerName, profile: Profile) -> node.Signs:
    """Every server has the product's firewall (C7); the rest of the product is looked for on heads."""
    firewall = profile.firewall
    units = (f"{firewall.service}.service",) if firewall else ()
    fragment = firewall.fragment if firewall else ""
    if server.role is not Role.HEAD:
        return node.Signs(units=units, fragment=fragment)
    installed = profile.installed
    return node.Signs(units=(*installed.units, *units), paths=installed.paths, fragment=fragment)


async def _answering(
    fleet: Fleet, nodes: tuple[NodeFacts, ...], settings: ClusterSettings
) -> frozenset[IPv4Address]:
    """Floating addresses that no server of ours holds and that somebody answers for (RFC 5227, ARP probe)."""
    here = next(one for one in nodes if one.server.name == fleet.local)
    questions: dict[IPv4Address, Command] = {}
    for address in settings.floating_addresses:
        place = here.nic_for(address)
        if place and not any(one.has(address) for one in nodes):
            argv = ("arping", "-D", "-q", "-c", "2", "-w", "2", "-I", place.nic, str(address))
            questions[address] = Command(argv=argv, timeout_s=30)
    replies = await _ask(fleet, fleet.local, tuple(questions.values()))
    # arping(8): 1 means that a reply came, 0 that the address is free; 2 and more are errors of its own.
    return frozenset(address for address, question in questions.items() if _is_answered(replies[question]))


def _is_answered(reply: Reply) -> bool:
    return isinstance(reply, CommandResult) and reply.returncode == 1


async def _certificate_files(
    fleet: Fleet, heads: tuple[HeadFacts, HeadFacts], profile: Profile
) -> tuple[FileFacts, ...]:
    """Private keys are read only where a head needs them: it was installed anew, and the other one has them."""
    holders = [one.node.server for one in heads if one.certificate_record]
    if len(holders) != 1:
        return ()
    requests = head.certificate_requests(profile)
    return tuple(head.files_in(await _ask(fleet, holders[0], requests), [one.path for one in requests]))


async def _installed_chains(
    fleet: Fleet, heads: tuple[HeadFacts, HeadFacts], settings: ClusterSettings
) -> tuple[tuple[str, FileFacts], ...]:
    """Read only where the public name changes and no other certificate comes with it."""
    is_replaced = settings.certificate is not None and settings.certificate.is_named
    if is_replaced or settings.public_fqdn == settings.said.former_public_name:
        return ()
    found = []
    for one in heads:
        record = parse_record(one.certificate_record)
        if record is not None:
            name = one.node.server.name
            requests = tuple(ReadFile(path=path) for path in record.paths)
            found += [(name, file) for file in head.files_in(await _ask(fleet, name, requests), record.paths)]
    return tuple(found)


async def _license_refusal(fleet: Fleet, settings: ClusterSettings, profile: Profile) -> str:
    """What the application says against a license that is to be installed (C9); empty where it is good."""
    wanted, check = settings.license, profile.application.license_check
    if wanted is None or wanted.content is None or check is None:
        return ""
    question = head.license_question(check, wanted.content, wanted.server_instance_id)
    reply = (await _ask(fleet, fleet.local, (question,)))[question]
    if not isinstance(reply, CommandResult) or reply.ok:
        return ""
    lines = (reply.error_text or reply.text).strip().splitlines()
    return lines[-1] if lines else str(reply.returncode)


async def _without_gateway(fleet: Fleet, heads: tuple[NodeFacts, ...]) -> frozenset[str]:
    """Heads that have a default gateway which answers no ping: by it the heads tell which of them is cut off."""
    questions = {one.server.name: node.ping(one.gateway) for one in heads if one.gateway}
    answers = await asyncio.gather(*(_ask(fleet, name, (question,)) for name, question in questions.items()))
    return frozenset(
        name
        for (name, question), replies in zip(questions.items(), answers, strict=True)
        if _is_silent(replies[question])
    )


async def _pings(
    fleet: Fleet, heads: tuple[NodeFacts, ...], settings: ClusterSettings
) -> tuple[frozenset[str], tuple[tuple[str, IPv4Address], ...]]:
    """What the heads know the state of the network by: silent gateways, and silent addresses of the other head."""
    names = tuple(one.server.name for one in heads)
    return await asyncio.gather(_without_gateway(fleet, heads), _pings_lost(fleet, names, settings))


async def _pings_lost(
    fleet: Fleet, heads: tuple[str, ...], settings: ClusterSettings
) -> tuple[tuple[str, IPv4Address], ...]:
    """Each head asks for every address of the other one: by that it will tell whether that one is gone."""
    wanted = [
        (name, address)
        for name, other in zip(heads, reversed(settings.heads), strict=True)
        for address in (other.address, other.secondary)
        if address is not None
    ]
    answers = await asyncio.gather(*(_ask(fleet, name, (node.ping(address),)) for name, address in wanted))
    return tuple(
        one for one, replies in zip(wanted, answers, strict=True) if _is_silent(replies[node.ping(one[1])])
    )


def _is_silent(reply: Reply) -> bool:
    # ping(8): 1 means that no reply came; 2 is an error of its own.
    return isinstance(reply, CommandResult) and reply.returncode == 1
