"""Whether anything of the peer still answers, on any address, by any means that a filter may let through.

A firewall between the heads that drops pings, or Corosync's packets, makes a living peer look dead to one question.
"""

from live_cluster_agent import process
from live_cluster_agent.parameters import Parameters

# What one look waits for an answer. It need not be patient: only many looks together decide anything.
LOOK_S = 1
# What the last question before commits are released waits for.
PATIENT_S = 5
_ACCEPTING, _REJECTING = 0, 1
# sshd speaks first, so a byte from it comes from a living process and not only from its host's kernel.
_FIRST_WORD = 'exec 3<>"/dev/tcp/$0/22" && read -r -n 1 -u 3'


def ping(address: str) -> tuple[str, ...]:
    """One echo request and a bit more."""
    # With -w, ping goes on asking until the first answer or the deadline: one lost packet decides nothing.
    return ("ping", "-n", "-q", "-c", "1", "-i", "0.2", "-w", str(LOOK_S), address)


def any_sign(parameters: Parameters) -> bool:
    """Whether host or programs of the peer answer now: ICMP, ARP, PostgreSQL, sshd."""
    addresses = parameters.addresses[parameters.peer]
    host = [ping(address) for address in addresses]
    host += [_arping(address, interface) for address in addresses if (interface := _interface(address))]
    programs = [_sshd(address, LOOK_S) for address in addresses]
    database = [_postgresql(parameters, address, LOOK_S) for address in addresses]
    codes = process.side_by_side([*host, *programs, *database], timeout_s=LOOK_S + 10.0)
    others = codes[: len(host) + len(programs)]
    return 0 in others or _serves(codes[len(others) :])


def programs_answer(parameters: Parameters) -> bool:
    """Whether PostgreSQL or sshd of the peer answers: a host whose kernel alone does so serves nobody."""
    addresses = parameters.addresses[parameters.peer]
    asked = [_postgresql(parameters, address, PATIENT_S) for address in addresses]
    asked += [_sshd(address, PATIENT_S) for address in addresses]
    codes = process.side_by_side(asked, timeout_s=PATIENT_S + 10.0)
    return _serves(codes[: len(addresses)]) or 0 in codes[len(addresses) :]


def _serves(codes: list[int]) -> bool:
    return not {_ACCEPTING, _REJECTING}.isdisjoint(codes)


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
