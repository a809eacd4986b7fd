"""Which hosts a lab has, how they are called and where they are plugged in."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum

from live_lab.errors import LabError

LINKS = ("bond0", "bond1")
GATEWAY = "10.81.0.254"
NAS_ADDRESS = "10.81.0.210"
PREFIX_LENGTH = 24
MOST_MEDIA = 80  # .11 to .90; the floating addresses begin at .100


class Scheme(Enum):
    """How the networks of heads with a kernel of their own are made redundant."""

    FULL = "full"
    PARTIAL = "partial"
    NONE = "none"


def default_scheme() -> Scheme | None:
    """Of labs where nobody says: LIVE_LAB_SCHEME, so that the same tests run on virtual machines, too."""
    text = os.environ.get("LIVE_LAB_SCHEME", "")
    known = [scheme.value for scheme in Scheme]
    if text and text not in known:
        raise LabError(f"LIVE_LAB_SCHEME is one of {', '.join(known)}, or empty for containers; not {text!r}")
    return Scheme(text) if text else None


class Role(Enum):
    """What a host is for; decides which packages it gets and which services it starts with."""

    HEAD = "head"
    MEDIA = "media"
    CLIENT = "client"
    NAS = "nas"


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """One network interface of a host: its name there, which is that of the network, and its address."""

    link: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cable:
    """What connects an interface of a host, by its name there, with a switch; `link` is the network behind it."""

    interface: str
    link: str
    switch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlan:
    """One host: `name` in the lab, `hostname` on its disk before anybody configured it.

    `nics` are the network interface controllers of a virtual machine; a host without any is a container.
    """

    name: str
    hostname: str
    role: Role
    ports: tuple[Port, ...]
    nics: tuple[Cable, ...] = ()

    @property
    def is_machine(self) -> bool:
        """Whether it has a kernel of its own."""
        return bool(self.nics)

    @property
    def cables(self) -> tuple[Cable, ...]:
        """A container has one for each network, whose end in it is called as the network."""
        plain = (Cable(interface=port.link, link=port.link, switch=port.link) for port in self.ports)
        return self.nics or tuple(plain)

    def cables_of(self, name: str) -> tuple[Cable, ...]:
        """All cables of a network (`bond0`), or the one of an interface (`eth0`)."""
        found = tuple(cable for cable in self.cables if name in (cable.link, cable.interface))
        if not found:
            known = dict.fromkeys(name for cable in self.cables for name in (cable.link, cable.interface))
            raise LabError(f"{self.name} has no link {name}; it has {', '.join(known)}")
        return found

    @property
    def has_lun(self) -> bool:
        """Whether the shared block device is connected to it."""
        return self.role is Role.HEAD


def switch_name(number: int, link: str) -> str:
    """The part of switch 1 or 2 that carries this network; behind both lies the rest of the network."""
    return f"{link}-sw{number}"


def _nic(interface: str, link: str, switch: int) -> Cable:
    return Cable(interface=interface, link=link, switch=switch_name(switch, link))


# Partial: the customer has one switch; the private network between the heads is as redundant as ever.
_PRIVATE_NICS = (_nic("eth1", "bond1", 1), _nic("eth3", "bond1", 2))
_NICS = {
    Scheme.FULL: (_nic("eth0", "bond0", 1), _nic("eth2", "bond0", 2), *_PRIVATE_NICS),
    Scheme.PARTIAL: (_nic("eth0", "bond0", 1), _nic("eth2", "bond0", 1), *_PRIVATE_NICS),
    Scheme.NONE: (_nic("eth0", "bond0", 1),),
}


def _head(number: int, scheme: Scheme | None) -> HostPlan:
    ports: tuple[Port, ...] = (Port(link="bond0", address=f"10.81.0.{number}"),)
    if scheme is not Scheme.NONE:
        ports = (*ports, Port(link="bond1", address=f"10.81.1.{number}"))
    return HostPlan(
        name=f"ivcs-main-{number}",
        hostname=f"mcu-{number}",
        role=Role.HEAD,
        ports=ports,
        nics=_NICS[scheme] if scheme else (),
    )


def _media(number: int) -> HostPlan:
    ports = (Port(link="bond0", address=f"10.81.0.{11 + number}"),)
    return HostPlan(name=f"ivcs-media-{number}", hostname=f"mcu-media-{number}", role=Role.MEDIA, ports=ports)


def plan_hosts(media: int, scheme: Scheme | None = None, *, has_nas: bool = False) -> tuple[HostPlan, ...]:
    """Two heads, the media hosts and the client host, which is no part of the cluster; a NAS where one is wanted.

    With a network scheme the heads are virtual machines.
    """
    if not 0 <= media <= MOST_MEDIA:
        raise LabError(f"a lab has 0 to {MOST_MEDIA} media hosts, not {media}")
    client = HostPlan(
        name="client", hostname="client", role=Role.CLIENT, ports=(Port(link="bond0", address="10.81.0.200"),)
    )
    nas = HostPlan(
        name="nas", hostname="nas", role=Role.NAS, ports=(Port(link="bond0", address=NAS_ADDRESS),)
    )
    medias = (_media(number) for number in range(media))
    return (_head(1, scheme), _head(2, scheme), *medias, client, *((nas,) if has_nas else ()))


def check_name(name: str) -> str:
    """The lab's name stands in names of namespaces and directories: short and plain."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,7}", name):
        raise LabError(f"a lab's name is 1 to 8 of a-z, 0-9 and '-', not {name!r}")
    return name
