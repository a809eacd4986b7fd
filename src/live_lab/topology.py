"""Which hosts a lab has, how they are called and where they are plugged in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from live_lab.errors import LabError

LINKS = ("bond0", "bond1")
GATEWAY = "10.81.0.254"
PREFIX_LENGTH = 24
MOST_MEDIA = 80  # .11 to .90; the floating addresses begin at .100


class Role(Enum):
    """What a host is for; decides which packages it gets and which services it starts with."""

    HEAD = "head"
    MEDIA = "media"
    CLIENT = "client"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One network interface of a host: its name there, which is that of the network, and its address."""

    link: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """One host: `name` in the lab, `hostname` on its disk before anybody configured it."""

    name: str
    hostname: str
    role: Role
    ports: tuple[Port, ...]

    @property
    def has_lun(self) -> bool:
        """Whether the shared block device is connected to it."""
        return self.role is Role.HEAD

    def port(self, link: str) -> Port:
        """The interface on this network."""
        for port in self.ports:
            if port.link == link:
                return port
        raise LabError(
            f"{self.name} has no link {link}; it has {', '.join(port.link for port in self.ports)}"
        )


def _head(number: int) -> HostPlan:
    ports = (
        Port(link="bond0", address=f"10.81.0.{number}"),
        Port(link="bond1", address=f"10.81.1.{number}"),
    )
    return HostPlan(name=f"ivcs-main-{number}", hostname=f"mcu-{number}", role=Role.HEAD, ports=ports)


def _media(number: int) -> HostPlan:
    ports = (Port(link="bond0", address=f"10.81.0.{11 + number}"),)
    return HostPlan(name=f"ivcs-media-{number}", hostname=f"mcu-media-{number}", role=Role.MEDIA, ports=ports)


def plan_hosts(media: int) -> tuple[HostPlan, ...]:
    """Two heads, the media hosts and the client host, which is no part of the cluster."""
    if not 0 <= media <= MOST_MEDIA:
        raise LabError(f"a lab has 0 to {MOST_MEDIA} media hosts, not {media}")
    client = HostPlan(
        name="client", hostname="client", role=Role.CLIENT, ports=(Port(link="bond0", address="10.81.0.200"),)
    )
    return (_head(1), _head(2), *(_media(number) for number in range(media)), client)


def check_name(name: str) -> str:
    """The lab's name stands in names of namespaces and directories: short and plain."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,7}", name):
        raise LabError(f"a lab's name is 1 to 8 of a-z, 0-9 and '-', not {name!r}")
    return name
