"""A whole lab: makes it, finds a running one, cuts its cables, takes it away."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from live_lab.controller import Controller
from live_lab.disk import create_disk, create_empty_lun, create_lun, is_disk_lost, lose_disk, restore_disk
from live_lab.errors import LabError, LabInUse
from live_lab.host import Host
from live_lab.image import ImageWish, layers_for, prune_layers
from live_lab.image_cache import Announce, silent
from live_lab.logs import collect
from live_lab.machine_disk import create_machine_disk
from live_lab.machine_host import MachineHost
from live_lab.machine_image import machine_image, prune_machine_images
from live_lab.mounts import limit_loop, remove_tree
from live_lab.nas import serve
from live_lab.network import SWITCHES, Network
from live_lab.nspawn_host import NspawnHost
from live_lab.places import STATE_ROOT, Places, logs_directory
from live_lab.reaper import reap
from live_lab.recipe import default_release
from live_lab.state import LabState, load_lab, lock, myself, save_lab
from live_lab.topology import (
    LINKS,
    HostPlan,
    Role,
    Scheme,
    check_name,
    default_scheme,
    plan_hosts,
    switch_name,
)

_TOOLS = ("systemd-nspawn", "mmdebstrap", "ip", "nsenter", "losetup", "mkfs.ext4", "ssh-keygen", "setpriv")
_MACHINE_TOOLS = ("taskset", "unshare")
# Each systemd needs about six; the kernel's default of 128 is used up by a dozen hosts.
_INOTIFY_INSTANCES = 8192
_BOOTING_AT_ONCE = 6


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LabWish:
    """What kind of lab; `is_owned` labs may be removed by others once our process has ended.

    With a network scheme the heads are virtual machines with a kernel of their own.
    """

    image: ImageWish = dataclasses.field(default_factory=ImageWish)
    media: int = 1
    scheme: Scheme | None = None
    has_nas: bool = False
    is_owned: bool = True
    may_replace: bool = False


class Lab:
    """Hosts and switches of one lab; a context manager that takes the lab down at its end."""

    def __init__(self, places: Places, state: LabState) -> None:
        self.name = places.lab
        self.release = state.release
        self.places = places
        self._state = state
        self._network = Network(places)
        self.scheme = Scheme(state.scheme) if state.scheme else None
        self.hosts: dict[str, Host] = {
            plan.name: _host(places, plan, state)
            for plan in plan_hosts(state.media, self.scheme, has_nas=state.has_nas)
        }

    @classmethod
    def up(
        cls,
        name: str = "t1",
        release: str | None = None,
        media: int = 1,
        *,
        with_product: bool = True,
        scheme: Scheme | None = None,
    ) -> Self:
        """Boots a fresh lab that belongs to this process; what is left of an earlier one is removed."""
        image = ImageWish(release=release or default_release(), has_product=with_product)
        return cls.create(name, LabWish(image=image, media=media, scheme=scheme or default_scheme()))

    @classmethod
    def create(cls, name: str, wish: LabWish, announce: Announce = silent) -> Self:
        """As `up`, with every choice; `announce` gets a line for everything that takes long."""
        places = Places(lab=check_name(name))
        _check_machine(_TOOLS if wish.scheme is None else (*_TOOLS, *_MACHINE_TOOLS))
        plans = plan_hosts(wish.media, wish.scheme, has_nas=wish.has_nas)
        with lock(places.lock, what=f"lab {name}", deadline_s=0):
            _check_free(places, wish)
            reap(places)
            prune_layers(announce)
            prune_machine_images(announce)
            sources = {plan.name: _sources(plan, wish.image, announce) for plan in plans}
            state = LabState(
                release=wish.image.release,
                media=wish.media,
                has_product=wish.image.has_product,
                is_complete=False,
                lun_device="",
                scheme=wish.scheme.value if wish.scheme else "",
                has_nas=wish.has_nas,
                kernel=wish.image.kernel,
                owner=myself() if wish.is_owned else None,
            )
            save_lab(places, state)
            is_complete = False
            try:
                state = _assemble(places, state, plans, sources)
                lab = cls(places, state)
                announce(f"Booting {len(plans)} hosts")
                lab._boot()
                if wish.has_nas:
                    serve(lab.host("nas"))
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
        if isinstance(error, Exception):
            error.add_note(self.keep_logs("unfinished"))
        self.down()

    def keep_logs(self, occasion: str) -> str:
        """collect_logs, into a folder named after the occasion; a sentence that says where, or why not."""
        target = logs_directory() / re.sub(r"[^\w.-]+", "_", occasion) / self.name
        try:
            self.collect_logs(target)
        except (LabError, OSError) as error:
            return f"the logs of lab {self.name} could not be kept: {error}"
        return f"the logs of lab {self.name} are in {target.resolve()}"

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
        state = self._state
        wish = ImageWish(release=state.release, has_product=state.has_product, kernel=state.kernel)
        _create_disk(self.places, host.plan, _sources(host.plan, wish, silent))
        host.power_on()

    def collect_logs(self, directory: Path) -> None:
        """Journals, logs, consoles and cluster configuration of all hosts, a subdirectory each."""
        collect(self.places, list(self.hosts.values()), directory)

    # -- cables and switches --------------------------------------------------------------------------------

    def cut(self, host: str, link: str) -> None:
        """Pulls the cables of a network, or that of one interface (eth0); they stay out over power cycles."""
        self._network.set_cable(self.host(host).plan, link, connected=False)

    def heal(self, host: str, link: str) -> None:
        """Puts them back."""
        self._network.set_cable(self.host(host).plan, link, connected=True)

    def cut_between(self) -> None:
        """The heads lose each other on both networks; gateway, media hosts and clients still reach both."""
        self._network.set_between([host.plan for host in self.heads], connected=False)

    def heal_between(self) -> None:
        """The heads reach each other again."""
        self._network.set_between([host.plan for host in self.heads], connected=True)

    def switch_down(self, switch: str) -> None:
        """The network `bond0` or `bond1` passes nothing any more; `1` or `2`: that switch, in both networks."""
        self._set_switch(switch, running=False)

    def switch_up(self, switch: str) -> None:
        """It works again."""
        self._set_switch(switch, running=True)

    def _set_switch(self, switch: str, *, running: bool) -> None:
        if switch not in self.switches:
            raise LabError(f"there is no network or switch {switch}; there are {', '.join(self.switches)}")
        if switch in LINKS:
            # What virtual machines hang on would pass what they say to each other.
            names = [switch, *(switch_name(number, switch) for number in SWITCHES if self.scheme)]
        else:
            names = [switch_name(int(switch), link) for link in LINKS]
        plans = [host.plan for host in self.hosts.values()]
        self._network.set_switches(names, plans, running=running)

    @property
    def switches(self) -> tuple[str, ...]:
        """The networks, and switches 1 and 2 where the heads are virtual machines."""
        return (*LINKS, *(str(number) for number in SWITCHES if self.scheme))

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

    def connect_lun(self, name: str) -> Path:
        """One more, empty, as /dev/NAME on both heads until they boot; what it is on this machine."""
        device = Path(create_empty_lun(self.places, name))
        number = device.stat().st_rdev
        for host in self.heads:
            host.run(("mknod", f"/dev/{name}", "b", str(os.major(number)), str(os.minor(number))))
        return device

    def restore_lun(self) -> None:
        """It is there again, with what was on it."""
        limit_loop(self._state.lun_device, 0)

    def lose_disk(self, host: str) -> None:
        """The own disk of a container answers it with errors, whatever it reads or writes."""
        lose_disk(self.places, self._container(host).plan)

    def restore_disk(self, host: str) -> None:
        """It is there again, with what had reached it, and the host is off; nothing where it was not lost."""
        plan = self.host(host).plan
        if is_disk_lost(self.places, plan):
            self.host(host).power_off()
            restore_disk(self.places, plan)

    def _container(self, name: str) -> Host:
        host = self.host(name)
        if host.plan.is_machine:
            raise LabError(
                f"{host.name} is a virtual machine: the lab can break the disks of containers only"
            )
        return host


def remove(name: str) -> None:
    """Takes the lab of this name away, or whatever is left of it."""
    places = Places(lab=check_name(name))
    with lock(places.lock, what=f"lab {name}", deadline_s=0):
        reap(places)


def all_labs() -> Iterator[str]:
    """Names of the labs of this machine, half-made ones too."""
    if STATE_ROOT.is_dir():
        yield from sorted(entry.name for entry in STATE_ROOT.iterdir() if entry.is_dir())


def _check_machine(tools: tuple[str, ...]) -> None:
    if os.geteuid() != 0:
        raise LabError("the lab needs root: it mounts and makes network namespaces; run: sudo ./lab …")
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        raise LabError(f"not on this machine: {', '.join(missing)}; run: tools/bootstrap")
    limit = Path("/proc/sys/fs/inotify/max_user_instances")
    if int(limit.read_text()) < _INOTIFY_INSTANCES:
        limit.write_text(str(_INOTIFY_INSTANCES))


def _check_free(places: Places, wish: LabWish) -> None:
    if wish.may_replace:
        return
    state = load_lab(places)
    if state is None or not state.is_complete:
        return
    if state.owner is None:
        raise LabInUse(
            f"lab {places.lab} is up already; run: ./lab down --name {places.lab}  (or up --replace)"
        )
    if state.owner.is_alive and state.owner != myself():
        raise LabInUse(f"lab {places.lab} belongs to process {state.owner.pid}; use another --name")


def _host(places: Places, plan: HostPlan, state: LabState) -> Host:
    if plan.is_machine:
        return MachineHost(places, plan, state.lun_device, kernel=state.kernel)
    return NspawnHost(places, plan, state.lun_device)


def _sources(plan: HostPlan, wish: ImageWish, announce: Callable[[str], None]) -> tuple[Path, ...]:
    """What the host's disk is made from: its layers, or the one image made of them."""
    layers = layers_for(plan, wish, announce)
    return (machine_image(layers, announce),) if plan.is_machine else layers


def _create_disk(places: Places, plan: HostPlan, sources: tuple[Path, ...]) -> None:
    if plan.is_machine:
        create_machine_disk(places, plan, sources[0])
    else:
        create_disk(places, plan, sources)


def _assemble(
    places: Places, state: LabState, plans: tuple[HostPlan, ...], sources: dict[str, tuple[Path, ...]]
) -> LabState:
    """Switches, the shared device and the disks; no host has power yet."""
    places.disks.mkdir(parents=True)
    network = Network(places)
    network.create_switches()
    if state.scheme:
        network.create_machine_switches()
    state = dataclasses.replace(state, lun_device=create_lun(places))
    save_lab(places, state)
    with ThreadPoolExecutor(max_workers=_BOOTING_AT_ONCE) as pool:
        list(pool.map(lambda plan: _create_disk(places, plan, sources[plan.name]), plans))
    return state
