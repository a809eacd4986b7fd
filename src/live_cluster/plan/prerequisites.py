"""What must hold before anything is touched (C15): facts and wishes in, every problem at once out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from lxml import etree

from live_cluster.errors import Problem, problem, warning
from live_cluster.model.facts import ClusterFacts, HeadFacts, NodeFacts, Role
from live_cluster.model.profile import Profile
from live_cluster.model.settings import ClusterSettings
from live_cluster.plan.application_prerequisites import application_problems
from live_cluster.plan.database_prerequisites import FREE_LIMIT_BYTES, database_problems
from live_cluster.plan.fencing_prerequisites import fencing_problems
from live_cluster.plan.network_prerequisites import network_warnings
from live_cluster.plan.service_prerequisites import service_problems
from live_cluster.plan.storage_prerequisites import storage_problems
from live_cluster.plan.watchdog_prerequisites import watchdog_prerequisites
from live_cluster.probes.arbiter import DAEMON_PACKAGE
from live_cluster.probes.node import FILE_SERVER, PACKAGES
from live_cluster.render.corosync_conf import is_ours
from live_cluster.render.firewall import SMB_PORT, opens_to_all

# Debian releases the product is tested on.
SYSTEMS = {("debian", "12"), ("debian", "13")}
CLOCK_LIMIT_S = 1.0
# corosync.conf(5): the first knet link; who may hold the ports that the cluster needs.
PORT_OWNERS = {("udp", 5405): ("corosync",), ("tcp", SMB_PORT): ("smbd",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that is judged."""

    settings: ClusterSettings
    profile: Profile
    facts: ClusterFacts


def problems_of(now: Situation) -> tuple[Problem, ...]:
    """Every reason not to begin, and what is worth a warning."""
    found: list[Problem] = []
    for node in now.facts.nodes:
        found += _every_server(node, now)
    for head in now.facts.heads:
        found += _every_head(head, now)
    found += storage_problems(now.settings, now.profile, now.facts)
    found += _both_heads(now)
    found += _networks(now)
    found += network_warnings(now.settings, now.facts)
    found += _ping_targets(now)
    found += _heads_pings(now)
    if now.facts.are_apart:
        first, second = (head.node.server.name for head in now.facts.heads)
        found.append(warning("heads-apart-waits", first=first, second=second))
    found += fencing_problems(now.settings, now.facts)
    found += watchdog_prerequisites(now.settings, now.facts)
    found += _arbiter(now)
    found += application_problems(now.settings, now.profile, now.facts)
    return tuple(found)


def _every_server(node: NodeFacts, now: Situation) -> Iterator[Problem]:
    name = node.server.name
    if (node.system, node.system_version) not in SYSTEMS:
        yield problem("system-unsupported", node=name, system=f"{node.system} {node.system_version}")
    if abs(node.clock_offset_s) > CLOCK_LIMIT_S:
        yield problem("clock-differs", node=name, seconds=f"{node.clock_offset_s:+.1f}")
    for path, free in node.free_bytes:
        if free < FREE_LIMIT_BYTES:
            yield problem(
                "disk-full", node=name, path=path, free_mib=free // 2**20, need_mib=FREE_LIMIT_BYTES // 2**20
            )
    # The third vote needs nothing of the product.
    if node.server.role is not Role.ARBITER and (node.missing_units or node.missing_paths):
        missing = ", ".join((*node.missing_units, *node.missing_paths))
        yield problem("product-missing", node=name, product=now.profile.product, missing=missing)
    if opens_to_all(node.firewall, now.profile.database.port):
        yield warning("database-open-to-all", node=name, port=now.profile.database.port)


def _every_head(head: HeadFacts, now: Situation) -> Iterator[Problem]:
    name = head.node.server.name
    has_files = now.profile.filestorage is not None
    for package in PACKAGES:
        if package == FILE_SERVER and not has_files:
            continue
        if not head.node.version_of(package):
            yield problem("package-missing", node=name, package=package)
    if len(head.database.versions) != 1:
        yield problem("database-versions", node=name, versions=", ".join(head.database.versions) or "-")
    for listener in head.node.listeners:
        owners = PORT_OWNERS.get((listener.protocol, listener.port))
        if listener.port == SMB_PORT and not has_files:
            continue
        if owners and listener.process not in owners:
            yield problem("port-taken", node=name, port=listener.port, process=listener.process or "?")
    yield from service_problems(head, now.profile)
    yield from _foreign_cluster(head)


