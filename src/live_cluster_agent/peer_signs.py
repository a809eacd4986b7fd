"""Whether anything of the peer still answers, on any address, by any means that a filter may let through.

A firewall between the heads that drops pings, or Corosync's packets, makes a living peer look dead to one question.
"""

from dataclasses import dataclass

from live_cluster_agent import files, process
from live_cluster_agent.parameters import Parameters

# What one look waits for an answer. It need not be patient: only many looks together decide anything.
LOOK_S = 1
# What the last question before commits are released waits for.
PATIENT_S = 5
_ACCEPTING, _REJECTING = 0, 1
# sshd speaks first, so a byte from it comes from a living process and not only from its host's kernel.
_FIRST_WORD = 'exec 3<>"/dev/tcp/$0/22" && read -r -n 1 -u 3'


@dataclass(frozen=True, slots=True)
class Signs:
    """What answers: the host, be it its kernel alone, or programs on it."""

    host: bool
    programs: bool


def ping(address: str) -> tuple[str, ...]:
    """One echo request and a bit more."""
    # With -w, ping goes on asking until the first answer or the deadline: one lost packet decides nothing.
    return ("ping", "-n", "-q", "-c", "1", "-i", "0.2", "-w", str(LOOK_S), address)


def look(parameters: Parameters) -> Signs:
    """What of the peer answers now: ICMP, ARP, PostgreSQL, sshd."""
    addresses = parameters.addresses[parameters.peer]
    host = [ping(address) for address in addresses]
    host += [_arping(address, interface) for address in addresses if (interface := _interface(address))]
    programs = _programs(parameters, LOOK_S)
    codes = process.side_by_side([*host, *programs], timeout_s=LOOK_S + 10.0)
    serves = _any_program(codes[len(host) :])
    return Signs(host=0 in codes[: len(host)] or serves, programs=serves)


def programs_answer(parameters: Parameters) -> bool:
    """Whether PostgreSQL or sshd of the peer answers: a host whose kernel alone does so serves nobody."""
    return _any_program(process.side_by_side(_programs(parameters, PATIENT_S), timeout_s=PATIENT_S + 10.0))


def no_cable(parameters: Parameters) -> bool:
    """Whether this node has no carrier on any way to peer or clients: then it is the one that is cut off.

    A direct cable to the peer has none either when the peer loses power, which the way to the clients tells apart.
    """
    if not parameters.client_network:
        return False
    ways = {_interface(to) for to in (*parameters.addresses[parameters.peer], *parameters.client_network)}
    return all(way == "" or files.read_text(f"/sys/class/net/{way}/carrier") == "0\n" for way in ways)


def _programs(parameters: Parameters, wait_s: int) -> list[tuple[str, ...]]:
    addresses = parameters.addresses[parameters.peer]
    databases = [_postgresql(parameters, address, wait_s) for address in addresses]
    return databases + [_sshd(address, wait_s) for address in addresses]


def _any_program(codes: list[int]) -> bool:
    """By the exit codes of _programs: pg_isready calls a server that is only starting a rejecting one."""
    half = len(codes) // 2
    return not {_ACCEPTING, _REJECTING}.isdisjoint(codes[:half]) or 0 in codes[half:]


def _postgresql(parameters: Parameters, address: str, wait_s: int) -> tuple[str, ...]:
    options = ("--quiet", "--timeout", str(wait_s), "--port", str(parameters.port), "--host", address)
    return (parameters.program("pg_isready"), *options)


def _sshd(address: str, wait_s: int) -> tuple[str, ...]:
    return ("timeout", str(wait_s), "bash", "-c", _FIRST_WORD, address)


def _arping(address: str, interface: str) -> tuple[str, ...]:
    return ("arping", "-q", "-f", "-c", str(2 * LOOK_S), "-w", str(LOOK_S), "-I", interface, address)


def _interface(address: str) -> str:
    """The interface by which this node reaches the address; empty when there is none."""
    words = process.run(("ip", "-o", "route", "get", address), timeout_s=2.0).out.split()
    return words[words.index("dev") + 1] if "dev" in words[:-1] else ""
