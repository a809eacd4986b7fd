"""Two switches in a namespace of their own, and a cable from there to each interface of each host."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from live_lab.places import NAMESPACE_ROOT, Places
from live_lab.process import run
from live_lab.topology import GATEWAY, LINKS, PREFIX_LENGTH, HostPlan

# This kernel has no netem: a token bucket whose queue holds 400 ms delays as soon as more comes than it lets out.
_SLOW = ("tbf", "rate", "2mbit", "burst", "16kb", "latency", "400ms")


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

    def add_address(self, address: str) -> None:
        """One more address at the switches, in the first network, for what answers from there."""
        _ip(self._switches, [f"address replace {address}/{PREFIX_LENGTH} dev {LINKS[0]}"])

    def plug_in(self, host: HostPlan) -> None:
        """A fresh namespace for a host that is switched on, as after any boot: no addresses, no firewall."""
        namespace = self._places.host_namespace(host.name)
        run(("ip", "netns", "add", namespace))
        commands = []
        for port in host.ports:
            cable = cable_name(host.name, port.link)
            hardware = self._hardware_address(host.name, port.link)
            commands += [
                f"link add {cable} type veth peer name {port.link} address {hardware} netns {namespace}",
                f"link set {cable} master {port.link}",
            ]
            if not self._places.cut_mark(host.name, port.link).exists():
                commands.append(f"link set {cable} up")
        _ip(self._switches, commands)

    def unplug(self, host: HostPlan) -> None:
        """Cables first: the namespace itself is taken apart later, by the kernel, in the background."""
        _ip(self._switches, [f"link delete {cable_name(host.name, port.link)}" for port in host.ports])
        remove_namespace(self._places.host_namespace(host.name))

    def is_plugged_in(self, host: HostPlan) -> bool:
        """Whether the host has its cables, that is: has power."""
        return (NAMESPACE_ROOT / self._places.host_namespace(host.name)).exists()

    def set_cable(self, host: HostPlan, link: str, *, connected: bool) -> None:
        """Cuts or mends one cable; the host sees the carrier go and come."""
        port = host.port(link)
        mark = self._places.cut_mark(host.name, port.link)
        if connected:
            mark.unlink(missing_ok=True)
        else:
            mark.touch()
        if self.is_plugged_in(host):
            _ip(self._switches, [f"link set {cable_name(host.name, link)} {'up' if connected else 'down'}"])

    def set_between(self, hosts: Sequence[HostPlan], *, connected: bool) -> None:
        """These hosts stop (or begin again) to reach each other on all networks; everybody else reaches them.

        A port that comes with the next power cycle is a fresh one and knows nothing of this.
        """
        state = "off" if connected else "on"
        for host in filter(self.is_plugged_in, hosts):
            for port in host.ports:
                cable = cable_name(host.name, port.link)
                run(("bridge", "-n", self._switches, "link", "set", "dev", cable, "isolated", state))

    def set_switch(self, link: str, *, running: bool) -> None:
        """Everything behind the switch stays connected to it, but nothing passes."""
        _ip(self._switches, [f"link set {link} {'up' if running else 'down'}"])

    def set_gateway(self, *, answers: bool) -> None:
        """Whether the gateway answers pings; it answers ARP in any case."""
        setting = f"net.ipv4.icmp_echo_ignore_all={int(not answers)}"
        run(("ip", "netns", "exec", self._switches, "sysctl", "--quiet", "--write", setting))

    def set_speed(self, host: HostPlan, *, is_slow: bool) -> None:
        """Slows the cables down in the direction of the host, or takes that back; a power cycle does so, too."""
        if not self.is_plugged_in(host):
            return
        for port in host.ports:
            cable = cable_name(host.name, port.link)
            if is_slow:
                run(("tc", "-n", self._switches, "qdisc", "replace", "dev", cable, "root", *_SLOW))
            else:
                # Where there is nothing to take away, tc says so and fails.
                run(("tc", "-n", self._switches, "qdisc", "delete", "dev", cable, "root"), check=False)

    def _hardware_address(self, host: str, link: str) -> str:
        digest = hashlib.sha256(f"{self._places.lab} {host} {link}".encode()).digest()
        return ":".join(f"{byte:02x}" for byte in (0x02, *digest[:5]))


def cable_name(host: str, link: str) -> str:
    """Name of the cable's end at the switch; interface names have at most 15 characters."""
    return f"{host.removeprefix('ivcs-')}-{link}"