def _foreign_cluster(head: HeadFacts) -> Iterator[Problem]:
    """A cluster that somebody else made is never taken over or replaced."""
    if not head.cib or is_ours(head.corosync_conf):
        return
    # Debian's package starts a cluster of one host without resources, and a cluster made by hand may have its name.
    resources = etree.fromstring(head.cib).findall("configuration/resources/*")
    if resources:
        name = _cluster_name(head.corosync_conf)
        yield problem("foreign-cluster", node=head.node.server.name, cluster=name, count=len(resources))


def _both_heads(now: Situation) -> Iterator[Problem]:
    first, second = now.facts.heads
    for package in ("pacemaker", "corosync"):
        versions = first.node.version_of(package), second.node.version_of(package)
        if all(versions) and versions[0] != versions[1]:
            yield problem("versions-differ", what=package, first=versions[0], second=versions[1])
    if first.database.versions != second.database.versions:
        yield problem(
            "versions-differ",
            what="postgresql",
            first=", ".join(first.database.versions),
            second=", ".join(second.database.versions),
        )
    yield from database_problems(now.profile, now.facts)


def _arbiter(now: Situation) -> Iterator[Problem]:
    arbiter = now.facts.arbiter
    if arbiter is None:
        return
    name = arbiter.node.server.name
    for node, package in arbiter.missing:
        yield problem("arbiter-package-missing", node=node, package=package)
    if not arbiter.certificate and (name, DAEMON_PACKAGE) not in arbiter.missing:
        yield problem("arbiter-without-certificate", node=name)
    if arbiter.strangers:
        heads = ", ".join(str(one) for one in arbiter.strangers)
        yield problem("arbiter-taken", option="arbiter-ip", node=name, heads=heads)


def _networks(now: Situation) -> Iterator[Problem]:
    settings = now.settings
    for head, wanted in zip(now.facts.heads, settings.heads, strict=True):
        for suffix, address in (("ip", wanted.address), ("secondary-ip", wanted.secondary)):
            if address and not head.node.has(address):
                option = f"head-node-{wanted.number}-{suffix}"
                yield problem("address-not-here", option=option, node=head.node.server.name, address=address)
    floating = {
        "public-ip": settings.public_ip,
        "database-ip": settings.database_ip,
        "filestorage-ip": settings.filestorage_ip,
    }
    for option, address in floating.items():
        if address is not None:
            yield from _floating(now, option, address)


def _ping_targets(now: Situation) -> Iterator[Problem]:
    """With neither a third vote nor fencing, the gateway tells a head whether it is the one that is cut off."""
    if not now.settings.may_split:
        return
    is_formed = now.facts.has_resource(now.profile.resources.database_clone)
    # A running pair must stay configurable while its gateway is down.
    judged = warning if is_formed else problem
    for head in now.facts.heads:
        name = head.node.server.name
        if name in now.facts.without_gateway:
            yield judged("ping-target-silent", node=name, address=head.node.gateway)


def _heads_pings(now: Situation) -> Iterator[Problem]:
    """The heads answer each other's pings: by that a head tells a dead peer from one that is only out of sight."""
    is_formed = now.facts.has_resource(now.profile.resources.database_clone)
    # With an arbiter or fencing nothing is decided by it.
    judged = problem if now.settings.may_split and not is_formed else warning
    for name, address in now.facts.pings_lost:
        # An address that no head has is named with its option.
        if any(head.node.has(address) for head in now.facts.heads):
            yield judged("head-ping-silent", node=name, address=address)


def _floating(now: Situation, option: str, address: IPv4Address) -> Iterator[Problem]:
    places = [head.node.nic_for(address) for head in now.facts.heads]
    for head, place in zip(now.facts.heads, places, strict=True):
        if place is None:
            networks = ", ".join(str(one.interface.network) for one in head.node.addresses)
            yield problem(
                "address-not-connected",
                option=option,
                node=head.node.server.name,
                address=address,
                networks=networks,
            )
    if all(places) and len({(one.nic, one.interface.network) for one in places if one}) > 1:
        found = " / ".join(f"{one.nic} {one.interface.network}" for one in places if one)
        yield problem("interfaces-differ", option=option, address=address, found=found)
    holders = [
        node.server.name for node in now.facts.nodes if node.server.role is Role.MEDIA and node.has(address)
    ]
    if address in now.facts.answering or holders:
        yield problem("address-taken", option=option, address=address, holder=", ".join(holders) or "?")


def _cluster_name(corosync_conf: str) -> str:
    for line in corosync_conf.splitlines():
        name, _, value = line.strip().partition(":")
        if name == "cluster_name":
            return value.strip()
    return ""
