"""The switches in a namespace of their own, and a cable from there to each interface of each host.

A network is one bridge, into which containers and the gateway are plugged. Virtual machines hang on switches 1
and 2 before it, so that a machine with an interface on each loses neither network nor neighbours with one of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from live_lab.channel import LAB_ADDRESS
from live_lab.channel import PREFIX_LENGTH as CONTROL_PREFIX_LENGTH
from live_lab.places import NAMESPACE_ROOT, Places
from live_lab.process import run
from live_lab.topology import GATEWAY, LINKS, PREFIX_LENGTH, Cable, HostPlan, switch_name

# This kernel has no netem: a token bucket whose queue holds 400 ms delays as soon as more comes than it lets out.
_SLOW = ("tbf", "rate", "2mbit", "burst", "16kb", "latency", "400ms")
SWITCHES = (1, 2)
CONTROL = "lab"
# In the private network nothing but the heads answers: this is what bonds ask by ARP whether they are connected.
PRIVATE_TARGET = "10.81.1.254"
# A virtual machine does not see that its cable's other end is down: the port discards everything instead.
_DISCARDING, _FORWARDING = 0, 3


def _ip(namespace: str, commands: Sequence[str]) -> None:
    run(("ip", "-n", namespace, "-batch", "-"), stdin="\n".join(commands) + "\n")


def namespaces(prefix: str) -> list[str]:
    """Named network namespaces of this machine that begin so."""
    if not NAMESPACE_ROOT.is_dir():
        return []
    return sorted(entry.name for entry in NAMESPACE_ROOT.iterdir() if entry.name.startswith(prefix))


def remove_namespace(namespace: str) -> None:
    """Takes the namespace away with all interfaces in it."""
    run(("ip", "netns", "delete", namespace))


class Network:
    """The cables and switches of one lab."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._switches = places.switch_namespace

    def create_switches(self) -> None:
        """A bridge per network; the gateway's address is on the first."""
        run(("ip", "netns", "add", self._switches))
        commands = ["link set lo up"]
        for number, link in enumerate(LINKS):
            # Without an address of its own a bridge takes the lowest of its ports': the gateway's would change with
            # a host's power, and neighbours would go on asking the old one (94 % of pings lost, measured).
            hardware = f"02:00:00:00:00:{0xF0 + number:02x}"
            commands += [
                f"link add {link} address {hardware} type bridge forward_delay 0 stp_state 0",
                f"link set {link} up",
            ]
        _ip(self._switches, [*commands, f"address add {GATEWAY}/{PREFIX_LENGTH} dev {LINKS[0]}"])

    def create_machine_switches(self) -> None:
        """Switches 1 and 2, each with both networks, connected with each other through the rest of the network."""
        commands = []
        for number in SWITCHES:
            for link in LINKS:
                switch, uplink = switch_name(number, link), f"{link}-up{number}"
                commands += [
                    f"link add {switch} type bridge forward_delay 0 stp_state 0",
                    f"link add {uplink} type veth peer name {uplink}p",
                    f"link set {uplink} master {switch} up",
                    f"link set {uplink}p master {link} up",
                    f"link set {switch} up",
                ]
        _ip(self._switches, [*commands, f"address add {PRIVATE_TARGET}/{PREFIX_LENGTH} dev {LINKS[1]}"])

    def add_address(self, address: str) -> None:
        """One more address at the switches, in the first network, for what answers from there."""
        _ip(self._switches, [f"address replace {address}/{PREFIX_LENGTH} dev {LINKS[0]}"])

    def plug_in(self, host: HostPlan) -> None:
        """A fresh namespace for a host that is switched on, as after any boot: no addresses, no firewall."""
        namespace = self._places.host_namespace(host.name)
        run(("ip", "netns", "add", namespace))
        commands = []
        for cable in host.cables:
            end = cable_name(host.name, cable.interface)
            hardware = hardware_address(self._places.lab, host.name, cable.interface)
            commands += [
                f"link add {end} type veth peer name {cable.interface} address {hardware} netns {namespace}",
                f"link set {end} master {cable.switch}",
            ]
            if host.is_machine:
                commands.append(_one_packet_at_a_time(end))
            if host.is_machine or not self._is_cut(host, cable):
                commands.append(f"link set {end} up")
        _ip(self._switches, commands)
        if host.is_machine:
            self._plug_in_machine(host, namespace)

    def _plug_in_machine(self, host: HostPlan, namespace: str) -> None:
        """The machine takes packets directly from the cables; this kernel has no part in that."""
        run(("ip", "netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"))
        commands = [f"link set {cable.interface} up" for cable in host.cables]
        # The lab's own cable stays within the namespace: nothing that a test cuts or that other hosts see.
        commands += [
            f"link add {CONTROL} type veth peer name {CONTROL}p",
            f"address add {LAB_ADDRESS}/{CONTROL_PREFIX_LENGTH} dev {CONTROL}",
            _one_packet_at_a_time(CONTROL),
            f"link set {CONTROL} up",
            f"link set {CONTROL}p up",
        ]
        _ip(namespace, commands)
        self._set_ports(host, host.cables)

    def unplug(self, host: HostPlan) -> None:
        """Cables first: the namespace itself is taken apart later, by the kernel, in the background."""
        _ip(
            self._switches, [f"link delete {cable_name(host.name, cable.interface)}" for cable in host.cables]
        )
        remove_namespace(self._places.host_namespace(host.name))

    def is_plugged_in(self, host: HostPlan) -> bool:
        """Whether the host has its cables, that is: has power."""
        return (NAMESPACE_ROOT / self._places.host_namespace(host.name)).exists()

    def set_cable(self, host: HostPlan, name: str, *, connected: bool) -> None:
        """Cuts or mends the cables of a network, or the one of an interface; a container sees the carrier go."""
        cables = host.cables_of(name)
        for cable in cables:
            mark = self._places.cut_mark(host.name, cable.interface)
            if connected:
                mark.unlink(missing_ok=True)
            else:
                mark.touch()
        if self.is_plugged_in(host):
            self._set_ports(host, cables)

    def _is_cut(self, host: HostPlan, cable: Cable) -> bool:
        return self._places.cut_mark(host.name, cable.interface).exists()

    def _set_ports(self, host: HostPlan, cables: Sequence[Cable]) -> None:
        for cable in cables:
            end, is_cut = cable_name(host.name, cable.interface), self._is_cut(host, cable)
            if host.is_machine:
                state = str(_DISCARDING if is_cut else _FORWARDING)
                run(("bridge", "-n", self._switches, "link", "set", "dev", end, "state", state))
            else:
                _ip(self._switches, [f"link set {end} {'down' if is_cut else 'up'}"])

    def set_between(self, hosts: Sequence[HostPlan], *, connected: bool) -> None:
        """These hosts stop (or begin again) to reach each other on all networks; everybody else reaches them.

        A port that comes with the next power cycle is a fresh one and knows nothing of this.
        """
        state = "off" if connected else "on"
        plugged_in = [host for host in hosts if self.is_plugged_in(host)]
        ends = [cable_name(host.name, cable.interface) for host in plugged_in for cable in host.cables]
        if any(host.is_machine for host in hosts):
            # They may be on different switches: then what is between the switches has to keep them apart.
            ends += [f"{link}-up{number}p" for link in LINKS for number in SWITCHES]
        for end in ends:
            run(("bridge", "-n", self._switches, "link", "set", "dev", end, "isolated", state))

    def set_switches(self, names: Sequence[str], hosts: Sequence[HostPlan], *, running: bool) -> None:
        """Everything behind these switches stays connected to them, but nothing passes."""
        _ip(self._switches, [f"link set {name} {'up' if running else 'down'}" for name in names])
        if running:
            # A bridge that comes up lets all its ports forward: cables that are cut stay cut.
            for host in hosts:
                if host.is_machine and self.is_plugged_in(host):
                    self._set_ports(host, host.cables)

    def set_gateway(self, *, answers: bool) -> None:
        """Whether the gateway answers pings; it answers ARP in any case."""
        setting = f"net.ipv4.icmp_echo_ignore_all={int(not answers)}"
        run(("ip", "netns", "exec", self._switches, "sysctl", "--quiet", "--write", setting))

    def set_speed(self, host: HostPlan, *, is_slow: bool) -> None:
        """Slows the cables down in the direction of the host, or takes that back; a power cycle does so, too."""
        if not self.is_plugged_in(host):
            return
        for cable in host.cables:
            end = cable_name(host.name, cable.interface)
            if is_slow:
                run(("tc", "-n", self._switches, "qdisc", "replace", "dev", end, "root", *_SLOW))
            else:
                # Where there is nothing to take away, tc says so and fails.
                run(("tc", "-n", self._switches, "qdisc", "delete", "dev", end, "root"), check=False)


def _one_packet_at_a_time(end: str) -> str:
    """Has what goes to a machine cut into packets here: a machine drops segments that were left to its hardware.

    Without it 2 of 3 packets to a machine were sent again, at 8 kB/s; with it 20 MB took 4 s (at a load of 20).
    """
    return f"link set {end} gso_max_segs 1"


def hardware_address(lab: str, host: str, interface: str) -> str:
    """Of the interface of a host: the same after each boot, another one in each lab."""
    digest = hashlib.sha256(f"{lab} {host} {interface}".encode()).digest()
    return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def cable_name(host: str, interface: str) -> str:
    """Name of the cable's end at the switch; interface names have at most 15 characters."""
    return f"{host.removeprefix('ivcs-')}-{interface}"
