"""A whole lab: makes it, finds a running one, cuts its cables, takes it away."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from live_lab.controller import Controller
from live_lab.disk import create_disk, create_lun
from live_lab.errors import LabError, LabInUse
from live_lab.image import ImageWish, layers_for, prune_layers
from live_lab.logs import collect
from live_lab.mounts import limit_loop, remove_tree
from live_lab.network import Network
from live_lab.nspawn_host import Host
from live_lab.places import STATE_ROOT, Places
from live_lab.reaper import reap
from live_lab.recipe import default_release
from live_lab.state import LabState, load_lab, lock, myself, save_lab
from live_lab.topology import LINKS, HostPlan, Role, check_name, plan_hosts

_TOOLS = ("systemd-nspawn", "mmdebstrap", "ip", "nsenter", "losetup", "mkfs.ext4", "ssh-keygen", "setpriv")
# Each systemd needs about six; the kernel's default of 128 is used up by a dozen hosts.
_INOTIFY_INSTANCES = 8192
_BOOTING_AT_ONCE = 6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LabWish:
    """What kind of lab; `is_owned` labs may be removed by others once our process has ended."""

    image: ImageWish = ImageWish()  # noqa: RUF009 - frozen
    media: int = 1
    is_owned: bool = True
    may_replace: bool = False


def _silent(_: str) -> None:
    """Announces nothing."""


class Lab:
    """Hosts and switches of one lab; a context manager that takes the lab down at its end."""

    def __init__(self, places: Places, state: LabState) -> None:
        self.name = places.lab
        self.release = state.release
        self.places = places
        self._state = state
        self._network = Network(places)
        self.hosts: dict[str, Host] = {
            plan.name: Host(places, plan, state.lun_device) for plan in plan_hosts(state.media)
        }

    @classmethod
    def up(
        cls, name: str = "t1", release: str | None = None, media: int = 1, *, with_product: bool = True
    ) -> Self:
        """Boots a fresh lab that belongs to this process; what is left of an earlier one is removed."""
        image = ImageWish(release=release or default_release(), has_product=with_product)
        return cls.create(name, LabWish(image=image, media=media))

    @classmethod
    def create(cls, name: str, wish: LabWish, announce: Callable[[str], None] = _silent) -> Self:
        """As `up`, with every choice; `announce` gets a line for everything that takes long."""
        places = Places(lab=check_name(name))
        _check_machine()
        plans = plan_hosts(wish.media)
        with lock(places.lock, what=f"lab {name}", deadline_s=0):
            _check_free(places, wish)
            reap(places)
            prune_layers(announce)
            layers = {plan.name: layers_for(plan, wish.image, announce) for plan in plans}
            state = LabState(
                release=wish.image.release,
                media=wish.media,
                has_product=wish.image.has_product,
                is_complete=False,
                lun_device="",
                owner=myself() if wish.is_owned else None,
            )
            save_lab(places, state)
            is_complete = False
            try:
                state = _assemble(places, state, plans, layers)
                lab = cls(places, state)
                announce(f"Booting {len(plans)} hosts")
                lab._boot()
                save_lab(places, dataclasses.replace(state, is_complete=True))
                is_complete = True
            finally:
                if not is_complete:
                    reap(places)
            return lab

    @classmethod
    def attach(cls, name: str = "t1") -> Self:
        """The running lab of this name."""
        places = Places(lab=check_name(name))
        state = load_lab(places)
        if state is None:
            raise LabError(f"there is no lab {name}; run: ./lab up --name {name}")
        return cls(places, state)

    def down(self) -> None:
        """Removes the lab and everything it had."""
        remove(self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    # -- hosts ----------------------------------------------------------------------------------------------

    def host(self, name: str) -> Host:
        """The host of this name; `main-1` and `media-0` will do."""
        for candidate in (name, f"ivcs-{name}"):
            if candidate in self.hosts:
                return self.hosts[candidate]
        raise LabError(f"lab {self.name} has no host {name}; it has {', '.join(self.hosts)}")

    @property
    def heads(self) -> list[Host]:
        """ivcs-main-1 and ivcs-main-2."""
        return self._of(Role.HEAD)

    @property
    def media(self) -> list[Host]:
        """Media hosts by number."""
        return self._of(Role.MEDIA)

    @property
    def client(self) -> Host:
        """The host outside the cluster."""
        return self.hosts["client"]

    def controller(self, host: str) -> Controller:
        """The management controller of a head; it is off until somebody powers it on."""
        plan = self.host(host).plan
        if plan.role is not Role.HEAD:
            raise LabError(f"{plan.name} has no management controller; the heads have")
        return Controller(places=self.places, plan=plan)

    def _of(self, role: Role) -> list[Host]:
        return [host for host in self.hosts.values() if host.plan.role is role]

    def _boot(self) -> None:
        with ThreadPoolExecutor(max_workers=_BOOTING_AT_ONCE) as pool:
            list(pool.map(Host.power_on, self.hosts.values()))

    def reinstall(self, name: str) -> None:
        """A new server takes the place of this one: the same name and addresses, a fresh disk."""
        host = self.host(name)
        host.power_off()
        remove_tree(self.places.root(host.name).parent)
        wish = ImageWish(release=self._state.release, has_product=self._state.has_product)
        create_disk(self.places, host.plan, layers_for(host.plan, wish, _silent))
        host.power_on()

    def collect_logs(self, directory: Path) -> None:
        """Journals, logs, consoles and cluster configuration of all hosts, a subdirectory each."""
        collect(self.places, list(self.hosts), directory)

    # -- cables and switches --------------------------------------------------------------------------------

    def cut(self, host: str, link: str) -> None:
        """Pulls a cable; it stays out over power cycles."""
        self._network.set_cable(self.host(host).plan, link, connected=False)

    def heal(self, host: str, link: str) -> None:
        """Puts the cable back."""
        self._network.set_cable(self.host(host).plan, link, connected=True)

    def cut_between(self) -> None:
        """The heads lose each other on both networks; gateway, media hosts and clients still reach both."""
        self._network.set_between([host.plan for host in self.heads], connected=False)

    def heal_between(self) -> None:
        """The heads reach each other again."""
        self._network.set_between([host.plan for host in self.heads], connected=True)

    def switch_down(self, link: str) -> None:
        """The switch of this network stops passing anything."""
        self._network.set_switch(_known_link(link), running=False)

    def switch_up(self, link: str) -> None:
        """The switch works again."""
        self._network.set_switch(_known_link(link), running=True)

    def gateway_silent(self) -> None:
        """The gateway answers no pings any more, as a firewall often wants it."""
        self._network.set_gateway(answers=False)

    def gateway_answers(self) -> None:
        """It answers again."""
        self._network.set_gateway(answers=True)

    def slow_down(self, host: str) -> None:
        """What comes to the host over its cables comes slowly, and late once the queue has filled."""
        self._network.set_speed(self.host(host).plan, is_slow=True)

    def speed_up(self, host: str) -> None:
        """Its cables are as fast as ever."""
        self._network.set_speed(self.host(host).plan, is_slow=False)

    # -- shared device --------------------------------------------------------------------------------------

    def lose_lun(self) -> None:
        """The shared device answers both heads with errors, whatever they read or write."""
        limit_loop(self._state.lun_device, 512)

    def restore_lun(self) -> None:
        """It is there again, with what was on it."""
        limit_loop(self._state.lun_device, 0)


def _known_link(link: str) -> str:
    if link not in LINKS:
        raise LabError(f"there is no network {link}; there are {', '.join(LINKS)}")
    return link


def remove(name: str) -> None:
    """Takes the lab of this name away, or whatever is left of it."""
    places = Places(lab=check_name(name))
    with lock(places.lock, what=f"lab {name}", deadline_s=0):
        reap(places)


def all_labs() -> Iterator[str]:
    """Names of the labs of this machine, half-made ones too."""
    if STATE_ROOT.is_dir():
        yield from sorted(entry.name for entry in STATE_ROOT.iterdir() if entry.is_dir())


def _check_machine() -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root: it mounts and makes network namespaces; run: sudo ./lab …")
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise LabError(f"not on this machine: {', '.join(missing)}; run: tools/bootstrap")
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    if int(limit.read_text()) < _INOTIFY_INSTANCES:
        limit.write_text(str(_INOTIFY_INSTANCES))


def _check_free(places: Places, wish: LabWish) -> None:
    state = load_lab(places)
    if state is None or not state.is_complete or wish.may_replace:
        return
    if state.owner is None:
        raise LabInUse(
            f"lab {places.lab} is up already; run: ./lab down --name {places.lab}  (or up --replace)"
        )
    if state.owner.is_alive and state.owner != myself():
        raise LabInUse(f"lab {places.lab} belongs to process {state.owner.pid}; use another --name")


def _assemble(
    places: Places, state: LabState, plans: tuple[HostPlan, ...], layers: dict[str, tuple[Path, ...]]
) -> LabState:
    """Switches, the shared device and the disks; no host has power yet."""
    places.disks.mkdir(parents=True)
    Network(places).create_switches()
    state = dataclasses.replace(state, lun_device=create_lun(places))
    save_lab(places, state)
    with ThreadPoolExecutor(max_workers=_BOOTING_AT_ONCE) as pool:
        list(pool.map(lambda plan: create_disk(places, plan, layers[plan.name]), plans))
    return state
